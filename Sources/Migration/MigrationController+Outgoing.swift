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

extension MigrationController {
    /// `migrate`: checks everything that can be known at once, emits the setup event, and returns the migration for
    /// the caller to start.
    public func migrate(
        uri: String, block: Bool = false, incremental: Bool = false, resume: Bool = false
    ) throws(CommandError) -> PendingMigration {
        let run = try makeRun()
        let settings = try withState { (state: inout State) throws(CommandError) in
            guard !resume else { throw .noPausedMigration }
            try checkMigrate(state, block: block, incremental: incremental)
            let limit = state.settings.parameters.downtimeLimit
            let total = UInt64(machine.memory.totalSize)
            guard state.outgoing.begin(now: clock.now(), totalBytes: total, downtimeLimit: limit) else {
                throw .migrationInProgress
            }
            if state.settings[.events] { emit(.status(.setup)) }
            state.outgoingRun = run
            return state.settings
        }
        let address: MigrationAddress
        do {
            address = try MigrationAddress(uri)
        } catch {
            var text: String? = error.description
            if case .unknownScheme = error { text = nil }
            failOutgoing(text)
            run.finish()
            throw .generic(error.description)
        }
        return PendingMigration { [self] in start(address, settings, run) }
    }

    private func start(_ address: MigrationAddress, _ settings: MigrationSettings, _ run: RunControl) {
        do {
            _ = try Thread(name: "migration") { [self] in
                OutgoingRun(controller: self, control: run, settings: settings).perform(address)
                run.finish()
            }
        } catch {
            failOutgoing(error.description)
            run.finish()
        }
    }

    func makeRun() throws(CommandError) -> RunControl {
        do { return try RunControl() } catch { throw .generic(error.description) }
    }

    /// The status becomes failed, with its event.
    func failOutgoing(_ text: String?) {
        withState { state in
            state.outgoing.setError(text)
            step(&state, outgoing: .failed)
            emit(.outgoingFailed(text ?? CommandError.invalidMigrationProtocol.description))
        }
    }

    private func checkMigrate(_ state: State, block: Bool, incremental: Bool) throws(CommandError) {
        let settings = state.settings
        if state.outgoing.status.isRunning || state.outgoing.status == .colo || state.incoming.status == .colo {
            throw .migrationInProgress
        }
        switch machine.runState {
        case .inmigrate: throw .waitingForIncoming
        case .postmigrate: throw .pausedByMigration
        default: break
        }
        if let blocker = state.blockers.first { throw .generic(blocker) }
        if block || incremental {
            if settings[.colo] { throw .noDiskMigrationInColo }
            if settings[.block] || settings.parameters.blockIncremental { throw .incompatibleOptions }
            throw .generic("Block migration is not supported")
        }
        try checkCapabilities(settings)
    }

    private func checkCapabilities(_ settings: MigrationSettings) throws(CommandError) {
        if settings[.colo] {
            for other in [MigrationCapability.returnPath, .multifd, .compress] where settings[other] {
                throw .generic("Capability 'x-colo' is not compatible with capability '\(other.rawValue)'")
            }
            if let disk = machine.parts.writableDisks.first {
                throw .generic("COLO needs every writable disk replicated, which '\(disk)' is not")
            }
            guard handler != nil else { throw .generic("COLO is not available on this machine") }
        }
        let notCarried: [MigrationCapability] = [
            .multifd, .postcopyRAM, .ignoreShared, .backgroundSnapshot, .block, .dirtyBitmaps, .zeroCopySend,
            .postcopyPreempt, .pauseBeforeSwitchover,
        ]
        for capability in notCarried where settings[capability] {
            throw .generic("Capability '\(capability.rawValue)' is not supported")
        }
        guard settings.parameters.tlsCredentials.isEmpty else { throw .generic("TLS is not supported") }
    }
}
