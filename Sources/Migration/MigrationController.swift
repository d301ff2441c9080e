public import Environment
import GuestMemory
import MachineModel
import MigrationCore
import MigrationFormat
public import QAPI
import Synchronization
import SystemCalls
import Transport
public import VirtualMachine

/// Migrations of one machine, as management drives them.
///
/// Threads: every method may be called from any thread and returns quickly; the work is done on threads of the
/// controller. The lock is held only to look at values and to ask the state machines what follows. Events are told
/// without it, in their order, before the call that brought them about returns; the observer passes them on and must
/// not call back. A `COLOHandler` is called without a lock and may.
public final class MigrationController: Sendable {
    /// The machine.
    public let machine: VirtualMachine
    let clock = SystemClock()
    private let state: Mutex<State>
    let events: EventLine
    private let coloHandler = Mutex<(any COLOHandler)?>(nil)
    /// Of a postcopy that has ended before its last page.
    private let unfinished = Mutex<PostcopyPlacement?>(nil)
    private let lent = Mutex(MigrationResources())
    /// For migrations that begin from now on.
    let incomingLimits = Mutex(IncomingLimits())
    /// The same.
    let outgoingLimits = Mutex(OutgoingLimits())
    /// Bytes of copies that may wait in a snapshot; the same.
    let snapshotRoom = Mutex(MemorySnapshot.poolLimit)

    struct State: Sendable {
        var settings = MigrationSettings()
        var outgoing: SourceSession?
        var incoming: IncomingState
        var incomingSession: DestinationSession?
        /// What `migrate` itself switched on, for this run only.
        var options = Options()
        /// Clients do not get to know why the outgoing migration failed.
        var hidesFailure = false
        var blockers: [String] = []

        /// The status of the outgoing migration.
        var outgoingStatus: SourceMachine.Status { outgoing?.machine.withLock { $0.status } ?? .none }
        /// Whether an outgoing migration is under way.
        var isMigrating: Bool { outgoing?.machine.withLock { $0.isRunning } ?? false }
        /// The status of the incoming migration.
        var incomingStatus: DestinationMachine.Status { incomingSession?.machine.withLock { $0.status } ?? .none }
    }

    /// The options blk and inc of `migrate`.
    struct Options: Sendable {
        var block = false
        var incremental = false
    }

    /// A controller of `machine`. `expectsIncoming`: the machine waits for `migrateIncoming`, as with `-incoming`.
    public init(
        machine: VirtualMachine, expectsIncoming: Bool = false, events: @escaping @Sendable (MigrationEvent) -> Void
    ) {
        self.machine = machine
        self.events = EventLine(events)
        state = Mutex(State(incoming: IncomingState(expected: expectsIncoming)))
    }

    /// Sets who runs COLO. Without one, x-colo is refused.
    public func setCOLOHandler(_ handler: any COLOHandler) { coloHandler.withLock { $0 = handler } }

    /// Sets what migrations take from others.
    public func setResources(_ resources: MigrationResources) { lent.withLock { $0 = resources } }

    var resources: MigrationResources { lent.withLock { $0 } }

    /// Pages are missing for good: whoever needs one waits for as long as there is the machine.
    func keep(_ placement: PostcopyPlacement) { unfinished.withLock { $0 = placement } }

    var handler: (any COLOHandler)? { coloHandler.withLock { $0 } }

