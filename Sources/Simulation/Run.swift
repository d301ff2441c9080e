public import Environment
import ReplicationCore

/// What a run gave.
public struct RunResult: Sendable {
    /// The settings, with the seed.
    public var settings: Settings
    /// What the checkers found; empty if all is well.
    public var violations: [String]
    /// Equal for two runs of one seed.
    public var traceHash: UInt64
    /// How many events were simulated.
    public var events: Int
    /// How many outputs left a host.
    public var releases: Int
    /// How often overlapping faults killed the last copy of what a client had seen.
    public var unavoidableLosses: Int
    /// The highest term at the end, which tells how often the service changed hands.
    public var terms: UInt64
    /// How long the run was in simulated time.
    public var duration: Nanoseconds
    /// What happened, if the settings asked for it.
    public var trace: [String]
}

/// Runs one seed.
public func simulate(_ settings: Settings) -> RunResult {
    let world = World(settings: settings)
    Plan(world: world).carryOut()
    defer { world.end() }
    return RunResult(
        settings: settings, violations: world.checker.violations, traceHash: world.traceHash,
        events: world.eventCount, releases: world.checker.releases,
        unavoidableLosses: world.checker.unavoidableLosses,
        terms: world.hosts.map(\.disk.record.term.number).max() ?? 0, duration: world.now, trace: world.trace)
}

/// The course of a run: start, faults, repair, and what has to be true then (I4).
struct Plan {
    let world: World

    func carryOut() {
        for host in world.hosts {
            world.after(world.microseconds(0...(world.chance.chance(1, in: 8) ? 6_000_000 : 400_000))) { host.start() }
        }
        operatorLooks()
        auditorLooks()
        expectProtection("after the start")
        if world.settings.isSpaced { spacedFaults() } else { overlappingFaults() }
        world.run(until: world.now + .milliseconds(500))
    }

    private func spacedFaults() {
        for _ in 0..<world.settings.faults where world.checker.violations.isEmpty {
            let fault = world.randomFault()
            world.run(until: world.now + world.microseconds(1000...1_500_000))
            world.run(until: world.now + .seconds(20), or: { world.isSettled })
            expectProtection("before \(fault)")
            let questions = world.arbiter.questions
            // Half of the faults meet a host whose disk or threads are not well either.
            let isAlone = world.chance.chance(1, in: 2)
            if !isAlone { world.weaken() }
            world.inject(fault)
            world.run(until: world.now + .seconds(5), or: { !world.isProtected || !world.isHealthy })
            world.run(until: world.now + .seconds(12), or: { world.isHealthy })
            if isAlone, fault.isOrderly, world.arbiter.questions > questions {
                world.checker.violated("the arbiter was asked about a peer that left in order (\(fault))")
            }
            world.healEverything()
            expectProtection("after \(fault)")
        }
    }

    private func overlappingFaults() {
        for _ in 0..<world.settings.faults {
            let fault = world.randomFault()
            world.after(world.microseconds(1000...8_000_000)) { world.inject(fault) }
        }
        world.run(until: world.now + .seconds(10))
        world.healEverything()
        expectProtection("after overlapping faults")
    }

    /// I4: with nothing broken any more the pair becomes protected within the bound.
    private func expectProtection(_ when: String) {
        let end = world.now + world.settings.healingBound
        guard !world.run(until: end, or: { world.isProtected }), world.checker.violations.isEmpty else { return }
        let states = world.hosts.map { "\($0.name) \($0.isRunning ? $0.controller.state.name : "dead")" }
        world.checker.violated("I4: not protected \(world.settings.healingBound) \(when): \(states)")
    }

    /// Now and then somebody compares what each side says of its protection with what the other one has.
    private func auditorLooks() {
        world.after(.milliseconds(100)) {
            for host in world.hosts { world.checker.audits(host, peer: world.peer(of: host), now: world.now) }
            auditorLooks()
        }
    }

    /// Under the manual policy somebody looks once in a while, and gives the command when the service is down.
    private func operatorLooks() {
        guard world.settings.failover == .manual else { return }
        world.after(world.microseconds(300_000...2_000_000)) {
            for host in world.hosts where host.isRunning && host.controller.state == .secondary {
                let controller = host.controller
                guard !controller.peerIsAlive || controller.peer?.report.isServing == false else { continue }
                // Somebody who has looked at the other host, and read its record, knows more than the heartbeat.
                let peer = world.peer(of: host)
                let vouches = !peer.isRunning && peer.disk.record.term <= controller.term
                host.post(.pair(vouches ? .failoverVouched : .failoverCommanded))
            }
            operatorLooks()
        }
    }
}
