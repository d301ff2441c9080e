public import Environment

// Commands, and what a side says about itself.
extension PairController {
    /// A command of the operator.
    public enum Command: Sendable, Equatable {
        /// x-colo-lost-heartbeat.
        case failover
        /// A failover drill.
        case drill
        /// Boot the guest here.
        case start
    }

    /// Why a command would be refused now; `nil` if it would be carried out.
    public func refusal(of command: Command) -> String? {
        if let entry { return "term \(entry.term) is being entered" }
        if leaving != .stays { return "this side is about to end" }
        if command != .start, let recordFailure {
            return "the record of terms cannot be written here: \(recordFailure)"
        }
        switch (command, phase) {
        case (.failover, .serving(let serving)):
            return serving.isExposed ? nil : "the guest runs here without a secondary"
        case (.failover, .standby(let standby)):
            return standby.checkpoint == nil ? "there is no complete checkpoint to take over from" : nil
        case (.drill, .serving(let serving)):
            return serving.isProtected && peerIsAlive ? nil : notProtected
        case (.drill, .standby(let standby)):
            let isProtected = peerIsAlive && peer?.report.isProtected == true && standby.checkpoint != nil
            return isProtected ? nil : notProtected
        case (.start, .standby(let standby)):
            if standby.checkpoint != nil { return "there is a complete checkpoint here: use failover" }
            if wasFenced { return "this side gave its guest up and is about to begin anew" }
            guard peerIsAlive, let report = peer?.report else { return nil }
            return report.isServing || report.hasCheckpoint ? "the peer has the guest" : nil
        case (.start, .serving): return "the guest runs here"
        case (_, .failed(let why)): return why
        }
    }

    private var notProtected: String {
        if case .serving(let serving) = phase, case .exposed = serving.replication,
            let gap = protectionGap(serving, lastEventAt)
        {
            return "the pair is not protected: \(gap)"
        }
        return "the pair is not protected"
    }

    mutating func commanded(_ event: Event, _ now: Nanoseconds, _ actions: inout Actions) {
        let command: Command = event == .drillCommanded ? .drill : event == .startCommanded ? .start : .failover
        let isVouched = event == .failoverVouched
        if let why = refusal(of: command) {
            actions.append(.raise(.commandFailed(.refused(why))))
            return
        }
        let deadline = now + configuration.handoverTimeout
        switch phase {
        case .serving(var serving):
            if command == .failover {
                serving.isVouched = isVouched
                phase = .serving(serving)
                return endReplication(serving, "failover requested", now, &actions)
            }
            serving.handOverDeadline = deadline
            phase = .serving(serving)
        case .standby(var standby):
            let higher = max(term, adopting ?? term, peer?.report.term ?? .none).next(of: configuration.member)
            // The operator vouches for a peer that is heard, too: it has no guest, as `refusal` has seen.
            if command == .start { return granted(higher, peerIsAlive ? .arbiter : .loss) }
            if let intent = standby.intent, intent.kind == .takeOver, isVouched {
                // What the arbiter is being asked, or refused, the operator decides.
                question = nil
                standby.intent?.isVouched = true
                standby.intent?.commandDeadline = deadline
            }
            if standby.intent == nil {
                standby.intent = Intent(
                    kind: .takeOver, term: higher, commandDeadline: deadline, isVouched: isVouched)
            }
            phase = .standby(standby)
        case .failed: break
        }
    }

    /// What follows from where things stand, after every event.
    mutating func proceed(_ now: Nanoseconds, _ actions: inout Actions) {
        if let open = question, now >= open.deadline {
            arbiterAnswered(open.term, .timedOut, now, &actions)
        }
        guard !hasLeft else { return }
        switch phase {
        case .serving(let serving): proceedServing(serving, now, &actions)
        case .standby(let standby): proceedStandby(standby, now, &actions)
        case .failed: break
        }
        proceedLeaving(now, &actions)
    }

    /// What this side wants of the peer, or of the arbiter.
    var claim: PairRequest? {
        switch phase {
        case .serving(let serving):
            guard case .deciding = serving.replication, !prefersPeer else { return nil }
            return .continueAlone(term.next(of: configuration.member))
        case .standby(let standby):
            guard let intent = standby.intent else { return nil }
            return intent.kind == .takeOver ? .takeOver(intent.term) : .start(intent.term)
        case .failed: return nil
        }
    }

    /// What keeps this side from doing its part.
    func impairments(_ now: Nanoseconds) -> Impairments {
        var result = condition.impairments
        if !isRecordGood(now) { result.insert(.record) }
        if !differences.isEmpty { result.insert(.mismatch) }
        return result
    }

    /// Where this side stands.
    public var state: PairState {
        if let entry, entry.kind != .continueAlone, entry.stage == .acting { return .takingOver }
        switch phase {
        case .failed: return .failed
        case .standby(let standby):
            if standby.checkpoint != nil { return .secondary }
            if standby.isReceiving { return .receiving }
            return peer == nil ? .starting : .waiting
        case .serving(let serving):
            if leaving == .powerOff { return .ended }
            switch serving.replication {
            case .none: return .unprotected
            case .synchronising, .switching: return .synchronising
            case .exposed:
                return serving.isProtected ? .protected : serving.lastConfirmed > 0 ? .degraded : .synchronising
            case .deciding: return .holding
            }
        }
    }

    /// What this side says to its peer.
    public func report(_ now: Nanoseconds) -> PairReport {
        var report = PairReport(term: term, state: state)
        if let claim, let claimed = claim.term, isDurable(claim: claimed) { report.request = claim }
        report.isEntering = entry != nil
        report.isStopped = condition.isStopped
        report.impairments = impairments(now)
        report.leaving = leaving
        report.extensions = .own
        switch phase {
        case .serving(let serving):
            report.isServing = leaving != .powerOff
            report.isProtected = serving.isProtected
            report.checkpoint = serving.lastConfirmed
            report.run = serving.run ?? 0
            if serving.handOverDeadline != nil { report.request = .handOver }
        case .standby(let standby):
            report.hasCheckpoint = standby.checkpoint != nil
            report.checkpoint = standby.checkpoint ?? 0
            report.isStopped = standby.isStopped
            report.run = standby.run ?? 0
            report.isReady =
                standby.isListening && !standby.isReceiving && standby.checkpoint == nil && leaving == .stays
            report.promises = question == nil && entry == nil
        case .failed: break
        }
        return report
    }

    /// The term in which this side resumes or runs its guest at the moment.
    public var servingTerm: Term { entry.map { $0.stage == .acting ? $0.term : term } ?? term }

    /// This side wants something of its peer or the arbiter, told or not.
    package var isAsking: Bool { claim != nil || question != nil || entry != nil || granting != nil }

    /// This side enters a term for no other reason than that its peer is lost.
    package var entersByLoss: Bool { entry?.grant == .loss }
}
