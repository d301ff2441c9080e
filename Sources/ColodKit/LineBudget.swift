import Environment

/// How many lines a guest may write to the log of its host: enough for every boot, too few to crowd out the daemon's own
/// (journald drops what a service logs beyond 10,000 lines in 30 seconds, whoever wrote them).
struct LineBudget {
    /// Lines that may come at once.
    static let burst: UInt64 = 2000
    /// Lines a second from then on.
    static let perSecond: UInt64 = 100

    private var spent: UInt64 = 0
    private var lastAt: Nanoseconds
    /// Lines that were refused since the last one that was admitted.
    private(set) var leftOut: UInt64 = 0

    init(now: Nanoseconds) { lastAt = now }

    /// Whether one more line may be written now; if so, with the number of those left out before it.
    mutating func admit(now: Nanoseconds) -> UInt64? {
        let regained = (now - lastAt).count / (1_000_000_000 / Self.perSecond)
        if regained > 0 {
            spent -= min(spent, regained)
            lastAt = now
        }
        guard spent < Self.burst else {
            leftOut += 1
            return nil
        }
        spent += 1
        defer { leftOut = 0 }
        return leftOut
    }
}
