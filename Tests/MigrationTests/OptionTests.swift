import Environment
import PairLab
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

struct OptionTests {
    @Test func blkAndIncHoldForOneRun() throws {
        let source = try TestMachine(megabytes: 1)
        let peer = try RawPeer()
        let pending = try source.controller.migrate(uri: peer.uri, block: true, incremental: true)
        #expect(source.controller.settings[.block] && source.controller.settings.parameters.blockIncremental)
        pending.start()
        let bytes = RawPeer.drain(try peer.accept())
        #expect(source.awaits("completed"))
        #expect(!source.controller.settings[.block] && !source.controller.settings.parameters.blockIncremental)
        let start: [UInt8] = [1, 0, 0, 0, 1, 5] + Array("block".utf8) + [0, 0, 0, 0, 0, 0, 0, 1]
        let end: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 2, 0x7e, 0, 0, 0, 1]
        #expect(bytes[17...].starts(with: start + end), "a machine without disks says so")
    }

    @Test func theyEndWithAFailureToo() throws {
        let source = try TestMachine(megabytes: 1)
        try source.controller.migrate(uri: "tcp:127.0.0.1:1", block: true, incremental: true).start()
        #expect(source.awaits("failed"))
        #expect(!source.controller.settings[.block] && !source.controller.settings.parameters.blockIncremental)
        #expect(throws: MigrationRefusal.destination(.unknownScheme(uri: "bogus"))) {
            _ = try source.controller.migrate(uri: "bogus", block: true)
        }
        #expect(!source.controller.settings[.block])
    }

    @Test func theyContradictWhatIsOnAlready() throws {
        let source = try TestMachine(megabytes: 1)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.block, true)])
        #expect(throws: MigrationRefusal.incompatibleOptions) {
            _ = try source.controller.migrate(uri: "tcp:127.0.0.1:1", block: true)
        }
        #expect(source.controller.settings[.block])
    }

    @Test(arguments: [MigrationCapability.block, .xIgnoreShared, .zeroBlocks, .releaseRam, .rdmaPinAll])
    func capabilitiesWithoutAnObjectHereStillMigrate(_ capability: MigrationCapability) throws {
        let source = try TestMachine(megabytes: 1)
        let destination = try TestMachine(incoming: true, megabytes: 1)
        source.fill(seed: 3)
        for machine in [source, destination] {
            try machine.controller.setCapabilities([MigrationCapabilityStatus(capability, true)])
        }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(destination.awaits("completed"))
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func bothSidesMustAgreeOnSharedRAM() throws {
        let source = try TestMachine(megabytes: 1)
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.xIgnoreShared, true)])
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(
            destination.awaits(
                "incoming failed: load of migration failed: Capability x-ignore-shared is off, but received "
                    + "capability is on"))
    }

    /// Disks without bitmaps: the section is announced, empty, and nothing follows.
    @Test(arguments: [[MigrationCapability.dirtyBitmaps], [.dirtyBitmaps, .postcopyRam]])
    func dirtyBitmapsOfWhichThereAreNone(capabilities: [MigrationCapability]) throws {
        let source = try TestMachine(megabytes: 1)
        let destination = try TestMachine(incoming: true, megabytes: 1)
        source.fill(seed: 4)
        for machine in [source, destination] {
            try machine.controller.setCapabilities(capabilities.map { MigrationCapabilityStatus($0, true) })
        }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("completed") && destination.awaits("completed"), "\(source.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func credentialsAreLookedUpWhenThereIsAConnection() throws {
        let source = try TestMachine(megabytes: 1)
        source.controller.setResources(
            MigrationResources(tlsEnd: { request throws(TLSFailure) in
                throw .credentials("\(request.credentials) for a \(request.role) of \(request.hostname ?? "nobody")")
            }))
        let peer = try RawPeer()
        for (name, text) in [("", "bad for a client of 127.0.0.1"), ("other", "bad for a client of other")] {
            try source.controller.updateParameters {
                $0.tlsCredentials = "bad"
                $0.tlsHostname = name
            }
            try source.migrate(to: "tcp:127.0.0.1:1")
            #expect(source.awaits("outgoing failed: Failed to connect to '127.0.0.1:1'"))
            #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
            try source.migrate(to: peer.uri)
            #expect(source.awaits("outgoing failed: \(text)"))
            #expect(source.controller.queryMigrate().errorDesc == text)
            #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        }
    }

    @Test func aDestinationWithUnknownCredentialsSendsEverybodyAwayAndKeepsListening() throws {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.controller.updateParameters { $0.tlsCredentials = "nosuch" }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        for count in 1...2 {
            _ = RawPeer.drain(try RawPeer.connect(port: destination.port, sending: []))
            #expect(destination.awaits("incoming refused: No TLS credentials with id 'nosuch'", atLeast: count))
        }
        #expect(destination.controller.queryMigrate().status == nil)
        #expect(destination.log.lines.filter { !$0.hasPrefix("incoming") } == ["setup"])
        destination.controller.cancelChannel()
    }
}
