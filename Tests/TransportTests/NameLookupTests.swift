import Environment
import Glibc
import SystemCalls
import Testing

@testable import Transport

/// Names that take long to look up.
struct NameLookupTests {
    /// A resolver that answers when it is told to.
    private final class SlowResolver: Sendable {
        private let gate = ThreadGate((asked: 0, isOpen: false))

        func lookup(limit: Int) -> NameLookup {
            NameLookup(limit: limit) { [gate] _ in
                gate.withLock { $0.asked += 1 }
                _ = gate.wait(until: SystemClock().now() + .seconds(30)) { $0.isOpen ? true : nil }
                return NameLookup.inDigits(.init(host: "127.0.0.1", port: "0", isPassive: true)).map { .success($0) }
                    ?? .failure(.refused("no loopback"))
            }
        }

        var asked: Int { gate.withLock(notify: false) { $0.asked } }

        func open() { gate.withLock { $0.isOpen = true } }
    }

    private static let slow = MigrationAddress.tcp(host: "slow.example", port: "0")

    @Test func aNameWithoutAnAnswerEndsAtTheDeadline() throws {
        let resolver = SlowResolver()
        defer { resolver.open() }
        let lookup = resolver.lookup(limit: 8)
        let isOverdue: (any Error) -> Bool = {
            "\($0)".hasPrefix("address resolution failed for slow.example:0: no answer within")
        }
        #expect {
            _ = try Channel.connect(
                to: Self.slow, cancellation: try Cancellation(), within: .milliseconds(30), lookup: lookup)
        } throws: {
            isOverdue($0)
        }
        #expect {
            _ = try Listener(Self.slow, within: .milliseconds(30), lookup: lookup)
        } throws: {
            isOverdue($0)
        }
        #expect(lookup.pendingCount == 2, "both lookups go on without anybody who waits")
    }

    @Test func cancellingEndsTheWaitForAName() throws {
        let resolver = SlowResolver()
        defer { resolver.open() }
        let set = try ChannelSet(lookup: resolver.lookup(limit: 8))
        let thread = try Thread(name: "cancel") {
            while resolver.asked == 0, !set.isCancelled { sched_yield() }
            set.cancel()
        }
        #expect(throws: TransportError.cancelled) { _ = try set.connect(.main, to: Self.slow) }
        thread.join()
    }

    @Test func noMoreAreUnderWayThanTheLimitAllows() throws {
        let resolver = SlowResolver()
        let lookup = resolver.lookup(limit: 2)
        for _ in 0..<2 { #expect(throws: TransportError.self) { try Self.tryToListen(lookup, .milliseconds(1)) } }
        #expect {
            try Self.tryToListen(lookup, .seconds(30))
        } throws: {
            "\($0)" == "address resolution failed for slow.example:0: 2 earlier lookups are still without an answer"
        }
        resolver.open()
        let end = SystemClock().now() + .seconds(10)
        while lookup.pendingCount > 0, SystemClock().now() < end { sched_yield() }
        try Self.tryToListen(lookup, .seconds(10))
    }

    private static func tryToListen(_ lookup: NameLookup, _ deadline: Nanoseconds) throws(TransportError) {
        _ = try Listener(slow, within: deadline, lookup: lookup)
    }

    @Test(arguments: ["127.0.0.1", "", "::1"])
    func whatIsWrittenInDigitsAsksNobody(host: String) throws {
        let lookup = NameLookup(limit: 0) { _ in .failure(.refused("asked")) }
        let address = MigrationAddress.tcp(host: host, port: "0")
        #expect(!address.isToBeLookedUp)
        do throws(TransportError) {
            _ = try Listener(address, lookup: lookup)
        } catch {
            // A host without IPv6 has no ::1.
            #expect(host == "::1", "\(error)")
        }
    }

    @Test func whatIsNoNumberHasToBeLookedUp() {
        #expect(Self.slow.isToBeLookedUp)
        #expect(MigrationAddress.tcp(host: "127.0.0.1", port: "http").isToBeLookedUp)
        #expect(
            !MigrationAddress.unix(path: "/x").isToBeLookedUp && !MigrationAddress.exec(command: "x").isToBeLookedUp)
    }
}
