import QAPI
import QMP

// The monitor for people.
extension ManagementTarget {
    func humanMonitorCommand(commandLine: String, cpuIndex: Int64?) async throws(CommandError) -> String {
        throw .generic("This is not available")
    }
}
