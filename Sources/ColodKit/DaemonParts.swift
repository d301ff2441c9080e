import Configuration
import Diagnostics
import DirtyRate
import Environment
import Glibc
import Logging
import ManagedObjects
import ManagementServer
import Migration
import NIOCore
import NIOPosix
import PacketPath
import QAPI
import QMP
import Replication
import ReplicationCore
import ServiceHost
import Synchronization
import SystemCalls
import Transport
import UnixSignals
import VirtualMachine

/// Everything a daemon is made of, wired together.
final class DaemonParts: Sendable {
    let configuration: ColodConfiguration
    let log = Logger(label: "colod")
    let notifier = ServiceNotifier()
    let recorder = FlightRecorder(
        cycles: [["STOP", "MIGRATION_PASS", "RESUME"]: "checkpoint"], clock: SystemClock())
    let hub = EventHub()
    let clock = SystemClock()
    let built: BuiltMachine
    let migration: MigrationController
    let replication: ReplicationService
    let dirtyRate: DirtyRateMonitor
    let pair: PairService?
    let pairLog: PairLog?
    let status: StatusReporter
    let server: ManagementServer
    let state: ManagementState
    let watchdog: Watchdog
    let health: HealthMonitor
    private let pairGroup: MultiThreadedEventLoopGroup?
    private let ends: AsyncStream<DaemonEnd>
    private let endWith: AsyncStream<DaemonEnd>.Continuation
    private let signals = Mutex<Task<Void, Never>?>(nil)
    private let askedToEnd = Atomic<Bool>(false)

