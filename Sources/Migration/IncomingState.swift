import QAPI
import Transport

/// An incoming migration's status. A plain value; only legal steps are taken.
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
    private(set) var status = MigrationStatus.none
    private(set) var errorDescription: String?
    private(set) var listening: [MigrationAddress] = []

    init(expected: Bool) { readiness = expected ? .deferred : .notExpected }

    private static let successors: [MigrationStatus: Set<MigrationStatus>] = [
        .none: [.active, .failed],
        .active: [.completed, .failed, .colo],
        .colo: [.completed],
    ]

    /// A listener is about to be made.
    mutating func claim() { readiness = .started }

    /// The listener is there.
    mutating func startListening(_ addresses: [MigrationAddress]) {
        claim()
        listening = addresses
    }

    /// Nobody will come there.
    mutating func stopListening() {
        guard status == .none else { return }
        readiness = .deferred
        listening = []
    }

    /// Takes a step; false, with nothing changed, if it is not a legal one.
    mutating func step(to next: MigrationStatus) -> Bool {
        guard Self.successors[status, default: []].contains(next) else { return false }
        status = next
        if next == .completed || next == .failed { listening = [] }
        return true
    }

    /// Remembers why it failed.
    mutating func setError(_ text: String) { errorDescription = text }

    /// The reply of `query-migrate`, as long as no outgoing migration has replaced it.
    var info: MigrationInfo {
        var info = MigrationInfo(status: status == .none ? nil : status)
        let addresses = listening.compactMap(Self.socketAddress)
        if !addresses.isEmpty { info.socketAddress = addresses }
        info.errorDesc = status == .failed ? errorDescription : nil
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
