import Environment

// What the peer says: its reports, its claims, its loss.
extension PairController {
    mutating func heard(
        _ report: PairReport, _ promisedUntil: Nanoseconds, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        if peer != nil, !peerIsAlive { actions.append(.raise(.peerReturned)) }
        peerIsAlive = true
        peer = (report, promisedUntil)
        if report.term > term { heardHigherTerm(report.term, now, &actions) }
        grant(report, now, &actions)
    }

    mutating func peerWasLost(_ loss: PeerLoss, _ now: Nanoseconds, _ actions: inout Actions) {
        guard peerIsAlive else { return }
        peerIsAlive = false
        quietSince = now
        lastFailure = "peer lost: \(loss == .refused ? "its process is gone" : "silent for the heartbeat timeout")"
        actions.append(.raise(.peerLost(loss)))
        if case .serving(let serving) = phase {
            endReplication(serving, "the peer is lost", now, &actions)
        }
    }

    /// The peer has persisted a term above ours: a grant if it is ours, the end of our service if it is not.
    private mutating func heardHigherTerm(_ higher: Term, _ now: Nanoseconds, _ actions: inout Actions) {
        guard higher.owner == configuration.member else { return yield(to: higher, &actions) }
        if claim?.term == higher { return granted(higher, now, &actions) }
        if case .standby(let standby) = phase, standby.checkpoint != nil {
            // A claim that was given up, granted late: the peer has stopped for it already.
            return granted(higher, now, &actions)
        }
        // Our own record was lost; the peer still knows how far we were.
        adopt(higher, &actions)
    }

    /// The peer serves in a higher term, or may from now on: whatever this side had is worth nothing any more.
    mutating func yield(to higher: Term, _ actions: inout Actions, isHandover: Bool = false) {
        question = nil
        let hadServed = term.owner == configuration.member
        switch phase {
        case .serving(let serving):
            actions.append(.fence)
            if let run = serving.run { actions.append(.stopReplication(run: run)) }
            phase = .standby(Standby())
        case .takingOver:
            actions.append(.fence)
            phase = .standby(Standby())
        case .standby(var standby):
            adopt(higher, &actions)
            standby.intent = nil
            if let run = standby.run, standby.isReceiving || standby.checkpoint != nil {
                actions.append(.abandonCheckpoint(run: run))
                standby = Standby()
            }
            phase = .standby(standby)
        case .failed: break
        }
        if term < higher { adopt(higher, &actions) }
        guard hadServed else { return }
        wasSuperseded = !isHandover
        actions.append(.raise(isHandover ? .handedOver(higher) : .superseded(by: higher)))
    }

    /// Grants what the peer claims, if this side may: persisting the term is the grant, the next report shows it.
    private mutating func grant(_ report: PairReport, _ now: Nanoseconds, _ actions: inout Actions) {
        if report.request == .handOver { return handOverRequested(report, now) }
        guard let claimed = report.request.term, claimed > term, claimed.owner == configuration.member.other,
            question == nil
        else { return }
        switch phase {
        case .serving(let serving):
            // Only a checkpoint of this very term is as good as the guest here, and of two claims ours is higher.
            guard case .takeOver = report.request, report.hasCheckpoint, report.term == term,
                case .exposed = serving.replication
            else { return }
            yield(to: claimed, &actions, isHandover: true)
        case .standby(let standby):
            guard mayGrant(report, claimed, standby) else { return }
            yield(to: claimed, &actions)
        case .takingOver: return
        case .failed: yield(to: claimed, &actions)
        }
    }

    private func mayGrant(_ report: PairReport, _ claimed: Term, _ standby: Standby) -> Bool {
        switch report.request {
        case .continueAlone: claimed > standby.intent?.term ?? .none
        case .takeOver: report.hasCheckpoint && report.term == term && standby.checkpoint == nil
        case .start: standby.checkpoint == nil && claimed > standby.intent?.term ?? .none
        case .none, .handOver: false
        }
    }

    private mutating func handOverRequested(_ report: PairReport, _ now: Nanoseconds) {
        guard case .standby(var standby) = phase, standby.checkpoint != nil, standby.intent == nil,
            report.term == term
        else { return }
        standby.intent = Intent(
            kind: .takeOver, term: term.next(of: configuration.member),
            commandDeadline: now + configuration.handoverTimeout)
        phase = .standby(standby)
    }
}
