import CLinux
import Environment
import Glibc
import SystemCalls
import Testing

@testable import PacketPath

/// A broadcast frame of an EtherType for experiments, which nothing else in the namespace uses.
private func experimentalFrame(_ payload: UInt8) -> [UInt8] {
    var frame = [UInt8](repeating: 0xff, count: 6) + [0x52, 0x54, 0, 0, 0, payload] + [0x88, 0xb5]
    frame += [UInt8](repeating: payload, count: 100)
    return frame
}

@Suite("Tap back-end", .enabled(if: missingPrivilege == nil, "needs root and /dev/net/tun"))
struct TapBackendTests {
    @Test("two created taps in a bridge carry frames both ways, and vanish when stopped")
    func carriesFrames() throws {
        try inOwnNetworkNamespace {
            try makeBridge("br0")
            let left = try TapBackend(name: "left0", bridge: "br0")
            let right = try TapBackend(name: "right0", bridge: "br0")
            let toLeft = Inbox()
            let toRight = Inbox()
            try left.start { toLeft.take($0) }
            try right.start { toRight.take($0) }
            left.send(experimentalFrame(1))
            let first = toRight.first { $0.count > 20 && $0[13] == 0xb5 }
            #expect(first == experimentalFrame(1))
            right.send(experimentalFrame(2))
            let second = toLeft.first { $0.count > 20 && $0[13] == 0xb5 }
            #expect(second == experimentalFrame(2))
            #expect(left.counters.sent.frames == 1)
            #expect(left.counters.received.frames >= 1)
            #expect(try interfaceExists("left0"))
            left.stop()
            left.stop()
            #expect(try !interfaceExists("left0"), "a created tap goes with its back-end")
            left.send(experimentalFrame(3))
            #expect(left.counters.dropped.frames == 1)
            right.stop()
        }
    }

    @Test("after an announcement the bridge sends the guest's frames to the survivor's port, not to the old one")
    func announcementMovesTheGuest() throws {
        try inOwnNetworkNamespace {
            try makeBridge("br0")
            let old = try TapBackend(name: "old0", bridge: "br0")
            let survivor = try TapBackend(name: "survivor0", bridge: "br0")
            let client = try TapBackend(name: "client0", bridge: "br0")
            let (toOld, toSurvivor, toClient) = (Inbox(), Inbox(), Inbox())
            try old.start { toOld.take($0) }
            try survivor.start { toSurvivor.take($0) }
            try client.start { toClient.take($0) }
            let guest = try #require(EthernetAddress([0x52, 0x54, 0, 0, 0, 1]))
            let toGuest = guest.bytes + [0x52, 0x54, 0, 0, 0, 9, 0x88, 0xb5] + [UInt8](repeating: 7, count: 50)
            old.send(experimentalFrame(1))
            #expect(toClient.first { $0 == experimentalFrame(1) } != nil)
            client.send(toGuest)
            #expect(toOld.first { $0 == toGuest } != nil)
            let announcer = Announcer([(survivor, guest)], parameters: AnnounceParameters(rounds: 1))
            try announcer.start()
            #expect(toClient.first { $0 == guest.announcement } != nil)
            client.send(toGuest)
            #expect(toSurvivor.first { $0 == toGuest } != nil)
            for tap in [old, survivor, client] { tap.stop() }
            #expect(toOld.drain().allSatisfy { $0 != toGuest }, "the second frame went to the survivor alone")
        }
    }

    @Test("being in the bridge already is fine, and another bridge is an error that says so")
    func bridgeMembership() throws {
        try inOwnNetworkNamespace {
            try makeBridge("br0")
            try makeBridge("br1")
            let tap = try TapBackend(name: "tap0", bridge: "br0")
            let interface = try TapInterface(name: "tap0")
            try interface.join(bridge: "br0")
            let error = #expect(throws: NetworkError.self) { try interface.join(bridge: "br1") }
            #expect(error?.description.contains("tap0") == true)
            #expect(error?.advice.contains("another bridge") == true)
            tap.stop()
        }
    }

    @Test("a missing bridge, a name in use and a wrong kind of interface are named")
    func errorsNameTheCause() throws {
        try inOwnNetworkNamespace {
            let noBridge = #expect(throws: NetworkError.self) { try TapBackend(name: "tap0", bridge: "nobr") }
            #expect(noBridge?.advice.contains("ip link add nobr type bridge") == true)
            #expect(try !interfaceExists("tap0"), "nothing is left behind by a failure")
            let tap = try TapBackend(name: "tap0")
            let busy = #expect(throws: NetworkError.self) { try TapBackend(name: "tap0") }
            #expect(busy?.advice.contains("another process") == true)
            let wrong = #expect(throws: NetworkError.self) { try TapBackend(name: "lo") }
            #expect(wrong?.subject == "tap lo")
            tap.stop()
        }
    }

    @Test("a bridge that does not exist yet is waited for by whoever says so")
    func lateBridge() throws {
        try inOwnNetworkNamespace {
            let tap = try TapBackend(name: "tap0", bridge: "late0", waitsForBridge: true)
            #expect(tap.failure?.advice.contains("late0") == true)
            try tap.start { _ in }
            try makeBridge("late0")
            let end = SystemClock().now() + .seconds(10)
            while tap.failure != nil, SystemClock().now() < end { usleep(20_000) }
            #expect(tap.failure == nil)
            #expect(try interfaceExists("tap0"))
            tap.stop()
        }
    }

    @Test("refuses to be started twice or after it was stopped, and counts what is no frame")
    func misuse() throws {
        try inOwnNetworkNamespace {
            let tap = try TapBackend(name: "tap0")
            tap.send(Array(repeating: 0, count: 4))
            #expect(tap.counters.dropped.frames == 1, "no Ethernet frame")
            try tap.start { _ in }
            #expect(throws: NetworkError.self) { try tap.start { _ in } }
            tap.stop()
            #expect(throws: NetworkError.self) { try tap.start { _ in } }
        }
    }
}

@Suite("Interface names")
struct InterfaceNameTests {
    @Test(
        "names that the kernel would cut, expand or refuse are refused",
        arguments: ["", "sixteen-bytes-xx", "tap%d", "a/b", "a b", "a:1", ".", "..", "tap\n"])
    func refused(name: String) {
        #expect(throws: NetworkError.self) { try TapInterface(name: name) }
    }

    @Test("ordinary names are taken", arguments: ["tap0", "vm-web.1", "fifteen-bytes-x"])
    func taken(name: String) throws {
        #expect(try TapInterface(name: name).name == name)
    }
}
