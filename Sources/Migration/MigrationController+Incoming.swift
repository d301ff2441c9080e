import Environment
import QAPI
import QMP
import SystemCalls
import Transport
import VirtualMachine

extension MigrationController {
    /// `migrate-incoming`: listens on `uri` and loads the first migration that comes. Emits the setup event whatever
    /// the capability `events` says. A URI that cannot be used may be corrected by another call.
    public func migrateIncoming(uri: String) throws(CommandError) {
        let run = try makeRun()
        try claimIncoming()
        let listener: Listener
        do {
            listener = try makeListener(uri)
        } catch {
            waitAgain()
            switch error {
            case .unknownScheme: throw .unknownMigrationProtocol(uri)
            case .noRDMA: throw .generic("RDMA ERROR: could not create rdma event channel")
            default: throw .generic(error.description)
            }
        }
        start(listener, run)
    }

    /// The same over a channel that a source has connected already.
    public func migrateIncoming(on channel: Channel) throws(CommandError) {
        let run = try makeRun()
        try claimIncoming()
        start(Listener(adopting: channel, as: .fd(name: channel.name)), run)
    }

    private func claimIncoming() throws(CommandError) {
        try withState { (state: inout State) throws(CommandError) in
            switch state.incoming.readiness {
            case .notExpected: throw .incomingNotSpecified
            case .started: throw .incomingAlreadyStarted
            case .deferred:
                // Taken at once: whoever else asks while this one begins to listen comes too late.
                state.incoming.claim()
                emit(.status(.setup))
            }
        }
    }

    private func start(_ listener: Listener, _ run: RunControl) {
        withState { state in
            state.incoming.startListening(listener.addresses)
            state.incomingRun = run
        }
        do {
            _ = try Thread(name: "incoming") { [self] in
                IncomingRun(controller: self, control: run).perform(listener)
                run.finish()
            }
        } catch {
            failIncoming(error.description)
            run.finish()
        }
    }

    private func makeListener(_ uri: String) throws(TransportError) -> Listener {
        let address = try MigrationAddress(uri)
        guard case .fd(let name) = address else { return try Listener(address) }
        guard let descriptor = surroundings.takeDescriptor(name) else { throw .unknownDescriptor(name: name) }
        return Listener(adopting: try Channel.adopt(descriptor, name: name), as: address)
    }

    /// Nobody will come: what was to be listened to cannot be, or has gone without a byte. Another `migrateIncoming` may
    /// try again.
    func waitAgain() { withState { $0.incoming.stopListening() } }

    /// Makes the machine wait for `migrateIncoming` again: after an incoming migration failed, or when this side gives
    /// its guest up (a superseded primary). The guest stands afterwards, in inmigrate, and its state counts for
    /// nothing. Ends whatever migration is under way, waiting for it until `deadline`; so not from a migration's thread.
    public func prepareForIncoming(deadline: Nanoseconds) throws(MigrationFailure) {
        cancelChannel()
        guard waitUntilIdle(deadline: deadline) else {
            throw .peer("a migration of this machine does not end")
        }
        try onMachine { () throws(RunStateError) in
            try machine.halt(to: .paused)
            try machine.setState(.inmigrate)
        }
        withState { state in
            state.incoming = IncomingState(expected: true)
            state.outgoing = OutgoingState()
        }
    }

    /// The status becomes failed, with its event, and the owner is told.
    func failIncoming(_ text: String) {
        withState { state in
            state.incoming.setError(text)
            step(&state, incoming: .failed)
            emit(.incomingFailed(text))
        }
    }
}
