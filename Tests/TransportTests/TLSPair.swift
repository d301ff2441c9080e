import Environment
import Glibc
import ManagedObjects
import PairLab
import SystemCalls
import Testing

@testable import Transport

/// Credentials for both ends: anonymous ones, or a key in a folder of their own.
struct TLSKit: Sendable {
    let client: TLSEnd
    let server: TLSEnd
    private let folder: TemporaryFolder?

    static let limit = Nanoseconds.seconds(10)

    init(client: TLSEnd, server: TLSEnd) { (self.client, self.server, folder) = (client, server, nil) }

    static func anonymous() throws -> TLSKit {
        func end(_ endpoint: TLSEndpoint) throws -> TLSEnd {
            try TLSCredentials(anonymous: TLSSettings(endpoint: endpoint)).end
        }
        return TLSKit(client: try end(.client), server: try end(.server))
    }

    /// `priority`: GnuTLS's, of both ends.
    static func sharedKey(priority: String? = nil) throws -> TLSKit {
        try TLSKit(sharedKey: [UInt8](repeating: 0x5a, count: 16), priority: priority)
    }

    private init(sharedKey key: [UInt8], priority: String?) throws {
        let folder = try TemporaryFolder()
        let digits = key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        try folder.write("qemu:\(digits)\n", to: "keys.psk")
        func end(_ endpoint: TLSEndpoint) throws -> TLSEnd {
            try TLSCredentials(
                sharedKey: TLSSettings(directory: folder.root, endpoint: endpoint, priority: priority)
            ).end
        }
        client = try end(.client)
        server = try end(.server)
        self.folder = folder
    }
}

/// Two channels with TLS over a connection.
struct TLSPair {
    let left: Channel
    let right: Channel

    init(_ kit: TLSKit? = nil, over pair: ChannelPair? = nil) throws {
        let pair = try pair ?? ChannelPair()
        try self.init(try kit ?? .sharedKey(), pair.left, pair.right)
    }

    init(_ kit: TLSKit, _ left: Channel, _ right: Channel) throws {
        let cancellation = try Cancellation()
        let server = Handshake(right, kit.server, cancellation)
        self.left = try left.secured(as: kit.client, cancellation: cancellation, within: TLSKit.limit)
        self.right = try server.channel()
    }
}

/// A handshake on a thread of its own.
final class Handshake: Sendable {
    private let gate = ThreadGate<Result<Channel, TransportError>?>(nil)

    init(
        _ channel: Channel, _ end: TLSEnd, _ cancellation: Cancellation, within limit: Nanoseconds = TLSKit.limit
    ) {
        let gate = gate
        _ = try? Thread(name: "handshake") {
            let result: Result<Channel, TransportError>
            do throws(TransportError) {
                result = .success(try channel.secured(as: end, cancellation: cancellation, within: limit))
            } catch {
                result = .failure(error)
            }
            gate.withLock { $0 = result }
        }
    }

    func channel() throws -> Channel {
        guard let result = gate.wait(until: SystemClock().now() + .seconds(20), { $0 }) else {
            throw LabError("the handshake does not end")
        }
        return try result.get()
    }

    var error: TransportError? {
        guard case .failure(let error)? = gate.wait(until: SystemClock().now() + .seconds(20), { $0 }) else {
            return nil
        }
        return error
    }
}

extension Channel {
    /// What the next read brings, of four bytes at most; empty at the end.
    func next() throws -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 0, 0]
        let count = try bytes.withUnsafeMutableBytes { raw throws(TransportError) in try read(into: raw) }
        return Array(bytes.prefix(count))
    }
}
