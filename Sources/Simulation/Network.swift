import Environment
import MigrationFormat
import ReplicationCore

/// The three networks between the hosts.
enum NetworkName: Int, CaseIterable {
    case replication = 0
    case heartbeatA = 1
    case heartbeatB = 2
}

/// What travels on a connection.
enum Item {
    case bytes([UInt8])
    case challenge([UInt8])
    case proof([UInt8])
    case synchronisation
    case lastOfSynchronisation(Checkpoint)
    case control(COLOMessage)
    case liveState(capture: UInt64)
    case deviceState(Checkpoint, isDamaged: Bool)
    case end
}

/// One end of a connection, as the process at this end knows it; it carries the direction away from this end.
final class Endpoint {
    let id: UInt64
    let network: NetworkName
    unowned let host: Host
    let incarnation: UInt64
    weak var remote: Endpoint?
    var isOpen = true
    /// What was sent and has not arrived.
    var queue: [Item] = []
    /// When the last of it arrives.
    var lastArrival = Nanoseconds.zero
    /// How many arrivals wait for the repair of a cut.
    var stalled = 0

    init(id: UInt64, network: NetworkName, host: Host, incarnation: UInt64) {
        self.id = id
        self.network = network
        self.host = host
        self.incarnation = incarnation
    }

    /// Whether the process that owned this end still runs.
    var isOwned: Bool { host.isRunning && host.incarnation == incarnation }

    /// The other end, or a reset, closed the connection.
    func closedByPeer() {
        guard isOpen, isOwned else { return }
        isOpen = false
        host.endpoints[id] = nil
        host.arrived(.end, on: self)
    }
}
