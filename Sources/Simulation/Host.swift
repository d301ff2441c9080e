import Environment
import ReplicationCore

/// One host: the program that carries out what the state machines say, with everything it touches simulated. Its event
/// loop runs the same `PairDriver`, and its replication the same `ReplicationRuns`, as in production.
final class Host {
    /// One thing to do on a thread other than the event loop.
    enum Work {
        case primary(run: UInt64, COLOPrimary.Event)
        case primaryAction(run: UInt64, COLOPrimary.Action)
        case secondary(run: UInt64, COLOSecondary.Event)
        case secondaryAction(run: UInt64, COLOSecondary.Action)
        case runs(ReplicationRuns.Event)
        case item(Item, Endpoint)
        case call(() -> Void)
    }

    /// The outgoing replication run.
    struct Outgoing {
        var run: UInt64
        var endpoint: Endpoint?
        var primary: COLOPrimary?
        var captured: Checkpoint?
        var hasProven = false
    }

    /// The incoming replication run.
    struct Incoming {
        var run: UInt64
        var endpoint: Endpoint?
        var secondary: COLOSecondary?
        var current: Checkpoint?
        var staged: Checkpoint?
        var heardAt = Nanoseconds.zero
        /// The initial synchronisation was received wholly and is being loaded.
        var isLoading = false
        /// The guest was told to resume from the checkpoint.
        var isLoaded = false
    }

    /// Somebody who has not proven to be the peer.
    struct Visitor {
        var challenge: [UInt8]
        /// What came behind the proof.
        var waiting: [Item] = []
    }

    let member: PairMember
    unowned let world: World
    var name: String { member == .first ? "A" : "B" }

    // What survives the process.
    let disk: SimulatedDisk
    private(set) var isPowered = false

    // The process.
    private(set) var isRunning = false
    private(set) var isFrozen = false
    private(set) var incarnation: UInt64 = 0
    var endpoints: [UInt64: Endpoint] = [:]
    var driver: PairDriver
    var runs = ReplicationRuns()
    var instance: UInt64 = 1
    var outgoing: Outgoing?
    var incoming: Incoming?
    /// Connections to the replication port that have not proven themselves.
    var unproven: [UInt64: Visitor] = [:]
    var guest: Guest?
    var guestIsPaused = false
    /// The machine is retired: no guest runs here again in this process.
    var isRetired = false
    var isHolding = false
    var held: [(epoch: UInt64, output: Output)] = []
    var epoch: UInt64 = 1
    /// What the loop has last told other threads.
    var publishedPermit: OutputPermit?
    /// The secondary's replication side reads nothing until then.
    var hungUntil = Nanoseconds.zero
    /// A vCPU stands in a disk access until then: the guest neither runs nor comes to a stand.
    var stuckUntil = Nanoseconds.zero
    /// A network of the guest is down until then.
    var deafUntil = Nanoseconds.zero
    /// An operator has stopped the guest until then; only what is told of it counts here.
    var stoppedUntil = Nanoseconds.zero
    /// Threads other than the event loop do everything late until then.
    var lateUntil = Nanoseconds.zero
    /// The event loop stands still, while everything else goes on.
    private(set) var loopIsFrozen = false
    /// Crash, or freeze for a while, before the action after so many others.
    var crashAfter: Int?
    var freezeAfter: (actions: Int, duration: Nanoseconds, isLoopAlone: Bool)?

    private var work: [Work] = []
    private var pending: PairDriver.Effect?
    private var isDraining = false
    private var timerAt: Nanoseconds?

    var controller: PairController { driver.controller }
    var monitor: HeartbeatMonitor { driver.monitor }

    init(member: PairMember, world: World) {
        self.member = member
        self.world = world
        disk = SimulatedDisk(world: world)
        driver = Self.driver(member, world, PairRecord(term: .none), instance: 1)
    }

