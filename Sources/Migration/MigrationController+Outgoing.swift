import MigrationFormat
import QAPI
import QMP
import GuestMemory
import SystemCalls
import Transport
import VirtualMachine

/// A migration that was accepted and not started yet: start it once its reply is on the way, so that no event of the
/// migration overtakes the reply.
public struct PendingMigration: Sendable {
    let body: @Sendable () -> Void

    /// Starts it. To be called exactly once.
    public func start() { body() }
}

/// Where an outgoing migration leads: somewhere to connect to, or a channel that a client has passed.
enum Destination: Sendable {
    case address(MigrationAddress)
    case channel(Channel)
}

extension MigrationController {
    /// What the thread of an outgoing migration is called, also in `query-migrationthreads`.
    static let threadName = "live_migration"

    /// `migrate`: checks everything that can be known at once, emits the setup event, and returns the migration for
    /// the caller to start.
    public func migrate(
        uri: String, block: Bool = false, incremental: Bool = false, resume: Bool = false
    ) throws(CommandError) -> PendingMigration {
        let run = try makeRun()
        let settings = try begin(run, .init(block: block, incremental: incremental), resume: resume)
        let destination: Destination
        do {
            destination = try self.destination(uri)
        } catch {
            var text: String? = error.description
            if case .unknownScheme = error { text = nil }
            endBeforeStart(text)
            run.finish()
            throw .generic(error.description)
        }
        return PendingMigration { [self] in start(destination, settings, run) }
    }

    /// The same over a channel that is connected and wants nothing but the stream. `adjust` changes the settings of this
    /// run alone.
    public func migrate(
        on channel: Channel, adjusting adjust: (inout MigrationSettings) throws(CommandError) -> Void
    ) throws(CommandError) -> PendingMigration {
        let run = try makeRun()
        var settings = try begin(run, .init(), resume: false)
        try adjust(&settings)
        return PendingMigration { [self, settings] in start(.channel(channel), settings, run) }
    }

    private func begin(
        _ run: RunControl, _ options: OutgoingState.Options, resume: Bool
    ) throws(CommandError) -> MigrationSettings {
        try withState { (state: inout State) throws(CommandError) in
            guard !resume else { throw .noPausedMigration }
            try checkMigrate(state, options)
            let limit = state.settings.parameters.downtimeLimit
            let total = UInt64(machine.memory.totalSize)
            guard state.outgoing.begin(now: clock.now(), totalBytes: total, downtimeLimit: limit) else {
                throw .migrationInProgress
            }
            try setOptions(&state, options)
            if state.settings[.events] { emit(.status(.setup)) }
            state.outgoingRun = run
            return state.settings
        }
    }

    private func start(_ destination: Destination, _ settings: MigrationSettings, _ run: RunControl) {
        do {
            _ = try Thread(name: Self.threadName) { [self] in
                run.begin()
                OutgoingRun(controller: self, control: run, settings: settings).perform(destination)
                run.finish()
            }
        } catch {
            endBeforeStart(error.description)
            run.finish()
        }
    }

    func makeRun() throws(CommandError) -> RunControl {
        do { return try RunControl() } catch { throw .generic(error.description) }
    }

    /// The status becomes failed, with its event. False, with nothing told, if a cancellation came first: then the caller
    /// brings that to its end.
    func failOutgoing(_ text: String?) -> Bool {
        withState { state in
            guard state.outgoing.status != .cancelling else { return false }
            state.outgoing.setError(text)
            step(&state, outgoing: .failed)
            emit(.outgoingFailed(text ?? CommandError.invalidMigrationProtocol.description))
            return true
        }
    }

    /// There is no thread that could bring the migration to its end.
    private func endBeforeStart(_ text: String?) {
        if !failOutgoing(text) { withState { _ = step(&$0, outgoing: .cancelled) } }
    }

    private func checkMigrate(_ state: State, _ options: OutgoingState.Options) throws(CommandError) {
        let settings = state.settings
        if state.outgoing.status.isRunning || state.outgoing.status == .colo || state.incoming.status == .colo {
            throw .migrationInProgress
        }
        switch machine.runState {
        case .inmigrate: throw .waitingForIncoming
        case .postmigrate: throw .pausedByMigration
        default: break
        }
        if let blocker = blockers(state).first { throw .generic(blocker) }
        if options.block || options.incremental {
            if settings[.xColo] { throw .noDiskMigrationInColo }
            if settings[.block] || settings.parameters.blockIncremental { throw .incompatibleOptions }
        }
        if options.block || settings[.block], let disk = machine.parts.writableDisks.first {
            throw .generic("Block migration is not supported: disk '\(disk)' stays here")
        }
        try checkCapabilities(settings)
    }

    /// blk and inc hold for one run.
    private func setOptions(_ state: inout State, _ options: OutgoingState.Options) throws(CommandError) {
        state.outgoing.options = options
        if options.block { try state.settings.setCapabilities([MigrationCapabilityStatus(.block, true)]) }
        if options.incremental { try state.settings.setParameters { $0.blockIncremental = true } }
    }

    /// The run is over, and with it what `migrate` switched on for it.
    func endOptions(_ state: inout State) {
        let options = state.outgoing.options
        state.outgoing.options = .init()
        // Switching off what has no dependents cannot be refused.
        if options.block { try? state.settings.setCapabilities([MigrationCapabilityStatus(.block, false)]) }
        if options.incremental { try? state.settings.setParameters { $0.blockIncremental = false } }
    }

    private func destination(_ uri: String) throws(TransportError) -> Destination {
        let address = try MigrationAddress(uri)
        guard case .fd(let name) = address else { return .address(address) }
        guard let descriptor = surroundings.takeDescriptor(name) else { throw .unknownDescriptor(name: name) }
        return .channel(try Channel.adopt(descriptor, name: name))
    }

    private func checkCapabilities(_ settings: MigrationSettings) throws(CommandError) {
        if settings[.xColo] {
            for other in [MigrationCapability.returnPath, .multifd, .compress] where settings[other] {
                throw .generic("Capability 'x-colo' is not compatible with capability '\(other.rawValue)'")
            }
            guard handler != nil else { throw .generic("COLO is not available on this machine") }
        }
        let notCarried: [MigrationCapability] = [
            .xbzrle, .compress, .multifd, .postcopyRam, .backgroundSnapshot, .dirtyBitmaps, .zeroCopySend,
            .postcopyPreempt,
        ]
        for capability in notCarried where settings[capability] {
            throw .generic("Capability '\(capability.rawValue)' is not supported")
        }
    }
}
