import Environment
import Foundation
import ReplicationCore

/// Two pair controllers, A (the first member) and B (the second).
///
///     A starts [TERM] [exposed]      A hears B [until TIME]     A loses B | A sees B refused
///     A arbiter yes|no|timeout TERM  A switchover|confirmed|ended RUN [N]
///     B accepts|held|closed RUN [N]  A runs|breaks|failover|vouched|drill|start|timer|late N
///     A leaves | A powers off | A differs TEXT | A impaired network|disk|guest|none | A stopped
///     A disk slow|well|full: from now on a write is done only when `A written` says so, or at once, or fails at once
///     A acts late|well: from now on what has a deadline waits for `A released` or `A expired`, or is done at once
///
/// A peer that is heard is heard once more if something was written because of it. A listener is open at once, as a rule a record is written at once, and output is released at once.
struct PairMachine: ScriptMachine {
    var hasArbiter = true
    var failover = FailoverPolicy.automatic
    private var controllers: [String: PairController] = [:]
    private var disks: [String: String] = [:]
    private var isLate: Set<String> = []
    private var unwritten: [String: PairRecord] = [:]

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
            let term = Term(words.count > 2 ? try number(words[2]) : 0)
            controllers[name] = PairController(
                configuration: configuration,
                record: PairRecord(term: term, peerMayHaveTakenOver: words.count > 3), now: now)
            return try run([name, "timer"], now: now)
        }
        switch (words[1], words.count > 2 ? words[2] : "") {
        case ("disk", let kind):
            disks[name] = kind
            return []
        case ("acts", let kind):
            if kind == "late" { isLate.insert(name) } else { isLate.remove(name) }
            return []
        case ("written", _):
            guard let record = unwritten.removeValue(forKey: name) else { throw ScriptError(what: "nothing to write") }
            return try handle(.persisted(record), name, now, words)
        case ("hears", _):
            let lines = try handle(try event(words, now), name, now, words)
            // What is written because of a report is looked at again with the next one.
            guard lines.contains(where: { $0.hasPrefix("persist") }), unwritten[name] == nil else { return lines }
            return lines + (try handle(try event(words, now), name, now, words))
        default: return try handle(try event(words, now), name, now, words)
        }
    }

    /// Hands in an event, and whatever is done at once because of it.
    private mutating func handle(
        _ event: PairController.Event, _ name: String, _ now: Nanoseconds, _ words: [String]
    ) throws -> [String] {
        guard let actions = controllers[name]?.handle(event, now: now) else { throw ScriptError(what: name) }
        var lines = actions.map(describe)
        for action in actions {
            switch action {
            case .persist(let record):
                switch disks[name] {
                case "slow": unwritten[name] = record
                case "full": lines += try handle(.persistFailed("no space left"), name, now, words)
                default: lines += try handle(.persisted(record), name, now, words)
                }
            case .releaseAllOutput where !isLate.contains(name):
                lines += try handle(.outputReleased, name, now, words)
            case .listenForReplication(let run): lines += try handle(.listening(run: run), name, now, words)
            default: break
            }
        }
        return lines
    }

    private func event(_ words: [String], _ now: Nanoseconds) throws -> PairController.Event {
        let value = { (index: Int) in words.count > index ? try number(words[index]) : 0 }
        switch words[1] {
        case "hears":
            guard let peer = controllers[words[2]] else { throw ScriptError(what: words[2]) }
            return .heard(peer.report(now), promisedUntil: words.count > 4 ? try milliseconds(words[4]) : .zero)
        case "loses": return .peerLost(.silent)
        case "sees": return .peerLost(.refused)
        case "arbiter":
            let verdict: ArbiterVerdict = words[2] == "yes" ? .yes : words[2] == "no" ? .no("it lives") : .timedOut
            return .arbiterAnswered(Term(try value(3)), verdict)
        case "switchover": return .switchoverReached(run: try value(2))
        case "confirmed": return .checkpointConfirmed(run: try value(2), checkpoint: try value(3))
        case "ended": return .replicationEnded(run: try value(2), "reset")
        case "accepts": return .incomingStarted(run: try value(2))
        case "held": return .checkpointHeld(run: try value(2), checkpoint: try value(3))
        case "closed": return .incomingEnded(run: try value(2), "reset")
        case "late": return .releaseExpired(throughEpoch: try value(2))
        case "runs": return .guestRuns
        case "released": return .outputReleased
        case "expired": return .entryExpired
        case "leaves": return .leaveCommanded
        case "powers": return .guestPoweredOff
        case "differs": return .peerIdentified(differences: words.count > 2 ? [words[2]] : [])
        case "stopped": return .condition(MachineCondition(isStopped: true))
        case "impaired":
            let kinds: [String: Impairments] = ["network": .network, "disk": .disk, "guest": .guest]
            return .condition(MachineCondition(impairments: kinds[words[2]] ?? []))
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
        case .persist(let record): "persist " + describe(record)
        case .announce(let report): "announce " + describe(report)
        case .startGuest(let before): "start guest" + describe(before)
        case .takeOver(let before, let staysStopped):
            "take over" + (staysStopped ? " stopped" : "") + describe(before)
        case .startReplication(let run): "start replication \(run)"
        case .continueSwitchover(let run): "continue switchover \(run)"
        case .stopReplication(let run): "stop replication \(run)"
        case .listenForReplication(let run): "listen \(run)"
        case .abandonCheckpoint(let run): "abandon \(run)"
        case .releaseOutput(let epoch, let before): "release through \(epoch) before \(before)"
        case .releaseAllOutput(let before): "release all" + describe(before)
        case .announceGuest: "announce guest"
        case .withdrawQuestion(let term): "withdraw question \(term)"
        case .leave(let reason): "leave \(reason)"
        case .fence: "fence"
        case .askArbiter(let term, let purpose): "ask arbiter \(purpose.rawValue) \(term)"
        case .raise(let event): "raise " + "\(event)".replacingOccurrences(of: "ReplicationCore.", with: "")
        }
    }

    private func describe(_ deadline: Nanoseconds) -> String { deadline == .never ? "" : " before \(deadline)" }

    private func describe(_ record: PairRecord) -> String {
        var words = ["\(record.term)"]
        if let claimed = record.claimed { words.append("claimed \(claimed)") }
        if record.peerMayHaveTakenOver { words.append("exposed") }
        if let higher = record.supersededBy { words.append("superseded-by \(higher)") }
        return words.joined(separator: " ")
    }

    private func describe(_ report: PairReport) -> String {
        var words = ["\(report.state.name)", "\(report.term)"]
        if report.isServing { words.append("serving") }
        if report.isProtected { words.append("protected") }
        if report.isReady { words.append("ready") }
        if report.hasCheckpoint { words.append("checkpoint") }
        if report.promises { words.append("promises") }
        if report.isEntering { words.append("entering") }
        if report.isStopped { words.append("stopped") }
        if report.leaving != .stays { words.append("leaving \(report.leaving)") }
        if !report.impairments.isEmpty { words.append("impaired: " + report.impairments.texts.joined(separator: ", ")) }
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
