import Environment
import Foundation
import GuestMemory
import PairLab
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

struct OutgoingTests {
    @Test func aGuestThatNeverRanArrivesAsItWas() throws {
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        source.fill(seed: 9)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("completed"))
        #expect(destination.awaits("completed"))
        #expect(source.log.outline == ["setup", "pass", "active", "pass", "completed"])
        #expect(destination.log.lines == ["setup", "active", "completed"])
        #expect(destination.machine.runState == .prelaunch)
        #expect(firstDifference(destination.ram, source.ram) == nil)
        let info = source.controller.queryMigrate()
        #expect(info.status == .completed && info.expectedDowntime == nil && info.downtime != nil)
        #expect(info.ram?.remaining == 0 && (info.ram?.dirtySyncCount ?? 0) >= 2)
        #expect(info.ram?.total == Int64(source.machine.memory.totalSize))
        #expect(destination.controller.queryMigrate() == MigrationInfo(status: .completed))
    }

    @Test func whoCannotConnectKeepsItsGuestAndMayTryAgain() throws {
        let source = try TestMachine()
        try source.machine.run()
        for uri in ["tcp:127.0.0.1:1", "unix:/nonexistent/x"] {
            let pending = try source.controller.migrate(uri: uri)
            pending.start()
            #expect(source.awaits("outgoing failed"))
            #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
            #expect(source.machine.runState == .running)
            let info = source.controller.queryMigrate()
            #expect(info.status == .failed)
            #expect(info.errorDesc?.hasPrefix("Failed to connect to '") == true)
        }
        #expect(source.log.lines.filter { $0 == "setup" || $0 == "failed" } == ["setup", "failed", "setup", "failed"])
    }

    @Test func aURIThatIsNoneFailsAtOnceAfterTheSetupEvent() throws {
        let source = try TestMachine()
        #expect(throws: MigrationRefusal.destination(.unknownScheme(uri: "bogus"))) {
            _ = try source.controller.migrate(uri: "bogus")
        }
        #expect(source.controller.queryMigrate() == MigrationInfo(status: .failed))
        #expect(throws: MigrationRefusal.destination(.badAddress("error parsing address '127.0.0.1'"))) {
            _ = try source.controller.migrate(uri: "tcp:127.0.0.1")
        }
        #expect(source.controller.queryMigrate().errorDesc == "error parsing address '127.0.0.1'")
        #expect(source.log.lines.filter { !$0.hasPrefix("outgoing") } == ["setup", "failed", "setup", "failed"])
    }

    @Test func refusalsComeInTheirOrder() throws {
        let source = try TestMachine()
        #expect(throws: MigrationRefusal.noPausedMigration) {
            _ = try source.controller.migrate(uri: "bogus", resume: true)
        }
        source.controller.setBlockers(["a device that cannot move"])
        #expect(throws: MigrationRefusal.blocked("a device that cannot move")) {
            _ = try source.controller.migrate(uri: "bogus")
        }
        #expect(source.controller.queryMigrate().blockedReasons == ["a device that cannot move"])
        source.controller.setBlockers([])
        try source.controller.setCapabilities([MigrationCapabilityStatus(.xColo, true)])
        #expect(throws: MigrationRefusal.noDiskMigrationInCOLO) {
            _ = try source.controller.migrate(uri: "bogus", block: true)
        }
        let waiting = try TestMachine(incoming: true)
        #expect(throws: MigrationRefusal.waitsForIncoming) { _ = try waiting.controller.migrate(uri: "bogus") }
        #expect(throws: MigrationRefusal.incomingNotExpected) { try source.controller.migrateIncoming(uri: "bogus") }
        try source.controller.setCapabilities([MigrationCapabilityStatus(.xColo, false)])
        let missing = try source.machine.memory.makePageSets()
        missing[0].insert(1)
        source.machine.memory.beginResidency(try PageResidency(of: source.machine.memory, missing: missing) { _ in })
        #expect(throws: MigrationRefusal.waitsForIncoming) { _ = try source.controller.migrate(uri: "bogus") }
        #expect(source.log.lines.isEmpty)
    }

    @Test func anotherMigrationAndNewCapabilitiesAreRefusedWhileOneRuns() throws {
        let source = try TestMachine()
        let peer = try RawPeer()
        try source.controller.updateParameters { $0.maxBandwidth = 100_000 }
        source.fill(seed: 1)
        try source.machine.run()
        try source.migrate(to: peer.uri)
        let channel = try peer.accept()
        #expect(source.awaits("active"))
        #expect(throws: MigrationRefusal.inProgress) { _ = try source.controller.migrate(uri: peer.uri) }
        #expect(throws: MigrationRefusal.inProgress) {
            try source.controller.setCapabilities([MigrationCapabilityStatus(.xbzrle, true)])
        }
        let info = source.controller.queryMigrate()
        #expect(info.status == .active && info.expectedDowntime == 300 && info.ram?.dirtySyncCount == 1)
        source.controller.migrateCancel()
        #expect(source.awaits("cancelled"))
        _ = channel
    }

    @Test func cancellingEndsItAndTheGuestRunsOn() throws {
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        try source.controller.updateParameters { $0.maxBandwidth = 100_000 }
        source.fill(seed: 2)
        try source.machine.run()
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("active"))
        source.controller.migrateCancel()
        #expect(source.awaits("cancelled"))
        #expect(destination.awaits("incoming failed: load of migration failed: "))
        #expect(source.log.outline == ["resume", "setup", "pass", "active", "cancelling", "cancelled"])
        #expect(destination.log.lines.prefix(3) == ["setup", "active", "failed"])
        #expect(source.machine.runState == .running)
        #expect(source.controller.queryMigrate() == MigrationInfo(status: .cancelled))
        source.controller.migrateCancel()
        #expect(source.controller.queryMigrate().status == .cancelled)
    }

    @Test func aDestinationThatDiesLeavesTheGuestRunning() throws {
        let source = try TestMachine()
        let peer = try RawPeer()
        try source.controller.updateParameters { $0.maxBandwidth = 1_000_000 }
        source.fill(seed: 2)
        try source.machine.run()
        try source.migrate(to: peer.uri)
        try peer.accept().shutDown()
        #expect(source.awaits("outgoing failed: Unable to write to socket: "))
        #expect(source.machine.runState == .running)
        #expect(source.controller.queryMigrate().errorDesc?.hasPrefix("Unable to write to socket: ") == true)
        #expect(!source.log.lines.contains("stop"))
    }

    @Test func aDestinationThatRefusesOnTheReturnPathGivesTheGuestBack() throws {
        let source = try TestMachine(megabytes: 1)
        let peer = try RawPeer()
        try source.controller.setCapabilities([MigrationCapabilityStatus(.returnPath, true)])
        try source.machine.run()
        try source.migrate(to: peer.uri)
        let channel = try peer.accept()
        try channel.write([0, 2, 0, 4, 0, 0, 0, 1, 0, 1, 0, 4, 0, 0, 0, 1])
        try channel.flush()
        #expect(source.awaits("outgoing failed: The destination failed to load the guest"))
        #expect(
            source.log.outline.filter { !$0.hasPrefix("outgoing") }.prefix(7)
                == ["resume", "setup", "pass", "active", "stop", "pass", "failed"])
        #expect(source.awaits("resume", atLeast: 2), "the guest goes on after the failure was told")
        #expect(source.machine.runState == .running)
    }

    @Test func theBandwidthLimitChangesWhileItRuns() throws {
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        source.fill(seed: 4)
        try source.controller.updateParameters { $0.maxBandwidth = 1 }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("active"))
        try source.controller.updateParameters { $0.maxBandwidth = 0 }
        #expect(source.awaits("completed"))
        #expect(destination.awaits("completed"))
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func theStreamEndsInADescriptionOfItsSections() throws {
        let source = try TestMachine(megabytes: 2)
        source.fill(seed: 8)
        let peer = try RawPeer()
        try source.migrate(to: peer.uri)
        let bytes = RawPeer.drain(try peer.accept())
        #expect(source.awaits("completed"))
        let header: [UInt8] = [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3, 7, 0, 0, 0, 4] + Array("none".utf8)
        #expect(bytes.prefix(header.count) == header[...])
        let description = try #require(bytes.lastRange(of: [0x00, 0x06]))
        let text = Data(bytes[(description.lowerBound + 6)...])
        let json = try JSONSerialization.jsonObject(with: text) as? [String: Any]
        let devices = json?["devices"] as? [[String: Any]]
        #expect(devices?.compactMap { $0["name"] as? String } == ["timer", "globalstate"])
        let sizes = devices?.map { device in
            (device["fields"] as? [[String: Any]])?.compactMap { $0["size"] as? Int }.reduce(0, +)
        }
        #expect(sizes == [24, 104])
    }
}

extension [UInt8] {
    fileprivate func lastRange(of pattern: [UInt8]) -> Range<Int>? {
        var start = count - pattern.count
        while start >= 0 {
            if Array(self[start..<start + pattern.count]) == pattern, start + 6 < count,
                self[start + 6] == UInt8(ascii: "{")
            {
                return start..<start + pattern.count
            }
            start -= 1
        }
        return nil
    }
}
