import Environment
import Glibc
import MigrationFormat
import PairLab
import QAPI
import SystemCalls
import Testing
import Transport

@testable import Migration

/// Settings that QEMU 7.2 takes one by one and cannot carry out together: taken here too, and refused by `migrate` and
/// `migrate-incoming` before any byte.
struct InteropRefusalTests {
    private static let preempted: [MigrationCapability] = [.multifd, .postcopyRam, .postcopyPreempt]
    private static let preemptText = "Capability 'multifd' is not compatible with capability 'postcopy-preempt'"

    private static func coloText(_ other: MigrationCapability) -> String {
        "Capability 'x-colo' is not compatible with capability '\(other.rawValue)'"
    }

    private func machine(_ capabilities: [MigrationCapability], incoming: Bool = false) throws -> TestMachine {
        let machine = try TestMachine(incoming: incoming, megabytes: 1)
        machine.controller.setCOLOHandler(SequentialPrimary(rounds: 0))
        try machine.controller.setCapabilities(capabilities.map { MigrationCapabilityStatus($0, true) })
        return machine
    }

    private func expectSourceRefuses(_ capabilities: [MigrationCapability], _ text: String) throws {
        let source = try machine(capabilities)
        // Nobody is there: whoever connected would be told so instead.
        #expect { try source.migrate(to: "tcp:127.0.0.1:1") } throws: { "\($0)" == text }
        #expect(source.log.lines.isEmpty)
        #expect(source.controller.queryMigrate() == MigrationInfo())
    }

    private func expectDestinationRefuses(_ capabilities: [MigrationCapability], _ text: String) throws {
        let destination = try machine(capabilities, incoming: true)
        #expect { try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0") } throws: { "\($0)" == text }
        #expect(destination.log.lines == ["setup"])
        #expect(destination.port == 0)
        try destination.controller.setCapabilities(capabilities.map { MigrationCapabilityStatus($0, false) })
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        #expect(destination.port != 0)
        destination.controller.cancelChannel()
    }

    @Test(arguments: [MigrationCapability.returnPath, .multifd, .compress])
    func aPrimaryGoesWithoutIt(other: MigrationCapability) throws {
        try expectSourceRefuses([.xColo, other], Self.coloText(other))
    }

    @Test(arguments: [MigrationCapability.returnPath, .multifd, .compress])
    func aSecondaryGoesWithoutIt(other: MigrationCapability) throws {
        try expectDestinationRefuses([.xColo, other], Self.coloText(other))
    }

    @Test func dataChannelsAndAChannelForUrgentPagesCannotBeToldApart() throws {
        try expectSourceRefuses(Self.preempted, Self.preemptText)
        try expectDestinationRefuses(Self.preempted, Self.preemptText)
    }

    @Test(arguments: [MigrationCapability.multifd, .compress])
    func aPrimaryThatComesAllTheSameIsRefusedBeforeItsPages(other: MigrationCapability) throws {
        let destination = try machine([other], incoming: true)
        let before = destination.ram
        try destination.controller.updateParameters { $0.multifdChannels = 1 }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let main = try RawPeer.connect(port: destination.port, sending: Self.beginningOfCOLO)
        let opening = MultifdOpening(uuid: [UInt8](repeating: 0, count: 16), channel: 0).bytes
        let data = other == .multifd ? try RawPeer.connect(port: destination.port, sending: opening) : nil
        #expect(
            destination.awaits("incoming failed: load of migration failed: \(Self.coloText(other))"),
            "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, before) == nil)
        main.shutDown()
        data?.shutDown()
    }

    /// The header, and the command that says that checkpoints follow.
    private static let beginningOfCOLO: [UInt8] =
        [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3] + [7, 0, 0, 0, 4] + Array("none".utf8) + [8, 0, 8, 0, 0]

    @Test func whatCannotBeReadHasNoReturnPathAndGetsNoByte() throws {
        let ends = try Descriptor.pipe()
        let number = try ends.writing.duplicate().release()
        let reading = ends.takeReading()
        let source = try machine([.returnPath])
        source.controller.setResources(MigrationResources(takeDescriptor: { _ in Descriptor(owning: number) }))
        try source.migrate(to: "fd:pipe")
        #expect(source.awaits("outgoing failed: Capability 'return-path' needs a channel that can be read"))
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        var byte: UInt8 = 0
        try reading.setNonBlocking(true)
        #expect(read(reading.number, &byte, 1) <= 0)
    }

    @Test func zeroCopyTakesPagesAsTheyLieInMemoryOrIsNotSet() throws {
        let machine = try machine([.multifd])
        let text = "Zero copy only available for non-compressed non-TLS multifd migration"
        let zeroCopy = [MigrationCapabilityStatus(.zeroCopySend, true)]
        try machine.controller.updateParameters { $0.multifdCompression = .zlib }
        #expect { try machine.controller.setCapabilities(zeroCopy) } throws: { "\($0)" == text }
        try machine.controller.updateParameters { $0.multifdCompression = .none }
        try machine.controller.updateParameters { $0.tlsCredentials = "tls0" }
        #expect { try machine.controller.setCapabilities(zeroCopy) } throws: { "\($0)" == text }
        try machine.controller.updateParameters { $0.tlsCredentials = "" }
        try machine.controller.setCapabilities(zeroCopy)
        #expect { try machine.controller.updateParameters { $0.tlsCredentials = "tls0" } } throws: { "\($0)" == text }
    }
}
