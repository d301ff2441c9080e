import ByteCoding
import Environment
import GuestMemory
import MachineModel
import SystemCalls

/// The machine `none`: RAM from address 0 and nothing that runs, the same in a stream as QEMU's `-M none -m SIZE`.
/// Its sections are `timer`, `ram` and `globalstate`.
public enum NoneMachine {
    /// The name in the configuration section.
    public static let machineType = "none"

    /// The parts of a machine with `memorySize` bytes of RAM, kept in `backing`.
    public static func parts(
        memorySize: Int, backing: MemoryBacking = .anonymous, name: String = "", uuid: [UInt8]? = nil
    ) throws(MemoryBackingError) -> MachineParts {
        let ram = try RAMBlock(name: "ram", guestAddress: 0, size: memorySize, backing: backing)
        let clock = GuestClock()
        return MachineParts(
            machineType: machineType, memory: GuestMemory(blocks: [ram]), engine: IdleEngine(), clock: clock,
            lock: MachineLock(), savedDevices: [TimerDevice(clock: clock)], name: name, uuid: uuid)
    }
}

/// An engine without a vCPU.
final class IdleEngine: GuestEngine {
    var name: String { "none" }
    var vCPUCount: Int { 0 }
    var retiredInstructions: UInt64 { 0 }
    var savedDevices: [any SavedDevice] { [] }
    func resume() {}
    func pause(until deadline: Nanoseconds) {}
    func retire() {}
    func forgetWritePermissions() {}
    func forgetTranslations() {}
    func shutDown(until deadline: Nanoseconds) -> Bool { true }
}

/// The `timer` section, version 2: tick offset (unused here), eight zero bytes, and guest time in nanoseconds.
final class TimerDevice: SavedDevice {
    private let clock: GuestClock

    /// The section of `clock`.
    init(clock: GuestClock) { self.clock = clock }

    var identity: DeviceIdentity { DeviceIdentity(name: "timer", version: 2, oldestVersion: 1) }

    func saveState(to writer: inout ByteWriter) {
        writer.write(UInt64(0))
        writer.writeZeroes(8)
        writer.write(clock.nanoseconds)
    }

    func prepareLoad(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceStateError) -> @Sendable () -> Void {
        do {
            // Version 1 is the two fields of eight bytes alone.
            try reader.skip(16)
            guard version >= 2 else { return {} }
            let nanoseconds = try reader.read(UInt64.self)
            return { [clock] in clock.set(nanoseconds: nanoseconds) }
        } catch {
            throw .malformed(error)
        }
    }
}
