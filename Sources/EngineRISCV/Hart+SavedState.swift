import ByteCoding
import MachineModel

extension Hart: SavedDevice {
    var identity: DeviceIdentity { DeviceIdentity(name: "riscv-hart", instance: UInt32(identifier)) }

    func saveState(to writer: inout ByteWriter) {}

    func prepareLoad(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceStateError) -> @Sendable () -> Void { {} }
}
