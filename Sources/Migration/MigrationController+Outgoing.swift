import Environment
import GuestMemory
import MigrationCore
import MigrationFormat
public import QAPI
import Synchronization
import SystemCalls
public import Transport
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

    /// Whether a migration can have more channels than one there.
    var hasSeveralChannels: Bool {
        switch self {
        case .address(let address): address.hasSeveralChannels
        case .channel: false
        }
    }
}

extension MigrationController {
    /// What the thread of an outgoing migration is called, also in `query-migrationthreads`.
    static let threadName = "live_migration"

    /// `migrate`: checks everything that can be known at once, emits the setup event, and returns the migration for
    /// the caller to start.
    public func migrate(
        uri: String, block: Bool = false, incremental: Bool = false, resume: Bool = false
    ) throws(MigrationRefusal) -> PendingMigration {
        guard !resume else { return try self.resume(uri: uri) }
        let session = try begin(Options(block: block, incremental: incremental), hasOwnSettings: false) { _ in }
        let destination: Destination
        do {
            destination = try self.destination(uri)
        } catch {
            if case .unknownScheme = error { withState { $0.hidesFailure = true } }
            post(.failed(error.description), of: session)
            session.control.finish()
            throw .destination(error)
        }
        return PendingMigration { [self] in start(session, to: destination) }
    }

    /// The same over a channel that is connected and wants nothing but the stream. `adjust` makes the settings of this run
    /// from those of operators, which stay as they are.
    public func migrate(
        on channel: Channel, adjusting adjust: (inout MigrationSettings) throws(MigrationSettingsError) -> Void
    ) throws(MigrationRefusal) -> PendingMigration {
        let session = try begin(Options(), hasOwnSettings: true, adjusting: adjust)
        return PendingMigration { [self] in start(session, to: .channel(channel)) }
    }

    private func begin(
        _ options: Options, hasOwnSettings: Bool,
        adjusting adjust: (inout MigrationSettings) throws(MigrationSettingsError) -> Void
    ) throws(MigrationRefusal) -> SourceSession {
        let control = try makeRun()
        let begun = try withState { (state: inout State) throws(MigrationRefusal) -> SourceSession in
            var wanted = state.settings
            try onSettings { () throws(MigrationSettingsError) in try adjust(&wanted) }
            try checkMigrate(state, wanted, options)
            let settings = try onSettings { () throws(MigrationSettingsError) in
                try setOptions(&state, options)
                var settings = state.settings
                try adjust(&settings)
                return settings
            }
            var configuration = SourceMachine.Configuration(settings)
            configuration.hasPrimaries = !machine.parts.failoverPairs.isEmpty
            configuration.pausedInterval = outgoingLimits.withLock { $0.word }
            let session = SourceSession(
                SourceMachine(configuration: configuration, tunables: .init(settings.parameters, settings)),
                settings: settings,
                followsCacheSize: !hasOwnSettings,
                totalBytes: bytesToSend(settings), control: control)
            state.outgoing = session
            state.hidesFailure = false
            for action in ask(&state, session, { $0.start(now: clock.now()) }).actions { session.give(action) }
            return session
        }
        events.deliver()
        return begun
    }

    /// All of RAM, but for what the destination shares.
    private func bytesToSend(_ settings: MigrationSettings) -> Int {
        machine.layout.reduce(0) { $0 + (settings[.xIgnoreShared] && $1.isShared ? 0 : Int($1.size)) }
    }

    private func start(_ session: SourceSession, to destination: Destination) {
        // Before a command is started or a handshake begun: the peer hears nothing.
        if !destination.hasSeveralChannels, let refusal = session.settings.refusalOfOneChannel {
            post(.failed(refusal.description), of: session)
            return session.control.finish()
        }
        do {
            _ = try Thread(name: Self.threadName) { [self] in
                do throws(SystemError) {
                    try SourceRun(controller: self, session: session, to: destination).perform()
                } catch {
                    post(.failed(error.description), of: session)
                    session.control.finish()
                }
            }
        } catch {
            post(.failed(error.description), of: session)
            session.control.finish()
        }
    }

    func makeRun() throws(MigrationRefusal) -> RunControl {
        do { return try RunControl(lookup: resources.lookup) } catch { throw .system(error) }
    }

