import Environment
import GuestMemory
import MigrationFormat
import QAPI
import QMP
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

/// Migrations of one machine, as management drives them.
///
/// Threads: every method may be called from any thread and returns quickly; the work is done on threads of the
/// controller. The event handler is called with the controller's lock held, so that events keep their order: it passes
/// the event on and must not call back. A `ColoHandler` is called without a lock and may.
public final class MigrationController: Sendable {
    /// The machine.
    public let machine: VirtualMachine
    let clock = SystemClock()
    private let state: Mutex<State>
    private let events: @Sendable (MigrationEvent) -> Void
    private let coloHandler = Mutex<(any ColoHandler)?>(nil)
    private let lent = Mutex(MigrationSurroundings())

    struct State: Sendable {
        var settings = MigrationSettings()
        var outgoing = OutgoingState()
        var incoming: IncomingState
        var outgoingRun: RunControl?
        var incomingRun: RunControl?
        var blockers: [String] = []
        /// The process ends: what migrations still do is no client's business, and no guest goes on.
        var isEnding = false
    }

    /// A controller of `machine`. `expectsIncoming`: the machine waits for `migrateIncoming`, as with `-incoming`.
    public init(
        machine: VirtualMachine, expectsIncoming: Bool = false, events: @escaping @Sendable (MigrationEvent) -> Void
    ) {
        self.machine = machine
        self.events = events
        state = Mutex(State(incoming: IncomingState(expected: expectsIncoming)))
    }

    /// Sets who runs COLO. Without one, x-colo is refused.
    public func setColoHandler(_ handler: any ColoHandler) { coloHandler.withLock { $0 = handler } }

    /// Sets what migrations take from others.
    public func setSurroundings(_ surroundings: MigrationSurroundings) { lent.withLock { $0 = surroundings } }

    var surroundings: MigrationSurroundings { lent.withLock { $0 } }

    var handler: (any ColoHandler)? { coloHandler.withLock { $0 } }

    func withState<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try state.withLock(body)
    }

    // MARK: Settings

    /// Capabilities and parameters now.
    public var settings: MigrationSettings { withState { $0.settings } }

    /// `migrate-set-capabilities`. Refused while an outgoing migration is under way. In COLO they are those of the next
    /// run, but for xbzrle, which checkpoints would take up at once and do not have.
    public func setCapabilities(_ changes: [MigrationCapabilityStatus]) throws(CommandError) {
        try withState { (state: inout State) throws(CommandError) in
            guard !state.outgoing.status.isRunning else { throw .migrationInProgress }
            var result = state.settings
            try result.setCapabilities(changes)
            let isColo = state.outgoing.status == .colo || state.incoming.status == .colo
            if isColo, result[.xbzrle] { throw .migrationInProgress }
            state.settings = result
        }
    }

    /// `migrate-set-parameters`; takes effect at once, also on a migration under way.
    public func setParameters(_ changes: MigrateSetParameters) throws(CommandError) {
        try withState { (state: inout State) throws(CommandError) in try state.settings.setParameters(changes) }
        settingsChanged()
    }

    /// Sets parameters from within the program.
    public func updateParameters(_ change: (inout MigrationSettings.Values) -> Void) throws(CommandError) {
        try withState { (state: inout State) throws(CommandError) in try state.settings.setParameters(change) }
        settingsChanged()
    }

    /// Lets a migration that waits for its bandwidth look at the limit again; the setters do it by themselves.
    func settingsChanged() { withState { $0.outgoingRun }?.wake() }

    /// Texts of what stands in the way of any migration; `migrate` answers with the first.
    public func setBlockers(_ texts: [String]) { withState { $0.blockers = texts } }

    // MARK: State

    /// `query-migrate`.
    public func queryMigrate() -> MigrationInfo {
        let now = clock.now()
        return withState { state in
            var info = state.outgoing.status == .none ? state.incoming.info : state.outgoing.info(now: now)
            let blockers = blockers(state)
            if !blockers.isEmpty { info.blockedReasons = blockers }
            return info
        }
    }

    /// What stands in the way of a migration now.
    func blockers(_ state: State) -> [String] {
        guard state.settings[.xColo] else { return state.blockers }
        return state.blockers
            + machine.parts.writableDisks.map { "COLO needs every writable disk replicated, which '\($0)' is not" }
    }

    /// `migrate_cancel`: ends an outgoing migration that has not completed, and cuts the channel of COLO, from the moment
    /// on at which the migration to it can no longer be taken back. Nothing happens if there is none.
    public func migrateCancel() { beginCancel()() }

    /// `migrateCancel` in two steps: the status is told at once, and the work ends when what is returned is called.
    public func beginCancel() -> @Sendable () -> Void {
        let run = withState { state -> RunControl? in
            let isHandingOver = state.settings[.xColo] && state.outgoing.isCommitted
            if state.outgoing.status == .colo || isHandingOver { return state.outgoingRun }
            guard step(&state, outgoing: .cancelling) else { return nil }
            return state.outgoingRun
        }
        return { run?.cancel() }
    }

    /// The process ends: a migration that is under way is cancelled, and clients are told no more of it than that. A
    /// guest that it stopped stays so. COLO is the business of its handler.
    public func endByCommand() {
        let run = withState { state -> RunControl? in
            guard state.outgoing.status.isRunning else { return nil }
            state.outgoing.abandonCommitment()
            step(&state, outgoing: .cancelling)
            state.isEnding = true
            return state.outgoingRun
        }
        run?.cancel()
    }

    var isEnding: Bool { withState { $0.isEnding } }

    /// Cuts the channel of whatever migration or COLO run is under way, in either direction.
    public func cancelChannel() {
        let runs = withState { [$0.outgoingRun, $0.incomingRun] }
        for run in runs { run?.cancel() }
    }

    /// A COLO run is over: the status goes from `colo` to `completed`, with its event. False if there was none.
    @discardableResult
    public func finishColo() -> Bool {
        withState { state in
            if state.outgoing.status == .colo { return step(&state, outgoing: .completed) }
            guard state.incoming.status == .colo else { return false }
            return step(&state, incoming: .completed)
        }
    }

    /// Waits for the threads of migrations to end, at most until `deadline`; false if one still runs.
    public func waitUntilIdle(deadline: Nanoseconds) -> Bool {
        let runs = withState { [$0.outgoingRun, $0.incomingRun] }
        return runs.allSatisfy { $0?.waitUntilFinished(deadline: deadline) ?? true }
    }

    // MARK: Events. Called with the lock held.

    @discardableResult
    func step(_ state: inout State, outgoing next: MigrationStatus) -> Bool {
        guard state.outgoing.step(to: next, now: clock.now()) else { return false }
        if !state.outgoing.status.isRunning, state.outgoing.status != .colo { endOptions(&state) }
        if state.settings[.events], !state.isEnding { events(.status(next)) }
        return true
    }

    @discardableResult
    func step(_ state: inout State, incoming next: MigrationStatus) -> Bool {
        guard state.incoming.step(to: next) else { return false }
        if state.settings[.events] { events(.status(next)) }
        return true
    }

    func countPass(_ state: inout State) {
        let number = state.outgoing.countPass()
        if state.settings[.events], !state.isEnding { events(.pass(number)) }
    }

    func emit(_ event: MigrationEvent) { events(event) }
}

