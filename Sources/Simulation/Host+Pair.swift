import Environment
import ReplicationCore

// What the event loop wants done: the effects of PairDriver.
extension Host {
    func carryOut(_ effect: PairDriver.Effect) {
        switch effect {
        case .send(let id, let bytes):
            if let endpoint = endpoints[id] { world.send(.bytes(bytes), on: endpoint) }
        case .close(let id):
            if let endpoint = endpoints[id] { world.close(endpoint) }
        case .dial(let address): dial(address)
        case .ignored(let id, let fault): world.note("\(name) ignores connection \(id): \(fault)")
        case .pair(let action): carryOut(action)
        }
    }

    private func carryOut(_ action: PairController.Action) {
        world.note("\(name) [\(controller.state.name) \(controller.term)] \(action)")
        switch action {
        case .startGuest, .takeOver, .releaseAllOutput: world.checker.acts(self)
        default: break
        }
        switch action {
        case .persist(let record): persist(record)
        case .announce: break
        case .startGuest(let before): later(world.microseconds(20...2000)) { [self] in startGuest(before: before) }
        case .takeOver(let before, _): tell(.takeOver(before: before))
        case .startReplication(let run): tell(.start(run: run))
        case .continueSwitchover(let run): tell(.continueSwitchover(run: run))
        case .stopReplication(let run): tell(.stop(run: run))
        case .listenForReplication(let run): tell(.listen(run: run))
        case .abandonCheckpoint(let run): tell(.abandon(run: run))
        case .releaseOutput(let epoch, let before):
            if world.now < before || world.settings.sabotage == .ignoreLease {
                releaseHeld(through: epoch)
            } else {
                post(.pair(.releaseExpired(throughEpoch: epoch)))
            }
        case .releaseAllOutput(let before): releaseAll(before: before)
        case .announceGuest: break
        case .fence: tell(.fence)
        case .askArbiter(let term, _): world.arbiter.ask(term, by: self)
        case .withdrawQuestion(let term): world.arbiter.withdraw(term, by: self)
        case .leave(let reason): leave(reason)
        case .raise(let event): raised(event)
        }
    }

    private func persist(_ record: PairRecord) {
        let incarnation = incarnation
        if world.settings.sabotage == .writeOnTheLoop { freezeLoop(for: .seconds(60)) }
        disk.write(record) { [self] failure in
            guard self.incarnation == incarnation, isRunning else { return }
            driver.post(.pair(failure.map { .persistFailed($0) } ?? .persisted(record)))
            if world.settings.sabotage == .writeOnTheLoop { thawLoop() } else { post(.timer) }
        }
        guard world.settings.sabotage == .enterBeforeWritten else { return }
        post(.pair(.persisted(record)))
    }

    private func raised(_ event: PairEvent) {
        switch event {
        case .protected:
            world.arbiter.pairIsProtected(in: controller.term)
            // What was decided before the loop stood still is told late; the audit looks at what is said then.
            guard world.now <= controller.nextDeadline + .milliseconds(250) else { return }
            world.checker.calledProtected(self, peer: world.peer(of: self))
        case .handedOver(let term): world.checker.handsOver(self, term, to: world.peer(of: self))
        case .holding where world.settings.sabotage == .goOnWithoutGrant: releaseHeld(through: .max)
        default: break
        }
    }

    private func leave(_ reason: Leaving) {
        world.note("\(name) leaves: \(reason)")
        world.checker.left(self)
        // The operator starts it again after a while; nobody else would.
        endProcess(restartAfter: world.microseconds(500_000...4_000_000))
    }

    private func releaseAll(before: Nanoseconds) {
        guard world.now < before else { return post(.pair(.entryExpired)) }
        if guest != nil, !isRetired { world.checker.begins(self) }
        isHolding = false
        releaseHeld(through: .max)
        tell(.released)
        post(.pair(.outputReleased))
    }

    private func startGuest(before: Nanoseconds) {
        guard world.now < before else { return post(.pair(.entryExpired)) }
        guard !isRetired else { return post(.pair(.guestFailed("the machine is retired"))) }
        world.checker.startsAfresh(self)
        resume(Guest(lineage: world.chance.next()))
        post(.pair(.guestRuns))
    }

    /// The guest runs here from now on, as the service VM.
    func resume(_ resumed: Guest) {
        guard !isRetired else { return }
        world.checker.begins(self)
        guest = resumed
        guestIsPaused = false
        isHolding = false
        held = []
    }

    /// Nothing leaves any more, and no guest runs here again.
    func fence() {
        if world.settings.sabotage == .releaseWhenFenced { releaseHeld(through: .max) }
        held = []
        isHolding = false
        guard world.settings.sabotage != .resumeAfterFence else { return }
        isRetired = true
        world.checker.copyLost()
    }

    private func dial(_ address: Int) {
        let network: NetworkName = address == 0 ? .heartbeatA : .heartbeatB
        world.connect(network, from: self) { remote, endpoint in
            remote.post(.network(.opened(endpoint.id, dialled: nil, nonce: remote.nonce())))
            return true
        } completion: { [self] endpoint, refused in
            if let endpoint {
                post(.network(.opened(endpoint.id, dialled: address, nonce: nonce())))
            } else {
                post(.network(.dialFailed(address: address, refused: refused)))
            }
        }
    }

    func nonce() -> [UInt8] {
        (0..<HeartbeatCoding.nonceLength).map { _ in UInt8(truncatingIfNeeded: world.chance.next()) }
    }
}
