import Environment
import Glibc
import NIOCore
import NIOPosix
import PairLab
import SystemCalls
import Testing

@testable import Replication

/// Which networks are down, and what is said of them.
struct HeartbeatNetworkWatchTests {
    private static let own = [HeartbeatAddress(host: "10.0.0.1", port: 1), HeartbeatAddress(host: "fe80::1", port: 1)]
    private static let peer = [HeartbeatAddress(host: "10.0.0.2", port: 1), HeartbeatAddress(host: "fe80::2", port: 1)]

    private func at(_ seconds: UInt64) -> Nanoseconds { .seconds(100 + seconds) }

    @Test func aChangeIsToldOnceAfterItHasLasted() {
        var watch = HeartbeatNetworkWatch(own: Self.own, peer: Self.peer)
        watch.note(.peer(1), isUp: false, why: "Connection refused", now: at(0))
        #expect(watch.news(now: at(0)).isEmpty)
        let waiting = "heartbeat network 2 of 2: waiting for the peer at [fe80::2]:1: Connection refused"
        #expect(watch.news(now: at(1)) == [.notice(waiting)])
        watch.note(.peer(1), isUp: false, why: "no answer", now: at(2))
        #expect(watch.news(now: at(9)).isEmpty)
        watch.note(.peer(1), isUp: true, now: at(10))
        #expect(watch.news(now: at(11)) == [.notice("heartbeat network 2 of 2: connected to the peer at [fe80::2]:1")])
        watch.note(.peer(1), isUp: false, why: "no answer", now: at(12))
        let down = "heartbeat network 2 of 2 is down: no connection to the peer at [fe80::2]:1: no answer"
        #expect(watch.news(now: at(13)) == [.warning(down)])
    }

    @Test func aConnectionThatNeverLastsIsNeverUp() {
        var watch = HeartbeatNetworkWatch(own: Self.own, peer: Self.peer)
        var told: [PairNotice] = []
        for second in 0..<20 {
            watch.note(.peer(0), isUp: true, now: at(UInt64(second)))
            watch.note(.peer(0), isUp: false, why: "the peer closed it", now: at(UInt64(second)))
            told += watch.news(now: at(UInt64(second)))
        }
        #expect(told.isEmpty)
        told += watch.news(now: at(30))
        #expect(told == [.notice("heartbeat network 1 of 2: waiting for the peer at 10.0.0.2:1: the peer closed it")])
    }

    @Test func anAddressIsMissedAndFound() {
        var watch = HeartbeatNetworkWatch(own: Self.own, peer: Self.peer)
        watch.note(.own(0), isUp: false, why: "gone", now: at(0))
        watch.note(.own(1), isUp: true, now: at(0))
        let missing = "heartbeat network 1 of 2 is down: 10.0.0.1:1: gone; waiting for the address"
        #expect(watch.news(now: at(1)) == [.warning(missing)])
        watch.note(.own(0), isUp: true, now: at(2))
        #expect(watch.news(now: at(3)) == [.notice("heartbeat network 1 of 2: the address 10.0.0.1 is there")])
    }
}

/// The sockets of the heartbeat.
struct HeartbeatNetworkTests {
    /// A network that records what it says, and how it ends.
    private final class Bench: Sendable {
        let network: HeartbeatNetwork
        private let notices = ThreadGate<[PairNotice]>([])
        private let events = ThreadGate(0)
        private let loop = MultiThreadedEventLoopGroup.singleton.next()

        init(own: [HeartbeatAddress], peer: [HeartbeatAddress] = [], patience: TimeAmount = .seconds(15)) {
            let (notices, events) = (notices, events)
            network = HeartbeatNetwork(
                loop: loop, own: own, peer: peer, patience: patience,
                log: { notice in notices.withLock { $0.append(notice) } },
                handler: { event in if case .opened = event { events.withLock { $0 += 1 } } })
        }

        func dial(_ path: Int, _ address: HeartbeatAddress) {
            loop.execute { [network] in network.dial(path: path, host: address.host, port: address.port) }
        }

