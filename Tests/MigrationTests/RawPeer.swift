import Environment
import SystemCalls

@testable import Transport

/// The other end of a migration as raw bytes: sends what it is told, collects what it gets.
final class RawPeer {
    let listener: Listener
    let cancellation: Cancellation

    init() throws {
        cancellation = try Cancellation()
        listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
    }

    var uri: String { listener.address.description }

    func accept() throws -> Channel {
        try listener.accept(cancellation: cancellation, deadline: SystemClock().now() + .seconds(10))
    }

    /// Connects to `port` and sends `bytes`.
    static func connect(port: UInt16, sending bytes: [UInt8]) throws -> Channel {
        let channel = try Channel.connect(
            to: .tcp(host: "127.0.0.1", port: "\(port)"), cancellation: try Cancellation())
        try channel.write(bytes)
        try channel.flush()
        return channel
    }

    /// Everything until the peer closes.
    static func drain(_ channel: Channel) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let deadline = SystemClock().now() + .seconds(10)
        while true {
            let count = buffer.withUnsafeMutableBytes { raw in
                (try? channel.read(into: raw, deadline: deadline)) ?? 0
            }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }
}
