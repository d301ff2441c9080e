public import Environment
import MigrationCore
import QAPI
import SystemCalls
public import Transport
import VirtualMachine

extension MigrationController {
    /// `migrate-incoming`: listens on `uri` and loads the first migration that comes. Emits the setup event whatever
    /// the capability `events` says. A URI that cannot be used may be corrected by another call.
    public func migrateIncoming(uri: String) throws(MigrationRefusal) {
        let run = try makeRun()
        try claimIncoming()
        do throws(TransportError) {
            start(try makeListener(uri, run), run)
        } catch {
            throw refusal(error)
        }
    }

    /// The same for a caller whose thread must not wait: a name is looked up while the caller's task is suspended.
    public func beginIncoming(uri: String) async throws(MigrationRefusal) {
        guard let address = try? MigrationAddress(uri), address.isToBeLookedUp else {
            return try migrateIncoming(uri: uri)
        }
        let run = try makeRun()
        try claimIncoming()
        do throws(TransportError) {
            start(try await listener(uri, run), run)
        } catch {
            throw refusal(error)
        }
    }

    /// A listener that a thread of its own makes.
    func listener(_ uri: String, _ run: RunControl) async throws(TransportError) -> Listener {
        try await withCheckedContinuation { (done: CheckedContinuation<ListenResult, Never>) in
            do throws(SystemError) {
                _ = try Thread(name: "incoming-address") { [self] in
                    do throws(TransportError) {
                        done.resume(returning: .success(try makeListener(uri, run)))
                    } catch {
                        done.resume(returning: .failure(error))
                    }
                }
            } catch {
                done.resume(returning: .failure(.failed(action: "Unable to listen", reason: error.reason)))
            }
        }.get()
    }

    private typealias ListenResult = Result<Listener, TransportError>

    /// There is no listener: another call may try again.
    private func refusal(_ error: TransportError) -> MigrationRefusal {
        waitAgain()
        return .listener(error)
    }

    /// The same over a channel that a source has connected already.
    public func migrateIncoming(on channel: Channel) throws(MigrationRefusal) {
        let run = try makeRun()
        try claimIncoming()
        start(Listener(adopting: channel, as: .fd(name: channel.name)), run)
    }

    private func claimIncoming() throws(MigrationRefusal) {
        try withState { (state: inout State) throws(MigrationRefusal) in
            switch state.incoming.readiness {
            case .notExpected: throw .incomingNotExpected
            case .started: throw .incomingAlreadyStarted
            case .deferred:
                // Taken at once: another request while this one begins to listen comes too late.
                state.incoming.claim()
                events.append(.status(.setup))
            }
        }
        events.deliver()
    }

    private func start(_ listener: Listener, _ run: RunControl) {
        let session = DestinationSession(
            DestinationMachine(configuration: destinationConfiguration), settings: incomingSettings, totalBytes: 0,
            control: run)
        withState { state in
            state.incoming.startListening(listener.addresses)
            state.incomingSession = session
        }
        take(of: session) { $0.start() }
        do {
            _ = try Thread(name: "incoming") { [self] in
                DestinationRun(controller: self, session: session, listener: listener).perform()
            }
        } catch {
            post(.failed(error.description), of: session)
            run.finish()
        }
    }

    /// What holds for a source that connects now. A member of a pair takes what its peer sends, whatever operators have
    /// set for migrations of their own.
    var incomingSettings: MigrationSettings {
        handler?.acceptsOnlyCOLO == true ? MigrationSettings() : settings
    }

    private var destinationConfiguration: DestinationMachine.Configuration {
        var configuration = DestinationMachine.Configuration()
        // Whether it may is decided when a source connects, with the settings of then: by what the stream may say.
        configuration.mayPostcopy = true
        configuration.acceptsOnlyCOLO = handler?.acceptsOnlyCOLO ?? false
        if handler == nil {
            configuration.coloRefusal = MigrationRefusal.coloNotAvailable.description
        } else if let disk = machine.parts.writableDisks.first {
            configuration.coloRefusal = MigrationRefusal.diskNotReplicated(disk).description
        } else if let other = Self.bypassingCheckpoints.first(where: { incomingSettings[$0] }) {
            configuration.coloRefusal = MigrationRefusal.notInCOLO(other).description
        }
        return configuration
    }

    /// The capabilities with which a checkpoint's pages would go past the copy that is kept of them.
    private static let bypassingCheckpoints: [MigrationCapability] = [.multifd, .compress]

    /// What could not work with anybody who connects to `address`.
    private func incomingRefusal(_ address: MigrationAddress, _ settings: MigrationSettings) -> MigrationRefusal? {
        if !address.hasSeveralChannels, let refusal = settings.refusalOfOneChannel { return refusal }
        if settings[.multifd], settings[.postcopyPreempt] { return .multifdWithPreemption }
        if settings[.xColo] {
            // A source with a return path does not begin COLO either.
            let notInCOLO = [.returnPath] + Self.bypassingCheckpoints
            if let other = notInCOLO.first(where: { settings[$0] }) { return .notInCOLO(other) }
        }
        return nil
    }

    func makeListener(_ uri: String, _ run: RunControl) throws(TransportError) -> Listener {
        let address = try MigrationAddress(uri)
        let settings = incomingSettings
        if let refusal = incomingRefusal(address, settings) { throw .badAddress(refusal.description) }
        guard case .fd(let name) = address else {
            let channels =
                settings[.multifd]
                ? Int32(settings.parameters.multifdChannels) + 1 : settings[.postcopyPreempt] ? 2 : 1
            return try Listener(
                address, backlog: channels, cancellation: run.cancellation, lookup: resources.lookup)
        }
        guard let descriptor = resources.takeDescriptor(name) else { throw .unknownDescriptor(name: name) }
        return Listener(adopting: try Channel.adopt(descriptor, name: name), as: address)
    }

    /// What was to be listened to cannot be: another `migrateIncoming` may try again.
    private func waitAgain() { withState { $0.incoming.stopListening() } }

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
            state.incomingSession = nil
            state.outgoing = nil
        }
    }
}