/// What others need of a migration's thread: ending its waits, and waiting for its end.
final class RunControl: Sendable {
    private struct State {
        var channel: Channel?
        var cancelled = false
        var finished = false
        var wakeups: UInt64 = 0
        var mayContinue = false
        var threadID: Int32?
    }
    private let gate = ThreadGate(State())
    /// Ends waits for a connection.
    let cancellation: Cancellation

    init() throws(SystemError) { cancellation = try Cancellation() }

    var isCancelled: Bool { gate.withLock(notify: false) { $0.cancelled } }

    /// Ends every wait of the run, now and later.
    func cancel() {
        cancellation.cancel()
        let channel = gate.withLock { state in
            state.cancelled = true
            return state.channel
        }
        channel?.shutDown()
    }

    /// Whether its thread is over.
    var isFinished: Bool { gate.withLock(notify: false) { $0.finished } }

    /// Cuts the channel, if there is one yet, as a broken network would. Who still waits for a peer goes on waiting.
    func cut() { gate.withLock(notify: false) { $0.channel }?.breakOff() }

    /// The run has its channel from now on.
    func use(_ channel: Channel) {
        let cancelled = gate.withLock { state in
            state.channel = channel
            return state.cancelled
        }
        if cancelled { channel.shutDown() }
    }

    /// Waits until `deadline`, or shorter if the run is cancelled or `wake` is called.
    func pause(until deadline: Nanoseconds) {
        let seen = gate.withLock(notify: false) { $0.wakeups }
        _ = gate.wait(until: deadline) { $0.cancelled || $0.wakeups != seen ? true : nil }
    }

    /// Waits for `letContinue`, until `deadline` or until the run is cancelled; whether either came.
    func awaitContinuation(until deadline: Nanoseconds) -> Bool {
        gate.wait(until: deadline) { $0.cancelled || $0.mayContinue ? true : nil } ?? false
    }

    /// Ends `awaitContinuation`.
    func letContinue() { gate.withLock { $0.mayContinue = true } }

    /// The calling thread is the run's: until `finish`, `threadID` tells its number.
    func begin() { gate.withLock { $0.threadID = Thread.currentID } }

    /// The thread's number (gettid(2)); nil before it runs and when it is over.
    var threadID: Int32? { gate.withLock(notify: false) { $0.threadID } }

    /// Ends a `pause` now.
    func wake() { gate.withLock { $0.wakeups += 1 } }

    /// The thread is over; the channel is let go.
    func finish() {
        gate.withLock { state in
            state.finished = true
            state.channel = nil
            state.threadID = nil
        }
    }

    func waitUntilFinished(deadline: Nanoseconds) -> Bool {
        gate.wait(until: deadline) { $0.finished ? true : nil } ?? false
    }
}

extension MigrationController {
    /// Whether there is a migration that `yank` could reach: one that listens, goes out or comes in, or COLO.
    public var isYankable: Bool { !yankableRuns.isEmpty }

    /// Cuts the connections of whatever migration is under way, which then fails as if the network had broken. A
    /// listener that nobody has connected to goes on listening.
    public func yank() { for run in yankableRuns { run.cut() } }

    private var yankableRuns: [RunControl] {
        withState { [$0.outgoingRun, $0.incomingRun] }.compactMap { $0 }.filter { !$0.isFinished }
    }
}
