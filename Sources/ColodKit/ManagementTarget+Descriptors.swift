import ManagementServer
import QAPI
import QMP

// Descriptors that clients hand over. They belong to the socket that the client came over.
extension ManagementTarget {
    func getfd(fdname: String) async throws(CommandError) {
        guard let monitor = MonitorContext.current else { throw .generic("This is not available here") }
        try monitor.namePassedDescriptor(fdname)
    }

    func closefd(fdname: String) async throws(CommandError) {
        guard let monitor = MonitorContext.current else { throw .generic("This is not available here") }
        try monitor.descriptors.close(fdname)
    }
}
