public import Environment

/// Decides how much a guest is slowed down that dirties memory faster than it is sent: capability auto-converge.
///
/// A period is one or more passes over the dirty log, and a second long at least. In one that does not converge, what
/// the guest dirtied exceeds `threshold` hundredths of what was sent. Every second such period slows the guest: at
/// first to `initial`, then by `increment` more, up to `maximum`. With `tailslow` a step is only as long as it takes to
/// bring the dirtying below the threshold, so that a guest which is nearly slow enough is not hit harder.
///
/// A plain value: time and counts come in with each pass.
public struct AutoConverge: Sendable {
    /// The parameters, as they are at a pass: all in hundredths.
    public struct Settings: Sendable, Equatable {
        /// What may be dirtied, of what is sent.
        public var threshold: Int
        /// The first step.
        public var initial: Int
        /// Each further step.
        public var increment: Int
        /// The most.
        public var maximum: Int
        /// Whether a step is only as long as it needs to be.
        public var isTailslow: Bool

        /// Settings with every part given.
        public init(threshold: Int, initial: Int, increment: Int, maximum: Int, isTailslow: Bool = false) {
            self.threshold = threshold
            self.initial = initial
            self.increment = increment
            self.maximum = maximum
            self.isTailslow = isTailslow
        }
    }

    /// The shortest period that is judged.
    public static let shortestPeriod = Nanoseconds.seconds(1)
    /// Periods without convergence until the guest is slowed further.
    private static let patience = 2

    /// How much the guest is slowed down now; 0 if it is not.
    public private(set) var percentage = 0
    /// Pages that the guest dirtied in a second, in the last period.
    public private(set) var dirtyPagesRate: UInt64 = 0
    private var start: Nanoseconds
    private var sentBefore: UInt64
    private var dirtyPages = 0
    private var strikes = 0

    /// Begins with the first pass, which takes all pages and tells nothing.
    init(now: Nanoseconds, sent: UInt64) {
        start = now
        sentBefore = sent
    }

    /// A pass found `pages` newly dirtied ones, when `sent` bytes had gone out. `settings` is nil while the capability
    /// is off. True if a period ended.
    mutating func notePass(dirtied pages: Int, sent: UInt64, now: Nanoseconds, settings: Settings?) -> Bool {
        dirtyPages += pages
        guard now - start >= Self.shortestPeriod else { return false }
        dirtyPagesRate = UInt64(Double(dirtyPages) * 1000 / (now - start).inMilliseconds)
        if let settings {
            let dirtied = Double(dirtyPages * MigrationCore.pageSize)
            judge(dirtied, allowed: Double(sent - sentBefore) * Double(settings.threshold) / 100, settings)
        }
        start = now
        sentBefore = sent
        dirtyPages = 0
        return true
    }

    private mutating func judge(_ dirtied: Double, allowed: Double, _ settings: Settings) {
        guard dirtied > allowed else { return }
        strikes += 1
        guard strikes >= Self.patience else { return }
        strikes = 0
        guard percentage > 0 else {
            percentage = min(settings.initial, settings.maximum)
            return
        }
        var step = settings.increment
        if settings.isTailslow {
            let running = 100 - percentage
            // Whole hundredths, and enough of them.
            step = min(step, running - Int(Double(running) * allowed / dirtied))
        }
        percentage = min(percentage + step, settings.maximum)
    }

    /// The settings are these from now on: a guest that is slowed down by more than they allow gets that back at once.
    mutating func tune(_ settings: Settings?) { if let settings { percentage = min(percentage, settings.maximum) } }
}