    /// Builds everything; nothing runs yet.
    init(_ configuration: ColodConfiguration) async throws {
        self.configuration = configuration
        let (log, hub, recorder, clock) = (log, hub, recorder, clock)
        LogContext.update { $0.guest = configuration.guest.name }
        for warning in configuration.warnings { log.warning("\(warning)") }
        let (ends, endWith) = AsyncStream<DaemonEnd>.makeStream()
        self.ends = ends
        self.endWith = endWith

        // STOP, MIGRATION_PASS and RESUME of each checkpoint are notes, not log lines.
        hub.observe { event in
            switch event {
            case .migrationPass(let pass): recorder.note(event.name, ["pass": "\(pass)"])
            case .migration(let status): recorder.note(event.name, ["status": status.rawValue])
            case .xColodStatus(let status):
                recorder.note(
                    event.name,
                    ["role": status.role.rawValue, "state": status.state.rawValue, "term": "\(status.term)"])
            default: recorder.note(event.name)
            }
        }

        let notifier = notifier
        watchdog = Watchdog(notifier: notifier) { names in
            if !names.isEmpty {
                log.critical(
                    "run loops stand still: \(names.joined(separator: ", ")); systemd kills this process if that goes on"
                )
            } else {
                log.notice("all run loops turn again")
            }
        }
        watchdog.excuse(for: Daemon.startLimit) { notifier.extendTimeout(Daemon.startExtension) }
        try watchdog.start()

        let hooks = MachineHooks()
        built = try Self.buildMachine(configuration, hooks, log, clock)
        let machine = built.machine
        let sink = MigrationSink()
        migration = MigrationController(
            machine: machine, expectsIncoming: configuration.pair != nil || configuration.start.incoming != nil
        ) { sink.deliver($0) }
        dirtyRate = DirtyRateMonitor(machine: machine)
        let userNetworks = built.userNetworks
        replication = ReplicationService(
            machine: machine, migration: migration, gate: built.gate,
            environment: .init(
                emit: { hub.emit($0) },
                openForwards: { Self.openForwards(userNetworks, clock, log) },
                restart: { endWith.yield(.restart($0)) },
                left: { reason in if reason == .powerOff { endWith.yield(.guestPowerOff) } },
                log: { notice in
                    recorder.note("replication", ["what": notice.text])
                    log.log(level: notice.isWarning ? .warning : .notice, "\(notice.text)")
                }))
        migration.setCOLOHandler(replication)
        let replication = replication
        hooks.onHeld { replication.outputIsHeld($0) }

        if let settings = configuration.pair {
            let pairGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            self.pairGroup = pairGroup
            // SwiftNIO's epoll(7) descriptor is not close-on-exec by itself.
            try Descriptor.closeAllOnExec()
            let assembly = PairAssembly(configuration: configuration, pair: settings)
            let holder = PairHolder()
            pair = try assembly.make(
                operations: replication, profile: try PairProfile(configuration, machine), loop: pairGroup.next()
            ) { event in
                holder.changed(event)
            }
            try replication.join(
                .init(
                    service: try holder.set(pair), peerURI: assembly.peer.replication.description,
                    listenURI: assembly.local.replication.description,
                    onOutput: configuration.checkpoint.onOutput.map { CheckpointPacing.Gap($0) }))
            try Self.prepare(migration, configuration.checkpoint)
            status = StatusReporter(
                machine: machine, replication: replication, pair: pair, configuration: configuration)
            let status = status
            let pairLog = PairLog(log: log, recorder: recorder, configuration: configuration, clock: clock)
            self.pairLog = pairLog
            holder.observe { service, event in
                Self.pairChanged(service, event, status: status, hub: hub, pairLog: pairLog, notifier: notifier)
            }
        } else {
            pairGroup = nil
            pair = nil
            pairLog = nil
            status = StatusReporter(
                machine: machine, replication: replication, pair: nil, configuration: configuration)
        }
        let status = status
        status.tellLogTheRole()
        let refusals = RepeatLimiter(clock: clock)
        sink.set { event in
            Self.publish(
                event, hub: hub, log: log, refusals: refusals, isPaired: configuration.pair != nil,
                end: { endWith.yield($0) })
            replication.migrationEvent(event)
            status.tellLogTheRole()
        }
        health = HealthMonitor(machine: machine) { report in
            recorder.note("health", ["what": report.text])
            if report.isTrouble { log.error("\(report.text)") } else { log.notice("\(report.text)") }
        }
        state = ManagementState(machine: machine) { hub.emit($0) }
        let objects = state.objects
        migration.setResources(
            .init(
                // A command that names a descriptor means one that came over its own socket; by its number, which no
                // such name begins with, one that the process was started with.
                takeDescriptor: { MonitorContext.current?.descriptors.take($0) ?? Daemon.takeInherited($0) },
                tlsEnd: { request throws(TLSFailure) in try objects.tlsEnd(for: request) }))
        if let console = Self.consoleName(configuration.guest) { state.addConsole(filename: console) }
        let target = ManagementTarget(
            machine: machine, migration: migration, replication: replication, dirtyRate: dirtyRate, pair: pair,
            state: state, status: status, emit: { hub.emit($0) }, end: { endWith.yield($0) },
            warn: { log.warning("\($0)") })
        server = try ManagementServer(commands: target, hub: hub, version: ColodKit.serverVersion) { text in
            log.warning("\(text)")
        }
        connect(hooks)
    }

    // MARK: Life

    /// Opens the management socket and lets the machine or the pair begin.
    ///
    /// The service is up when that is done. A member of a pair may have to wait for its peer then, perhaps for days: that
    /// is a state in which it works, and the status line says what it waits for.
    func begin() async throws {
        registerLoops()
        try health.start()
        if let pair {
            try await listenForManagement()
            let log = log
            try await pair.start { notice in
                switch notice {
                case .notice(let text): log.notice("\(text)")
                case .warning(let text): log.warning("\(text)")
                }
            }
            pairLog?.tell(waitsFor: status.current.waitsFor)
        } else {
            try await beginAlone()
        }
        watchdog.endExcuse()
        notifier.ready(status: status.line)
    }

    private func beginAlone() async throws {
        // As QEMU does: no client sees how the machine starts.
        if let incoming = configuration.start.incoming {
            if incoming != "defer" {
                do throws(MigrationRefusal) { try migration.migrateIncoming(uri: incoming) } catch {
                    throw StartFailure("--incoming \(incoming): \(error.description)")
                }
            }
        } else if !configuration.start.paused {
            try built.machine.run()
        }
        try await listenForManagement()
    }

