import Environment

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
        switch (command, phase) {
        case (.failover, .serving(let serving)):
            switch serving.replication {
            case .exposed, .deciding: return nil
            case .none, .synchronising: break
            }
            return "the guest runs here without a secondary"
        case (.failover, .standby(let standby)):
            return standby.checkpoint == nil ? "there is no complete checkpoint to take over from" : nil
        case (.drill, .serving(let serving)):
            return serving.isProtected && peerIsAlive ? nil : "the pair is not protected"
        case (.drill, .standby(let standby)):
            let isProtected = peerIsAlive && peer?.report.isProtected == true && standby.checkpoint != nil
            return isProtected ? nil : "the pair is not protected"
        case (.start, .standby(let standby)):
            if standby.checkpoint != nil { return "there is a complete checkpoint here: use failover" }
            guard peerIsAlive, let report = peer?.report else { return nil }
            return report.isServing || report.hasCheckpoint ? "the peer has the guest" : nil
        case (_, .takingOver): return "the guest is being resumed"
        case (.start, .serving): return "the guest runs here"
        case (_, .failed(let why)): return why
        }
    }

    mutating func commanded(_ event: Event, _ now: Nanoseconds, _ actions: inout Actions) {
        let command: Command = event == .drillCommanded ? .drill : event == .startCommanded ? .start : .failover
        let isVouched = event == .failoverVouched
        if let why = refusal(of: command) {
            actions.append(.raise(.commandFailed(why)))
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
            let higher = max(term, peer?.report.term ?? .none).next(of: configuration.member)
            if command == .start { return serveFromStandby(standby, higher, &actions) }
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
        case .takingOver, .failed: break
        }
    }

    /// What follows from where things stand, after every event.
    mutating func proceed(_ now: Nanoseconds, _ actions: inout Actions) {
        if let open = question, now >= open.deadline {
            arbiterAnswered(open.term, .timedOut, now, &actions)
        }
        switch phase {
        case .serving(let serving): proceedServing(serving, now, &actions)
        case .standby(let standby): proceedStandby(standby, now, &actions)
        case .takingOver, .failed: break
        }
    }

    /// What this side claims at the moment.
    var claim: PairRequest? {
        switch phase {
        case .serving(let serving):
            guard case .deciding = serving.replication else { return nil }
            return .continueAlone(term.next(of: configuration.member))
        case .standby(let standby):
            guard let intent = standby.intent else { return nil }
            return intent.kind == .takeOver ? .takeOver(intent.term) : .start(intent.term)
        case .takingOver, .failed: return nil
        }
    }

    /// Where this side stands.
    public var state: PairState {
        switch phase {
        case .takingOver: .takingOver
        case .failed: .failed
        case .standby(let standby):
            if standby.checkpoint != nil {
                .secondary
            } else if standby.isReceiving {
                .receiving
            } else {
                peer == nil ? .starting : .waiting
            }
        case .serving(let serving):
            switch serving.replication {
            case .none: .unprotected
            case .synchronising: .synchronising
            case .exposed: serving.isProtected ? .protected : .synchronising
            case .deciding: .holding
            }
        }
    }

    /// What this side says to its peer.
    public var report: PairReport {
        var report = PairReport(term: term, state: state)
        report.request = claim ?? .none
        switch phase {
        case .serving(let serving):
            report.isServing = true
            report.isProtected = serving.isProtected
            report.checkpoint = serving.lastConfirmed
            if serving.handOverDeadline != nil { report.request = .handOver }
        case .standby(let standby):
            report.hasCheckpoint = standby.checkpoint != nil
            report.checkpoint = standby.checkpoint ?? 0
            report.isReady = standby.run != nil && !standby.isReceiving && standby.checkpoint == nil
            report.promises = question == nil
        case .takingOver, .failed: break
        }
        return report
    }
}
