import Environment
import Migration
import MigrationFormat
import ReplicationCore
import SystemCalls
import Transport
import VirtualMachine

/// What a secondary's run tells its owner, on the run's own thread.
struct SecondaryRunHandlers: Sendable {
    /// A checkpoint begins.
    var willReceive: @Sendable () -> Void
    /// A checkpoint is complete here; 0 is the initial synchronisation.
    var held: @Sendable (UInt64) -> Void
    /// The channel is gone; the last complete checkpoint stays.
    var left: @Sendable (COLORunEnd) -> Void
}

/// The secondary's end of one COLO run: carries out what `COLOSecondary` says, on the migration's thread.
///
/// RAM holds the last complete checkpoint and `current` its device state, validated but not applied: that happens once,
/// at the takeover. What arrives goes into the staging arena.
final class SecondaryRun: @unchecked Sendable {
    // SAFETY: everything but `requests` belongs to the run's thread; `requests` has its own lock.
    /// How the run ended.
    enum Ending: Sendable, Equatable {
        /// Take over from what `machine` holds once `prepareTakeover` was called.
        case takeOver
        /// The checkpoints are worth nothing any more.
        case abandoned
    }

    private let session: COLOSecondarySession
    private let statistics: CheckpointStatistics
    private let handlers: SecondaryRunHandlers
    private let clock = SystemClock()
    private let staging: StagingArena
    private let requests = ThreadGate<[COLOSecondary.Event]>([])
    private var core: COLOSecondary
    private var outcomes: [COLOSecondary.Event] = []
    private var staged: PreparedDeviceState?
    private var current: PreparedDeviceState?
    private var bytesBefore: UInt64 = 0

    init(
        session: COLOSecondarySession, statistics: CheckpointStatistics, limits: COLOSecondary.Limits,
        handlers: SecondaryRunHandlers
    ) throws(SystemError) {
        self.session = session
        self.statistics = statistics
        self.handlers = handlers
        staging = try StagingArena(memory: session.machine.memory)
        core = COLOSecondary(limits: limits)
    }

    /// Asks for the takeover, from any thread.
    func requestTakeover() { request(.failoverRequested) }

    /// Gives all checkpoints up, from any thread.
    func abandon() { request(.abandon) }

    private func request(_ event: COLOSecondary.Event) {
        requests.withLock { $0.append(event) }
        session.shutDown()
    }

    /// Runs until the run's fate is decided. A lost channel alone does not end it: then it waits for a request.
    func perform() -> Ending {
        Thread.favourCurrent()
        handlers.held(0)
        if let ending = carryOut(core.start()) { return ending }
        while true {
            if let ending = carryOut(core.handle(next(), now: clock.now())) { return ending }
        }
    }

    /// Puts the devices into the state of the last complete checkpoint; RAM is in it already.
    func prepareTakeover() {
        guard let current else { return }
        session.machine.load(current)
    }

    /// Outcomes of the last actions first, then requests, then the channel.
    private func next() -> COLOSecondary.Event {
        if !outcomes.isEmpty { return outcomes.removeFirst() }
        if core.phase == .left {
            return requests.wait { $0.isEmpty ? nil : $0.removeFirst() } ?? .timer
        }
        if let request = pendingRequest() { return request }
        do throws(MigrationFailure) {
            return .message(try session.messages.receive(until: core.nextDeadline))
        } catch {
            return pendingRequest() ?? event(for: error)
        }
    }

    private func pendingRequest() -> COLOSecondary.Event? {
        requests.withLock(notify: false) { $0.isEmpty ? nil : $0.removeFirst() }
    }

    private func event(for failure: MigrationFailure) -> COLOSecondary.Event {
        switch failure {
        case .stream(let error): .malformed(error.description)
        case .peer(let text): .malformed(text)
        case .channel(.stalled): .timer
        default: .channelLost(failure.description)
        }
    }

    /// All actions of a list are carried out, whatever becomes of one: a checkpoint that is complete is made current
    /// also when the primary can no longer be told.
    private func carryOut(_ actions: [COLOSecondary.Action]) -> Ending? {
        for action in actions {
            switch action {
            case .send(let message):
                attempt(nil) { () throws(MigrationFailure) in try session.messages.send(message) }
            case .receiveLiveState:
                handlers.willReceive()
                bytesBefore = session.channel.bytesReceived
                attempt(.liveStateReceived) { () throws(MigrationFailure) in
                    try session.receiveLiveState(into: staging, until: core.nextDeadline)
                }
            case .receiveDeviceState(_, let bytes):
                attempt(.deviceStateValidated) { () throws(MigrationFailure) in
                    staged = try session.receiveDeviceState(size: bytes, until: core.nextDeadline)
                }
            case .commit(let checkpoint): commit(checkpoint)
            case .discardStaging:
                staging.discard()
                staged = nil
            case .leave(let end):
                session.shutDown()
                handlers.left(end)
            case .takeOver: return .takeOver
            case .discardAll:
                session.shutDown()
                return .abandoned
            }
        }
        return nil
    }

    private func commit(_ checkpoint: UInt64) {
        staging.apply()
        current = staged
        staged = nil
        statistics.complete(bytes: session.channel.bytesReceived - bytesBefore)
        handlers.held(checkpoint)
        outcomes.append(.committed)
    }

    private func attempt(
        _ success: COLOSecondary.Event?, _ body: () throws(MigrationFailure) -> Void
    ) {
        do {
            try body()
            if let success { outcomes.append(success) }
        } catch {
            outcomes.append(pendingRequest() ?? event(for: error))
        }
    }
}
