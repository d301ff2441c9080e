import Environment

// Entering a term: the one way in which a side begins to serve, or goes on, in a new term.
extension PairController {
    /// Somebody agreed to the claim: the term is written, and then looked at again.
    mutating func granted(_ claimed: Term, _ grant: Entry.Grant) {
        question = nil
        arbiterRefusal = nil
        if let present = entry {
            if present.term == claimed, present.grant == .loss { entry?.grant = grant }
            return
        }
        granting = nil
        // Whatever was to be acknowledged first is lower; left over, it would be written above the term entered here.
        adopting = nil
        switch phase {
        case .serving(let serving):
            guard case .deciding = serving.replication else { return }
            entry = Entry(term: claimed, kind: .continueAlone, grant: grant)
        case .standby(let standby):
            entry = Entry(term: claimed, kind: standby.checkpoint != nil ? .takeOver : .start, grant: grant)
        case .failed: break
        }
    }

    /// The term is on record: looks again at what it was written for, and acts.
    mutating func proceedEntry(_ now: Nanoseconds, _ actions: inout Actions) {
        guard let waiting = entry, waiting.stage == .writing, isOnRecord({ $0.term == waiting.term }) else { return }
        if waiting.grant == .loss, configuration.brokenRule != .lookAgain {
            guard !peerIsAlive else { return withdrawEntry(&actions) }
            // A side that stood still listens for as long as it would give a silent peer.
            guard now >= awakeSince + configuration.heartbeatTimeout else { return }
        }
        if waiting.grant != .peer, peerGoesFirst(waiting.term) { return }
        entry?.stage = .acting
        let before = waiting.grant == .loss ? now + configuration.freezeLimit : .never
        switch waiting.kind {
        case .continueAlone where waiting.grant == .overtaking: overtaken(waiting.term)
        case .continueAlone: actions.append(.releaseAllOutput(before: before))
        case .takeOver:
            guard case .standby(let standby) = phase else { return }
            actions.append(.raise(.takingOver(waiting.term)))
            actions.append(.takeOver(before: before, staysStopped: standby.isStopped))
        case .start:
            guard case .standby(var standby) = phase else { return }
            if let run = standby.run { actions.append(.abandonCheckpoint(run: run)) }
            standby.run = nil
            standby.isListening = false
            phase = .standby(standby)
            actions.append(.raise(.starting(waiting.term)))
            actions.append(.startGuest(before: before))
        }
    }

    /// A peer that is heard resumes the guest already, or enters a higher term: what it says next decides. With an arbiter
    /// that keeps its contract this does not happen.
    private func peerGoesFirst(_ entered: Term) -> Bool {
        guard peerIsAlive, let report = peer?.report else { return false }
        if report.state == .takingOver { return true }
        guard report.isEntering, let other = report.request.term else { return false }
        return other > entered
    }

    /// What the term was written for is no longer so: it is taken back before anything was done in it.
    mutating func withdrawEntry(_ actions: inout Actions) {
        guard let withdrawn = entry, withdrawn.stage == .writing, configuration.brokenRule != .lookAgain else { return }
        entry = nil
        actions.append(.raise(.entryWithdrawn(withdrawn.term)))
    }

    private mutating func overtaken(_ higher: Term) {
        term = higher
        entry = nil
    }

    /// What becomes of an entry that is acted upon; false if the event is none of that.
    mutating func entryEvent(_ event: Event, _ now: Nanoseconds, _ actions: inout Actions) -> Bool {
        guard let acting = entry, acting.stage == .acting else { return false }
        switch event {
        case .outputReleased where acting.kind == .continueAlone:
            var next = Serving(nextAttemptAt: now)
            if case .serving(let serving) = phase {
                next.nextAttemptAt = serving.nextAttemptAt
                next.failedAttempts = serving.failedAttempts
            }
            enter(acting.term, next, &actions)
            actions.append(.raise(.continuingAlone(acting.term)))
        case .guestRuns where acting.kind != .continueAlone:
            enter(acting.term, Serving(nextAttemptAt: now), &actions)
            if leaving == .stop {
                servesWhileLeaving = true
                leaveDeadline = now + configuration.handBackTimeout
            }
            supersededBy = nil
        case .entryExpired:
            entry?.stage = .writing
            awakeSince = now
        case .guestFailed(let why):
            // Nothing ran in the term, so it is taken back with the next write.
            entry = nil
            fail(why, now, &actions)
        default: return false
        }
        return true
    }

    private mutating func enter(_ entered: Term, _ serving: Serving, _ actions: inout Actions) {
        term = entered
        entry = nil
        peerMayHaveTakenOver = false
        phase = .serving(serving)
        actions.append(.announceGuest)
    }
}
