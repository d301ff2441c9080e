import Environment
import ReplicationCore

// What is decided about runs (ReplicationRuns), and who may open one (ReplicationProof).
extension Host {
    /// Hands an event to the machine that decides about runs, and does what it says.
    func tell(_ event: ReplicationRuns.Event) {
        for action in runs.handle(event, now: world.now) { carryOut(action) }
    }

    private func carryOut(_ action: ReplicationRuns.Action) {
        world.note("\(name) runs: \(action)")
        switch action {
        case .prepare(let run):
            later(world.microseconds(20...3000)) { [self] in tell(.mayBegin(run: run)) }
        case .connect(let run): startReplication(run)
        case .cancelOutgoing: cancelOutgoing()
        case .leavePrimary:
            if let run = outgoing?.run { deliver(.primary(run: run, .failoverRequested)) }
        case .hold: sendLast()
        case .listen(let run):
            later(world.microseconds(20...3000)) { [self] in
                guard runs.incomingRun == run else { return }
                incoming = Incoming(run: run)
                post(.pair(.listening(run: run)))
            }
        case .cancelIncoming:
            if let endpoint = incoming?.endpoint { world.close(endpoint) }
            incoming = nil
        case .abandonSecondary: abandonSecondary()
        case .loadCheckpoint:
            if let run = incoming?.run { deliver(.secondary(run: run, .failoverRequested)) }
        case .resume: resumeFromCheckpoint()
        case .fence: fence()
        case .restart(let why):
            world.note("\(name) begins anew: \(why)")
            let incarnation = incarnation
            world.after(.zero) { [self] in
                guard self.incarnation == incarnation else { return }
                endProcess(restartAfter: world.microseconds(5000...60_000))
            }
        case .report(let event): post(.pair(event))
        }
    }

    private func abandonSecondary() {
        guard let incoming else { return }
        if incoming.secondary != nil { return deliver(.secondary(run: incoming.run, .abandon)) }
        if let endpoint = incoming.endpoint { world.close(endpoint) }
        self.incoming = nil
    }

    private func resumeFromCheckpoint() {
        guard let checkpoint = incoming?.current else { return }
        later(world.microseconds(200...4000)) { [self] in
            guard incoming?.isLoaded == true, !runs.isFenced else { return }
            incoming = nil
            world.checker.resumes(self, from: checkpoint)
            resume(checkpoint.guest)
            tell(.resumed)
        }
    }

    // MARK: Proofs

    /// The proof that this side shows for its run.
    func ownProof(run: UInt64, challenge: [UInt8]) -> [UInt8] {
        let peer = controller.peer?.report
        return ReplicationProof(
            pair: "pair", term: controller.term, sender: .init(member: member, instance: instance, run: run),
            receiver: .init(member: member.other, instance: monitor.peerInstance ?? 0, run: peer?.run ?? 0),
            challenge: challenge, authenticator: Host.authenticator
        ).bytes
    }

    /// Whether these bytes are the proof that the peer, as its heartbeat describes it now, has to show.
    func isRight(_ offered: [UInt8], challenge: [UInt8]) -> Bool {
        if world.settings.sabotage == .acceptUnproven { return true }
        guard controller.peerIsAlive, let report = controller.peer?.report, report.term == controller.term,
            report.state == .synchronising, let peer = monitor.peerInstance
        else { return false }
        return ReplicationProof(
            pair: "pair", term: controller.term, sender: .init(member: member.other, instance: peer, run: report.run),
            receiver: .init(member: member, instance: instance, run: runs.incomingRun), challenge: challenge,
            authenticator: Host.authenticator
        ).matches(offered)
    }

    /// Looks at a proof until it is right or its time is over: the heartbeat that tells of the run may come later.
    func judge(_ offered: [UInt8], _ endpoint: Endpoint, until end: Nanoseconds, then accepted: (() -> Void)? = nil) {
        guard let visitor = unproven[endpoint.id] else { return }
        guard isRight(offered, challenge: visitor.challenge) else {
            guard world.now < end else {
                unproven[endpoint.id] = nil
                return world.close(endpoint)
            }
            return later(.milliseconds(10)) { [self] in judge(offered, endpoint, until: end, then: accepted) }
        }
        unproven[endpoint.id] = nil
        guard incoming != nil, incoming?.endpoint == nil, incoming?.secondary == nil else {
            return world.close(endpoint)
        }
        incoming?.endpoint = endpoint
        incoming?.heardAt = world.now
        tell(.accepted)
        for item in visitor.waiting { deliver(.item(item, endpoint)) }
        accepted?()
    }

    /// Somebody without the key connects to the replication port, with a proof that was overheard or made up, and sends a
    /// guest of its own.
    func unprovenPeerConnects() {
        guard isRunning, !isFrozen, runs.incomingRun > 0 else { return }
        let endpoint = Endpoint(id: world.identifier(), network: .replication, host: self, incarnation: incarnation)
        world.keep(endpoint)
        endpoints[endpoint.id] = endpoint
        unproven[endpoint.id] = Visitor(challenge: nonce())
        let overheard = world.overheardProof
        let offered = world.chance.chance(1, in: 2) ? overheard : overheard.map { $0 ^ 1 }
        judge(offered, endpoint, until: world.now + .seconds(1)) { [self] in
            world.note("\(name) accepts an unproven peer")
            let id = world.identifier()
            let foreign = Checkpoint(
                ramCapture: id, deviceCapture: id, guest: Guest(lineage: world.chance.next()))
            deliver(.item(.lastOfSynchronisation(foreign), endpoint))
            later(.milliseconds(50)) { endpoint.closedByPeer() }
        }
    }
}
