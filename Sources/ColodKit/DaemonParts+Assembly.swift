import BlockLayer
import Configuration
import Diagnostics
import Environment
import Glibc
import GuestMemory
import Logging
import ManagementServer
import Migration
import NIOCore
import PacketPath
import QAPI
import QMP
import Replication
import ReplicationCore
import ServiceHost
import SystemCalls
import VirtualMachine

extension CheckpointPacing.Gap {
    /// As the operator wrote it.
    init(_ configuration: CheckpointConfiguration.Gap) {
        switch configuration {
        case .microseconds(let count): self = .fixed(Nanoseconds(UInt64(count) * 1000))
        case .share(let share): self = .share(share)
        }
    }
}

// The pieces that are put together before anything runs.
extension DaemonParts {
    static func buildMachine(
        _ configuration: ColodConfiguration, _ hooks: MachineHooks, _ log: Logger, _ clock: SystemClock
    ) throws -> BuiltMachine {
        let console = Logger(label: Diagnostics.consoleLabel)
        // A guest can make its devices complain as often as it likes; the part before the colon names the device.
        let complaints = RepeatLimiter(clock: clock)
        let builder = MachineBuilder(
            guest: configuration.guest, checkpoint: configuration.checkpoint,
            opensForwards: configuration.pair == nil && configuration.start.incoming == nil,
            isPaired: configuration.pair != nil,
            isIncoming: configuration.pair != nil || configuration.start.incoming != nil,
            autostart: !configuration.start.paused, hooks: hooks,
            log: { text in
                let device = String(text.prefix { $0 != ":" })
                if let text = complaints.tell(device, text) { log.warning("\(text)") }
            },
            consoleLog: { console.info("\($0)") })
        do {
            return try builder.build()
        } catch let error as StartFailure {
            throw error
        } catch {
            throw StartFailure(
                "the machine cannot be put together: \(error)",
                isConfiguration: (error as? RISCVMachineError)?.lastsUntilChanged
                    ?? (error as? MemoryBackingError)?.isLasting ?? false)
        }
    }

    /// The settings that a pair replicates with.
    static func prepare(_ migration: MigrationController, _ checkpoint: CheckpointConfiguration) throws {
        do {
            try migration.updateParameters { parameters in
                parameters.checkpointDelay = .init(clamping: checkpoint.delayMilliseconds)
                // The link between the hosts is there for this; the guest stands still until the last part is loaded.
                parameters.maxBandwidth = 0
                parameters.downtimeLimit = 100
            }
            try migration.setCapabilities([
                MigrationCapabilityStatus(.xColo, true), MigrationCapabilityStatus(.events, true),
            ])
        } catch {
            throw StartFailure("checkpoint: \(error)", isConfiguration: true)
        }
    }

    /// How long host ports may stay taken by a peer's process that has just died.
    private static let forwardDeadline = Nanoseconds.seconds(10)

    /// Opens the host ports of user-mode networks; the dead peer's process may still hold them for a moment.
    static func openForwards(_ networks: [UserBackend], _ clock: SystemClock, _ log: Logger) {
        for network in networks {
            do throws(NetworkError) {
                try network.openForwards(until: clock.now() + forwardDeadline)
            } catch {
                log.error(
                    "host ports cannot be forwarded, so clients cannot reach the guest through them: \(error.description)"
                )
            }
        }
    }

    static func publish(
        _ event: MigrationEvent, hub: EventHub, log: Logger, refusals: RepeatLimiter, isPaired: Bool,
        end: (DaemonEnd) -> Void
    ) {
        switch event {
        case .status(let status): hub.emit(.migration(status: status))
        case .pass(let number): hub.emit(.migrationPass(pass: Int64(clamping: number)))
        case .unplugPrimary(let card):
            log.notice("the guest is asked to give up its card \(card) before it moves")
            hub.emit(.unplugPrimary(deviceId: card))
        case .incomingRefused(let why):
            // A host that reaches the port can cause it, as often as it likes.
            let text = "somebody who came to migrate a guest here was sent away: \(why)"
            if let text = refusals.tell("incoming", text) { log.warning("\(text)") }
        case .postcopyPaused(let pause): log.error("\(pause)")
        case .recoveryRefused(let why): log.warning("the postcopy stays paused: \(why)")
        case .outgoingFailed(let why, guestStands: false): log.warning("migration failed, the guest runs on: \(why)")
        case .outgoingFailed(let why, guestStands: true): log.error("migration failed, the guest is stopped: \(why)")
        case .outgoingCancelled: break
        case .incomingFailed(let why):
            log.error("incoming migration failed: \(why)")
            // As QEMU does: what was half loaded cannot run. A member of a pair listens again instead.
            if !isPaired { end(.incomingFailure(why)) }
        }
    }

