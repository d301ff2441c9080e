import Environment
import ReplicationCore

/// One host: the program that carries out what the state machines say, with everything it touches simulated.
final class Host {
    /// One thing to do; actions of one call stand before everything that arrived later.
    enum Work {
        case pair(PairController.Event)
        case pairAction(PairController.Action)
        case monitor(HeartbeatMonitor.Event)
        case monitorAction(HeartbeatMonitor.Action)
        case primary(run: UInt64, ColoPrimary.Event)
        case primaryAction(run: UInt64, ColoPrimary.Action)
        case secondary(run: UInt64, ColoSecondary.Event)
        case secondaryAction(run: UInt64, ColoSecondary.Action)
        case item(Item, Endpoint)
        case call(() -> Void)
    }

    /// The outgoing replication run.
    struct Outgoing {
        var run: UInt64
        var endpoint: Endpoint?
        var primary: ColoPrimary?
        var captured: Checkpoint?
    }

    /// The incoming replication run.
    struct Incoming {
        var run: UInt64
        var endpoint: Endpoint?
        var secondary: ColoSecondary?
        var current: Checkpoint?
        var staged: Checkpoint?
        var heardAt = Nanoseconds.zero
        /// The initial synchronisation was received wholly and is being loaded.
        var isLoading = false
    }

    let member: PairMember
    unowned let world: World
    var name: String { member == .first ? "A" : "B" }

    // What survives the process.
    var disk = (term: Term.none, peerMayHaveTakenOver: false)
    private(set) var isPowered = false

    // The process.
    private(set) var isRunning = false
    private(set) var isFrozen = false
    private(set) var incarnation: UInt64 = 0
    var endpoints: [UInt64: Endpoint] = [:]
    var controller: PairController
    var monitor: HeartbeatMonitor
    var outgoing: Outgoing?
    var incoming: Incoming?
    var guest: Guest?
    var guestIsPaused = false
    var isHolding = false
    var held: [(epoch: UInt64, output: Output)] = []
    var epoch: UInt64 = 1
    /// The secondary's replication side reads nothing until then.
    var hungUntil = Nanoseconds.zero
    /// Crash, or freeze for a while, before the action after so many others.
    var crashAfter: Int?
    var freezeAfter: (actions: Int, duration: Nanoseconds)?

    private var work: [Work] = []
    private var isDraining = false
    private var timerAt: Nanoseconds?

    init(member: PairMember, world: World) {
        self.member = member
        self.world = world
        controller = PairController(configuration: .init(member: member), persisted: .none, now: .zero)
        monitor = HeartbeatMonitor(
            configuration: .init(addresses: 0), identity: .init(member: member, instance: 1, pair: "pair"),
            authenticator: SimulatedAuthenticator(key: 0), report: controller.report, now: .zero)
    }

    /// Whether what a client saw is still there.
    func contains(_ output: Output) -> Bool {
        guard isRunning else { return false }
        return guest?.contains(output) == true || incoming?.current?.guest.contains(output) == true
    }

    // MARK: Faults

    func start() {
        guard !isRunning else { return }
        isPowered = true
        isRunning = true
        isFrozen = false
        incarnation += 1
        var configuration = PairController.Configuration(member: member)
        configuration.failover = world.settings.failover
        configuration.hasArbiter = world.settings.arbiter != .none
        controller = PairController(
            configuration: configuration, persisted: disk.term, peerMayHaveTakenOver: disk.peerMayHaveTakenOver,
            now: world.now)
        monitor = HeartbeatMonitor(
            configuration: .init(addresses: 2),
            identity: .init(member: member, instance: world.random(1...UInt64.max), pair: "pair"),
            authenticator: SimulatedAuthenticator(key: 7), report: controller.report, now: world.now)
        world.note("\(name) starts with term \(disk.term)")
        deliver(.pair(.timer))
        tickGuest(incarnation)
    }

    /// The process is killed: the kernel closes its connections.
    func crash() {
        guard isRunning else { return }
        world.note("\(name) crashes")
        for endpoint in endpoints.values.sorted(by: { $0.id < $1.id }) { world.close(endpoint) }
        forgetEverything()
    }

    func losePower() {
        guard isPowered else { return }
        world.note("\(name) loses power")
        for endpoint in endpoints.values.sorted(by: { $0.id < $1.id }) { world.silence(endpoint) }
        isPowered = false
        forgetEverything()
    }

    private func forgetEverything() {
        isRunning = false
        isFrozen = false
        endpoints = [:]
        work = []
        outgoing = nil
        incoming = nil
        guest = nil
        held = []
        isHolding = false
        guestIsPaused = false
        timerAt = nil
        crashAfter = nil
        freezeAfter = nil
        if world.settings.sabotage == .forgetTerm { disk = (.none, false) }
        world.arbiter.crashed(self)
        world.checker.copyLost()
        world.after(world.microseconds(50_000...4_000_000)) { [self] in start() }
    }

    func dropWork() { work = [] }

