import MachineModel
import MigrationCore
import QAPI
import Synchronization
import Transport

/// Whether the machine waits for a migration, and where. A plain value.
struct IncomingState: Sendable {
    /// Whether, and how, the machine waits for a migration.
    enum Readiness: Sendable {
        /// It was not started to.
        case notExpected
        /// It waits for `migrate-incoming`.
        case deferred
        /// It listens, is about to, or has listened.
        case started
    }

    private(set) var readiness: Readiness
    private(set) var listening: [MigrationAddress] = []

    init(expected: Bool) { readiness = expected ? .deferred : .notExpected }

    /// A listener is about to be made.
    mutating func claim() { readiness = .started }

    /// The listener is there.
    mutating func startListening(_ addresses: [MigrationAddress]) {
        claim()
        listening = addresses
    }

    /// Nobody will come there.
    mutating func stopListening() {
        readiness = .deferred
        listening = []
    }

    /// The reply of `query-migrate`, as long as no outgoing migration has replaced it. `blocktime`: for how long the guest
    /// waited for pages, if that was measured.
    func info(_ session: DestinationSession?, blocktime: Blocktime?) -> MigrationInfo {
        let (status, failure) = session?.machine.withLock { ($0.status, $0.failure) } ?? (.none, nil)
        var info = MigrationInfo(status: status == .none ? nil : status.inSchema)
        let isOver = status == .completed || status == .failed
        let addresses = isOver ? [] : listening.compactMap(Self.socketAddress)
        if !addresses.isEmpty { info.socketAddress = addresses }
        info.errorDesc = failure
        if status == .completed, let blocktime {
            info.postcopyBlocktime = blocktime.total
            info.postcopyVcpuBlocktime = blocktime.vCPUs
        }
        return info
    }

    private static func socketAddress(_ address: MigrationAddress) -> SocketAddress? {
        switch address {
        case .tcp(let host, let port):
            let isIPv6 = host.contains(":")
            let address = InetSocketAddress(
                host: host, port: port, ipv4: isIPv6 ? nil : true, ipv6: isIPv6 ? true : nil)
            return SocketAddress(variant: .inet(address))
        case .unix(let path): return SocketAddress(variant: .unix(UnixSocketAddress(path: path)))
        case .vsock(let cid, let port):
            return SocketAddress(variant: .vsock(VsockSocketAddress(cid: cid, port: port)))
        case .exec, .fd: return nil
        }
    }
}
