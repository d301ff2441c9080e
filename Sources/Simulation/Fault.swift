import Environment
import ReplicationCore

/// What can go wrong; the fault model at the top of the module in executable form.
enum Fault: CaseIterable {
    case crash, powerLoss, freeze, crashAtAction, freezeAtAction
    case cutReplication, cutReplicationOneWay, cutOneHeartbeat, cutHeartbeats, cutEverything, cutEverythingOneWay
    case reset, hang, drill, failover
    case freezeLoop, freezeLoopAtAction, slowDisk, hungDisk, fullDisk, lateThreads
    case unprovenPeer, plannedStop, powerOff, stuckGuest, deafGuest, guestIsStopped
    case drills, secondaryLeavesInDrill, lateHeartbeats

    /// A cut that can part the pair is safe only with an arbiter.
    var needsArbiter: Bool {
        switch self {
        case .cutHeartbeats, .cutEverything, .cutEverythingOneWay, .lateHeartbeats: true
        default: false
        }
    }

    /// A side leaves on purpose: nobody has to be asked, and nobody is fenced.
    var isOrderly: Bool { self == .plannedStop || self == .powerOff }
}

extension World {
    func randomFault() -> Fault {
        let possible = Fault.allCases.filter { settings.arbiter != .none || !$0.needsArbiter }
        return possible[Int(random(0...UInt64(possible.count - 1)))]
    }

    /// Half of the freezes last about as long as the heartbeat timeout, where both sides decide at once.
    private var freezeDuration: Nanoseconds {
        chance.chance(1, in: 2) ? microseconds(250_000...1_100_000) : microseconds(20_000...4_000_000)
    }

    /// Lets a fault begin; it ends by itself after at most some seconds.
    func inject(_ fault: Fault) {
        isBusyWithOneFault = settings.isSpaced
        let victim = hosts[Int(random(0...1))]
        note("fault \(fault) at \(victim.name)")
        switch fault {
        case .crash: victim.crash()
        case .powerLoss: victim.losePower()
        case .freeze: victim.freeze(for: freezeDuration)
        case .crashAtAction: if victim.isRunning { victim.crashAfter = Int(random(0...80)) }
        case .freezeAtAction:
            if victim.isRunning { victim.freezeAfter = (Int(random(0...80)), freezeDuration, false) }
        case .freezeLoop: victim.freezeLoop(for: freezeDuration)
        case .freezeLoopAtAction:
            if victim.isRunning { victim.freezeAfter = (Int(random(0...80)), freezeDuration, true) }
        case .slowDisk: victim.disk.slowUntil = now + microseconds(500_000...8_000_000)
        case .hungDisk: victim.disk.hungUntil = now + microseconds(500_000...8_000_000)
        case .fullDisk: victim.disk.fullUntil = now + microseconds(500_000...8_000_000)
        case .lateThreads: victim.lateUntil = now + microseconds(500_000...6_000_000)
        case .stuckGuest: victim.stuckUntil = now + microseconds(500_000...9_000_000)
        case .deafGuest: victim.deafUntil = now + microseconds(500_000...9_000_000)
        case .unprovenPeer: for host in hosts { unprovenPeers(at: host, left: 12) }
        case .plannedStop: victim.post(.pair(.leaveCommanded))
        case .powerOff: for host in hosts { host.powerOffGuest() }
        case .drills: drills(left: 3)
        case .secondaryLeavesInDrill: leaveInDrill(victim)
        case .guestIsStopped: for host in hosts { host.stoppedUntil = now + microseconds(100_000...8_000_000) }
        case .lateHeartbeats: lateUntil = now + microseconds(500_000...6_000_000)
        case .cutReplication: cut([.replication], from: hosts)
        case .cutReplicationOneWay: cut([.replication], from: [victim])
        case .cutOneHeartbeat: cut([chance.chance(1, in: 2) ? .heartbeatA : .heartbeatB], from: hosts)
        case .cutHeartbeats: cut([.heartbeatA, .heartbeatB], from: hosts)
        case .cutEverything: cut(NetworkName.allCases, from: hosts)
        case .cutEverythingOneWay: cut(NetworkName.allCases, from: [victim])
        case .reset:
            let open = victim.endpoints.values.sorted { $0.id < $1.id }
            guard !open.isEmpty else { return }
            let chosen = open[Int(random(0...UInt64(open.count - 1)))]
            chosen.remote?.closedByPeer()
            chosen.closedByPeer()
        case .hang: victim.hungUntil = now + microseconds(100_000...6_000_000)
        case .drill: victim.post(.pair(.drillCommanded))
        case .failover: victim.post(.pair(.failoverCommanded))
        }
    }

