import Glibc
import SystemCalls

/// One of the two hosts of a pair.
public enum Side: String, Sendable, CaseIterable, CustomStringConvertible {
    /// The host that the configuration calls the primary's.
    case a
    /// The host that the configuration calls the secondary's.
    case b

    /// The other host.
    public var other: Side { self == .a ? .b : .a }
    /// "host a"
    public var description: String { "host \(rawValue)" }
}

/// The three networks of a laboratory.
public enum Cable: String, Sendable, CaseIterable {
    /// Guest and clients.
    case guest
    /// Replication, and the first of the heartbeat's two ways.
    case replication
    /// The second of the heartbeat's two ways, and nothing else.
    case heartbeat

    var interface: String {
        switch self {
        case .guest: "guest0"
        case .replication: "repl0"
        case .heartbeat: "beat0"
        }
    }
}

/// Two hosts, a client, and the cables between them:
///
///     host a: tap0 (made by colod) - br0 - guest0 -+
///     host b: tap0 (made by colod) - br0 - guest0 -+- bridge "guest" of the switch - eth0 of the client
///     hosts a and b: repl0 - bridge "replication" of the switch
///     hosts a and b: beat0 - bridge "heartbeat" of the switch
///
/// A cable is cut at the switch, so that the hosts see no change of carrier: packets just go nowhere.
public final class PairNetwork: Sendable {
    /// The hosts of the pair.
    public let a: LabHost
    /// The hosts of the pair.
    public let b: LabHost
    /// The host of those who use the guest's service.
    public let client: LabHost
    private let fabric: LabHost

    /// The guest's address and the length of its network.
    public static let guestAddress = "10.88.0.10"
    static let clientAddress = "10.88.0.2"
    static let prefixLength = 24

    /// The address of a host on the replication or heartbeat network.
    public static func address(of side: Side, on cable: Cable) -> String {
        "10.\(cable == .heartbeat ? 78 : 77).0.\(side == .a ? 1 : 2)"
    }

    /// Makes the hosts and plugs the cables in. Needs root; `missingRights` tells beforehand.
    public init() throws {
        a = try LabHost(name: "a")
        b = try LabHost(name: "b")
        client = try LabHost(name: "client")
        fabric = try LabHost(name: "switch")
        for host in [a, b, client, fabric] { try host.turnOffIPv6() }
        try fabric.ip(Cable.allCases.flatMap { Self.addBridge($0.rawValue) })
        for side in Side.allCases { try plugIn(side) }
        try fabric.ip(Self.addCable(to: client, port: "client", interface: "eth0", bridge: Cable.guest.rawValue))
        try client.ip(["address add \(Self.clientAddress)/\(Self.prefixLength) dev eth0", "link set eth0 up"])
    }

    /// The host of that side.
    public subscript(side: Side) -> LabHost { side == .a ? a : b }

    /// Pulls a host's plug out of one network, without anybody noticing a lost carrier.
    public func cut(_ cable: Cable, of side: Side) throws {
        try fabric.ip(["link set \(Self.port(side, cable)) nomaster"])
    }

    /// Plugs it in again.
    public func restore(_ cable: Cable, of side: Side) throws {
        try fabric.ip(["link set \(Self.port(side, cable)) master \(cable.rawValue)"])
    }

    /// Begins to record the frames that come from a host's guest network.
    public func recordFrames(from side: Side) throws -> FrameRecord {
        try fabric.recordFrames(from: Self.port(side, .guest))
    }

    /// Why no such network can be made by this process; nil if it can.
    public static var missingRights: String? {
        if getuid() != 0 { return "network namespaces need root" }
        if !Paths.isUsable("/dev/net/tun", R_OK | W_OK) {
            return "/dev/net/tun is missing or closed to this process"
        }
        do {
            _ = try LabHost(name: "probe")
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func plugIn(_ side: Side) throws {
        let host = self[side]
        for cable in Cable.allCases {
            try fabric.ip(
                Self.addCable(
                    to: host, port: Self.port(side, cable), interface: cable.interface, bridge: cable.rawValue))
        }
        try host.ip(Self.addBridge("br0"))
        try host.ip(["link set guest0 master br0", "link set guest0 up"])
        for cable in [Cable.replication, .heartbeat] {
            try host.ip([
                "address add \(Self.address(of: side, on: cable))/\(Self.prefixLength) dev \(cable.interface)",
                "link set \(cable.interface) up",
            ])
        }
    }

    private static func port(_ side: Side, _ cable: Cable) -> String { "\(side.rawValue)-\(cable.interface)" }

    private static func addBridge(_ name: String) -> [String] {
        ["link add \(name) type bridge forward_delay 0 mcast_snooping 0", "link set \(name) up"]
    }

    private static func addCable(to host: LabHost, port: String, interface: String, bridge: String) -> [String] {
        [
            "link add \(port) type veth peer name \(interface) netns \(host.namespacePath)",
            "link set \(port) master \(bridge)", "link set \(port) up",
        ]
    }
}