        func awaits(_ text: String) -> Bool {
            notices.wait(until: SystemClock().now() + .seconds(20)) { notices in
                notices.contains { $0.text.contains(text) } ? true : nil
            } ?? false
        }

        func awaitsLinks(_ count: Int) -> Bool {
            events.wait(until: SystemClock().now() + .seconds(20)) { $0 >= count ? true : nil } ?? false
        }

        func shutDown() async { try? await loop.submit { [network] in network.shutDown() }.get() }
    }

    /// An address that no interface has: RFC 5737 and RFC 3849 keep these networks for examples.
    private static let nowhere = ["192.0.2.77", "2001:db8::77"]

    private static func freeAddress() throws -> HeartbeatAddress {
        HeartbeatAddress(host: "127.0.0.1", port: try Member.freePorts().0)
    }

    @Test(arguments: nowhere)
    func anAddressThatIsNotThereIsListenedOnAndTheOtherNetworkWorks(missing: String) async throws {
        let address = try Self.freeAddress()
        let bench = Bench(own: [HeartbeatAddress(host: missing, port: address.port), address])
        try await bench.network.listen().get()
        #expect(bench.awaits("heartbeat network 1 of 2 is down: "))
        let client = Bench(own: [], peer: [address])
        client.dial(0, address)
        #expect(bench.awaitsLinks(1))
        await client.shutDown()
        await bench.shutDown()
    }

    @Test func anAddressOfAnInterfaceThatDoesNotExistYetIsWaitedFor() async throws {
        let bench = Bench(own: [HeartbeatAddress(host: "fe80::1%nosuch0", port: 1)])
        try await bench.network.listen().get()
        #expect(bench.awaits("cannot listen for heartbeats on [fe80::1%nosuch0]:1"))
        await bench.shutDown()
    }

    @Test func aPortThatIsTakenIsTriedAgain() async throws {
        let address = try Self.freeAddress()
        let first = Bench(own: [address])
        try await first.network.listen().get()
        let second = Bench(own: [address])
        let listening = second.network.listen()
        #expect(second.awaits("Address already in use (another program has this port; 'ss -ltnp' names it)"))
        await first.shutDown()
        try await listening.get()
        #expect(second.awaits("listening for heartbeats on \(address)"))
        await second.shutDown()
    }

    @Test func aPortThatStaysTakenIsAFailureInTheEnd() async throws {
        let address = try Self.freeAddress()
        let first = Bench(own: [address])
        try await first.network.listen().get()
        let second = Bench(own: [address], patience: .milliseconds(700))
        let problem = await #expect(throws: ListenProblem.self) { try await second.network.listen().get() }
        #expect(problem?.description.hasPrefix("cannot listen for heartbeats on \(address): Address already") == true)
        await second.shutDown()
        await first.shutDown()
    }

    @Test func aChildProcessWouldInheritNoneOfTheSockets() async throws {
        let address = try Self.freeAddress()
        let server = Bench(own: [address])
        try await server.network.listen().get()
        let client = Bench(own: [], peer: [address])
        client.dial(0, address)
        #expect(server.awaitsLinks(1) && client.awaitsLinks(1))
        let sockets = (0..<1024).map(Int32.init).filter { Self.ports(of: $0).contains(UInt16(address.port)) }
        #expect(sockets.count >= 3, "listener, dialled and accepted")
        for number in sockets { #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0, "descriptor \(number)") }
        await client.shutDown()
        await server.shutDown()
    }

    /// The local and the remote port of an IPv4 socket; none of anything else.
    private static func ports(of number: Int32) -> [UInt16] {
        [getsockname, getpeername].compactMap { call in
            var name = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &name) { pointer in
                // SAFETY: the calls write at most `length` bytes, the size of the structure.
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(number, $0, &length) }
            }
            return code == 0 && name.sin_family == sa_family_t(AF_INET) ? UInt16(bigEndian: name.sin_port) : nil
        }
    }
}
