import Environment

// What the peer says: its reports, its claims, its loss.
extension PairController {
    mutating func heard(
        _ report: PairReport, _ promisedUntil: Nanoseconds, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        if peer != nil, !peerIsAlive {
            actions.append(.raise(.peerReturned))
            // Whatever cut the two apart may have made the guest's clients look for it elsewhere.
            if case .serving = phase { actions.append(.announceGuest) }
        }
        if !peerIsAlive { arbiterRefusal = nil }
        peerIsAlive = true
        peer = (report, promisedUntil)
        if report.term > max(term, adopting ?? term) { heardHigherTerm(report, now, &actions) }
        if entry?.grant == .loss { withdrawEntry(&actions) }
        if case .standby(var standby) = phase, report.term == term, report.isServing {
            standby.isStopped = report.isStopped
            phase = .standby(standby)
        }
        consider(report, now, &actions)
    }

    mutating func peerWasLost(_ loss: PeerLoss, _ now: Nanoseconds, _ actions: inout Actions) {
        guard peerIsAlive else { return }
        peerIsAlive = false
        granting = nil
        quietSince = now
        let reason = peer?.report.leaving ?? .stays
        if reason == .stays {
            note(
                failure: "peer lost: \(loss == .refused ? "its process is gone" : "silent for the heartbeat timeout")",
                now)
            actions.append(.raise(.peerLost(loss)))
        } else {
            actions.append(.raise(.peerLeft(reason)))
        }
        if case .serving(let serving) = phase {
            endReplication(serving, "the peer is lost", now, &actions)
        }
    }

    mutating func peerIdentified(_ differences: [String], _ now: Nanoseconds, _ actions: inout Actions) {
        self.differences = differences
        if !differences.isEmpty {
            note(failure: "the two sides differ: \(differences.joined(separator: "; "))", now)
            actions.append(.raise(.peerDiffers(differences)))
        }
        guard case .serving(var serving) = phase else { return }
        serving.failedAttempts = 0
        phase = .serving(serving)
    }

    /// The peer has left on purpose, with its guest fenced and without anything that this side would need to ask for.
    var peerHasLeft: Bool {
        guard let report = peer?.report, report.leaving != .stays else { return false }
        return !peerIsAlive && !report.isServing && !report.isEntering && report.state != .takingOver
            && report.term <= term
    }

    /// The peer has persisted a term above ours: a grant if it is ours, the end of our service if it is not.
    private mutating func heardHigherTerm(_ report: PairReport, _ now: Nanoseconds, _ actions: inout Actions) {
        let higher = report.term
        guard higher.owner == configuration.member else {
            if canOvertake(report) {
                entry = Entry(term: higher.next(of: configuration.member), kind: .continueAlone, grant: .overtaking)
                return
            }
            return yield(to: higher, &actions)
        }
        if claim?.term == higher || entry?.term == higher { return granted(higher, .peer) }
        if case .standby(let standby) = phase, standby.checkpoint != nil {
            // A claim that was given up, granted late: the peer has stopped for it already.
            return granted(higher, .peer)
        }
        // Our own record was lost; the peer still knows how far we were.
        if entry == nil { adopting = higher }
    }

    /// The guest runs here, nobody can have a checkpoint of it, and the peer has a higher term but no guest: a term that
    /// it wrote and never served in.
    private func canOvertake(_ report: PairReport) -> Bool {
        guard entry == nil, case .serving(let serving) = phase else { return false }
        switch serving.replication {
        case .none, .synchronising: break
        case .switching, .exposed, .deciding: return false
        }
        return !report.isServing && !report.isEntering && !report.hasCheckpoint && report.state != .takingOver
    }

    /// The peer serves in a higher term, or may from now on: whatever this side had is worth nothing any more.
    private mutating func yield(to higher: Term, _ actions: inout Actions) {
        question = nil
        granting = nil
        let hadServed = term.owner == configuration.member
        giveUp(&actions)
        adopting = higher
        guard hadServed else { return }
        supersededBy = higher
        actions.append(.raise(.superseded(by: higher)))
    }

    /// Stops the guest for good, or forgets the checkpoint.
    private mutating func giveUp(_ actions: inout Actions) {
        let isResuming = entry.map { $0.stage == .acting && $0.kind != .continueAlone } ?? false
        entry = nil
        switch phase {
        case .serving(let serving):
            fence(&actions)
            if let run = serving.run { actions.append(.stopReplication(run: run)) }
            phase = .standby(Standby())
        case .standby(var standby):
            standby.intent = nil
            if isResuming {
                fence(&actions)
                standby = Standby()
            } else if let run = standby.run, standby.isReceiving || standby.checkpoint != nil {
                actions.append(.abandonCheckpoint(run: run))
                standby = Standby()
            }
            phase = .standby(standby)
        case .failed: break
        }
    }

    mutating func fence(_ actions: inout Actions) {
        wasFenced = true
        actions.append(.fence)
    }

    // MARK: Grants

    /// Prepares the grant of what the peer claims, if this side may grant it: the term is written first, and while that
    /// takes its time nothing is given up.
    private mutating func consider(_ report: PairReport, _ now: Nanoseconds, _ actions: inout Actions) {
        if let claimed = granting {
            guard report.request.term == claimed else { return granting = nil }
            if isOnRecord({ $0.term == claimed }) { completeGrant(claimed, report, now, &actions) }
            return
        }
        if report.request == .handOver { return handOverRequested(report, now) }
        guard adopting == nil, let claimed = report.request.term, mayGrant(claimed, report) else {
            return
        }
        granting = claimed
    }

    private func mayGrant(_ claimed: Term, _ report: PairReport) -> Bool {
        guard claimed > term, claimed.owner == configuration.member.other, question == nil, entry == nil else {
            return false
        }
        switch phase {
        case .serving(let serving):
            // Only a checkpoint of this very term is as good as the guest here, and of two claims ours is higher.
            guard case .takeOver = report.request, serving.isExposed, claim == nil, report.leaving == .stays else {
                return false
            }
            return report.hasCheckpoint && report.term == term
        case .standby(let standby):
            switch report.request {
            case .continueAlone: return claimed > standby.intent?.term ?? .none
            case .takeOver: return report.hasCheckpoint && report.term == term && standby.checkpoint == nil
            case .start: return standby.checkpoint == nil && claimed > standby.intent?.term ?? .none
            case .none, .handOver: return false
            }
        case .failed: return true
        }
    }

    /// The claimed term is on record here, and the peer has just said that it still wants it: what it said before the
    /// write may be as old as the heartbeat's timeout, and a side that is gone takes nothing over. Everything is given up for
    /// it, and the next report tells so.
    private mutating func completeGrant(
        _ claimed: Term, _ report: PairReport, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        granting = nil
        guard mayGrant(claimed, report) else { return }
        let served = if case .serving = phase { true } else { false }
        giveUp(&actions)
        if served { actions.append(.raise(.handedOver(claimed))) }
        term = claimed
        peerMayHaveTakenOver = false
    }

    private mutating func handOverRequested(_ report: PairReport, _ now: Nanoseconds) {
        guard case .standby(var standby) = phase, standby.checkpoint != nil, standby.intent == nil, entry == nil,
            report.term == term, isRecordGood(now), leaving == .stays
        else { return }
        standby.intent = Intent(
            kind: .takeOver, term: term.next(of: configuration.member),
            commandDeadline: now + configuration.handoverTimeout)
        phase = .standby(standby)
    }
}
