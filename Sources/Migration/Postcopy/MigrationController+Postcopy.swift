import MigrationCore
import QAPI
import Synchronization
import Transport

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

    /// `migrate-recover`: the source of a paused postcopy is waited for at `uri`, and nowhere else. May be said again.
    public func migrateRecover(uri: String) throws(MigrationRefusal) {
        let session = try beginRecovery()
        do throws(TransportError) {
            end(session, with: try makeListener(uri, session.control))
        } catch {
            throw .listener(error)
        }
    }

    /// The same for a caller whose thread must not wait: a name is looked up while the caller's task is suspended.
    public func beginRecovery(uri: String) async throws(MigrationRefusal) {
        guard let address = try? MigrationAddress(uri), address.isToBeLookedUp else {
            return try migrateRecover(uri: uri)
        }
        let session = try beginRecovery()
        do throws(TransportError) {
            end(session, with: try await listener(uri, session.control))
        } catch {
            throw .listener(error)
        }
    }

    /// Clients are told before anything is looked at, as of every incoming migration.
    private func beginRecovery() throws(MigrationRefusal) -> DestinationSession {
        let session = try withState { (state: inout State) throws(MigrationRefusal) -> DestinationSession in
            guard let session = state.incomingSession, session.machine.withLock({ $0.mayRecover }) else {
                throw .postcopyNotPaused
            }
            events.append(.status(.setup))
            return session
        }
        events.deliver()
        // The address may be the same.
        session.control.recovery.withdraw()
        return session
    }

    private func end(_ session: DestinationSession, with listener: Listener) {
        withState { $0.incoming.startListening(listener.addresses) }
        session.control.recovery.use(listener)
        post(.recoverRequested, of: session)
    }
}
