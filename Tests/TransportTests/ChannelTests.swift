import Environment
import Glibc
import SystemCalls
import Testing

@testable import Transport

/// Two connected channels, and what they need.
struct ChannelPair {
    let left: Channel
    let right: Channel
    let cancellation: Cancellation

    init(_ address: MigrationAddress = .tcp(host: "127.0.0.1", port: "0")) throws {
        cancellation = try Cancellation()
        let listener = try Listener(address)
        left = try Channel.connect(to: listener.address, cancellation: cancellation)
        right = try listener.accept(cancellation: cancellation)
    }
}

struct ChannelTests {
    private static func scratchPath() -> String {
        "/tmp/colod-transport-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
    }

    private static func addresses() -> [MigrationAddress] {
        [.tcp(host: "127.0.0.1", port: "0"), .tcp(host: "::1", port: "0"), .unix(path: scratchPath())]
    }

    @Test(arguments: addresses())
    func gatheredPiecesArriveInTheirOrder(address: MigrationAddress) throws {
        guard let pair = try? ChannelPair(address) else {
            // A host without IPv6 has no ::1.
            #expect(address == .tcp(host: "::1", port: "0"))
            return
        }
        let page = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let reader = try ReaderThread(pair.right, count: 3 + page.count + 2000 * 2)
        try page.withUnsafeBytes { raw in try Self.send(raw, pair.left) }
        let expected = [1, 2, 3] + page + (0..<2000).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(reader.result() == expected)
        #expect(pair.left.bytesSent == UInt64(expected.count))
        #expect(pair.right.bytesReceived == UInt64(expected.count))
    }

    private static func send(_ page: UnsafeRawBufferPointer, _ channel: Channel) throws {
        try channel.write([1, 2, 3])
        if let base = page.baseAddress { try channel.writeReference(base, count: page.count) }
        for index in 0..<2000 { try channel.write([UInt8(index & 255), UInt8(index >> 8)]) }
        try channel.flush()
    }

    @Test func aPeerThatIsSilentIsGivenUp() throws {
        let pair = try ChannelPair()
        pair.left.stallDeadline = .milliseconds(20)
        var byte: UInt8 = 0
        #expect {
            try withUnsafeMutableBytes(of: &byte) { raw throws(TransportError) in _ = try pair.left.read(into: raw) }
        } throws: {
            "\($0)".hasPrefix("Unable to read from socket: no progress for")
        }
    }

    @Test func aPeerThatTakesNothingIsGivenUp() throws {
        let pair = try ChannelPair()
        pair.left.stallDeadline = .milliseconds(20)
        let block = [UInt8](repeating: 1, count: 1 << 20)
        #expect {
            for _ in 0..<64 {
                try pair.left.write(block)
                try pair.left.flush()
            }
        } throws: {
            "\($0)".hasPrefix("Unable to write to socket: no progress for")
        }
    }

    @Test func shutDownEndsAWaitOfAnotherThread() throws {
        let pair = try ChannelPair()
        let reader = try ReaderThread(pair.left, count: 1)
        pair.left.shutDown()
        #expect(reader.result() == [])
        #expect(reader.error == .cancelled)
        #expect(throws: TransportError.cancelled) {
            try pair.left.write([1])
            try pair.left.flush()
        }
    }

    @Test func aConnectionThatIsBrokenOffLooksBrokenAndNotCancelled() throws {
        let pair = try ChannelPair()
        let reader = try ReaderThread(pair.left, count: 1)
        pair.left.breakOff()
        _ = reader.result()
        #expect(reader.error != .cancelled)
        #expect(throws: TransportError.failed(action: "Unable to write to socket", reason: "Broken pipe")) {
            try pair.left.write([1])
            try pair.left.flush()
        }
        #expect(!pair.left.isShutDown)
    }

    @Test func writingToAPeerThatHasGoneIsAnErrorAndNoSignal() throws {
        let pair = try ChannelPair()
        pair.right.shutDown()
        #expect(throws: TransportError.self) {
            for _ in 0..<100 {
                try pair.left.write([UInt8](repeating: 0, count: 1 << 16))
                try pair.left.flush()
            }
        }
    }

    @Test func refusalsAreToldInKnownWords() throws {
        let cancellation = try Cancellation()
        let port = try Self.freePort()
        #expect(
            throws: TransportError.failed(
                action: "Failed to connect to '127.0.0.1:\(port)'", reason: "Connection refused")
        ) {
            _ = try Channel.connect(to: .tcp(host: "127.0.0.1", port: port), cancellation: cancellation)
        }
        #expect {
            _ = try Channel.connect(to: .unix(path: "/nonexistent/x"), cancellation: cancellation)
        } throws: {
            "\($0)" == "Failed to connect to '/nonexistent/x': No such file or directory"
        }
        #expect {
            _ = try Channel.connect(
                to: .unix(path: "/" + String(repeating: "x", count: 200)), cancellation: cancellation)
        } throws: {
            "\($0)".hasSuffix("is too long")
        }
        #expect {
            _ = try Channel.connect(to: .tcp(host: "127.0.0.1", port: "99999"), cancellation: cancellation)
        } throws: {
            "\($0)".contains("99999")
        }
    }

    /// A port that was free a moment ago.
    private static func freePort() throws -> String {
        guard case .tcp(_, let port) = try Listener(.tcp(host: "127.0.0.1", port: "0")).address else { return "1" }
        return port
    }

    @Test func cancellationEndsAWaitForAConnection() throws {
        let cancellation = try Cancellation()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        let thread = try Thread(name: "cancel") { cancellation.cancel() }
        #expect(throws: TransportError.cancelled) { _ = try listener.accept(cancellation: cancellation) }
        thread.join()
    }

    @Test func aUnixSocketIsPrivateAndGoesWithItsListener() throws {
        let path = Self.scratchPath()
        var listener: Listener? = try Listener(.unix(path: path))
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        _ = listener
        listener = nil
        #expect(stat(path, &status) != 0)
    }

    @Test func aStaleUnixSocketIsReplaced() throws {
        let path = Self.scratchPath()
        let stale = try Listener(.unix(path: path))
        let fresh = try Listener(.unix(path: path))
        #expect(fresh.address == stale.address)
    }
}

/// Reads a number of bytes on a thread of its own.
final class ReaderThread: Sendable {
    private let gate = ThreadGate<(bytes: [UInt8], error: TransportError?, done: Bool)>(([], nil, false))

    init(_ channel: Channel, count: Int) throws {
        let gate = gate
        _ = try Thread(name: "reader") {
            var bytes = [UInt8](repeating: 0, count: count)
            var failure: TransportError?
            bytes.withUnsafeMutableBytes { raw in
                do throws(TransportError) { try channel.readAll(into: raw) } catch { failure = error }
            }
            let result = failure == nil ? bytes : []
            let error = failure
            gate.withLock { $0 = (result, error, true) }
        }
    }

    func result() -> [UInt8] {
        gate.wait(until: SystemClock().now() + .seconds(10)) { $0.done ? $0.bytes : nil } ?? []
    }

    var error: TransportError? { gate.withLock(notify: false) { $0.error } }

    /// The error, once the thread has come to its end.
    var awaitedError: TransportError? {
        _ = result()
        return error
    }
}
