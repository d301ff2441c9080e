/// What the source of a postcopy has still to send: each page once, in order, or out of it if the guest waits for it.
struct FollowingPages {
    private var isLeft: [Bool]
    private var next = 0
    private(set) var count: Int

    /// All pages of which `isLeft` says so.
    init(_ isLeft: [Bool]) {
        self.isLeft = isLeft
        count = isLeft.count(where: { $0 })
    }

    /// The next ones, at most `limit`.
    mutating func take(_ limit: Int) -> [Int] {
        var taken: [Int] = []
        while taken.count < limit, next < isLeft.count {
            if isLeft[next] { taken.append(next) }
            isLeft[next] = false
            next += 1
        }
        count -= taken.count
        return taken
    }

    /// Takes this one; false if it has been sent.
    mutating func takeOne(_ page: Int) -> Bool {
        guard isLeft[page] else { return false }
        isLeft[page] = false
        count -= 1
        return true
    }
}
