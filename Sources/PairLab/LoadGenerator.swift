public import Environment
import SystemCalls

/// One write that the server acknowledged.
public struct AcknowledgedWrite: Sendable {
    /// What was written where.
    public let key: String
    /// What was written there.
    public let value: String
    /// When the acknowledgement was read.
    public let time: Nanoseconds
}

/// How one client connection fared.
public struct ConnectionReport: Sendable {
    /// The writes acknowledged, in order.
    public var acknowledged: [AcknowledgedWrite] = []
    /// How many writes were sent, acknowledged or not.
    public var sent = 0
    /// Why the connection ended before it was told to; nil if it lived all the time.
    public var failure: String?
}

/// Clients that write numbered keys to a Redis server as fast as it acknowledges them, each over one connection for
/// all its life, and keep a ledger of what was acknowledged and when.
public final class LoadGenerator: Sendable {
    private struct State {
        var reports: [ConnectionReport]
        var isStopping = false
        var running: Int
    }

    /// How long a connection waits for one reply before it counts as lost.
    public static let replyDeadline: Duration = .seconds(30)

    private let gate: ThreadGate<State>
    private let connections: Int

    /// Connects `connections` clients from `host` and lets them write, `pipeline` writes at a time.
    ///
    /// Keys start with `prefix`; values are `valueSize` bytes long, at least.
    public init(
        _ address: String, port: UInt16 = 6379, from host: LabHost, connections: Int = 6, pipeline: Int = 4,
        prefix: String = "w", valueSize: Int = 32
    ) throws {
        self.connections = connections
        gate = ThreadGate(
            State(reports: Array(repeating: ConnectionReport(), count: connections), running: connections))
        let gate = gate
        for index in 0..<connections {
            _ = try Thread(name: "load-\(index)") {
                do {
                    let client = try RedisClient(address, port: port, from: host, within: Self.replyDeadline)
                    var writer = Writer(
                        index: index, prefix: prefix, pipeline: pipeline,
                        padding: String(repeating: ".", count: max(0, valueSize - 12)))
                    while !gate.withLock(notify: false, { $0.isStopping }) {
                        try writer.writeOnce(client, gate)
                    }
                } catch {
                    gate.withLock { $0.reports[index].failure = "\(error)" }
                }
                gate.withLock { $0.running -= 1 }
            }
        }
    }

    deinit { gate.withLock { $0.isStopping = true } }

    /// Waits until at least `count` writes were acknowledged after `time`, summed over all connections.
    public func waitForWrites(_ count: Int, after time: Nanoseconds = .zero, within limit: Duration) throws {
        let reached: Bool? = gate.wait(until: SystemClock().now() + Nanoseconds(limit)) { state in
            if state.running == 0 { return false }
            var found = 0
            for report in state.reports {
                for write in report.acknowledged.reversed() {
                    if write.time <= time || found >= count { break }
                    found += 1
                }
            }
            return found >= count ? true : nil
        }
        guard let reached else { throw LabError("fewer than \(count) writes were acknowledged within \(limit)") }
        guard reached else { throw LabError("all connections were lost") }
    }

    /// Waits until each connection has had a write acknowledged after `time`.
    public func waitForEveryConnection(after time: Nanoseconds, within limit: Duration) throws {
        let reached: Bool? = gate.wait(until: SystemClock().now() + Nanoseconds(limit)) { state in
            for report in state.reports {
                if report.failure != nil { return false }
                if (report.acknowledged.last?.time ?? .zero) <= time { return nil }
            }
            return true
        }
        if reached != true { throw LabError("not every connection goes on: \(describe())") }
    }

    /// Lets every connection finish the replies it waits for, and returns the ledger.
    public func stop() -> LoadReport {
        gate.withLock { $0.isStopping = true }
        let limit = SystemClock().now() + Nanoseconds(Self.replyDeadline + .seconds(5))
        _ = gate.wait(until: limit) { $0.running == 0 ? true : nil }
        return LoadReport(connections: gate.withLock { $0.reports })
    }

    /// The ledger so far.
    public var report: LoadReport { LoadReport(connections: gate.withLock(notify: false) { $0.reports }) }

    private func describe() -> String {
        gate.withLock(notify: false) { state in
            state.reports.map { "\($0.acknowledged.count) of \($0.sent) \($0.failure ?? "alive")" }.joined(
                separator: ", ")
        }
    }

    /// One connection's numbering.
    private struct Writer {
        let index: Int
        let prefix: String
        let pipeline: Int
        let padding: String
        var number = 0

        mutating func writeOnce(_ client: RedisClient, _ gate: ThreadGate<State>) throws {
            let connection = index
            let batch = (number..<number + pipeline).map { (key: "\(prefix):\(index):\($0)", value: "\($0)\(padding)") }
            number += pipeline
            gate.withLock(notify: false) { $0.reports[connection].sent += batch.count }
            try client.send(batch.map { ["SET", $0.key, $0.value] }, within: LoadGenerator.replyDeadline)
            for (key, value) in batch {
                let reply = try client.reply(within: LoadGenerator.replyDeadline)
                guard reply == .status("OK") else { throw LabError("SET \(key) was answered with \(reply)") }
                let write = AcknowledgedWrite(key: key, value: value, time: SystemClock().now())
                gate.withLock { $0.reports[connection].acknowledged.append(write) }
            }
        }
    }
}