    /// Whether a signal has asked the process to end.
    var wasAskedToEnd: Bool { askedToEnd.load(ordering: .relaxed) }

    /// Waits for whatever ends the process, and serves SIGUSR1 meanwhile.
    func waitForEnd() async -> DaemonEnd {
        let task = Task { [self] in
            for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup, .sigusr1) {
                if signal == .sigusr1 {
                    recorder.dump(to: log, reason: "asked for by SIGUSR1")
                } else {
                    askedToEnd.store(true, ordering: .relaxed)
                    endWith.yield(.signal)
                }
            }
        }
        // It goes on listening while the process ends: the one that would begin anew must know.
        signals.withLock { $0 = task }
        for await end in ends { return end }
        return .signal
    }

    /// Ends everything in the reverse order of the beginning.
    func finish(_ end: DaemonEnd) async {
        if case .restart(let why) = end {
            log.notice("beginning anew: \(why)")
            notifier.reloading(status: "beginning anew: \(why)")
            watchdog.excuse(for: Daemon.turnLimit)
        } else {
            log.log(level: end.logLevel, "ending: \(end)")
            notifier.stopping(status: "ending")
        }
        switch end {
        case .signal: hub.emit(.shutdown(.hostSignal))
        case .guestPowerOff: hub.emit(.shutdown(.guestShutdown))
        case .failure(let why):
            recorder.dump(to: log, reason: why)
            hub.emit(.shutdown(.hostError))
        case .incomingFailure(let why): recorder.dump(to: log, reason: why)
        case .quit, .restart: break
        }
        await leavePair(end)
        // Commands that wait for a drill's outcome still get it: the heartbeat ends after the management socket.
        if case .restart = end { await server.shutdown() }
        // The heartbeat ends before the run does: a claim to go on alone would make the peer forget its checkpoint.
        // What is held stays held, since only the pair releases it.
        await pair?.shutDown()
        replication.shutDown()
        dirtyRate.shutDown()
        migration.cancelChannel()
        let (migration, machine, clock, health) = (migration, built.machine, clock, health)
        await offload {
            health.stop()
            _ = migration.waitUntilIdle(deadline: clock.now() + Daemon.endDeadline)
            machine.shutDown()
        }
        await server.shutdown()
        watchdog.stop()
        built.console?.shutDown()
        try? await pairGroup?.shutdownGracefully()
    }

    /// A side that is stopped says so, and grants what its peer needs to go on: nobody has to be asked.
    private func leavePair(_ end: DaemonEnd) async {
        guard let pair, end == .signal || end == .quit else { return }
        let log = log
        await offload {
            if !pair.leave(slack: Daemon.leaveSlack) {
                log.warning("the peer was not told in time that this side ends; it may take that for a failure")
            }
        }
    }

    private func listenForManagement() async throws {
        let passed = try adoptPassedSockets()
        for monitor in configuration.management.monitors {
            guard let address = ManagementAddress(monitor.address.description) else {
                throw StartFailure("management.qmp: \(monitor.address) is no address", isConfiguration: true)
            }
            if passed.contains(address) { continue }
            if case .unix(let path) = address, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
                // One that cannot be made is named by the socket that cannot be bound in it.
                _ = try? Folder.make(String(path[..<slash]), mode: 0o750)
            }
            do {
                try server.listen(on: address, isPretty: monitor.isPretty, willServe: addMonitor)
            } catch {
                throw StartFailure("cannot listen on \(address): \(error)")
            }
        }
    }

    /// Lets clients see the monitor at `address`, their own among them.
    private func addMonitor(_ address: ManagementAddress) {
        state.addMonitor(filename: "\(address),server=on") { [server] in server.disconnectClients(of: address) }
    }

    /// Serves the sockets that systemd handed over; returns where they are. The descriptors themselves stay as they
    /// are, for the case that this process begins anew.
    private func adoptPassedSockets() throws -> [ManagementAddress] {
        do {
            return try listenDescriptors().map { passed in
                guard passed.isListening else {
                    throw StartFailure("the passed descriptor \(passed.name) is not a listening stream socket")
                }
                return try server.adopt(
                    passed.duplicate(),
                    isPretty: { address in
                        configuration.management.monitors.contains { $0.isPretty && "\($0.address)" == "\(address)" }
                    }, willServe: addMonitor)
            }
        } catch let error as SystemError {
            throw StartFailure("the sockets that systemd passed cannot be used: \(error)")
        }
    }

    private func registerLoops() {
        let server = server
        _ = watchdog.register("management") { participant in server.post { participant.tick() } }
        if let pair { _ = watchdog.register("pair") { participant in pair.ask { participant.tick() } } }
    }

    private func connect(_ hooks: MachineHooks) {
        let (hub, log, machine, endWith, pair) = (hub, log, built.machine, endWith, pair)
        let (networks, clock) = (built.userNetworks, clock)
        // Those of a guest that arrives may still be its source's, on the same host. In a pair the takeover opens them.
        let opensForwards = pair == nil && configuration.start.incoming != nil && !networks.isEmpty
        let isOpening = OneAtATime()
        machine.setEventHandler { event in
            switch event {
            case .stop: hub.emit(.stop)
            case .resume:
                hub.emit(.resume)
                if opensForwards {
                    _ = try? Thread(name: "forwards") {
                        isOpening.run { Self.openForwards(networks, clock, log) }
                    }
                }
            case .shutdown(let guest, _): hub.emit(.shutdown(guest ? .guestShutdown : .hostQmpQuit))
            case .reset(let guest, _): hub.emit(.reset(guest ? .guestReset : .hostQmpSystemReset))
            }
        }
        hooks.onGuestRequest { what in
            // Called by a vCPU, perhaps with the machine lock held: whatever follows needs a thread of its own.
            Task {
                switch what {
                // In a pair the peer has to forget its checkpoint first, or the guest would come to life there.
                case "power-off": if let pair { pair.post(.guestPoweredOff) } else { endWith.yield(.guestPowerOff) }
                case "reset": await offload { machine.reset(guest: true, reason: "guest-reset") }
                default:
                    log.critical("the guest cannot go on: \(what)")
                    endWith.yield(.failure("the guest cannot go on: \(what)"))
                }
            }
        }
    }
}

