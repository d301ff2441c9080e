import Environment
import GuestMemory
import SystemCalls

/// Takes pages of a machine's RAM away, and brings them back as they are asked for.
final class PageSource: Sendable {
    private struct State {
        var asked: [Int] = []
        var placed = 0
        var isEnded = false
    }

    let residency: PageResidency
    private let memory: GuestMemory
    /// What RAM held.
    private let truth: [UInt8]
    private let state: ThreadGate<State>

    /// What stands in a page that has not come: no program would get anywhere with it.
    static let garbage: UInt8 = 0xa5

    /// Takes `pages` of the only block away.
    init(_ memory: GuestMemory, missing pages: some Sequence<Int>) throws {
        self.memory = memory
        truth = Self.content(of: memory)
        let missing = try memory.makePageSets()
        for page in pages {
            missing[0].insert(page)
            memory.write(
                memory.blocks[0].guestAddress + UInt64(page * targetPageSize),
                bytes: [UInt8](repeating: Self.garbage, count: targetPageSize))
        }
        let state = ThreadGate(State())
        self.state = state
        residency = try PageResidency(of: memory, missing: missing) { place in
            state.withLock { $0.asked.append(place.page) }
        }
        memory.beginResidency(residency)
    }

    /// All bytes of the only block.
    static func content(of memory: GuestMemory) -> [UInt8] {
        let block = memory.blocks[0]
        return [UInt8](UnsafeRawBufferPointer(start: block.base, count: block.size))
    }

    /// What was asked for, in this order.
    var asked: [Int] { state.withLock { $0.asked } }

    /// Waits until `count` pages were asked for.
    func awaitRequests(_ count: Int) -> Bool {
        state.wait(until: SystemClock().now() + .seconds(30)) { $0.asked.count >= count ? true : nil } == true
    }

    /// Brings the page that was asked for first of those that were not brought; nil if there is none.
    @discardableResult
    func placeNext() -> Int? {
        let page = state.withLock(notify: false) { state -> Int? in
            guard state.placed < state.asked.count else { return nil }
            defer { state.placed += 1 }
            return state.asked[state.placed]
        }
        if let page { place(page) }
        return page
    }

    func place(_ page: Int) {
        let start = page * targetPageSize
        UnsafeMutableRawBufferPointer(start: memory.blocks[0].base + start, count: targetPageSize).copyBytes(
            from: truth[start..<start + targetPageSize])
        residency.notePlaced(page..<page + 1, ofBlock: 0)
    }

    /// Brings pages as they are asked for, on a thread of its own, until `end`.
    func serve() throws -> Thread {
        try Thread(name: "page source") { [self] in
            while true {
                let goesOn = state.wait { state -> Bool? in
                    state.isEnded ? false : state.placed < state.asked.count ? true : nil
                }
                guard goesOn == true else { return }
                placeNext()
            }
        }
    }

    func end() { state.withLock { $0.isEnded = true } }
}
