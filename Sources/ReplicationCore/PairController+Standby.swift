import Environment

// The side on which the guest does not run.
extension PairController {
    mutating func standbyEvent(_ old: Standby, _ event: Event, _ now: Nanoseconds) {
        var standby = old
        switch event {
        case .listening(let run) where run == standby.run: standby.isListening = true
        case .incomingStarted(let run) where run == standby.run: standby.isReceiving = true
        case .checkpointHeld(let run, let checkpoint) where run == standby.run:
            standby.isReceiving = true
            standby.checkpoint = checkpoint
            supersededBy = nil
        case .incomingEnded(let run, let why) where run == standby.run:
            note(failure: "incoming replication ended: \(why)", now)
            if standby.checkpoint == nil {
                standby.run = nil
                standby.isListening = false
            }
            standby.isReceiving = false
        default: break
        }
        phase = .standby(standby)
    }

    /// What follows from where things stand, after every event.
    mutating func proceedStandby(_ old: Standby, _ now: Nanoseconds, _ actions: inout Actions) {
        guard entry == nil else { return }
        var standby = old
        updateIntent(&standby, now, &actions)
        phase = .standby(standby)
        if let intent = standby.intent, !peerIsAlive {
            if peerHasLeft {
                granted(intent.term, .peer)
            } else if term == .none || intent.isVouched {
                // The first start of the pair: no record, and nobody there who could have one.
                granted(intent.term, .loss)
            } else {
                ask(intent.term, intent.kind == .takeOver ? .takeOver : .start, now, &actions)
            }
        }
        dropStrandedRun(now, &actions)
        listenAgain(now, &actions)
    }

    /// A primary that lost its power while it sent the first copy comes back and knows nothing of it. One that serves
    /// unprotected was never exposed in this run, so nothing that could still be loading here is a checkpoint of it.
    private mutating func dropStrandedRun(_ now: Nanoseconds, _ actions: inout Actions) {
        guard case .standby(var standby) = phase else { return }
        guard standby.isReceiving, standby.checkpoint == nil, let run = standby.run, peerIsAlive,
            let report = peer?.report, report.state == .unprotected, report.term == term
        else {
            standby.strandedSince = nil
            phase = .standby(standby)
            return
        }
        let since = standby.strandedSince ?? now
        standby.strandedSince = since
        phase = .standby(standby)
        guard now >= since + configuration.strandedTimeout else { return }
        phase = .standby(Standby())
        actions.append(.abandonCheckpoint(run: run))
    }

    private mutating func listenAgain(_ now: Nanoseconds, _ actions: inout Actions) {
        guard case .standby(var waiting) = phase, waiting.run == nil, waiting.intent == nil, entry == nil,
            adopting == nil, granting == nil, leaving == .stays
        else { return }
        // The peer hears why the connections end that end now.
        if wasFenced { leaving = .anew }
        lastRun += 1
        waiting.run = lastRun
        waiting.isListening = false
        waiting.isReceiving = false
        phase = .standby(waiting)
        if wasFenced { announceLastWord(now, &actions) }
        actions.append(.listenForReplication(run: lastRun))
    }

    private mutating func updateIntent(_ standby: inout Standby, _ now: Nanoseconds, _ actions: inout Actions) {
        if let intent = standby.intent {
            guard question == nil else { return }
            if let deadline = intent.commandDeadline {
                guard now >= deadline else { return }
                actions.append(.raise(.commandFailed(.notAgreed(arbiter: arbiterRefusal))))
            }
            standby.intent = nil
        }
        guard leaving == .stays, adopting == nil else { return }
        let kind: Intent.Kind
        if standby.checkpoint != nil {
            guard peerNeedsTakeover else {
                standby.failoverWasRaised = false
                return
            }
            // A peer that left on purpose has handed its guest over: that is no loss for an operator to judge.
            guard configuration.failover == .automatic || peerHasLeft else {
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
        return !report.isServing && !report.isEntering && report.state != .takingOver && report.term <= term
            && report.leaving != .powerOff
    }

    /// Nobody has the guest, and it is this side's turn to boot it.
    private func mayStart(_ now: Nanoseconds) -> Bool {
        guard !wasFenced else { return false }
        if peerIsAlive, let report = peer?.report {
            guard !report.isServing, !report.hasCheckpoint, !report.isEntering, report.state != .takingOver,
                report.term <= term, report.leaving == .stays
            else { return false }
            return (term.owner ?? .first) == configuration.member || report.state == .failed
        }
        // A peer that may have taken over must not be fenced by a side that has nothing to offer but a fresh boot.
        return now >= quietSince + configuration.startWait && (term.owner ?? .first) == configuration.member
            && !peerMayHaveTakenOver
    }
}
