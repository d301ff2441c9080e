import Environment
import GuestMemory
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

/// What becomes of the guest when the destination's last word does not come.
struct LastWordTests {
    private func source() throws -> TestMachine {
        let source = try TestMachine()
        try source.controller.setCapabilities([MigrationCapabilityStatus(.returnPath, true)])
        try source.machine.run()
        return source
    }

    /// Reads until the description, the last of the stream, has begun.
    private func readAll(_ channel: Channel) throws {
        var bytes: [UInt8] = []
        let mark = Array(#""devices""#.utf8)
        let deadline = SystemClock().now() + .seconds(20)
        while !String(decoding: bytes.suffix(4096), as: UTF8.self).contains(String(decoding: mark, as: UTF8.self)) {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = try buffer.withUnsafeMutableBytes { try channel.read(into: $0, deadline: deadline) }
            try #require(count > 0)
            bytes += buffer[..<count]
        }
    }

    /// It may have started the guest before the connection broke, so the guest must not go on here as well.
    @Test func aConnectionThatBreaksAfterTheLastByteLeavesTheGuestStopped() throws {
        let source = try source()
        let peer = try RawPeer()
        try source.controller.migrate(uri: peer.uri).start()
        let channel = try peer.accept()
        try readAll(channel)
        // What cannot be understood tells as little as what does not come.
        try channel.write([0xff, 0xff, 0, 0])
        try channel.flush()
        #expect(source.awaits("outgoing failed"))
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.machine.runState == .postmigrate)
        #expect(source.controller.queryMigrate().status == .failed)
        #expect(source.controller.queryMigrate().errorDesc?.contains("The destination may run the guest") == true)
        // The operator who has looked at the other side may let it go on.
        try source.machine.run()
        #expect(source.machine.runState == .running)
    }

    /// A destination says that it has the guest before it closes; one whose process is gone has none.
    @Test func aDestinationThatClosesWithoutAWordHasNoGuest() throws {
        let source = try source()
        let peer = try RawPeer()
        try source.controller.migrate(uri: peer.uri).start()
        let channel = try peer.accept()
        try readAll(channel)
        channel.shutDown()
        #expect(source.awaits("outgoing failed"))
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.machine.runState == .running)
    }

    @Test func aDestinationThatSaysThatItFailedHasNoGuest() throws {
        let source = try source()
        let peer = try RawPeer()
        try source.controller.migrate(uri: peer.uri).start()
        let channel = try peer.accept()
        try readAll(channel)
        try channel.write([0, 1, 0, 4, 0, 0, 0, 1])
        try channel.flush()
        #expect(source.awaits("outgoing failed"))
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.machine.runState == .running)
        #expect(
            source.controller.queryMigrate().errorDesc == "The destination failed to load the guest (SHUT 1)")
    }
}