    /// Something that is no fault by itself, but makes another one worse: a disk or threads that take their time.
    func weaken() {
        let weak: [Fault] = [.slowDisk, .hungDisk, .fullDisk, .lateThreads, .unprovenPeer]
        inject(weak[Int(random(0...UInt64(weak.count - 1)))])
    }

    private func unprovenPeers(at host: Host, left: Int) {
        host.unprovenPeerConnects()
        guard left > 0 else { return }
        after(microseconds(5000...400_000)) { [self] in unprovenPeers(at: host, left: left - 1) }
    }

    private func drills(left: Int) {
        // The next fault of a plan that spaces them does not find one of these under way.
        guard isBusyWithOneFault || !settings.isSpaced else { return }
        hosts[Int(random(0...1))].post(.pair(.drillCommanded))
        guard left > 1 else { return }
        after(microseconds(1000...800_000)) { [self] in drills(left: left - 1) }
    }

    /// The secondary is stopped while somebody wants it to take over.
    private func leaveInDrill(_ commanded: Host) {
        guard let secondary = hosts.first(where: { $0.controller.state == .secondary }) else { return }
        commanded.post(.pair(.drillCommanded))
        after(microseconds(100...60_000)) {
            guard secondary.controller.state == .secondary else { return }
            secondary.post(.pair(.leaveCommanded))
        }
    }

    private func cut(_ networks: [NetworkName], from sides: [Host]) {
        for network in networks {
            for side in sides { cut(network, from: side) }
        }
        after(microseconds(20_000...6_000_000)) { [self] in repairNetworks() }
    }

    /// Everything works again.
    func healEverything() {
        isBusyWithOneFault = false
        repairNetworks()
        lateUntil = .zero
        for host in hosts {
            host.crashAfter = nil
            host.freezeAfter = nil
            host.thaw()
            host.thawLoop()
            host.hungUntil = .zero
            host.lateUntil = .zero
            host.stuckUntil = .zero
            host.deafUntil = .zero
            host.stoppedUntil = .zero
            host.disk.heal()
        }
    }

    var isHealthy: Bool {
        hosts.allSatisfy {
            $0.isRunning && !$0.isFrozen && !$0.loopIsFrozen && $0.hungUntil <= now && $0.lateUntil <= now
                && $0.stuckUntil <= now && $0.deafUntil <= now
                && $0.disk.isWell
        } && !hasCuts && lateUntil <= now
    }

    /// Nothing is left of the fault before: the pair is protected, and over both heartbeat networks.
    var isSettled: Bool {
        // A drill that is still wanted is not over: its handover would meet the next fault.
        isProtected
            && hosts.allSatisfy {
                $0.monitor.connectedAddresses == 2 && $0.controller.report(now).request == .none
                    && !$0.controller.isAsking
            }
    }

    /// One side protected by the other, and both know it.
    var isProtected: Bool {
        guard hosts.allSatisfy({ $0.isRunning && !$0.isFrozen && $0.controller.peerIsAlive }) else { return false }
        let states = hosts.map(\.controller.state)
        return states.contains(.protected) && states.contains(.secondary)
    }
}
