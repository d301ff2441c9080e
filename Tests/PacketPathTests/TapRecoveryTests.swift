import CLinux
import Environment
import Glibc
import SystemCalls
import Testing

@testable import PacketPath

/// What a tap back-end does when its interface or its bridge goes away under it, without the guest sending anything.
@Suite("Tap recovery", .enabled(if: missingPrivilege == nil, "needs root and /dev/net/tun"))
struct TapRecoveryTests {
    @Test("a deleted interface is noticed within a second, made again in its bridge, and carries frames as before")
    func deletedInterface() throws {
        try inOwnNetworkNamespace {
            try makeBridge("br0")
            let tap = try TapBackend(name: "tap0", bridge: "br0")
            let client = try TapBackend(name: "client0", bridge: "br0")
            let (toGuest, toClient) = (Inbox(), Inbox())
            try tap.start { toGuest.take($0) }
            try client.start { toClient.take($0) }
            #expect(tap.failure == nil)
            try deleteInterface("br0")
            try deleteInterface("tap0")
            let failure = try #require(failureOf(tap, within: .seconds(1)))
            #expect(failure.subject == "tap tap0")
            tap.send(frame(1))
            #expect(tap.counters.dropped.frames == 1)
            let cause = find(within: .seconds(10)) { tap.failure.flatMap { $0.advice.contains("br0") ? $0 : nil } }
            #expect(cause?.advice.contains("making it again fails") == true, "without its bridge it is in no place")
            try makeBridge("br0")
            #expect(find(within: .seconds(10)) { tap.failure == nil && client.failure == nil ? true : nil } == true)
            #expect(try interfaceExists("tap0"))
            #expect(carries(frame(2), from: tap, to: toClient))
            #expect(carries(frame(3), from: client, to: toGuest))
            for backend in [tap, client] { backend.stop() }
            #expect(try !interfaceExists("tap0"))
        }
    }

    @Test("an interface or a bridge that is set down is a failure for as long as it is down")
    func downInterface() throws {
        try inOwnNetworkNamespace {
            try makeBridge("br0")
            let tap = try TapBackend(name: "tap0", bridge: "br0")
            try tap.start { _ in }
            for name in ["tap0", "br0"] {
                try setUp(name, false)
                #expect(failureOf(tap, within: .seconds(2))?.description.contains("\(name): is down") == true)
                try setUp(name, true)
                #expect(find(within: .seconds(10)) { tap.failure == nil ? true : nil } == true)
            }
            tap.stop()
        }
    }

    @Test("a bridge that was deleted and made again gets its port back")
    func bridgeMadeAgain() throws {
        try inOwnNetworkNamespace {
            try makeBridge("br0")
            let tap = try TapBackend(name: "tap0", bridge: "br0")
            let client = try TapBackend(name: "client0", bridge: "br0")
            let toClient = Inbox()
            try tap.start { _ in }
            try client.start { toClient.take($0) }
            try deleteInterface("br0")
            #expect(failureOf(tap, within: .seconds(2)) != nil)
            try makeBridge("br0")
            #expect(find(within: .seconds(10)) { tap.failure == nil && client.failure == nil ? true : nil } == true)
            #expect(carries(frame(1), from: tap, to: toClient))
            for backend in [tap, client] { backend.stop() }
        }
    }

    @Test("a back-end whose interface is gone stops at once, and its hold tells the failure")
    func stopsWhileRestoring() throws {
        try inOwnNetworkNamespace {
            try makeBridge("br0")
            let tap = try TapBackend(name: "tap0", bridge: "br0")
            let hold = OutputHold(tap)
            try hold.start { _ in }
            try deleteInterface("br0")
            try deleteInterface("tap0")
            #expect(find(within: .seconds(1)) { hold.failure } != nil)
            let start = SystemClock().now()
            hold.stop()
            #expect(SystemClock().now() - start < .milliseconds(400))
        }
    }

    private func frame(_ payload: UInt8) -> [UInt8] {
        [UInt8](repeating: 0xff, count: 6) + [0x52, 0x54, 0, 0, 0, payload, 0x88, 0xb5]
            + [UInt8](repeating: payload, count: 100)
    }

    /// Sends a frame until it arrives: the port at the other end may notice a moment later that its bridge is another.
    private func carries(_ frame: [UInt8], from sender: TapBackend, to inbox: Inbox) -> Bool {
        find(within: .seconds(10)) {
            sender.send(frame)
            return inbox.drain().contains(frame) ? true : nil
        } ?? false
    }

    private func failureOf(_ tap: TapBackend, within limit: Nanoseconds) -> NetworkError? {
        find(within: limit) { tap.failure }
    }

    /// Looks until `look` finds something; nil if it does not in time.
    private func find<Result>(within limit: Nanoseconds, _ look: () -> Result?) -> Result? {
        let clock = SystemClock()
        let deadline = clock.now() + limit
        while clock.now() < deadline {
            if let result = look() { return result }
            usleep(2000)
        }
        return look()
    }

    private func deleteInterface(_ name: String) throws { try changeLink("delete", name) }

    private func setUp(_ name: String, _ isUp: Bool) throws { try changeLink("set", name, isUp ? "up" : "down") }

    private func changeLink(_ arguments: String...) throws {
        let places: [String] = ["/usr/sbin/ip", "/sbin/ip"]
        let command = try #require(places.first(where: { access($0, X_OK) == 0 }), "needs iproute2")
        let child = try ChildProcess(path: command, arguments: ["link"] + arguments, environment: [])
        #expect(try child.wait(until: SystemClock().now() + .seconds(20)) == .exited(0))
    }
}
