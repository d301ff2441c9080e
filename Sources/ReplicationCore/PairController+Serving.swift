import Environment

extension PairController.Serving {
    /// The replication run under way.
    var run: UInt64? {
        switch replication {
        case .synchronising(let run, _), .switching(let run, _), .exposed(let run): run
        case .none, .deciding: nil
        }
    }

    /// The peer may hold a complete checkpoint.
    var isExposed: Bool {
        switch replication {
        case .exposed, .deciding: true
        case .none, .synchronising, .switching: false
        }
    }
}

// The side on which the guest runs.
extension PairController {
    mutating func servingEvent(
        _ old: Serving, _ event: Event, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        var serving = old
        switch (event, serving.replication) {
        case (.switchoverReached(let run), .synchronising(_, let since)) where run == serving.run:
            serving.replication = .switching(run: run, since: since)
            peerMayHaveTakenOver = true
        case (.checkpointConfirmed(let run, let checkpoint), .exposed) where run == serving.run:
            serving.lastConfirmed = max(serving.lastConfirmed, checkpoint)
            guard checkpoint > 0 else { break }
            serving.lastConfirmedAt = now
            serving.waitingRelease = max(serving.waitingRelease ?? 0, checkpoint)
        case (.releaseExpired(let epoch), .exposed):
            serving.waitingRelease = max(serving.waitingRelease ?? 0, epoch)
        case (.replicationEnded(let run, let why), _) where serving.run == run:
            note(failure: "replication ended: \(why)", now)
            return endReplication(serving, why, now, &actions, edgeKnows: true)
        case (.guestFailed(let why), _): return fail(why, now, &actions)
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
        serving.nextAttemptAt = now + delay(after: serving.failedAttempts)
        // Counts from nothing again as soon as the guest is protected.
        serving.failedAttempts += 1
        if case .exposed = old.replication {
            serving.replication = .deciding(since: now)
            actions.append(.raise(.holding(why)))
        } else {
            serving.replication = .none
            peerMayHaveTakenOver = false
            actions.append(.raise(.replicationFailed(why)))
        }
        phase = .serving(serving)
    }

    /// An attempt that failed is repeated ever more seldom: each copies the guest's whole memory.
    private func delay(after failures: UInt64) -> Nanoseconds {
        min(configuration.reprotectLimit, Nanoseconds(configuration.reprotectDelay.count << min(failures, 10)))
    }

    /// What follows from where things stand, after every event.
    mutating func proceedServing(_ old: Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        var serving = old
        if let deadline = serving.handOverDeadline, now >= deadline {
            serving.handOverDeadline = nil
            serving.impairedSince = nil
            actions.append(.raise(.commandFailed(.notTakenOver(within: configuration.handoverTimeout))))
        }
        phase = .serving(serving)
        switch serving.replication {
        case .none: startReplication(serving, now, &actions)
        case .synchronising(_, let since), .switching(_, let since):
            guard now >= since + configuration.synchronisationTimeout else { break }
            endReplication(
                serving, "the initial synchronisation took longer than \(configuration.synchronisationTimeout)", now,
                &actions)
        case .exposed: proceedExposed(serving, now, &actions)
        case .deciding(let since): decide(serving, since, now, &actions)
        }
    }

    private mutating func decide(
        _ serving: Serving, _ since: Nanoseconds, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        if prefersPeer { return askPeerToTakeOver(serving, now, &actions) }
        let next = term.next(of: configuration.member)
        if peerHasLeft, peer?.report.hasCheckpoint == false {
            granted(next, .peer)
        } else if !peerIsAlive, serving.isVouched {
            granted(next, .loss)
        } else if !peerIsAlive || now >= since + configuration.acknowledgeTimeout {
            ask(next, .continueAlone, now, &actions)
        }
    }

    private mutating func startReplication(_ old: Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        guard peerIsAlive, let report = peer?.report, report.isReady, report.term == term, now >= old.nextAttemptAt,
            entry == nil, leaving == .stays || servesWhileLeaving, report.leaving == .stays, differences.isEmpty,
            isRecordGood(now), report.extensions.contains(.proof)
        else { return }
        lastRun += 1
        var serving = old
        serving.replication = .synchronising(run: lastRun, since: now)
        serving.lastConfirmed = 0
        phase = .serving(serving)
        actions.append(.startReplication(run: lastRun))
    }

    // MARK: Exposed

    /// The run whose complete checkpoints let output out now, and until when: as long as the secondary is known not to
    /// take over (OutputLease). Nil while nothing may leave.
    public var outputPermit: OutputPermit? {
        guard case .serving(let serving) = phase, case .exposed(let run) = serving.replication, let peer, peerIsAlive,
            peer.report.term == term
        else { return nil }
        return OutputPermit(run: run, until: peer.promisedUntil)
    }

    private mutating func proceedExposed(_ old: Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        if let reason = peer?.report.leaving, reason != .stays {
            return endReplication(old, "the peer leaves", now, &actions)
        }
        var serving = old
        if servesWhileLeaving, serving.handOverDeadline == nil, peerCanTakeOver {
            leaveDeadline = max(leaveDeadline, now + configuration.leaveTimeout)
            serving.handOverDeadline = leaveDeadline
        }
        if let permit = outputPermit, now < permit.until {
            serving.leaseSeenAt = now
            if let epoch = serving.waitingRelease {
                serving.waitingRelease = nil
                actions.append(.releaseOutput(throughEpoch: epoch, before: permit.until))
            }
        } else if now >= serving.leaseSeenAt + configuration.leaseTimeout {
            return endReplication(serving, "the peer confirms no heartbeat", now, &actions)
        }
        judgeProtection(&serving, now, &actions)
        judgeImpairment(&serving, now, &actions)
        phase = .serving(serving)
    }

    private mutating func judgeProtection(_ serving: inout Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        let gap = protectionGap(serving, now)
        guard serving.isProtected != (gap == nil) else { return }
        serving.isProtected = gap == nil
        if let gap {
            note(failure: "not protected: \(gap)", now)
            actions.append(.raise(.notProtected(gap)))
        } else {
            serving.failedAttempts = 0
            actions.append(.raise(.protected))
        }
    }

    /// Why an exposed side does not call its guest protected; nil if the peer could take over this instant without
    /// losing anything, as far as was verified a moment ago.
    func protectionGap(_ serving: Serving, _ now: Nanoseconds) -> String? {
        guard serving.lastConfirmed > 0 else { return "no checkpoint is complete yet" }
        let deadline = Nanoseconds(checkpointDelay.count &* 3) + configuration.checkpointGrace
        guard now < serving.lastConfirmedAt + deadline else { return "no checkpoint was completed for \(deadline)" }
        guard peerIsAlive, let peer, peer.report.term == term, peer.report.hasCheckpoint else {
            return "the peer confirms no checkpoint"
        }
        // What a side that stood still remembers of its peer proves nothing: only a promise that holds now does.
        let grace = serving.isProtected ? serving.leaseSeenAt + configuration.heartbeatTimeout : peer.promisedUntil
        guard now < grace else { return "the peer confirms no heartbeat" }
        if let text = impairments(now).texts.first { return "here \(text)" }
        if let text = peer.report.impairments.texts.first { return "on the peer \(text)" }
        return nil
    }

    /// A guest that cannot do its work here goes to a peer that can take it, if nobody has to be asked.
    private mutating func judgeImpairment(_ serving: inout Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        guard !condition.impairments.isEmpty, configuration.failover == .automatic, peerCanTakeOver else {
            return serving.impairedSince = nil
        }
        let since = serving.impairedSince ?? now
        serving.impairedSince = since
        guard now >= since + configuration.impairmentLimit else { return }
        handOver(&serving, now, &actions)
    }

    private mutating func handOver(_ serving: inout Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        guard serving.handOverDeadline == nil, isRecordGood(now) else { return }
        serving.handOverDeadline = now + configuration.handoverTimeout
        actions.append(.raise(.handingOver(condition.impairments.texts.joined(separator: ", "))))
    }

    /// The run is over, and the guest cannot do its work here: the peer's checkpoint is worth more than going on alone.
    var prefersPeer: Bool { !condition.impairments.isEmpty && peerCanTakeOver }

    /// Under the manual policy the operator decides; the output stays held, and the peer keeps its checkpoint.
    private mutating func askPeerToTakeOver(_ old: Serving, _ now: Nanoseconds, _ actions: inout Actions) {
        guard configuration.failover == .automatic else { return }
        var serving = old
        handOver(&serving, now, &actions)
        phase = .serving(serving)
    }

    /// The peer holds a checkpoint of this term and nothing keeps it from serving.
    var peerCanTakeOver: Bool {
        guard peerIsAlive, let report = peer?.report else { return false }
        return report.term == term && report.hasCheckpoint && report.impairments.isEmpty && report.leaving == .stays
    }

    mutating func fail(_ why: String, _ now: Nanoseconds, _ actions: inout Actions) {
        fence(&actions)
        note(failure: why, now)
        phase = .failed(why)
        actions.append(.raise(.guestFailed(why)))
    }
}
