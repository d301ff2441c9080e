import QAPI
import QMP

// Descriptors that clients hand over.
extension ManagementTarget {
    func getfd(fdname: String) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func closefd(fdname: String) async throws(CommandError) {
        throw .generic("This is not available")
    }
}
