import QAPI
import QMP

// Character devices.
extension ManagementTarget {
    func queryChardev() async throws(CommandError) -> [ChardevInfo] {
        state.characterDevices.map { device in
            ChardevInfo(label: device.label, filename: device.filename, frontendOpen: device.isOpen)
        }
    }
}
