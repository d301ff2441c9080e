import QAPI
import QMP

// Character devices.
extension ManagementTarget {
    func queryChardev() async throws(CommandError) -> [ChardevInfo] {
        throw .generic("This is not available")
    }
}
