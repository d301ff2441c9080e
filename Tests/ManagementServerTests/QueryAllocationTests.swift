import CAllocationCount
import Glibc
import SystemCalls
import Testing

@testable import ManagementServer

/// A client that asks the same over and over, and takes no memory itself.
private final class Asker {
    private let socket: Descriptor
    private let request: [UInt8]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    init(_ path: String, _ request: String) throws {
        socket = try UnixSocket.connect(path)
        self.request = Array(request.utf8)
        receive()
        let negotiation = Array(#"{"execute":"qmp_capabilities"}"#.utf8)
        _ = Glibc.send(socket.number, negotiation, negotiation.count, 0)
        receive()
    }

    deinit { buffer.deallocate() }

    /// Reads up to the end of a line; whether it came.
    @discardableResult
    private func receive() -> Bool {
        while true {
            var waiting = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 10_000) == 1 else { return false }
            let count = read(socket.number, buffer.baseAddress, buffer.count)
            guard count > 0 else { return false }
            if buffer[count - 1] == UInt8(ascii: "\n") { return true }
        }
    }

    /// Whether there was an answer.
    func ask() -> Bool {
        _ = Glibc.send(socket.number, request, request.count, 0)
        return receive()
    }
}

@Suite(.serialized) struct QueryAllocationTests {
    private static let queries = 1000

    /// What a query takes, from its bytes to those of the answer; it was counted, and more of it is a step back.
    @Test(
        .enabled(if: allocation_count_works(), "a sanitizer has the allocator"),
        arguments: [(#"{"execute":"query-name"}"#, 17), (#"{"execute":"query-status","id":1}"#, 22)])
    func aQueryOnAWarmConnectionTakesNoMoreThan(request: String, limit: Int) async throws {
        try await withServer { _, _, path in
            let lowest = try await onThread {
                let asker = try Asker(path, request)
                for _ in 0..<100 { try #require(asker.ask()) }
                var lowest = UInt64.max
                // Others in this process take memory, too: less is what counts.
                for _ in 0..<3 {
                    let before = allocation_count()
                    var answers = 0
                    for _ in 0..<Self.queries where asker.ask() { answers += 1 }
                    lowest = min(lowest, allocation_count() - before)
                    try #require(answers == Self.queries)
                }
                return lowest
            }
            #expect(lowest <= UInt64(limit * Self.queries), "\(lowest) calls for \(Self.queries) queries")
        }
    }
}
