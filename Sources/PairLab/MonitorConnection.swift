import Environment
import SystemCalls

/// A connection to a QMP socket that does nothing by itself: no negotiation, no identifiers, no reading ahead of the
/// asker. For tests that care about every byte.
public final class MonitorConnection {
    private let socket: StreamSocket
    private var received: [UInt8] = []

    private static let connectInterval: Duration = .milliseconds(5)

    /// Connects to the socket at `path`, waiting for somebody to listen there.
    public init(path: String, within limit: Duration = .seconds(20)) throws {
        let clock = SystemClock()
        let deadline = clock.now() + Nanoseconds(limit)
        while true {
            do {
                socket = try .unix(path, within: limit)
                return
            } catch {
                guard clock.now() < deadline else { throw error }
                pause(Self.connectInterval)
            }
        }
    }

    /// Sends bytes as they are.
    public func send(_ bytes: [UInt8], within limit: Duration = .seconds(20)) throws {
        try socket.send(bytes, within: limit)
    }

    /// Sends the text as it is; nothing is added to it.
    public func send(_ text: String, within limit: Duration = .seconds(20)) throws {
        try socket.send(Array(text.utf8), within: limit)
    }

    /// The next line without its end (LF or CR LF); nil once the peer has closed. Throws if nothing comes in time.
    public func nextLine(within limit: Duration = .seconds(20)) throws -> [UInt8]? {
        let deadline = SystemClock().now() + Nanoseconds(limit)
        var searched = 0
        while true {
            if let end = received[searched...].firstIndex(of: 10) {
                var line = Array(received[..<end])
                received.removeSubrange(...end)
                if line.last == 13 { line.removeLast() }
                return line
            }
            searched = received.count
            let now = SystemClock().now()
            guard now < deadline else { throw LabError("no answer in time") }
            let bytes = try socket.receive(within: .nanoseconds(Int64(clamping: (deadline - now).count)))
            if bytes.isEmpty { return nil }
            received += bytes
        }
    }

    /// Whatever bytes come next, for tests of the framing; empty once the peer has closed.
    public func nextBytes(within limit: Duration = .seconds(20)) throws -> [UInt8] {
        guard received.isEmpty else {
            defer { received = [] }
            return received
        }
        return try socket.receive(within: limit)
    }

    /// Sends nothing more; the peer reads the end of the stream and can still answer.
    public func endSending() { socket.shutDownSending() }
}