    static func pairChanged(
        _ service: PairService, _ event: PairEvent?, status: StatusReporter, hub: EventHub,
        pairLog: PairLog, notifier: ServiceNotifier
    ) {
        let snapshot = service.snapshot
        status.tellLogTheRole()
        if let event {
            pairLog.tell(event, peerAgrees: snapshot.peerAgrees)
            if case .peerLost(let loss) = event {
                hub.emit(.xColodPeerLost(reason: loss == .refused ? "refused" : "silent"))
            }
        }
        let current = status.current
        pairLog.tell(waitsFor: current.waitsFor)
        hub.emit(.xColodStatus(current))
        notifier.status(status.line)
    }
}

extension RISCVMachineError {
    /// Whether trying again cannot help before the configuration, or a file that it names, is changed.
    fileprivate var lastsUntilChanged: Bool {
        switch self {
        case .invalid, .badImage, .doesNotFit: true
        case .file(_, let error), .disk(.system(_, _, let error)):
            [ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, EROFS, ELOOP, ENAMETOOLONG].contains(error.code)
        case .disk(.unusable): true
        case .memory(let error): error.isLasting
        case .disk, .network, .system: false
        }
    }
}

/// What a pair is made of, from the configuration.
struct PairAssembly {
    let configuration: ColodConfiguration
    let pair: PairConfiguration

    /// This host and the other one.
    var local: PairHost { pair.host(configuration.role) }
    var peer: PairHost { pair.host(configuration.role.other) }

    func make(
        operations: any PairOperations, profile: PairProfile, loop: any EventLoop,
        observer: @escaping @Sendable (PairEvent?) -> Void
    ) throws -> PairService {
        let keys: [[UInt8]]
        do {
            keys = try loadKeys(pair.keyFile)
        } catch {
            throw StartFailure("pair.key-file: \(error)", isConfiguration: true)
        }
        guard let directory = configuration.stateDirectory else {
            throw StartFailure("state-directory: a pair needs one", isConfiguration: true)
        }
        let file = DurableFile(path: "\(directory)/pair")
        let settings = PairService.Settings(
            member: configuration.role == .primary ? .first : .second, pair: configuration.guest.name, keys: keys,
            encrypts: pair.encryption != .none, listen: try local.heartbeat.map(Self.endpoint),
            peer: try peer.heartbeat.map(Self.endpoint),
            interval: .milliseconds(UInt64(configuration.heartbeat.intervalMilliseconds)),
            timeout: .milliseconds(UInt64(configuration.heartbeat.timeoutMilliseconds)),
            failover: configuration.failover == .automatic ? .automatic : .manual, arbiter: arbiter, profile: profile,
            checkpointDelay: .milliseconds(UInt64(configuration.checkpoint.delayMilliseconds)),
            synchronisationTimeout: synchronisationTimeout,
            replicationTimeout: configuration.heartbeat.replicationTimeoutMilliseconds.map { .milliseconds(UInt64($0)) }
        )
        return try PairService(
            settings: settings, record: try Self.record(file, directory), file: file, operations: operations,
            loop: loop, observer: observer)
    }

    /// A minute, and what the slowest network that makes sense takes for the guest's memory: 10 MB/s.
    private var synchronisationTimeout: Nanoseconds {
        .seconds(60 + UInt64(configuration.guest.memory) / 10_000_000)
    }

    private var arbiter: (any Arbiter)? {
        switch configuration.arbiter {
        case .none: nil
        case .command(let path, let arguments, let timeout):
            CommandArbiter(path: path, arguments: arguments, timeout: .milliseconds(UInt64(timeout)))
        }
    }

    private static func endpoint(_ address: Configuration.SocketAddress) throws -> (host: String, port: Int) {
        guard case .tcp(let host, let port) = address else {
            throw StartFailure("pair: the heartbeat needs tcp addresses, not \(address)", isConfiguration: true)
        }
        return (host, Int(port))
    }

    private static func record(_ file: DurableFile, _ directory: String) throws -> PairRecord {
        do {
            try Folder.make(directory, mode: 0o750)
        } catch {
            throw StartFailure("state-directory: cannot make \(directory): \(error.reason)", isConfiguration: true)
        }
        do {
            guard let bytes = try file.read() else { return PairRecord(term: .none) }
            return try PairRecord(bytes: bytes)
        } catch {
            throw StartFailure(
                "state-directory: \(file.path) cannot be used: \(error); if the peer serves the guest, remove the file")
        }
    }
}
