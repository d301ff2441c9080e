import Environment
import ReplicationCore

// What the pair controller and the heartbeat monitor want done.
extension Host {
    func carryOut(_ action: PairController.Action) {
        world.note("\(name) [\(controller.state.name) \(controller.term)] \(action)")
        switch action {
        case .persist(let term): disk = (term, controller.peerMayHaveTakenOver)
        case .announce(let report):
            for action in monitor.announce(report, now: world.now) { carryOut(action) }
        case .startGuest:
            world.checker.startsAfresh(self)
            resume(Guest(lineage: world.chance.next()))
        case .takeOver:
            guard let run = incoming?.run else { return }
            deliver(.secondary(run: run, .failoverRequested))
        case .startReplication(let run): startReplication(run)
        case .continueSwitchover(let run): continueSwitchover(run)
        case .stopReplication(let run): stopReplication(run)
        case .listenForReplication(let run): incoming = Incoming(run: run)
        case .abandonCheckpoint(let run): abandon(run)
        case .releaseOutput(let epoch, let before):
            if world.now < before || world.settings.sabotage == .ignoreLease {
                releaseHeld(through: epoch)
            } else {
                deliver(.pair(.releaseExpired(throughEpoch: epoch)))
            }
        case .releaseAllOutput:
            world.checker.begins(self)
            isHolding = false
            releaseHeld(through: .max)
        case .fence:
            if world.settings.sabotage == .releaseWhenFenced { releaseHeld(through: .max) }
            held = []
            guest = nil
            guestIsPaused = false
            isHolding = false
            world.checker.copyLost()
        case .askArbiter(let term, _): world.arbiter.ask(term, by: self)
        case .raise(let event): raised(event)
        }
    }

    private func raised(_ event: PairEvent) {
        switch event {
        case .protected:
            world.arbiter.pairIsProtected(in: controller.term)
            world.checker.calledProtected(self, peer: world.peer(of: self))
        case .holding where world.settings.sabotage == .goOnWithoutGrant: releaseHeld(through: .max)
        default: break
        }
    }

    /// The guest runs here from now on, as the service VM.
    func resume(_ resumed: Guest) {
        world.checker.begins(self)
        guest = resumed
        guestIsPaused = true
        isHolding = false
        held = []
        later(world.microseconds(500...5000)) { [self] in
            guard guest != nil else { return }
            guestIsPaused = false
            deliver(.pair(.guestRuns))
        }
    }

    private func abandon(_ run: UInt64) {
        guard let incoming, incoming.run == run else { return }
        if incoming.secondary != nil { return deliver(.secondary(run: run, .abandon)) }
        if let endpoint = incoming.endpoint { world.close(endpoint) }
        self.incoming = nil
    }

    func carryOut(_ action: HeartbeatMonitor.Action) {
        switch action {
        case .send(let id, let bytes):
            if let endpoint = endpoints[id] { world.send(.bytes(bytes), on: endpoint) }
        case .close(let id):
            if let endpoint = endpoints[id] { world.close(endpoint) }
        case .dial(let address): dial(address)
        case .heard(let report, let promisedUntil):
            let until = world.settings.sabotage == .ignoreLease ? .never : promisedUntil
            deliver(.pair(.heard(report, promisedUntil: until)))
        case .peerLost(let loss): deliver(.pair(.peerLost(loss)))
        case .ignored(let id, let fault): world.note("\(name) ignores connection \(id): \(fault)")
        }
    }

    private func dial(_ address: Int) {
        let network: NetworkName = address == 0 ? .heartbeatA : .heartbeatB
        world.connect(network, from: self) { remote, endpoint in
            remote.deliver(.monitor(.opened(endpoint.id, dialled: nil, nonce: remote.nonce())))
            return true
        } completion: { [self] endpoint, refused in
            if let endpoint {
                deliver(.monitor(.opened(endpoint.id, dialled: address, nonce: nonce())))
            } else {
                deliver(.monitor(.dialFailed(address: address, refused: refused)))
            }
        }
    }

    private func nonce() -> [UInt8] {
        (0..<HeartbeatCoding.nonceLength).map { _ in UInt8(truncatingIfNeeded: world.chance.next()) }
    }
}