    func freeze(for duration: Nanoseconds) {
        guard isRunning, !isFrozen else { return }
        world.note("\(name) freezes for \(duration)")
        isFrozen = true
        let incarnation = incarnation
        world.after(duration) { [self] in if self.incarnation == incarnation { thaw() } }
    }

    func thaw() {
        guard isRunning, isFrozen else { return }
        world.note("\(name) thaws")
        isFrozen = false
        if world.chance.chance(1, in: 2) { work.append(.call { [self] in timers() }) } else { timers() }
        drain()
    }

    // MARK: Work

    func deliver(_ item: Work) {
        guard isRunning else { return }
        work.append(item)
        drain()
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        while isRunning, !isFrozen, !work.isEmpty {
            if let count = crashAfter {
                crashAfter = count - 1
                if count <= 0 {
                    crashAfter = nil
                    crash()
                    break
                }
            }
            if let pending = freezeAfter {
                freezeAfter?.actions -= 1
                if pending.actions <= 0 {
                    freezeAfter = nil
                    freeze(for: pending.duration)
                    break
                }
            }
            perform(work.removeFirst())
        }
        isDraining = false
        if isRunning, !isFrozen { armTimer() }
    }

    private func next(_ items: [Work]) { work.insert(contentsOf: items, at: 0) }

    private func perform(_ item: Work) {
        let now = world.now
        switch item {
        case .pair(let event): next(controller.handle(event, now: now).map { .pairAction($0) })
        case .pairAction(let action): carryOut(action)
        case .monitor(let event): next(monitor.handle(event, now: now).map { .monitorAction($0) })
        case .monitorAction(let action): carryOut(action)
        case .primary(let run, let event):
            guard outgoing?.run == run, let actions = outgoing?.primary?.handle(event, now: now) else { return }
            next(actions.map { .primaryAction(run: run, $0) })
        case .primaryAction(let run, let action): carryOut(action, run: run)
        case .secondary(let run, let event):
            guard incoming?.run == run, let actions = incoming?.secondary?.handle(event, now: now) else { return }
            next(actions.map { .secondaryAction(run: run, $0) })
        case .secondaryAction(let run, let action): carryOut(action, run: run)
        case .item(let item, let endpoint): read(item, endpoint)
        case .call(let run): run()
        }
    }

    private func timers() {
        let now = world.now
        next(monitor.handle(.timer, now: now).map { .monitorAction($0) })
        work.append(.pair(.timer))
        if let outgoing, let primary = outgoing.primary, now >= primary.nextDeadline {
            work.append(.primary(run: outgoing.run, .timer))
        }
        guard let incoming else { return }
        if let secondary = incoming.secondary {
            if now >= secondary.nextDeadline { work.append(.secondary(run: incoming.run, .timer)) }
        } else if incoming.endpoint != nil, !incoming.isLoading, now >= incoming.heardAt + .seconds(3) {
            incomingFailed("silent during the initial synchronisation")
        }
    }

    private func armTimer() {
        var deadline = min(monitor.nextDeadline, controller.nextDeadline)
        if let primary = outgoing?.primary { deadline = min(deadline, primary.nextDeadline) }
        if let secondary = incoming?.secondary { deadline = min(deadline, secondary.nextDeadline) }
        deadline = max(deadline, world.now)
        if let timerAt, timerAt <= deadline { return }
        timerAt = deadline
        let incarnation = incarnation
        world.scheduler.schedule(at: deadline + world.microseconds(10...300)) { [self] in
            guard self.incarnation == incarnation, timerAt == deadline else { return }
            timerAt = nil
            deliver(.call { [self] in timers() })
        }
    }

    /// Runs `step` in this process after a delay, unless the process is gone by then.
    func later(_ delay: Nanoseconds, _ step: @escaping () -> Void) {
        let incarnation = incarnation
        world.after(delay) { [self] in
            if self.incarnation == incarnation { deliver(.call(step)) }
        }
    }

    func incomingFailed(_ why: String) {
        guard let incoming else { return }
        if let endpoint = incoming.endpoint { world.close(endpoint) }
        self.incoming = nil
        deliver(.pair(.incomingEnded(run: incoming.run, why)))
    }

    // MARK: The guest

    private func tickGuest(_ incarnation: UInt64) {
        world.after(world.microseconds(2000...8000)) { [self] in
            guard self.incarnation == incarnation, isRunning else { return }
            if !isFrozen, !guestIsPaused, guest != nil { stepGuest() }
            tickGuest(incarnation)
        }
    }

    private func stepGuest() {
        guard let output = guest?.step(chance: world.chance.next()) else { return }
        world.checker.runs(self)
        if isHolding { held.append((epoch, output)) } else { release(output) }
    }

    func release(_ output: Output) {
        guard let guest else { return }
        world.mix(output.value)
        world.checker.released(output, by: self, guest: guest)
    }

    func releaseHeld(through limit: UInt64) {
        let released = held.prefix { $0.epoch <= limit }
        held.removeFirst(released.count)
        for item in released { release(item.output) }
    }
}
