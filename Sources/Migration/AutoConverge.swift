import Environment
import GuestMemory
import MachineModel
import QAPI
import SystemCalls
import VirtualMachine

/// Decides how much a guest is slowed down that dirties memory faster than it is sent: capability auto-converge.
///
/// A period is one or more passes over the dirty log, and a second long at least. In one that does not converge, what
/// the guest dirtied exceeds `threshold` hundredths of what was sent. Every second such period slows the guest: at
/// first to `initial`, then by `increment` more, up to `maximum`. With `tailslow` a step is only as long as it takes to
/// bring the dirtying below the threshold, so that a guest which is nearly slow enough is not hit harder.
///
/// A plain value: time and counts come in with each pass.
struct AutoConverge {
    /// The parameters, as they are at a pass: all in hundredths.
    struct Settings: Equatable {
        var threshold: Int
        var initial: Int
        var increment: Int
        var maximum: Int
        var isTailslow = false
    }

    /// The shortest period that is judged.
    static let shortestPeriod = Nanoseconds.seconds(1)
    /// Periods without convergence until the guest is slowed further.
    private static let patience = 2

    /// How much the guest is slowed down now; 0 if it is not.
    private(set) var percentage = 0
    /// Pages that the guest dirtied in a second, in the last period.
    private(set) var dirtyPagesRate: UInt64 = 0
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
            let dirtied = Double(dirtyPages * targetPageSize)
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
            percentage = settings.initial
            return
        }
        var step = Double(settings.increment)
        if settings.isTailslow {
            let running = Double(100 - percentage)
            step = min(step, running - running * allowed / dirtied)
        }
        percentage = min(percentage + Int(step), settings.maximum)
    }
}

extension AutoConverge.Settings {
    /// What `parameters` say.
    init(_ parameters: MigrationSettings.Values) {
        self.init(
            threshold: Int(parameters.throttleTriggerThreshold), initial: Int(parameters.cpuThrottleInitial),
            increment: Int(parameters.cpuThrottleIncrement), maximum: Int(parameters.maxCPUThrottle),
            isTailslow: parameters.cpuThrottleTailslow)
    }
}

extension OutgoingRun {
    /// Looks at how the migration converges, after a harvest, and slows the guest down as the settings say.
    func judgeConvergence(sent: UInt64) {
        let settings = controller.settings
        let pages = work.reduce(0) { $0 + $1.count }
        let ended = convergence.notePass(
            dirtied: pages, sent: sent, now: clock.now(),
            settings: settings[.autoConverge] ? AutoConverge.Settings(settings.parameters) : nil)
        guard ended else { return }
        let (percentage, rate) = (convergence.percentage, convergence.dirtyPagesRate)
        if percentage > 0 { machine.parts.engine.setThrottle(percentage: percentage) }
        controller.withState { state in
            state.outgoing.ram.dirtyPagesRate = Int64(clamping: rate)
            state.outgoing.throttlePercentage = Int64(percentage)
        }
    }

    /// Lets the guest run freely again: however a migration ends, and before it becomes COLO.
    func releaseThrottle() {
        machine.parts.engine.setThrottle(percentage: 0)
        controller.withState { $0.outgoing.throttlePercentage = 0 }
    }
}
