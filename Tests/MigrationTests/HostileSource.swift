import ByteCoding
import Environment
import GuestMemory
import MigrationFormat
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// A destination of one MiB, and streams made by hand for it.
final class HostileSource {
    static let section: UInt32 = 2
    let destination: TestMachine
    let blockName: String
    private var connections: [Channel] = []

    init(
        _ capabilities: [MigrationCapability], channels: Int = 2, compression: MultiFDCompression = .none,
        stall: Nanoseconds = .seconds(5), dataChannels: Nanoseconds = .seconds(5)
    ) throws {
        destination = try TestMachine(incoming: true, megabytes: 1)
        blockName = destination.machine.layout[0].name
        try destination.controller.setCapabilities(capabilities.map { .init($0, true) })
        try destination.controller.updateParameters { values in
            values.multifdChannels = UInt8(channels)
            values.multifdCompression = compression
        }
        destination.controller.incomingLimits.withLock {
            $0 = IncomingLimits(stall: stall, dataChannels: dataChannels)
        }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
    }

    /// A whole stream with `records` in the last part of its RAM section. It has two parts: the list of blocks is one.
    func stream(_ records: (inout ByteWriter) -> Void = { _ in }) -> [UInt8] {
        let machine = destination.machine
        var writer = ByteWriter(capacity: 1 << 16)
        StreamEncoder.writeFileHeader(
            machineType: machine.parts.machineType, uuid: nil, ignoresShared: false, to: &writer)
        StreamEncoder.writeRAMStart(id: Self.section, layout: machine.layout, guestAddresses: nil, to: &writer)
        StreamEncoder.writeRAMOpening(.sectionEnd, id: Self.section, to: &writer)
        records(&writer)
        StreamEncoder.writeRAMClosing(id: Self.section, to: &writer)
        StreamEncoder.writeEndOfSections(to: &writer)
        return writer.bytes
    }

    /// A packet with these pages, each of which holds `byte`.
    func pages(_ offsets: [UInt64], byte: UInt8 = 7, sync: Bool = false, number: UInt64 = 0) -> [UInt8] {
        let packet = MultifdPacket(
            number: number, isSync: sync, block: blockName, offsets: offsets,
            payloadSize: UInt32(offsets.count * targetPageSize))
        return packet.bytes + [UInt8](repeating: byte, count: offsets.count * targetPageSize)
    }

    static let sync = MultifdPacket(number: 0, isSync: true).bytes
    static func opening(_ index: UInt8) -> [UInt8] { MultifdOpening(channel: index).bytes }

    /// Connects somebody who sends `bytes`; `thenEnds`: and says then that nothing more comes.
    @discardableResult
    func connect(_ bytes: [UInt8], thenEnds: Bool = true) -> Channel? {
        guard
            let channel = try? Channel.connect(
                to: .tcp(host: "127.0.0.1", port: "\(port)"), cancellation: try Cancellation())
        else { return nil }
        connections.append(channel)
        // A destination that has refused already closes the channel under the writer.
        try? channel.write(bytes)
        try? channel.flush()
        if thenEnds { channel.shutDownWriting() }
        return channel
    }

    private lazy var port = destination.port

    /// Waits for the end, and that another source could come after a failure. Returns the failure.
    func outcome() throws -> String? {
        let controller = destination.controller
        try #require(controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)), "it does not end")
        let prefix = "incoming failed: load of migration failed: "
        let failure = destination.log.lines.last { $0.hasPrefix(prefix) }
        guard controller.queryMigrate().status != .completed else { return nil }
        #expect(controller.queryMigrate().status == .failed && destination.machine.runState == .inmigrate)
        try controller.prepareForIncoming(deadline: SystemClock().now() + .seconds(10))
        try controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        #expect(destination.port != 0)
        controller.cancelChannel()
        #expect(controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        return failure.map { String($0.dropFirst(prefix.count)) } ?? "failed without a word"
    }
}
