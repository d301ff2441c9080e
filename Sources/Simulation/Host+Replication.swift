import Environment
import MigrationFormat
import ReplicationCore

// The replication channel: the initial synchronisation and what the two COLO machines want done.
extension Host {
    private var limits: COLOPrimary.Limits {
        var limits = COLOPrimary.Limits(checkpointDelay: .milliseconds(50))
        limits.readyTimeout = .seconds(3)
        limits.replyTimeout = .seconds(1)
        limits.transferTimeout = .seconds(2)
        limits.loadTimeout = .seconds(2)
        // Checkpoints on output, as in production, or after the delay alone.
        if world.chance.chance(2, in: 3) { limits.onOutput = .share(5) }
        return limits
    }

    // MARK: Outgoing

    func startReplication(_ run: UInt64) {
        outgoing = Outgoing(run: run)
        world.connect(.replication, from: self) { [world] remote, endpoint in
            guard remote.incoming != nil else { return false }
            let challenge = remote.nonce()
            remote.unproven[endpoint.id] = Visitor(challenge: challenge)
            world.send(.challenge(challenge), on: endpoint)
            return true
        } completion: { [self] endpoint, refused in
            guard outgoing?.run == run else {
                if let endpoint { world.close(endpoint) }
                return
            }
            guard let endpoint else {
                outgoing = nil
                return deliver(.runs(.outgoingEnded(refused ? "refused" : "no answer")))
            }
            outgoing?.endpoint = endpoint
            later(.seconds(2)) { [self] in
                guard outgoing?.run == run, outgoing?.hasProven == false else { return }
                leaveOutgoing()
                tell(.outgoingEnded("no challenge came"))
            }
        }
    }

    private func prove(_ challenge: [UInt8]) {
        guard let run = outgoing?.run, let endpoint = outgoing?.endpoint else { return }
        outgoing?.hasProven = true
        let proof = ownProof(run: run, challenge: challenge)
        world.overheardProof = proof
        world.send(.proof(proof), on: endpoint)
        synchronise(run, parts: world.random(1...6))
    }

    private func synchronise(_ run: UInt64, parts: UInt64) {
        later(world.microseconds(500...30_000)) { [self] in
            guard let endpoint = outgoing?.endpoint, outgoing?.run == run else { return }
            if parts > 0 {
                world.send(.synchronisation, on: endpoint)
                return synchronise(run, parts: parts - 1)
            }
            guestIsPaused = true
            tell(.switchoverReached)
            awaitPermission(run, until: world.now + .seconds(2))
        }
    }

    /// The thread of the run waits for the answer to its question.
    private func awaitPermission(_ run: UInt64, until end: Nanoseconds) {
        guard outgoing?.run == run, runs.mayGoOn != true else { return }
        guard runs.mayGoOn == nil, world.now < end else {
            leaveOutgoing()
            return tell(.outgoingEnded("the switchover was not allowed"))
        }
        later(.milliseconds(5)) { [self] in awaitPermission(run, until: end) }
    }

    /// Holds the guest's output from here on, and sends the last part.
    func sendLast() {
        guard let run = outgoing?.run, let endpoint = outgoing?.endpoint, let guest else { return }
        isHolding = world.settings.sabotage != .neverHold
        epoch = 1
        held = []
        let checkpoint = capture(guest)
        later(world.microseconds(20...2000)) { [self] in
            guard outgoing?.run == run else { return }
            world.send(.lastOfSynchronisation(checkpoint), on: endpoint)
            outgoing?.primary = COLOPrimary(limits: limits, now: world.now)
            tell(.primaryBegan)
        }
    }

    private func capture(_ guest: Guest) -> Checkpoint {
        let id = world.identifier()
        return Checkpoint(ramCapture: id, deviceCapture: id, guest: guest)
    }

    func cancelOutgoing() {
        guard outgoing != nil else { return }
        let incarnation = incarnation
        // The thread of the run notices a little later.
        later(world.microseconds(20...2000)) { [self] in
            guard self.incarnation == incarnation, outgoing != nil else { return }
            leaveOutgoing()
            tell(.outgoingEnded("cancelled"))
        }
    }

