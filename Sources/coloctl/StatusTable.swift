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
        return (lines + [advice.map { "\nNext: \($0)." }].compactMap { $0 }).joined(separator: "\n")
    }

    private var rows: [(String, String)] {
        var rows = [
            ("Guest", name ?? "(without a name)"), ("Run state", runState ?? "unknown"),
            ("Role", status.role.rawValue), ("State", status.state.rawValue),
            ("Protected", status.protected ? "yes" : "NO"), ("Serving here", status.serving ? "yes" : "no"),
            ("Term", "\(status.term)"), ("Peer", peer), ("Checkpoints", checkpoints),
        ]
        if let pause = status.pauseMs {
            rows.append(
                (
                    "Pause",
                    "median \(milliseconds(pause.median)), p99 \(milliseconds(pause.p99)), longest "
                        + milliseconds(pause.max)
                ))
        }
        rows.append(("Held output", "\(status.heldPackets) packets, \(bytes(status.heldBytes))"))
        if status.peer.networks > 1 {
            rows.append(("Heartbeat", "\(status.peer.networksUp) of \(status.peer.networks) networks"))
        }
        if status.peer.ignored > 0 {
            rows.append(("Ignored peers", "\(status.peer.ignored) heartbeat connections without the pair's key"))
        }
        rows.append(("Failover", "\(status.failover.rawValue), arbiter \(status.arbiter)"))
        rows.append(("Last failure", status.lastFailure ?? "none"))
        if let count = status.retiredInstructions { rows.append(("Instructions", "\(count)")) }
        return rows
    }

    private var peer: String {
        let heard = status.peer.lastHeardMs.map { ", last heard \($0) ms ago" } ?? ""
        return (status.peer.connected ? "connected" : "NOT connected") + heard
    }

    private var checkpoints: String {
        var text = "\(status.checkpoints)"
        if let age = status.lastCheckpointAgeMs { text += ", the last \(age) ms ago" }
        if let size = status.bytesPerCheckpoint { text += ", \(bytes(size)) each" }
        return text
    }

    /// What an operator has to do in this state; nil if nothing.
    private var advice: String? {
        switch status.state {
        case .protected: nil
        case .starting, .connecting, .synchronising: "wait; 'coloctl events' shows the change to protected"
        case .unprotected: "bring the other host's colod back; it becomes the secondary by itself"
        case .superseded: "nothing here; the peer serves in a higher term and this side waits to become its secondary"
        case .takingOver: "wait; a takeover ends within its deadlines or fails with a reason"
        case .failed: "read the last failure above and the log (journalctl -u 'colod@*'), then restart the service"
        }
    }

    private func milliseconds(_ value: Double) -> String { decimal(value, digits: 2) + " ms" }

    private func bytes(_ count: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        guard count >= 1024 else { return "\(count) B" }
        var value = Double(count) / 1024
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(decimal(value, digits: 1)) \(units[unit])"
    }
}

/// `value` with so many digits after the point.
func decimal(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "?" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int64((value.magnitude * Double(scale)).rounded())
    let fraction = String(scaled % Int64(scale))
    let padding = String(repeating: "0", count: digits - fraction.count)
    return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / Int64(scale)).\(padding)\(fraction)"
}
