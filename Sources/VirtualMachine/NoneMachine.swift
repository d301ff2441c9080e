import Environment
public import GuestMemory
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

    func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> UInt64? {
        var (ticks, nanoseconds): (Int64, Int64) = (0, Int64(bitPattern: clock.nanoseconds))
        try fields.number("cpu_ticks_offset", &ticks)
        try fields.unused(8)
        // Version 1 is the two fields of eight bytes alone.
        guard fields.version >= 2 else { return nil }
        try fields.number("cpu_clock_offset", &nanoseconds)
        return UInt64(bitPattern: nanoseconds)
    }

    func restore(_ saved: UInt64?) { if let saved { clock.set(nanoseconds: saved) } }
}
