public import Environment
public import SystemCalls
import Synchronization

/// One run loop that the watchdog watches.
public final class WatchdogParticipant: Sendable {
    /// The name that the log shows when the loop stands still.
    public let name: String
    fileprivate let ask: (@Sendable (WatchdogParticipant) -> Void)?
    fileprivate let lastTick: Atomic<UInt64>
    fileprivate let hasLeft = Atomic<Bool>(false)
    private let clock: any MonotonicClock

    fileprivate init(name: String, clock: any MonotonicClock, ask: (@Sendable (WatchdogParticipant) -> Void)?) {
        self.name = name
        self.ask = ask
        self.clock = clock
        lastTick = Atomic(clock.now().count)
    }

    /// The loop turned. Cheap; call it once a turn, from the loop itself.
    public func tick() { lastTick.store(clock.now().count, ordering: .relaxed) }

    /// The loop has ended as it should, and is no longer watched.
    public func leave() { hasLeft.store(true, ordering: .relaxed) }
}

/// Pets the service manager's watchdog, but only while every registered loop has turned within half of its interval. So
/// a process whose loops hang is restarted, however busy its other threads are.
///
/// A loop that can be idle for longer gives a closure to ask it: the closure hands a piece of work to the loop and
/// returns at once, and the work calls `tick`. A loop that cannot do that piece of work in time counts as hanging.
public final class Watchdog: Sendable {
    /// A time in which the loops need not turn.
    private struct Excuse {
        let end: Nanoseconds
        let note: @Sendable () -> Void
    }

    /// How long the manager waits for a sign of life where it does not say (and nobody restarts us).
    public static let unsupervisedInterval = Nanoseconds.seconds(30)
    /// Questions and looks in one interval.
    private static let looksPerInterval: UInt64 = 4

    /// The time after which the manager gives up on the process.
    public let interval: Nanoseconds
    private let clock: any MonotonicClock
    private let pet: @Sendable () -> Void
    private let report: @Sendable ([String]) -> Void
    private let participants = Mutex<[WatchdogParticipant]>([])
    private let lastReport = Mutex<[String]>([])
    private let lastLook: Mutex<Nanoseconds>
    private let excuse = Mutex<Excuse?>(nil)
    private let ending = ThreadGate(false)

    /// A watchdog that calls `pet` while all is well. `report` gets the names of the loops that stand still whenever
    /// they change, and an empty list when all turn again.
    public init(
        interval: Nanoseconds, clock: any MonotonicClock, pet: @escaping @Sendable () -> Void,
        report: @escaping @Sendable ([String]) -> Void
    ) {
        self.interval = interval
        self.clock = clock
        self.pet = pet
        self.report = report
        lastLook = Mutex(clock.now())
    }

    /// The watchdog of this process, with the manager's interval.
    public convenience init(notifier: ServiceNotifier, report: @escaping @Sendable ([String]) -> Void) {
        self.init(
            interval: notifier.watchdogInterval ?? Self.unsupervisedInterval, clock: SystemClock(),
            pet: { notifier.watchdog() }, report: report)
    }

    /// Watches one more loop, which has just turned. `ask` is for loops that can be idle.
    public func register(
        _ name: String, ask: (@Sendable (WatchdogParticipant) -> Void)? = nil
    ) -> WatchdogParticipant {
        let participant = WatchdogParticipant(name: name, clock: clock, ask: ask)
        participants.withLock { $0.append(participant) }
        return participant
    }

    /// Looks at the loops on a thread of its own until `stop`.
    public func start() throws(SystemError) {
        let pause = Nanoseconds(interval.count / Self.looksPerInterval)
        _ = try Thread(name: "watchdog") { [self] in
            repeat { look() } while ending.wait(until: clock.now() + pause, { $0 ? true : nil }) == nil
        }
    }

    /// Pets for this long whatever the loops do, because they do not run yet or no longer: while the process begins or
    /// ends. `note` is called with each look meanwhile.
    public func excuse(for span: Nanoseconds, note: @escaping @Sendable () -> Void = {}) {
        excuse.withLock { $0 = Excuse(end: clock.now() + span, note: note) }
    }

    /// The loops run, and have just turned.
    public func endExcuse() {
        for participant in participants.withLock({ $0 }) { participant.tick() }
        excuse.withLock { $0 = nil }
    }

    /// Ends the thread; no sign of life is sent afterwards.
    public func stop() { ending.withLock { $0 = true } }

    /// One look: asks idle loops, and pets if all have turned in time.
    func look() {
        let watched = participants.withLock { participants in
            participants.removeAll { $0.hasLeft.load(ordering: .relaxed) }
            return participants
        }
        defer { for participant in watched { participant.ask?(participant) } }
        let now = clock.now()
        if let excuse = excuse.withLock({ $0 }), now < excuse.end {
            lastLook.withLock { $0 = now }
            excuse.note()
            return pet()
        }
        // A process that was stopped for a while and goes on says nothing about its loops yet.
        let sinceLast = lastLook.withLock { last in
            defer { last = now }
            return now - last
        }
        if sinceLast > Nanoseconds(interval.count / 2) { return }
        let hanging = watched.filter { participant in
            now - Nanoseconds(participant.lastTick.load(ordering: .relaxed)) > Nanoseconds(interval.count / 2)
        }.map(\.name)
        let isNews = lastReport.withLock { last in
            defer { last = hanging }
            return last != hanging
        }
        if isNews { report(hanging) }
        if hanging.isEmpty { pet() }
    }
}
