import Environment
import QMP
import SystemCalls

/// How a guest moves before its memory does.
public struct PostcopyMove: Sendable {
    /// After how long the channel is cut each time, in milliseconds, before all of the memory has followed.
    public var cuts: [Int] = []
    /// Bytes a second of the memory that follows, until the last cut.
    var bandwidth = 0
    /// Bytes that the guest's memory takes before the guest moves.
    static let head = 8 << 20
    /// Bytes a second until then.
    static let headBandwidth = 32 << 20

    /// A move with these cuts.
    public init(cuts: [Int] = []) {
        self.cuts = cuts
        // What is left takes longer than all cuts.
        bandwidth = cuts.isEmpty ? 0 : 12 << 20
    }
}

extension MovingGuest {
    /// How long the guest's host may take to notice a cut.
    private static let cutDeadline: Duration = .seconds(20)
    private static let firstPort = 4450

    /// Has the guest move now, and its memory follow; cuts the channel on the way and lets both sides go on over another.
    /// Returns since when the guest was there without its memory.
    func follow(_ move: PostcopyMove, from source: QMPClient, to destination: QMPClient) throws -> Nanoseconds {
        try awaitHead(source)
        try source.execute("migrate-start-postcopy")
        for side in [source, destination] { try waitFor(side, "postcopy-active") }
        let begin = SystemClock().now()
        for (index, delay) in move.cuts.enumerated() {
            pause(.milliseconds(delay))
            // Either side may be the first to know.
            try (index % 2 == 0 ? source : destination).execute("migrate-pause")
            for side in [source, destination] { try waitFor(side, "postcopy-paused") }
            try recover(index, from: source, to: destination)
        }
        if !move.cuts.isEmpty { try source.execute("migrate-set-parameters", ["max-postcopy-bandwidth": 0]) }
        return begin
    }

    private func awaitHead(_ source: QMPClient) throws {
        let deadline = SystemClock().now() + Nanoseconds(Self.cutDeadline)
        while true {
            let status = try source.execute("query-migrate")
            if status["ram"]?["transferred"]?.integer ?? 0 > PostcopyMove.head { return }
            guard ["setup", "active"].contains(status["status"]?.string), SystemClock().now() < deadline else {
                throw LabError("it did not begin: \(status.text())")
            }
            pause(.milliseconds(5))
        }
    }

    private func recover(_ index: Int, from source: QMPClient, to destination: QMPClient) throws {
        // Whatever the guest misses, and with the network gone: both sides answer, and it can be stopped.
        for side in [source, destination] { try side.execute("query-status") }
        try destination.execute("stop")
        try destination.execute("cont")
        let port = Self.firstPort + index
        let uri = JSONValue.string("tcp:\(PairNetwork.address(of: side.other, on: .replication)):\(port)")
        try destination.execute("migrate-recover", ["uri": uri])
        try source.execute("migrate", ["uri": uri, "resume": true])
        for side in [source, destination] { try waitFor(side, "postcopy-active") }
    }

    private func waitFor(_ monitor: QMPClient, _ wanted: String) throws {
        _ = try monitor.waitForEvent("MIGRATION", within: Self.cutDeadline) { event in
            let status = event["data"]?["status"]?.string
            guard status == wanted || !["failed", "completed"].contains(status) else {
                throw LabError("no \(wanted), but \(status ?? "nothing")")
            }
            return status == wanted
        }
    }
}
