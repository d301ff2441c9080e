import Environment

/// How many pages are worth keeping present, from how many were needed lately: the most of the last quiet time and a
/// quarter more. A plain value, with time coming in.
struct PageDemand {
    /// How long memory is kept that nobody needs.
    static let quietTime = Nanoseconds.seconds(30)
    /// The unit in which memory is taken and given back: two huge pages of 2 MiB.
    static let step = 1024

    private let floor: Int
    private let ceiling: Int
    private var windowStart: Nanoseconds
    private var peak = 0
    private var peakBefore = 0

    /// Between `floor` and `ceiling` pages.
    init(floor: Int, ceiling: Int, now: Nanoseconds) {
        self.floor = min(floor, ceiling)
        self.ceiling = ceiling
        windowStart = now
    }

    /// `pages` were needed; returns how many to have.
    mutating func note(_ pages: Int, now: Nanoseconds) -> Int {
        let elapsed = now - windowStart
        if elapsed >= Self.quietTime {
            // What was needed before the window that has just ended is forgotten.
            peakBefore = elapsed < Self.quietTime + Self.quietTime ? peak : 0
            peak = 0
            windowStart = now
        }
        peak = max(peak, pages)
        return room(for: max(peak, peakBefore))
    }

    /// Room for `pages` and what may come on top, in whole steps.
    func room(for pages: Int) -> Int {
        let wanted = max(floor, pages + pages / 4)
        return min(ceiling, (wanted + Self.step - 1) / Self.step * Self.step)
    }
}
