import Environment
import NIOCore
import NIOPosix
import SystemCalls
import Testing

@testable import Replication

/// Names among the heartbeat's addresses.
struct HeartbeatLookupTests {
    private static let slow = HeartbeatAddress(host: "slow.example", port: 4)

    private static func lookup(_ gate: ThreadGate<Bool>, limit: Int) -> NameLookup {
        NameLookup(limit: limit) { _ in
            _ = gate.wait(until: SystemClock().now() + .seconds(30)) { $0 ? true : nil }
            return NameLookup.inDigits(.init(host: "::1", port: "4", isPassive: false)).map { .success($0) }
                ?? .failure(.refused("no loopback"))
        }
    }

    @Test func aNameWithoutAnAnswerIsGivenUpAndKeepsNoLoopWaiting() async throws {
        let gate = ThreadGate(false)
        defer { gate.withLock { $0 = true } }
        let lookup = Self.lookup(gate, limit: 1)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let first = loop.flatSubmit { Self.slow.resolve(on: loop, by: lookup, within: .milliseconds(30)) }
        await #expect(throws: NameLookup.Failure.noAnswer(milliseconds: 30)) { try await first.get() }
        let second = loop.flatSubmit { Self.slow.resolve(on: loop, by: lookup, within: .seconds(30)) }
        await #expect(throws: NameLookup.Failure.tooMany(1)) { try await second.get() }
        let digits = HeartbeatAddress(host: "127.0.0.1", port: 4).resolve(on: loop, by: lookup)
        #expect(try await digits.get() == SocketAddress(ipAddress: "127.0.0.1", port: 4))
    }

    @Test func anAnswerIsAnAddress() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = Self.slow.resolve(on: loop, by: Self.lookup(ThreadGate(true), limit: 1))
        #expect(try await answer.get() == SocketAddress(ipAddress: "::1", port: 4))
    }
}
