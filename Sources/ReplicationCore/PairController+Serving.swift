import Environment

extension PairController.Serving {
    /// The replication run under way.
    var run: UInt64? {
        switch replication {
        case .synchronising(let run), .exposed(let run): run
        case .none, .deciding: nil
        }
    }
}

// The side on which the guest runs.
extension PairController {
    mutating func phaseEvent(_ event: Event, _ now: Nanoseconds, _ actions: inout Actions) {
        switch phase {
        case .serving(let serving): servingEvent(serving, event, now, &actions)
        case .standby(let standby): standbyEvent(standby, event)
        case .takingOver: takingOverEvent(event, now, &actions)
        case .failed: break
        }
    }

    private mutating func takingOverEvent(_ event: Event, _ now: Nanoseconds, _ actions: inout Actions) {
        switch event {
        case .guestRuns: phase = .serving(Serving(nextAttemptAt: now))
        case .guestFailed(let why): fail(why, &actions)
        default: break
        }
    }

    private mutating func servingEvent(
        _ old: Serving, _ event: Event, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        var serving = old
        switch (event, serving.replication) {
        case (.switchoverReached(let run), .synchronising) where run == serving.run:
            serving.replication = .exposed(run: run)
            serving.leaseSeenAt = now
            peerMayHaveTakenOver = true
            actions.append(.persist(term))
            actions.append(.continueSwitchover(run: run))
        case (.checkpointConfirmed(let run, let checkpoint), .exposed) where run == serving.run:
            serving.lastConfirmed = max(serving.lastConfirmed, checkpoint)
            guard checkpoint > 0 else { break }
            serving.waitingRelease = max(serving.waitingRelease ?? 0, checkpoint)
            if !serving.isProtected { actions.append(.raise(.protected)) }
            serving.isProtected = true
        case (.releaseExpired(let epoch), .exposed):
            serving.waitingRelease = max(serving.waitingRelease ?? 0, epoch)
        case (.replicationEnded(let run, let why), _) where serving.run == run:
            lastFailure = "replication ended: \(why)"
            return endReplication(serving, why, now, &actions, edgeKnows: true)
        case (.guestFailed(let why), _): return fail(why, &actions)
        default: break
        }
        phase = .serving(serving)
    }

    /// Ends the run, if there is one; an exposed side keeps holding and has to get a grant.
    mutating func endReplication(
        _ old: Serving, _ why: String, _ now: Nanoseconds, _ actions: inout Actions, edgeKnows: Bool = false
    ) {
        guard let run = old.run else { return }
        var serving = old
        if !edgeKnows { actions.append(.stopReplication(run: run)) }
        serving.isProtected = false
        serving.waitingRelease = nil
        serving.handOverDeadline = nil
        serving.nextAttemptAt = now + configuration.reprotectDelay
        if case .exposed = old.replication {
            serving.replication = .deciding(since: now)
            actions.append(.raise(.holding(why)))
        } else {
            serving.replication = .none
        }
        phase = .serving(serving)
    }

    mutating func continueAlone(
        _ old: Serving, _ claimed: Term, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        guard case .deciding = old.replication else { return }
        adopt(claimed, &actions)
        actions.append(.releaseAllOutput)
        actions.append(.raise(.continuingAlone(claimed)))
        phase = .serving(Serving(nextAttemptAt: old.nextAttemptAt))
    }

    /// What follows from where things stand, after every event.
    mutating func proceedServing(_ old: Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        var serving = old
        if let deadline = serving.handOverDeadline, now >= deadline {
            serving.handOverDeadline = nil
            actions.append(.raise(.commandFailed("the peer did not take over within \(configuration.handoverTimeout)")))
        }
        phase = .serving(serving)
        switch serving.replication {
        case .none: startReplication(serving, now, &actions)
        case .synchronising: break
        case .exposed: releaseUnderLease(serving, now, &actions)
        case .deciding(let since):
            if !peerIsAlive, serving.isVouched {
                granted(term.next(of: configuration.member), now, &actions)
            } else if !peerIsAlive || now >= since + configuration.acknowledgeTimeout {
                ask(term.next(of: configuration.member), .continueAlone, now, &actions)
            }
        }
    }

    private mutating func startReplication(_ old: Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        guard peerIsAlive, let report = peer?.report, report.isReady, report.term == term, now >= old.nextAttemptAt
        else { return }
        lastRun += 1
        var serving = old
        serving.replication = .synchronising(run: lastRun)
        phase = .serving(serving)
        actions.append(.startReplication(run: lastRun))
    }

    private mutating func releaseUnderLease(_ old: Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        guard peerIsAlive, let peer, peer.report.term == term, now < peer.promisedUntil else {
            if now >= old.leaseSeenAt + configuration.leaseTimeout {
                endReplication(old, "the peer confirms no heartbeat", now, &actions)
            }
            return
        }
        var serving = old
        serving.leaseSeenAt = now
        if let epoch = serving.waitingRelease {
            serving.waitingRelease = nil
            actions.append(.releaseOutput(throughEpoch: epoch, before: peer.promisedUntil))
        }
        phase = .serving(serving)
    }

    mutating func fail(_ why: String, _ actions: inout Actions) {
        actions.append(.fence)
        lastFailure = why
        phase = .failed(why)
        actions.append(.raise(.guestFailed(why)))
    }
}
