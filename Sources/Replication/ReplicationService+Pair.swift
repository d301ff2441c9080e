import Environment
import Migration
import QAPI
import QMP
import ReplicationCore
import SystemCalls
import VirtualMachine

/// Why a pair's operation could not be done.
struct OperationFailure: Error, CustomStringConvertible {
    let description: String
}

extension ReplicationService: PairOperations {
    /// Boots the guest, once the listener that waited for a primary is gone.
    public func startGuest() throws {
        migration.cancelChannel()
        let deadline = clock.now() + .milliseconds(ReplicationLimits.endOfRunMilliseconds)
        guard migration.waitUntilIdle(deadline: deadline) else {
            throw OperationFailure(description: "an incoming migration does not end")
        }
        // A run that was abandoned the moment it became COLO left its status behind.
        migration.finishColo()
        // What a broken synchronisation left in RAM must not be booted.
        if state.withLock(notify: false, { $0.memoryIsForeign }) {
            machine.reset(guest: false, reason: "host-error")
            state.withLock { $0.memoryIsForeign = false }
        }
        try machine.run()
        environment.openForwards()
    }

    /// Has the secondary's run resume the guest, and waits for it.
    public func takeOver() throws {
        guard let run = state.withLock(notify: false, { $0.secondary }) else {
            throw OperationFailure(description: "there is no checkpoint to take over from")
        }
        run.requestTakeover()
        let deadline = clock.now() + .milliseconds(ReplicationLimits.failoverMilliseconds)
        let outcome = state.wait(until: deadline) { state -> String?? in
            if state.hasTakenOver { return .some(nil) }
            return state.takeoverFailure.map { .some($0) }
        }
        guard let outcome else { throw OperationFailure(description: "the checkpoint could not be resumed in time") }
        if let failure = outcome { throw OperationFailure(description: failure) }
    }

    /// Starts a migration with COLO to the peer.
    public func startReplication(run: UInt64) {
        guard let pair else { return }
        do throws(CommandError) {
            // The migration before this one has to let its channel go first; until then its events belong to its run.
            let deadline = clock.now() + .milliseconds(ReplicationLimits.endOfRunMilliseconds)
            guard migration.waitUntilIdle(deadline: deadline) else { throw .migrationInProgress }
            let isWanted = state.withLock { state in
                state.outgoingRun = run
                return run > state.stoppedRun
            }
            guard isWanted else { return }
            try migration.setCapabilities([
                MigrationCapabilityStatus(.xColo, true), MigrationCapabilityStatus(.events, true),
            ])
            try migration.migrate(uri: pair.peerURI).start()
        } catch {
            pair.service.post(.replicationEnded(run: run, error.description))
        }
    }

    /// Answers `maySwitchOver`.
    public func continueSwitchover(run: UInt64) {
        state.withLock { state in
            guard state.outgoingRun == run, run > state.stoppedRun else { return }
            // The guest stands: from here on nothing leaves that the secondary does not know of.
            gate.beginRun()
            if !state.isEnding { state.resolution = nil }
            state.isSwitchoverAllowed = true
        }
    }

    /// Ends the primary's run, or the migration that has not become one.
    public func stopReplication(run: UInt64) {
        let (isCurrent, primary) = state.withLock { state in
            state.stoppedRun = max(state.stoppedRun, run)
            guard state.outgoingRun == run else { return (false, nil as PrimaryRun?) }
            state.isSwitchoverAllowed = false
            return (true, state.primary)
        }
        guard isCurrent else { return }
        if let primary { primary.post(.failoverRequested) } else { migration.migrateCancel() }
    }

    /// Waits for one incoming migration; a fenced process begins anew instead.
    public func listenForReplication(run: UInt64) throws {
        guard let pair else { return }
        if state.withLock({ $0.wasFenced }) {
            environment.restart("this side was superseded and starts anew as a waiting secondary")
            throw OperationFailure(description: "this process begins anew")
        }
        if state.withLock({ $0.incomingWasAccepted }) || machine.runState != .inmigrate {
            try migration.prepareForIncoming(
                deadline: clock.now() + .milliseconds(ReplicationLimits.endOfRunMilliseconds))
        }
        state.withLock { state in
            state.incomingRun = run
            state.incomingWasAccepted = false
        }
        do throws(CommandError) {
            try migration.migrateIncoming(uri: pair.listenURI)
        } catch {
            // A listener from before that still waits is as good as a new one.
            if error != .incomingAlreadyStarted { throw error }
        }
    }

    /// Ends the secondary's run, or the migration that has not become one.
    public func abandonCheckpoint(run: UInt64) {
        let secondary = state.withLock { state in
            state.abandonedRun = max(state.abandonedRun, run)
            return state.secondary
        }
        if let secondary { secondary.abandon() } else { migration.cancelChannel() }
    }

    /// Cuts the incoming channel.
    public func dropIncomingChannel() {
        if state.withLock(notify: false, { $0.secondary == nil }) { migration.cancelChannel() }
    }

    /// Lets out what the checkpoint contains, as long as the lease lasts.
    public func releaseOutput(throughCheckpoint checkpoint: UInt64, before deadline: Nanoseconds) -> Bool {
        gate.release(throughCheckpoint: checkpoint, before: deadline)
    }

    /// Opens the gate; the primary's run may end.
    public func releaseAllOutput() {
        gate.open()
        state.withLock { $0.resolution = .alone }
    }

    /// Closes the gate for good and stops the guest.
    public func fence() {
        gate.fence()
        state.withLock { state in
            state.wasFenced = true
            state.resolution = .fenced
        }
        machine.endAnnouncements()
        try? machine.halt(to: .paused)
    }

    /// Closes the gate and ends the process: without a record nothing may be promised.
    public func recordFailed(_ why: String) {
        gate.fence()
        environment.restart("the record of the pair cannot be written: \(why)")
    }

    /// What the migration controller reports, for the pair. From any thread.
    public func migrationEvent(_ event: MigrationEvent) {
        guard let pair else { return }
        let (outgoing, incoming) = state.withLock(notify: false) { ($0.outgoingRun, $0.incomingRun) }
        switch event {
        case .outgoingFailed(let why):
            haltIfFenced()
            outgoingEnded(outgoing, why)
        case .status(.cancelled): outgoingEnded(outgoing, "cancelled")
        case .incomingFailed(let why): pair.service.post(.incomingEnded(run: incoming, why))
        default: break
        }
    }
}
