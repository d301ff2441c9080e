import QAPI

/// The status for people.
struct StatusTable {
    let status: ColodStatus
    let name: String?
    let runState: String?

    /// One line a fact, then what to do.
    var text: String {
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { title, value in
            title + String(repeating: " ", count: width - title.count + 2) + value
        }
        let advice = Advice(status: status).next.map { "\nNext: \($0)." }
        return (lines + [advice].compactMap { $0 }).joined(separator: "\n")
    }

    private var rows: [(String, String)] {
        var rows = [
            ("Guest", name ?? "(without a name)"), ("Run state", runState ?? "unknown"),
            ("Role", status.role.rawValue), ("State", status.state.rawValue),
            ("Protected", status.protected ? "yes" : "NO"),
        ]
        for why in status.impairments ?? [] { rows.append(("", why)) }
        if let what = status.waitsFor { rows.append(("Waits for", what)) }
        let stopped = status.stopped == true ? " (stopped by an operator)" : ""
        rows.append(("Serving here", (status.serving ? "yes" : "no") + stopped))
        rows.append(("Term", "\(status.term)"))
        rows += status.isPaired ? pairRows : []
        rows.append(("Checkpoints", checkpoints))
        if let pause = status.pauseMs {
            rows.append(
                (
                    "Pause",
                    "median \(milliseconds(pause.median)), p99 \(milliseconds(pause.p99)), longest "
                        + milliseconds(pause.max)
                ))
        }
        let lost = status.droppedPackets.map { $0 > 0 ? ", \($0) were lost" : "" } ?? ""
        rows.append(("Held output", "\(status.heldPackets) packets, \(size(status.heldBytes))\(lost)"))
        if let takeover = status.takeoverMs {
            rows.append(("Last takeover", "\(milliseconds(takeover)) to the first frame released"))
        }
        rows.append(("Last failure", failure))
        for warning in status.warnings ?? [] { rows.append(("Warning", warning)) }
        if let count = status.retiredInstructions { rows.append(("Instructions", "\(count)")) }
        return rows
    }

    private var pairRows: [(String, String)] {
        var rows = [("Peer", peer), ("Heartbeat", heartbeat)]
        if status.peer.ignored > 0 {
            rows.append(
                ("Ignored peers", "\(status.peer.ignored) heartbeat connections refused; the log names their addresses")
            )
        }
        if let encryption = status.encryption {
            rows.append(("Encryption", encryption == "none" ? "NONE: checkpoints travel in the clear" : encryption))
        }
        if let keys { rows.append(("Keys", keys)) }
        rows.append(("Failover", "\(status.failover.rawValue), arbiter \(status.arbiter)"))
        return rows
    }

    /// While keys are exchanged: the used one, then the accepted one, of each side.
    private var keys: String? {
        let (own, peer) = (status.keys ?? [], status.peer.keys ?? [])
        guard max(own.count, peer.count) > 1 || !peer.isEmpty && own != peer else { return nil }
        return "this side \(KeyMarks.text(own)); the peer \(KeyMarks.text(peer))"
    }

    private var peer: String {
        let heard = status.peer.lastHeardMs.map { ", last heard \(ago(milliseconds: $0))" } ?? ""
        let serves = status.peer.serving.map { $0 ? ", runs the guest" : ", does not run the guest" } ?? ""
        return (status.peer.connected ? "connected" : "NOT connected") + serves + heard
    }

    private var heartbeat: String {
        let count = "\(status.peer.networksUp) of \(status.peer.networks) networks up"
        guard let networks = status.peer.heartbeat, !networks.isEmpty else { return count }
        let each = networks.map { network in network.address + (network.up.map { $0 ? " up" : " DOWN" } ?? "") }
        return "\(count): \(each.joined(separator: ", "))"
    }

    private var checkpoints: String {
        var text = "\(status.checkpoints)"
        if let age = status.lastCheckpointAgeMs { text += ", the last \(ago(milliseconds: age))" }
        if let bytes = status.bytesPerCheckpoint { text += ", \(size(bytes)) each" }
        return text
    }

    /// What went wrong last; once the guest is protected again it is history.
    private var failure: String {
        guard let failure = status.lastFailure else { return "none" }
        let age = status.lastFailureAgeMs.map { "\(ago(milliseconds: $0)): " } ?? ""
        return age + failure + (status.protected ? " (overcome: the guest is protected)" : "")
    }

    private func milliseconds(_ value: Double) -> String { decimal(value, digits: 2) + " ms" }
}