    func withState<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try state.withLock(body)
    }

    // MARK: Settings

    /// Capabilities and parameters now.
    public var settings: MigrationSettings { withState { $0.settings } }

    /// `migrate-set-capabilities`. Refused while an outgoing migration is under way. In COLO they are those of the next
    /// run, but for xbzrle, which checkpoints by command would take up at once and do not have.
    public func setCapabilities(_ changes: [MigrationCapabilityStatus]) throws(MigrationRefusal) {
        let asksForSnapshots = changes.contains { $0.capability == .backgroundSnapshot && $0.state }
        let obstacle = asksForSnapshots ? machine.obstacleToSnapshots : nil
        let asksForPostcopy = changes.contains { $0.capability == .postcopyRam && $0.state }
        if asksForPostcopy, machine.runState == .inmigrate, machine.obstacleToPostcopy != nil {
            throw .postcopyNotSupported
        }
        try withState { (state: inout State) throws(MigrationRefusal) in
            guard !state.isMigrating else { throw .inProgress }
            if let obstacle { throw MigrationRefusal(obstacle) }
            var result = state.settings
            try onSettings { () throws(MigrationSettingsError) in try result.setCapabilities(changes) }
            let isCOLO = state.outgoingStatus == .colo || state.incomingStatus == .colo
            if isCOLO, result[.xbzrle] { throw .inProgress }
            state.settings = result
        }
    }

    /// `migrate-set-parameters`; takes effect at once, also on a migration under way.
    public func setParameters(_ changes: MigrateSetParameters) throws(MigrationSettingsError) {
        try withState { (state: inout State) throws(MigrationSettingsError) in
            try state.settings.setParameters(changes)
        }
        settingsChanged()
    }

    /// Sets parameters from within the program.
    public func updateParameters(_ change: (inout MigrationSettings.Values) -> Void) throws(MigrationSettingsError) {
        try withState { (state: inout State) throws(MigrationSettingsError) in
            try state.settings.setParameters(change)
        }
        settingsChanged()
    }

    /// A migration that is under way goes on with the settings as they are now; the setters tell it by themselves.
    func settingsChanged() {
        let (session, parameters) = withState { ($0.outgoing, $0.settings.parameters) }
        guard let session else { return }
        if session.followsCacheSize {
            session.counters.xbzrle?.cacheSize = Int(clamping: parameters.xbzrleCacheSize)
        }
        post(.tuned(SourceMachine.Tunables(parameters, session.settings)), of: session)
    }

    /// Texts of what stands in the way of any migration; `migrate` answers with the first.
    public func setBlockers(_ texts: [String]) { withState { $0.blockers = texts } }

    // MARK: State

    /// `query-migrate`.
    public func queryMigrate() -> MigrationInfo {
        let now = clock.now()
        return withState { state in
            var info =
                outgoingInfo(state, now)
                ?? state.incoming.info(state.incomingSession, blocktime: machine.parts.engine.blocktime)
            let blockers = blockers(state, state.settings)
            if !blockers.isEmpty { info.blockedReasons = blockers.map(\.description) }
            return info
        }
    }

    private func outgoingInfo(_ state: State, _ now: Nanoseconds) -> MigrationInfo? {
        guard let session = state.outgoing else { return nil }
        var info = session.machine.withLock { $0.info(session.counters, now: now) }
        if state.hidesFailure { info.errorDesc = nil }
        return info
    }

    /// What stands in the way of a migration with these settings.
    func blockers(_ state: State, _ settings: MigrationSettings) -> [MigrationRefusal] {
        let named = state.blockers.map { MigrationRefusal.blocked($0) }
        return settings[.xColo] ? named + machine.parts.writableDisks.map { .diskNotReplicated($0) } : named
    }

    /// `migrate_cancel`: ends an outgoing migration that has not completed, and cuts the channel of COLO, from the moment
    /// on at which the migration to it can no longer be taken back. Nothing happens if there is none, or in a postcopy that is
    /// paused.
    public func migrateCancel() { (try? beginCancel())?() }

    /// `migrateCancel` in two steps: the status is told at once, and the work ends when what is returned is called.
    public func beginCancel() throws(MigrationRefusal) -> @Sendable () -> Void {
        let (session, status) = withState { ($0.outgoing, $0.outgoingStatus) }
        guard let session else { return {} }
        // QEMU goes to `cancelling` here and never leaves it. It can still be resumed.
        if status == .postcopyPaused || status == .postcopyRecover { throw .postcopyCannotBeCancelled }
        // This one could not be resumed: its guest would be lost.
        if status == .postcopyActive, session.settings[.releaseRam] { throw .noRecoveryOfReleasedRAM }
        let orders = take(.cancel, of: session)
        return { [self] in carryOut(orders, of: session) }
    }

    /// The process ends: a migration that is under way is cancelled, and clients are told no more of it than that. A
    /// guest that it stopped stays so. COLO is the business of its handler.
    public func endByCommand() { if let session = withState({ $0.outgoing }) { post(.quit, of: session) } }

    /// Cuts the channel of whatever migration or COLO run is under way, in either direction.
    public func cancelChannel() {
        let (outgoing, incoming) = withState { ($0.outgoing, $0.incomingSession) }
        // A postcopy ends by nothing else.
        if let outgoing, withState({ $0.outgoingStatus.isPostcopy }) { post(.quit, of: outgoing) }
        outgoing?.interrupt()
        if let incoming { post(.cancel, of: incoming) }
        incoming?.interrupt()
    }

    /// A COLO run is over: the status goes from `colo` to `completed`, with its event. False if there was none.
    @discardableResult
    public func finishCOLO() -> Bool {
        let (outgoing, incoming) = withState { state in
            (
                state.outgoingStatus == .colo ? state.outgoing : nil,
                state.incomingStatus == .colo ? state.incomingSession : nil
            )
        }
        if let outgoing {
            post(.coloFinished, of: outgoing)
        } else if let incoming {
            post(.coloFinished, of: incoming)
        }
        return outgoing != nil || incoming != nil
    }

    /// Waits for the threads of migrations to end, at most until `deadline`; false if one still runs.
    public func waitUntilIdle(deadline: Nanoseconds) -> Bool {
        let (outgoing, incoming) = withState { ($0.outgoing?.control, $0.incomingSession?.control) }
        return [outgoing, incoming].allSatisfy { $0?.waitUntilFinished(deadline: deadline) ?? true }
    }

    // MARK: yank

    /// Whether there is a migration that `yank` could reach: one that listens, goes out or comes in, or COLO.
    public var isYankable: Bool {
        withState { [$0.outgoing?.control, $0.incomingSession?.control] }.contains { $0?.isFinished == false }
    }

    /// Cuts the connections of whatever migration is under way, which then fails as if the network had broken. A
    /// listener that nobody has connected to goes on listening.
    public func yank() {
        let (outgoing, incoming) = withState { ($0.outgoing, $0.incomingSession) }
        if outgoing?.control.isFinished == false { outgoing?.control.cut() }
        if let incoming, !incoming.control.isFinished { post(.cut, of: incoming) }
    }
}
