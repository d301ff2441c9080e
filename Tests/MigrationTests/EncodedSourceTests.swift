import Environment
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Sources whose destination fails them, in every encoding of pages: the migration ends, and the guest runs on.
@Suite(.serialized) struct EncodedSourceTests {
    enum Trouble: CaseIterable { case cancel, yank, peerResets, dataChannelResets }

    private static let channels = 2

    @Test(arguments: PageEncodingTests.Way.allCases, Trouble.allCases)
    func theGuestRunsOn(way: PageEncodingTests.Way, trouble: Trouble) throws {
        var random = SeededGenerator(seed: "\(way) \(trouble)".utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        // More than the sockets hold, so that somebody waits for the peer.
        let source = try TestMachine(megabytes: 64)
        source.fill(seed: 9)
        try source.machine.run()
        try PageEncodingTests.prepare(source, way)
        try source.controller.updateParameters { values in
            values.maxBandwidth = 0
            values.multifdChannels = UInt8(Self.channels)
        }
        // It keeps what it got and never reads it.
        let peer = try RawPeer()
        try source.migrate(to: peer.uri)
        let count = way.capabilities.contains(.multifd) ? 1 + Self.channels : 1
        var connections = try (0..<count).map { _ in try peer.accept() }
        defer { withExtendedLifetime(connections) {} }
        let pause = ThreadGate(())
        _ = pause.wait(until: SystemClock().now() + .milliseconds(random.next() % 30)) { _ -> Bool? in nil }
        switch trouble {
        case .cancel: source.controller.migrateCancel()
        case .yank: source.controller.yank()
        // Closed with bytes that nobody has read: the kernel resets them.
        case .peerResets: connections.removeAll()
        case .dataChannelResets: connections.removeLast()
        }
        try #require(
            source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)), "it does not end")
        let status = source.controller.queryMigrate().status
        #expect(status == (trouble == .cancel ? .cancelled : .failed), "\(source.log.lines)")
        #expect(source.machine.runState == .running)
        #expect(source.controller.migrationThreads().isEmpty)
    }
}