    private func leaveOutgoing() {
        if let endpoint = outgoing?.endpoint { world.close(endpoint) }
        outgoing = nil
        guestIsPaused = false
    }

    func carryOut(_ action: COLOPrimary.Action, run: UInt64) {
        guard outgoing?.run == run, let endpoint = outgoing?.endpoint else { return }
        switch action {
        case .startGuest:
            guestIsPaused = false
            post(.pair(.checkpointConfirmed(run: run, checkpoint: 0)))
        case .send(let message): world.send(.control(message), on: endpoint)
        case .watchRest:
            later(world.microseconds(10...5000)) { [self] in deliver(.primary(run: run, .guestRests)) }
        case .pauseAndCapture where world.now < stuckUntil:
            later(.milliseconds(1500)) { [self] in deliver(.primary(run: run, .captureTimedOut("a disk hangs"))) }
        case .pauseAndCapture:
            guestIsPaused = true
            let pause = world.microseconds(200...2000)
            later(pause) { [self] in
                guard outgoing?.run == run, let guest else { return }
                outgoing?.captured = capture(guest)
                epoch += 1
                guestIsPaused = false
                deliver(.primary(run: run, .captured(pause: pause)))
            }
        case .sendCheckpoint(let number): sendCheckpoint(run, number)
        case .releaseOutput(let epoch):
            // The thread of the run releases by itself, as long as the pair's loop has last allowed it.
            if let until = OutputPermit.end(of: publishedPermit, forRun: run),
                world.now < until || world.settings.sabotage == .ignoreLease
            {
                releaseHeld(through: epoch)
            }
            post(.pair(.checkpointConfirmed(run: run, checkpoint: epoch)))
        case .leave(let reason):
            world.note("\(name) leaves COLO: \(reason)")
            leaveOutgoing()
            tell(.outgoingEnded("\(reason)"))
        }
    }

    /// Sends the parts one after the other, so that the process can die between any two.
    private func sendCheckpoint(_ run: UInt64, _ number: UInt64) {
        guard let checkpoint = outgoing?.captured else { return }
        let items: [Item] = [
            .control(.vmstateSend), .liveState(capture: checkpoint.ramCapture), .control(.vmstateSize(1)),
            .deviceState(checkpoint, isDamaged: world.mayDamage && world.chance.chance(1, in: 500)),
        ]
        if world.settings.sabotage == .releaseBeforeLoaded { releaseHeld(through: number) }
        send(items[...], run)
    }

    private func send(_ items: ArraySlice<Item>, _ run: UInt64) {
        guard let item = items.first, let endpoint = outgoing?.endpoint, outgoing?.run == run else { return }
        world.send(item, on: endpoint)
        later(world.microseconds(20...500)) { [self] in send(items.dropFirst(), run) }
    }

    // MARK: Incoming

    /// Something arrived from the network.
    func arrived(_ item: Item, on endpoint: Endpoint) {
        if endpoint.network == .replication, world.now < hungUntil, incoming?.endpoint === endpoint {
            return later(hungUntil - world.now) { [self] in read(item, endpoint) }
        }
        deliver(.item(item, endpoint))
    }

    func read(_ item: Item, _ endpoint: Endpoint) {
        if case .end = item {
            endpoint.isOpen = true
            world.close(endpoint)
        }
        if endpoint.network != .replication { return readHeartbeat(item, endpoint) }
        if outgoing?.endpoint === endpoint { return readAsPrimary(item) }
        if unproven[endpoint.id] != nil { return readUnproven(item, endpoint) }
        if incoming?.endpoint === endpoint { readAsSecondary(item) }
    }

    private func readHeartbeat(_ item: Item, _ endpoint: Endpoint) {
        switch item {
        case .bytes(let bytes): post(.network(.received(endpoint.id, bytes)))
        case .end: post(.network(.closed(endpoint.id)))
        default: break
        }
    }

