import QAPI
import QMP

// Ending connections that hang.
extension ManagementTarget {
    func yank(instances: [YankInstance]) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func queryYank() async throws(CommandError) -> [YankInstance] {
        throw .generic("This is not available")
    }
}
