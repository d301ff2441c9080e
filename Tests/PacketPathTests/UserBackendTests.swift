import Environment
import Glibc
import SystemCalls
import Testing

@testable import PacketPath

@Suite("User-mode network", .timeLimit(.minutes(1)))
struct UserBackendTests {
    @Test("the gateway answers an ARP request, and DHCP gives 10.0.2.15")
    func gatewayAnswers() throws {
        let inbox = Inbox()
        let network = try UserBackend()
        network.send(GuestFrames.arpRequest(for: GuestFrames.gateway))
        #expect(network.counters.dropped.frames == 1, "nothing is queued before the start")
        try network.start { inbox.take($0) }
        defer { network.stop() }
        network.send(GuestFrames.arpRequest(for: GuestFrames.gateway))
        let reply = try #require(inbox.first { GuestFrames.isARP($0, operation: 2) })
        #expect(Array(reply[28..<32]) == GuestFrames.gateway)
        network.send(GuestFrames.dhcpDiscover())
        let offer = try #require(inbox.first { GuestFrames.isIPv4($0, protocol: 17, port: 68) })
        #expect(Array(offer[58..<62]) == GuestFrames.address)
        #expect(network.counters.sent.frames == 2)
    }

    @Test("a connection to a forwarded port reaches the guest as a SYN")
    func forwardReachesGuest() throws {
        let port = try freePort()
        let inbox = Inbox()
        let network = try UserBackend(forwards: [PortForward("tcp:127.0.0.1:\(port)-10.0.2.15:6379")])
        try network.start { inbox.take($0) }
        let client = try inetSocket()
        try connectLoopback(client, port: port)
        let question = try #require(inbox.first { GuestFrames.isARP($0, operation: 1) })
        network.send(GuestFrames.arpReply(to: question))
        let segment = try #require(inbox.first { GuestFrames.isIPv4($0, protocol: 6, port: 6379) })
        #expect(segment[47] & 0x3f == 0x02, "the SYN flag alone")
        #expect(Array(segment[30..<34]) == GuestFrames.address)
        network.stop()
        let again = try inetSocket()
        #expect(throws: SystemError.self) { try connectLoopback(again, port: port) }
    }

    @Test("a datagram to a forwarded port reaches the guest")
    func datagramReachesGuest() throws {
        let port = try freePort()
        let inbox = Inbox()
        let network = try UserBackend(forwards: [PortForward("udp:127.0.0.1:\(port)-:53")])
        try network.start { inbox.take($0) }
        defer { network.stop() }
        let client = try inetSocket(datagram: true)
        try connectLoopback(client, port: port)
        #expect(Glibc.send(client.number, [1, 2, 3] as [UInt8], 3, 0) == 3)
        let question = try #require(inbox.first { GuestFrames.isARP($0, operation: 1) })
        network.send(GuestFrames.arpReply(to: question))
        let datagram = try #require(inbox.first { GuestFrames.isIPv4($0, protocol: 17, port: 53) })
        #expect(Array(datagram[42..<45]) == [1, 2, 3])
    }

    @Test("a listener whose port is taken is named at the start")
    func takenPortIsNamed() throws {
        let occupant = try inetSocket()
        let port = try bindLoopback(occupant)
        try #require(listen(occupant.number, 1) == 0)
        let network = try UserBackend(forwards: [PortForward("tcp:127.0.0.1:\(port)-10.0.2.15:80")])
        let error = #expect(throws: NetworkError.self) { try network.start { _ in } }
        #expect(error?.subject.contains("tcp:127.0.0.1:\(port)") == true)
        #expect(error?.advice.contains("another process") == true)
        #expect(throws: NetworkError.self) { try network.openForwards(until: .zero) }
    }

    @Test("at a takeover a listener opens as soon as the old process lets the port go")
    func opensWhenPortBecomesFree() throws {
        let occupant = try inetSocket()
        let port = try bindLoopback(occupant)
        try #require(listen(occupant.number, 1) == 0)
        let network = try UserBackend(
            forwards: [PortForward("tcp:127.0.0.1:\(port)-10.0.2.15:80")], opensForwardsAtStart: false)
        #expect(throws: NetworkError.self) { try network.openForwards(until: .zero) }
        try network.start { _ in }
        defer { network.stop() }
        #expect(throws: NetworkError.self, "still taken") { try network.openForwards(until: .zero) }
        let number = occupant.release()
        let other = try Thread(name: "old-primary") { close(number) }
        try network.openForwards(until: SystemClock().now() + .seconds(10))
        other.join()
        let client = try inetSocket()
        try connectLoopback(client, port: port)
        try network.openForwards(until: .zero)
    }
}

@Suite("Port forwarding rules")
struct PortForwardTests {
    @Test("a rule gives its parts, and empty addresses their defaults")
    func parts() throws {
        let rule = try PortForward("tcp:127.0.0.1:6379-10.0.2.15:6380")
        #expect(rule.transport == .tcp)
        #expect(rule.hostAddress == 0x7f00_0001)
        #expect(rule.hostPort == 6379)
        #expect(rule.guestAddress == 0x0a00_020f)
        #expect(rule.guestPort == 6380)
        #expect(try PortForward("udp::53-:5353").description == "udp:0.0.0.0:53-10.0.2.15:5353")
    }

    @Test(
        "what is no rule is refused",
        arguments: [
            "", "tcp", "tcp:127.0.0.1:6379", "sctp:127.0.0.1:1-:1", "tcp:127.0.0.1:0-:1", "tcp:127.0.0.1:65536-:1",
            "tcp:127.0.0:1-:1", "tcp:127.0.0.256:1-:1", "tcp:127.0.0.1:1-:+1", "tcp:127.0.0.1:1-:1-:1",
            "tcp:localhost:1-:1", "tcp:127.0.0.1:1-:1:1",
        ])
    func refused(rule: String) {
        let error = #expect(throws: NetworkError.self) { try PortForward(rule) }
        #expect(error?.subject.contains(rule) == true)
    }
}