    /// Nothing counts before the proof, and what comes behind it waits with it.
    private func readUnproven(_ item: Item, _ endpoint: Endpoint) {
        switch item {
        case .proof(let bytes): judge(bytes, endpoint, until: world.now + .seconds(1))
        case .end: unproven[endpoint.id] = nil
        default: unproven[endpoint.id]?.waiting.append(item)
        }
    }

    private func readAsPrimary(_ item: Item) {
        guard let run = outgoing?.run else { return }
        switch item {
        case .challenge(let bytes): prove(bytes)
        case .control(let message): deliver(.primary(run: run, .message(message)))
        case .end where outgoing?.primary != nil: deliver(.primary(run: run, .channelLost("closed by the peer")))
        case .end:
            leaveOutgoing()
            tell(.outgoingEnded("closed by the peer"))
        default: break
        }
    }

    private func readAsSecondary(_ item: Item) {
        guard let run = incoming?.run else { return }
        incoming?.heardAt = world.now
        switch item {
        case .bytes, .challenge, .proof, .synchronisation: break
        case .lastOfSynchronisation(let checkpoint): loaded(checkpoint, run)
        case .control(let message): deliver(.secondary(run: run, .message(message)))
        case .liveState(let capture):
            if world.settings.sabotage == .commitTornCheckpoint {
                incoming?.current?.ramCapture = capture
            }
            let current = incoming?.current
            incoming?.staged = current
            incoming?.staged?.ramCapture = capture
            deliver(.secondary(run: run, .liveStateReceived))
        case .deviceState(_, isDamaged: true): deliver(.secondary(run: run, .malformed("device state")))
        case .deviceState(let checkpoint, isDamaged: false):
            incoming?.staged?.deviceCapture = checkpoint.deviceCapture
            incoming?.staged?.guest = checkpoint.guest
            deliver(.secondary(run: run, .deviceStateValidated))
        case .end where incoming?.secondary != nil:
            deliver(.secondary(run: run, .channelLost("closed by the peer")))
        // What was received wholly is loaded all the same; `loaded` notices the end of the channel.
        case .end where incoming?.isLoading == true: break
        case .end: incomingFailed("closed by the peer")
        }
    }

    private func loaded(_ checkpoint: Checkpoint, _ run: UInt64) {
        incoming?.isLoading = true
        later(world.microseconds(500...5000)) { [self] in
            guard incoming?.run == run else { return }
            incoming?.isLoading = false
            incoming?.current = checkpoint
            let secondary = COLOSecondary(limits: .init())
            incoming?.secondary = secondary
            tell(.secondaryBegan)
            tell(.held(checkpoint: 0))
            for action in secondary.start() { deliver(.secondaryAction(run: run, action)) }
            if incoming?.endpoint?.isOpen != true {
                deliver(.secondary(run: run, .channelLost("closed by the peer")))
            }
        }
    }

    func carryOut(_ action: COLOSecondary.Action, run: UInt64) {
        guard incoming?.run == run else { return }
        switch action {
        case .send(let message):
            if let endpoint = incoming?.endpoint { world.send(.control(message), on: endpoint) }
        case .receiveLiveState, .receiveDeviceState: break
        case .commit(let number):
            later(world.microseconds(100...4000)) { [self] in
                guard incoming?.run == run, let staged = incoming?.staged else { return }
                incoming?.current = staged
                incoming?.staged = nil
                tell(.held(checkpoint: number))
                deliver(.secondary(run: run, .committed))
            }
        case .discardStaging: incoming?.staged = nil
        case .leave(let reason):
            world.note("\(name) leaves COLO: \(reason)")
            if let endpoint = incoming?.endpoint { world.close(endpoint) }
            tell(.incomingEnded("\(reason)"))
        case .takeOver:
            incoming?.isLoaded = true
            tell(.readyToResume)
        case .discardAll:
            incoming = nil
            world.checker.copyLost()
        }
    }
}