    private static func driver(
        _ member: PairMember, _ world: World, _ record: PairRecord, instance: UInt64
    ) -> PairDriver {
        var configuration = PairController.Configuration(member: member)
        configuration.failover = world.settings.failover
        configuration.hasArbiter = world.settings.arbiter != .none
        switch world.settings.sabotage {
        case .ignoreLease: configuration.brokenRule = .lease
        case .lookNotAgain, .writeOnTheLoop: configuration.brokenRule = .lookAgain
        case .claimUnwritten: configuration.brokenRule = .claimFirst
        default: break
        }
        let controller = PairController(configuration: configuration, record: record, now: world.now)
        let monitor = HeartbeatMonitor(
            configuration: .init(addresses: 2), identity: .init(member: member, instance: instance, pair: "pair"),
            authenticator: Host.authenticator, report: controller.report(world.now), now: world.now)
        return PairDriver(controller: controller, monitor: monitor, profile: PairProfile())
    }

    static let authenticator = SimulatedAuthenticator(key: 7)

    /// Whether what a client saw is still there.
    func contains(_ output: Output) -> Bool {
        guard isRunning else { return false }
        if !isRetired, guest?.contains(output) == true { return true }
        return incoming?.current?.guest.contains(output) == true
    }

    // MARK: Life and death

    func start() {
        guard !isRunning else { return }
        isPowered = true
        isRunning = true
        incarnation += 1
        instance = world.random(1...UInt64.max)
        driver = Self.driver(member, world, disk.record, instance: instance)
        publishedPermit = nil
        runs = ReplicationRuns()
        world.note("\(name) starts with \(disk.record)")
        post(.timer)
        tickGuest(incarnation)
    }

    /// The process is killed: the kernel closes its connections.
    func crash() {
        guard isRunning else { return }
        world.note("\(name) crashes")
        endProcess(restartAfter: world.microseconds(50_000...4_000_000))
    }

    /// The process ends in order, or replaces itself.
    func endProcess(restartAfter delay: Nanoseconds) {
        guard isRunning else { return }
        for endpoint in endpoints.values.sorted(by: { $0.id < $1.id }) { world.close(endpoint) }
        forgetEverything()
        world.after(delay) { [self] in start() }
    }

    func losePower() {
        guard isPowered else { return }
        world.note("\(name) loses power")
        for endpoint in endpoints.values.sorted(by: { $0.id < $1.id }) { world.silence(endpoint) }
        isPowered = false
        forgetEverything()
        world.after(world.microseconds(50_000...4_000_000)) { [self] in start() }
    }

    private func forgetEverything() {
        isRunning = false
        isFrozen = false
        loopIsFrozen = false
        endpoints = [:]
        unproven = [:]
        work = []
        pending = nil
        outgoing = nil
        incoming = nil
        guest = nil
        isRetired = false
        held = []
        isHolding = false
        guestIsPaused = false
        timerAt = nil
        crashAfter = nil
        freezeAfter = nil
        disk.processEnded()
        if world.settings.sabotage == .forgetTerm { disk.forget() }
        world.arbiter.crashed(self)
        world.checker.copyLost()
    }

    func dropWork() { work = [] }

    func freeze(for duration: Nanoseconds) {
        guard isRunning, !isFrozen else { return }
        world.note("\(name) freezes for \(duration)")
        isFrozen = true
        let incarnation = incarnation
        world.after(duration) { [self] in if self.incarnation == incarnation { thaw() } }
    }

    /// Only the event loop stands still: vCPUs, senders and receivers go on.
    func freezeLoop(for duration: Nanoseconds) {
        guard isRunning, !loopIsFrozen else { return }
        world.note("\(name)'s loop freezes for \(duration)")
        loopIsFrozen = true
        let incarnation = incarnation
        world.after(duration) { [self] in if self.incarnation == incarnation { thawLoop() } }
    }

    func thaw() {
        guard isRunning, isFrozen else { return }
        world.note("\(name) thaws")
        isFrozen = false
        if world.chance.chance(1, in: 2) { work.append(.call { [self] in timers() }) } else { timers() }
        drain()
    }

    func thawLoop() {
        guard isRunning, loopIsFrozen else { return }
        loopIsFrozen = false
        driver.post(.timer)
        drain()
    }

    // MARK: Work

    /// Hands an event to the loop.
    func post(_ input: PairDriver.Input) {
        guard isRunning else { return }
        driver.post(input)
        drain()
    }

