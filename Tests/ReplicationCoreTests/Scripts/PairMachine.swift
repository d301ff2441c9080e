import Environment
import Foundation
import ReplicationCore

/// Two pair controllers, A (the first member) and B (the second).
///
///     A starts [TERM] [exposed]      A hears B [until TIME]     A loses B | A sees B refused
///     A arbiter yes|no|timeout TERM  A switchover|confirmed|ended RUN [N]
///     B accepts|held|closed RUN [N]  A runs|breaks|failover|vouched|drill|start|timer|late N
struct PairMachine: ScriptMachine {
    var hasArbiter = true
    var failover = FailoverPolicy.automatic
    private var controllers: [String: PairController] = [:]

    init(hasArbiter: Bool = true, failover: FailoverPolicy = .automatic) {
        self.hasArbiter = hasArbiter
        self.failover = failover
    }

    mutating func run(_ words: [String], now: Nanoseconds) throws -> [String] {
        guard words.count >= 2, ["A", "B"].contains(words[0]) else { throw ScriptError(what: "\(words)") }
        let name = words[0]
        if words[1] == "starts" {
            var configuration = PairController.Configuration(member: name == "A" ? .first : .second)
            configuration.hasArbiter = hasArbiter
            configuration.failover = failover
            // Scripts jump; the rules about standing still are tested on their own.
            configuration.freezeLimit = .seconds(3600)
            controllers[name] = PairController(
                configuration: configuration, persisted: Term(words.count > 2 ? try number(words[2]) : 0),
                peerMayHaveTakenOver: words.count > 3, now: now)
            return try run([name, "timer"], now: now)
        }
        let event = try event(words)
        guard let actions = controllers[name]?.handle(event, now: now) else { throw ScriptError(what: name) }
        return actions.map(describe)
    }

    private func event(_ words: [String]) throws -> PairController.Event {
        let value = { (index: Int) in words.count > index ? try number(words[index]) : 0 }
        switch words[1] {
        case "hears":
            guard let report = controllers[words[2]]?.report else { throw ScriptError(what: words[2]) }
            return .heard(report, promisedUntil: words.count > 4 ? try milliseconds(words[4]) : .zero)
        case "loses": return .peerLost(.silent)
        case "sees": return .peerLost(.refused)
        case "arbiter":
            let verdict: ArbiterVerdict = words[2] == "yes" ? .yes : words[2] == "no" ? .no : .timedOut
            return .arbiterAnswered(Term(try value(3)), verdict)
        case "switchover": return .switchoverReached(run: try value(2))
        case "confirmed": return .checkpointConfirmed(run: try value(2), checkpoint: try value(3))
        case "ended": return .replicationEnded(run: try value(2), "reset")
        case "accepts": return .incomingStarted(run: try value(2))
        case "held": return .checkpointHeld(run: try value(2), checkpoint: try value(3))
        case "closed": return .incomingEnded(run: try value(2), "reset")
        case "late": return .releaseExpired(throughEpoch: try value(2))
        case "runs": return .guestRuns
        case "breaks": return .guestFailed("no memory")
        case "failover": return .failoverCommanded
        case "vouched": return .failoverVouched
        case "drill": return .drillCommanded
        case "start": return .startCommanded
        case "timer": return .timer
        default: throw ScriptError(what: words[1])
        }
    }

    private func describe(_ action: PairController.Action) -> String {
        switch action {
        case .persist(let term): "persist \(term)"
        case .announce(let report): "announce " + describe(report)
        case .startGuest: "start guest"
        case .takeOver: "take over"
        case .startReplication(let run): "start replication \(run)"
        case .continueSwitchover(let run): "continue switchover \(run)"
        case .stopReplication(let run): "stop replication \(run)"
        case .listenForReplication(let run): "listen \(run)"
        case .abandonCheckpoint(let run): "abandon \(run)"
        case .releaseOutput(let epoch, let before): "release through \(epoch) before \(before)"
        case .releaseAllOutput: "release all"
        case .fence: "fence"
        case .askArbiter(let term, let purpose): "ask arbiter \(purpose.rawValue) \(term)"
        case .raise(let event): "raise " + "\(event)".replacingOccurrences(of: "ReplicationCore.", with: "")
        }
    }

    private func describe(_ report: PairReport) -> String {
        var words = ["\(report.state.name)", "\(report.term)"]
        if report.isServing { words.append("serving") }
        if report.isProtected { words.append("protected") }
        if report.isReady { words.append("ready") }
        if report.hasCheckpoint { words.append("checkpoint") }
        if report.promises { words.append("promises") }
        switch report.request {
        case .none: break
        case .continueAlone(let term): words.append("claims-alone \(term)")
        case .takeOver(let term): words.append("claims-takeover \(term)")
        case .start(let term): words.append("claims-start \(term)")
        case .handOver: words.append("hand-over")
        }
        return words.joined(separator: " ")
    }
}
