import QAPI
import QMP

// Disks.
extension ManagementTarget {
    func queryBlock() async throws(CommandError) -> [BlockInfo] {
        throw .generic("This is not available")
    }

    func queryNamedBlockNodes(flat: Bool?) async throws(CommandError) -> [BlockDeviceInfo] {
        throw .generic("This is not available")
    }

    func queryBlockstats(queryNodes: Bool?) async throws(CommandError) -> [BlockStats] {
        throw .generic("This is not available")
    }

    func queryBlockJobs() async throws(CommandError) -> [BlockJobInfo] {
        throw .generic("This is not available")
    }
}