    /// Hands something to another thread.
    func deliver(_ item: Work) {
        guard isRunning else { return }
        work.append(item)
        drain()
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        while isRunning, !isFrozen {
            if pending == nil, !loopIsFrozen {
                pending = driver.next(now: world.now)
                if pending == nil { publishedPermit = controller.outputPermit }
            }
            let isLoops = pending != nil && !loopIsFrozen
            guard isLoops || !work.isEmpty else { break }
            guard !isInterrupted() else { continue }
            if isLoops, let effect = pending {
                pending = nil
                carryOut(effect)
            } else if !work.isEmpty {
                perform(work.removeFirst())
            }
        }
        isDraining = false
        if isRunning, !isFrozen { armTimer() }
    }

    /// Crashes or freezes, if it is time.
    private func isInterrupted() -> Bool {
        if let count = crashAfter {
            crashAfter = count - 1
            if count <= 0 {
                crashAfter = nil
                crash()
                return true
            }
        }
        if let next = freezeAfter {
            freezeAfter?.actions -= 1
            if next.actions <= 0 {
                freezeAfter = nil
                if next.isLoopAlone { freezeLoop(for: next.duration) } else { freeze(for: next.duration) }
                return true
            }
        }
        return false
    }

    private func next(_ items: [Work]) { work.insert(contentsOf: items, at: 0) }

    private func perform(_ item: Work) {
        let now = world.now
        switch item {
        case .primary(let run, let event):
            guard outgoing?.run == run, let actions = outgoing?.primary?.handle(event, now: now) else { return }
            next(actions.map { .primaryAction(run: run, $0) })
        case .primaryAction(let run, let action): carryOut(action, run: run)
        case .secondary(let run, let event):
            guard incoming?.run == run, let actions = incoming?.secondary?.handle(event, now: now) else { return }
            next(actions.map { .secondaryAction(run: run, $0) })
        case .secondaryAction(let run, let action): carryOut(action, run: run)
        case .runs(let event): tell(event)
        case .item(let item, let endpoint): read(item, endpoint)
        case .call(let run): run()
        }
    }

    private func timers() {
        let now = world.now
        driver.post(.timer)
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
        var deadline = loopIsFrozen ? world.now + .milliseconds(20) : driver.nextDeadline
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

    /// Runs `step` in this process after a delay, unless the process is gone by then. A thread that is late does it later.
    func later(_ delay: Nanoseconds, _ step: @escaping () -> Void) {
        let incarnation = incarnation
        let extra = world.now < lateUntil ? world.microseconds(1000...1_500_000) : .zero
        world.after(delay + extra) { [self] in
            if self.incarnation == incarnation { deliver(.call(step)) }
        }
    }

    func incomingFailed(_ why: String) {
        guard let incoming else { return }
        if let endpoint = incoming.endpoint { world.close(endpoint) }
        self.incoming = nil
        deliver(.runs(.incomingEnded(why)))
    }

    // MARK: The guest

    private func tickGuest(_ incarnation: UInt64) {
        world.after(world.microseconds(2000...8000)) { [self] in
            guard self.incarnation == incarnation, isRunning else { return }
            if !isFrozen, !guestIsPaused, !isRetired, guest != nil, world.now >= stuckUntil { stepGuest() }
            lookAtTheMachine()
            tickGuest(incarnation)
        }
    }

    /// What the edge finds when it asks the machine how it fares.
    private func lookAtTheMachine() {
        guard !isFrozen else { return }
        var condition = MachineCondition(isStopped: world.now < stoppedUntil)
        if world.now < stuckUntil { condition.impairments.insert(.disk) }
        if world.now < deafUntil { condition.impairments.insert(.network) }
        if condition != controller.condition { post(.pair(.condition(condition))) }
    }

    private func stepGuest() {
        guard let output = guest?.step(chance: world.chance.next()) else { return }
        world.checker.runs(self)
        guard isHolding else { return release(output) }
        let isFirst = held.last.map { $0.epoch < epoch } ?? true
        held.append((epoch, output))
        if isFirst, let run = outgoing?.run { deliver(.primary(run: run, .outputHeld(checkpoint: epoch))) }
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

    /// The guest powers itself off.
    func powerOffGuest() {
        guard isRunning, !isFrozen, guest != nil, !isRetired, !guestIsPaused, controller.report(world.now).isServing
        else { return }
        world.note("\(name)'s guest powers itself off")
        guest = nil
        held = []
        isHolding = false
        world.checker.guestEnded()
        post(.pair(.guestPoweredOff))
    }
}
