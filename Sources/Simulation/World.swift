import Environment
import ReplicationCore

/// Everything outside of the two hosts' programs: time, chance, networks, arbiter, and the checkers that watch.
final class World {
    let settings: Settings
    var scheduler = Scheduler()
    var chance: SeededGenerator
    let checker: Checker
    private(set) var hosts: [Host] = []
    private(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var trace: [String] = []
    private(set) var eventCount = 0
    private var nextID: UInt64 = 0
    private var cuts: Set<Int> = []
    private var stalled: [Endpoint] = []
    /// Heartbeats take up to three timeouts until then.
    var lateUntil = Nanoseconds.zero
    /// Owns the endpoints, which know each other only weakly.
    private var endpoints: [Endpoint] = []
    /// The last proof that went over the replication network, for unproven peers that listen there.
    var overheardProof = [UInt8](repeating: 0, count: ReplicationProof.length)
    lazy var arbiter = SimulatedArbiter(world: self)

    /// A fault is under way, and the plan says that it comes alone.
    var isBusyWithOneFault = false
    /// Damage on the wire is a fault of its own: it ends a run, and another fault may then find the guest unprotected.
    var mayDamage: Bool { !isBusyWithOneFault }

    var now: Nanoseconds { scheduler.now }
    var hasCuts: Bool { !cuts.isEmpty }

    init(settings: Settings) {
        self.settings = settings
        chance = SeededGenerator(seed: settings.seed &* 2 &+ 1)
        checker = Checker(isSpaced: settings.isSpaced)
        hosts = [Host(member: .first, world: self), Host(member: .second, world: self)]
        checker.hosts = hosts
    }

    func peer(of host: Host) -> Host { hosts[host.member == .first ? 1 : 0] }

    // MARK: Time and chance

    func random(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &chance) }

    /// A random span in microseconds.
    func microseconds(_ range: ClosedRange<UInt64>) -> Nanoseconds { Nanoseconds(random(range) * 1000) }

    func after(_ delay: Nanoseconds, _ run: @escaping () -> Void) { scheduler.schedule(after: delay, run) }

    func identifier() -> UInt64 {
        nextID += 1
        return nextID
    }

    /// Runs until the condition holds or the time is over; tells which.
    @discardableResult
    func run(until end: Nanoseconds, or condition: () -> Bool = { false }) -> Bool {
        while now < end, checker.violations.isEmpty {
            if condition() { return true }
            guard let next = scheduler.next() else { return false }
            eventCount += 1
            mix(now.count)
            next()
        }
        return condition()
    }

    /// Adds a value to the hash that tells two runs apart.
    func mix(_ value: UInt64) { traceHash = (traceHash ^ value) &* 0x0000_0100_0000_01b3 }

    func note(_ line: @autoclosure () -> String) {
        guard settings.keepsTrace else { return }
        let text = line()
        trace.append("\(now) \(text)")
    }

    /// Breaks the cycles between this world and what was still scheduled in it.
    func end() {
        scheduler = Scheduler()
        for host in hosts { host.dropWork() }
    }

    // MARK: Networks

    private func cutKey(_ network: NetworkName, from host: Host) -> Int {
        network.rawValue * 2 + (host.member == .first ? 0 : 1)
    }

    func isCut(_ network: NetworkName, from host: Host) -> Bool { cuts.contains(cutKey(network, from: host)) }

    func cut(_ network: NetworkName, from host: Host) {
        note("cut \(network) from \(host.name)")
        cuts.insert(cutKey(network, from: host))
    }

    func repairNetworks() {
        guard !cuts.isEmpty else { return }
        note("networks repaired")
        cuts = []
        let endpoints = stalled
        stalled = []
        for endpoint in endpoints { resume(endpoint) }
    }

    private func resume(_ endpoint: Endpoint) {
        let stalled = endpoint.stalled
        endpoint.stalled = 0
        for _ in 0..<stalled { scheduleArrival(endpoint) }
    }

    /// Opens a connection; `completion` gets the near end, or whether it was refused.
    func connect(
        _ network: NetworkName, from host: Host, accept: @escaping (Host, Endpoint) -> Bool,
        completion: @escaping (Endpoint?, _ refused: Bool) -> Void
    ) {
        let incarnation = host.incarnation
        let remote = peer(of: host)
        let there = microseconds(50...2000)
        let back = microseconds(50...2000)
        let finish = { (near: Endpoint?, refused: Bool) in
            guard host.isRunning, host.incarnation == incarnation else { return }
            completion(near, refused)
        }
        after(there) { [self] in
            guard !isCut(network, from: host), !isCut(network, from: remote), remote.isPowered else {
                return after(settings.heartbeatTimeout) { finish(nil, false) }
            }
            guard remote.isRunning else { return after(back) { finish(nil, true) } }
            let near = Endpoint(id: identifier(), network: network, host: host, incarnation: incarnation)
            let far = Endpoint(id: identifier(), network: network, host: remote, incarnation: remote.incarnation)
            endpoints += [near, far]
            near.remote = far
            far.remote = near
            far.lastArrival = now + back + Nanoseconds(1)
            remote.endpoints[far.id] = far
            guard accept(remote, far) else {
                remote.endpoints[far.id] = nil
                return after(back) { finish(nil, true) }
            }
            after(back) { [self] in
                guard near.isOwned else { return close(near) }
                host.endpoints[near.id] = near
                finish(near, false)
            }
        }
    }

    func send(_ item: Item, on endpoint: Endpoint) {
        guard endpoint.isOpen else { return }
        enqueue(item, on: endpoint)
    }

    private func enqueue(_ item: Item, on endpoint: Endpoint) {
        endpoint.queue.append(item)
        scheduleArrival(endpoint)
    }

    private func scheduleArrival(_ endpoint: Endpoint) {
        let isLate = now < lateUntil && endpoint.network != .replication
        let slow: UInt64 = isLate ? 1_500_000 : chance.chance(1, in: 50) ? 40_000 : 1500
        endpoint.lastArrival = max(endpoint.lastArrival, now + microseconds(50...slow))
        scheduler.schedule(at: endpoint.lastArrival) { [self] in arrive(endpoint) }
    }

    private func arrive(_ endpoint: Endpoint) {
        guard !endpoint.queue.isEmpty else { return }
        guard !isCut(endpoint.network, from: endpoint.host) else {
            if endpoint.stalled == 0 { stalled.append(endpoint) }
            endpoint.stalled += 1
            return
        }
        let item = endpoint.queue.removeFirst()
        guard let remote = endpoint.remote else { return }
        if remote.isOwned, remote.isOpen {
            remote.host.arrived(item, on: remote)
        } else if remote.host.isPowered, case .end = item {
        } else if remote.host.isPowered, !isCut(endpoint.network, from: remote.host) {
            after(microseconds(50...1500)) { endpoint.closedByPeer() }
        }
    }

    /// Closes this end; the other end learns of it after what was sent before.
    func close(_ endpoint: Endpoint) {
        guard endpoint.isOpen else { return }
        endpoint.isOpen = false
        endpoint.host.endpoints[endpoint.id] = nil
        enqueue(.end, on: endpoint)
    }

    /// Owns an endpoint whose other end is no host of the pair.
    func keep(_ endpoint: Endpoint) { endpoints.append(endpoint) }

    /// What a power loss does to a connection: silence, and a random tail of what was sent never arrives.
    func silence(_ endpoint: Endpoint) {
        endpoint.isOpen = false
        let kept = Int(random(0...UInt64(endpoint.queue.count)))
        endpoint.queue.removeLast(endpoint.queue.count - kept)
    }
}