    private func checkMigrate(
        _ state: State, _ settings: MigrationSettings, _ options: Options
    ) throws(MigrationRefusal) {
        if state.isMigrating || state.outgoingStatus == .colo || state.incomingStatus.isUnfinished {
            throw .inProgress
        }
        // A guest that runs here may still have pages elsewhere.
        if machine.memory.isPartial { throw .waitsForIncoming }
        switch machine.runState {
        case .inmigrate: throw .waitsForIncoming
        case .postmigrate: throw .pausedByMigration
        default: break
        }
        if let blocker = blockers(state, settings).first { throw blocker }
        if options.block || options.incremental {
            if settings[.xColo] { throw .noDiskMigrationInCOLO }
            if settings[.block] || settings.parameters.blockIncremental { throw .incompatibleOptions }
        }
        if options.block || settings[.block], let disk = machine.parts.writableDisks.first {
            throw .diskStaysHere(disk)
        }
        try checkCapabilities(settings)
    }

    /// blk and inc hold for one run.
    private func setOptions(_ state: inout State, _ options: Options) throws(MigrationSettingsError) {
        state.options = options
        if options.block { try state.settings.setCapabilities([MigrationCapabilityStatus(.block, true)]) }
        if options.incremental { try state.settings.setParameters { $0.blockIncremental = true } }
    }

    /// The run is over, and with it what `migrate` switched on for it.
    func endOptions(_ state: inout State) {
        let options = state.options
        state.options = .init()
        // Switching off what has no dependents cannot be refused.
        if options.block { try? state.settings.setCapabilities([MigrationCapabilityStatus(.block, false)]) }
        if options.incremental { try? state.settings.setParameters { $0.blockIncremental = false } }
    }

    func destination(_ uri: String) throws(TransportError) -> Destination {
        let address = try MigrationAddress(uri)
        guard case .fd(let name) = address else { return .address(address) }
        guard let descriptor = resources.takeDescriptor(name) else { throw .unknownDescriptor(name: name) }
        return .channel(try Channel.adopt(descriptor, name: name))
    }

    private func checkCapabilities(_ settings: MigrationSettings) throws(MigrationRefusal) {
        if settings[.xColo] {
            for other in [MigrationCapability.returnPath, .multifd, .compress] where settings[other] {
                throw .notInCOLO(other)
            }
            // A checkpoint is a copy; what is left out of it would be shared with the guest that runs on.
            guard !settings[.xIgnoreShared] || !machine.layout.contains(where: \.isShared) else {
                throw .sharedMemoryInCOLO
            }
            // A checkpoint cannot wait until the guest has given a card up.
            if let pair = machine.parts.failoverPairs.first { throw .primaryInCOLO(pair.id) }
            guard handler != nil else { throw .coloNotAvailable }
        }
        if settings[.multifd], settings[.postcopyPreempt] { throw .multifdWithPreemption }
        if settings[.backgroundSnapshot] {
            let state = machine.runState
            guard VirtualMachine.statesForSnapshots.contains(state) else { throw .noMomentToKeep(state) }
        }
    }
}

extension DestinationMachine.Status {
    /// The guest may run here, and something of it is still to come.
    fileprivate var isUnfinished: Bool {
        switch self {
        case .colo, .postcopyActive, .postcopyPaused, .postcopyRecover: true
        case .none, .active, .completed, .failed: false
        }
    }
}

extension MigrationSettings {
    /// Why a migration with these settings cannot go where there is one channel only; nil if it can.
    var refusalOfOneChannel: MigrationRefusal? {
        if self[.multifd] { return .multifdNeedsSocket }
        return self[.postcopyPreempt] ? .preemptionNeedsSocket : nil
    }
}

extension MigrationRefusal {
    /// Snapshots are refused for this.
    init(_ obstacle: UserFaultObstacle) {
        self =
            switch obstacle {
            case .host: .noSnapshotsOnThisHost
            case .memory: .noSnapshotsOfThisMemory
            }
    }
}

extension SourceMachine.Configuration {
    /// What `settings` say when the migration begins.
    init(_ settings: MigrationSettings) {
        self.init()
        // A destination of a postcopy asks for pages.
        hasReturnPath = settings[.returnPath] || settings[.postcopyRam]
        mayPostcopy = settings[.postcopyRam]
        releasesRAM = settings[.releaseRam]
        pausesBeforeSwitchover = settings[.pauseBeforeSwitchover]
        isCOLO = settings[.xColo]
        isBackgroundSnapshot = settings[.backgroundSnapshot]
        returnPathTimeout = .milliseconds(MigrationLimits.returnPathDeadlineMilliseconds)
    }
}
