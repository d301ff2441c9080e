import Environment
import MigrationCore
import QAPI
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

// What operators say of a postcopy.
extension MigrationController {
    /// `migrate-start-postcopy`: the guest is to move before the rest of its RAM, as soon as the migration that is under way
    /// comes to a point where it can. Nothing happens if there is none.
    public func migrateStartPostcopy() throws(MigrationRefusal) {
        let session = try withState { (state: inout State) throws(MigrationRefusal) -> SourceSession? in
            guard state.settings[.postcopyRam] else { throw .postcopyNotEnabled }
            guard state.outgoingStatus != .none else { throw .postcopyTooEarly }
            return state.outgoing
        }
        if let session { post(.startPostcopy, of: session) }
    }

    /// `migrate-pause`: breaks the channels of a postcopy, on either side, so that it can go on over others.
    public func migratePause() throws(MigrationRefusal) {
        let (outgoing, incoming) = withState { state in
            (
                state.outgoingStatus == .postcopyActive ? state.outgoing : nil,
                state.incomingStatus == .postcopyActive ? state.incomingSession : nil
            )
        }
        if let outgoing { return post(.pause, of: outgoing) }
        guard let incoming else { throw .notInPostcopy }
        post(.pause, of: incoming)
    }

    /// `cont` at the source of a postcopy that is paused: an operator who says so knows that the destination is dead, and the
    /// guest goes on here as it was when it left. Refused if the destination has answered that it takes the guest over, also
    /// if that was not read yet. Nothing happens in any other state. Waits until the guest is back, for moments.
    public func takeGuestBack() throws(MigrationRefusal) {
        let session = try withState { (state: inout State) throws(MigrationRefusal) -> SourceSession? in
            guard let session = state.outgoing, state.outgoingStatus == .postcopyPaused else { return nil }
            let (mayTakeBack, hasRunElsewhere) = session.machine.withLock { ($0.mayTakeBack, $0.hasRunElsewhere) }
            if session.settings[.releaseRam] { throw .guestWasReleased }
            if hasRunElsewhere { throw .guestRunsElsewhere }
            guard mayTakeBack else { throw .inProgress }
            return session
        }
        guard let session else { return }
        post(.takeBack, of: session)
        let deadline = clock.now() + VirtualMachine.pausePatience
        _ = session.control.wait(until: deadline) { session.machine.withLock { !$0.isTakingBack } }
        let (isPaused, isTakingBack, hasRunElsewhere) = session.machine.withLock {
            ($0.status == .postcopyPaused, $0.isTakingBack, $0.hasRunElsewhere)
        }
        if isPaused, !isTakingBack { throw hasRunElsewhere ? .guestRunsElsewhere : .inProgress }
        guard session.control.waitUntilFinished(deadline: deadline) else { throw .takeBackUnderWay }
    }

    /// `migrate` with `resume`: a paused postcopy goes on over a new channel, once what is returned is started.
    func resume(uri: String) throws(MigrationRefusal) -> PendingMigration {
        let session = try withState { (state: inout State) throws(MigrationRefusal) -> SourceSession in
            guard let session = state.outgoing, state.outgoingStatus == .postcopyPaused else {
                throw .noPausedMigration
            }
            guard !session.settings[.releaseRam] else { throw .noRecoveryOfReleasedRAM }
            guard session.machine.withLock({ $0.mayResume }) else { throw .inProgress }
            return session
        }
        let destination: Destination
        do { destination = try self.destination(uri) } catch { throw .destination(error) }
        if !destination.hasSeveralChannels, let refusal = session.settings.refusalOfOneChannel { throw refusal }
        return PendingMigration { [self] in
            session.setRecovery(destination)
            post(.resume, of: session)
        }
    }

    /// `migrate-recover`: the source of a paused postcopy is waited for at `uri`, and nowhere else: whoever was waited for
    /// before is no longer. May be said again. Of several that are under way the last one counts whose listener can be made.
    public func migrateRecover(uri: String) throws(MigrationRefusal) {
        let (session, request) = try beginRecovery()
        let listener: Listener
        do { listener = try makeListener(uri, session.control) } catch {
            session.control.recovery.takeBack(request)
            throw .listener(error)
        }
        try end(request, of: session, with: listener)
    }

    /// The same for a caller whose thread must not wait: a name is looked up while the caller's task is suspended.
    public func beginRecovery(uri: String) async throws(MigrationRefusal) {
        guard let address = try? MigrationAddress(uri), address.isToBeLookedUp else {
            return try migrateRecover(uri: uri)
        }
        let (session, request) = try beginRecovery()
        let found: Listener
        do { found = try await listener(uri, session.control) } catch {
            session.control.recovery.takeBack(request)
            throw .listener(error)
        }
        try end(request, of: session, with: found)
    }

    /// Clients are told before anything is looked at, as of every incoming migration.
    private func beginRecovery() throws(MigrationRefusal) -> (DestinationSession, request: Int) {
        let begun = try withState { (state: inout State) throws(MigrationRefusal) -> (DestinationSession, Int) in
            guard let session = state.incomingSession, session.machine.withLock({ $0.mayRecover }) else {
                throw .postcopyNotPaused
            }
            events.append(.status(.setup))
            return (session, session.control.recovery.request())
        }
        events.deliver()
        // The address may be the same.
        begun.0.control.recovery.withdraw()
        return begun
    }

    /// What has happened while the listener was made counts: another wish, or a source that was there already.
    func end(
        _ request: Int, of session: DestinationSession, with listener: Listener
    ) throws(MigrationRefusal) {
        let recovery = session.control.recovery
        do throws(MigrationRefusal) {
            let orders = try withState { (state: inout State) throws(MigrationRefusal) in
                guard session.machine.withLock({ $0.mayRecover }) else { throw .postcopyNotPaused }
                guard recovery.isLatest(request) else { throw .recoveryReplaced }
                state.incoming.startListening(listener.addresses)
                return ask(&state, session) { $0.handle(.recoverRequested) }
            }
            carryOut(orders, of: session)
            try recovery.use(listener, for: request, self, session.control.channels)
        } catch {
            listener.stop()
            throw error
        }
    }
}
