import ByteCoding
import Environment
import MigrationCore
import MigrationFormat
import SystemCalls
import VirtualMachine

/// What stands in a stream behind the live sections: devices, the byte that ends the sections, and the description.
struct DeviceBytes: Sendable {
    let bytes: [UInt8]
    /// How many there are with the byte that ends the sections.
    let lengthToEnd: UInt64

    /// Those of `machine`, which is at rest.
    init(of machine: VirtualMachine) {
        var writer = ByteWriter(capacity: 64 << 10)
        machine.saveDeviceSections(to: &writer)
        let sections = machine.describeDeviceSections()
        StreamEncoder.writeEndOfSections(to: &writer)
        lengthToEnd = UInt64(writer.bytes.count)
        VMDescription.write(devices: sections, to: &writer)
        bytes = writer.bytes
    }
}

// The guest of one instant, while it runs on.
extension SourceRun {
    func beginSnapshot() throws(MigrationFailure) -> SourceMachine.Event {
        guard let snapshot else { throw .cancelled }
        var standsSince = clock.now()
        devicesBefore = try snapshot.begin {
            !session.control.isCancelled
        } _: {
            standsSince = clock.now()
            return DeviceBytes(of: machine)
        }
        let pending = snapshot.pending
        counters.note(remaining: UInt64(pending) * UInt64(MigrationCore.pageSize))
        return .snapshotBegun(pages: pending, pause: clock.now() - standsSince)
    }

    func endSnapshot() -> SourceMachine.Event {
        snapshot?.end()
        return .guestSettled
    }
}