/// Delivers migration events to the observer that is set later.
private final class MigrationSink: Sendable {
    // A structure around the closure, for the reason that `VirtualMachine` has one.
    private struct Target {
        var tell: (@Sendable (MigrationEvent) -> Void)?
    }
    private let target = Mutex(Target())
    func set(_ body: @escaping @Sendable (MigrationEvent) -> Void) { target.withLock { $0.tell = body } }
    func deliver(_ event: MigrationEvent) { target.withLock { $0.tell }?(event) }
}

/// Delivers a pair's changes to the observer that is set later, together with the pair.
private final class PairHolder: Sendable {
    private struct State {
        var service: PairService?
        var observer: (@Sendable (PairService, PairEvent?) -> Void)?
    }
    private let state = Mutex(State())

    func set(_ service: PairService?) throws -> PairService {
        guard let service else { throw StartFailure("the pair could not be made") }
        state.withLock { $0.service = service }
        return service
    }
    func observe(_ body: @escaping @Sendable (PairService, PairEvent?) -> Void) {
        state.withLock { $0.observer = body }
    }
    func changed(_ event: PairEvent?) {
        let state = state.withLock { $0 }
        if let service = state.service { state.observer?(service, event) }
    }
}

/// Work that is not begun again while it is under way.
private final class OneAtATime: Sendable {
    private let isBusy = Mutex(false)

    func run(_ body: () -> Void) {
        let begins = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard begins else { return }
        body()
        isBusy.withLock { $0 = false }
    }
}
