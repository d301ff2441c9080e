import Environment

// The side on which the guest does not run.
extension PairController {
    mutating func standbyEvent(_ old: Standby, _ event: Event) {
        var standby = old
        switch event {
        case .incomingStarted(let run) where run == standby.run: standby.isReceiving = true
        case .checkpointHeld(let run, let checkpoint) where run == standby.run:
            standby.isReceiving = true
            standby.checkpoint = checkpoint
        case .incomingEnded(let run, let why) where run == standby.run:
            lastFailure = "incoming replication ended: \(why)"
            if standby.checkpoint == nil { standby.run = nil }
            standby.isReceiving = false
        default: break
        }
        phase = .standby(standby)
    }

    /// What follows from where things stand, after every event.
    mutating func proceedStandby(_ old: Standby, _ now: Nanoseconds, _ actions: inout Actions) {
        var standby = old
        updateIntent(&standby, now, &actions)
        phase = .standby(standby)
        if let intent = standby.intent, !peerIsAlive {
            if term == .none || intent.isVouched {
                // The first start of the pair: no record, and nobody there who could have one.
                granted(intent.term, now, &actions)
            } else {
                ask(intent.term, intent.kind == .takeOver ? .takeOver : .start, now, &actions)
            }
        }
        guard case .standby(var waiting) = phase, waiting.run == nil, waiting.intent == nil else { return }
        lastRun += 1
        waiting.run = lastRun
        waiting.isReceiving = false
        phase = .standby(waiting)
        actions.append(.listenForReplication(run: lastRun))
    }

    private mutating func updateIntent(_ standby: inout Standby, _ now: Nanoseconds, _ actions: inout Actions) {
        if let intent = standby.intent {
            guard question == nil else { return }
            if let deadline = intent.commandDeadline {
                guard now >= deadline else { return }
                actions.append(.raise(.commandFailed("neither the peer nor the arbiter agreed in time")))
            }
            standby.intent = nil
        }
        let kind: Intent.Kind
        if standby.checkpoint != nil {
            guard peerNeedsTakeover else {
                standby.failoverWasRaised = false
                return
            }
            guard configuration.failover == .automatic else {
                if !standby.failoverWasRaised { actions.append(.raise(.failoverNeeded)) }
                standby.failoverWasRaised = true
                return
            }
            kind = .takeOver
        } else {
            guard mayStart(now) else { return }
            kind = .start
        }
        standby.intent = Intent(kind: kind, term: term.next(of: configuration.member))
    }

    /// The peer that served is lost, or came back without its guest.
    private var peerNeedsTakeover: Bool {
        guard peerIsAlive, let report = peer?.report else { return true }
        return !report.isServing && report.state != .takingOver && report.term <= term
    }

    /// Nobody has the guest, and it is this side's turn to boot it.
    private func mayStart(_ now: Nanoseconds) -> Bool {
        if peerIsAlive, let report = peer?.report {
            guard !report.isServing, !report.hasCheckpoint, report.state != .takingOver, report.term <= term else {
                return false
            }
            return (term.owner ?? .first) == configuration.member || report.state == .failed
        }
        // A peer that may have taken over must not be fenced by a side that has nothing to offer but a fresh boot.
        return now >= quietSince + configuration.startWait && (term.owner ?? .first) == configuration.member
            && !peerMayHaveTakenOver
    }

    mutating func serveFromStandby(_ standby: Standby, _ claimed: Term, _ actions: inout Actions) {
        adopt(claimed, &actions)
        phase = .takingOver
        if standby.checkpoint != nil {
            actions.append(.raise(.takingOver(claimed)))
            actions.append(.takeOver)
        } else {
            if let run = standby.run { actions.append(.abandonCheckpoint(run: run)) }
            actions.append(.raise(.starting(claimed)))
            actions.append(.startGuest)
        }
    }
}
