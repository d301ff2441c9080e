/// A port of the host that leads to a port of the guest, with user-mode networking.
public struct PortForward: Sendable, Hashable, CustomStringConvertible {
    /// What is forwarded.
    public enum Transport: String, Sendable {
        /// Connections.
        case tcp
        /// Datagrams.
        case udp
    }

    /// What is forwarded.
    public let transport: Transport
    /// The host's IPv4 address to listen on, as a number (127.0.0.1 is 0x7f000001); 0 for all.
    public let hostAddress: UInt32
    /// The host's port.
    public let hostPort: UInt16
    /// The guest's IPv4 address.
    public let guestAddress: UInt32
    /// The guest's port.
    public let guestPort: UInt16

    /// Reads a rule `tcp:127.0.0.1:6379-10.0.2.15:6379`. `udp` in place of `tcp` forwards datagrams; an empty host
    /// address means all, an empty guest address 10.0.2.15, the first that the built-in DHCP server gives.
    public init(_ rule: String) throws(NetworkError) {
        func invalid(_ problem: String) -> NetworkError {
            NetworkError(
                subject: "port forward \"\(rule)\"", problem: problem,
                advice: "the form is tcp:HOST-ADDRESS:PORT-GUEST-ADDRESS:PORT, for example "
                    + "tcp:127.0.0.1:6379-10.0.2.15:6379")
        }
        let sides = rule.split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2 else { throw invalid("there is no '-' between host and guest, or more than one") }
        let host = sides[0].split(separator: ":", omittingEmptySubsequences: false)
        let guest = sides[1].split(separator: ":", omittingEmptySubsequences: false)
        guard host.count == 3, guest.count == 2 else { throw invalid("a part is missing or there is one too many") }
        guard let transport = Transport(rawValue: String(host[0])) else { throw invalid("neither tcp nor udp") }
        guard let hostAddress = host[1].isEmpty ? 0 : parseIPv4(host[1]) else {
            throw invalid("\"\(host[1])\" is no IPv4 address")
        }
        guard let guestAddress = guest[0].isEmpty ? UserNetwork.firstGuest : parseIPv4(guest[0]) else {
            throw invalid("\"\(guest[0])\" is no IPv4 address")
        }
        guard let hostPort = parsePort(host[2]) else { throw invalid("\"\(host[2])\" is no port (1 to 65535)") }
        guard let guestPort = parsePort(guest[1]) else { throw invalid("\"\(guest[1])\" is no port (1 to 65535)") }
        self.transport = transport
        self.hostAddress = hostAddress
        self.hostPort = hostPort
        self.guestAddress = guestAddress
        self.guestPort = guestPort
    }

    /// The rule as text, with all its parts.
    public var description: String {
        "\(transport.rawValue):\(formatIPv4(hostAddress)):\(hostPort)-\(formatIPv4(guestAddress)):\(guestPort)"
    }
}

private func parsePort(_ text: Substring) -> UInt16? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(text), port > 0 else { return nil }
    return port
}

private func parseIPv4(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var address: UInt32 = 0
    for part in parts {
        guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let byte = UInt8(part) else { return nil }
        address = address << 8 | UInt32(byte)
    }
    return address
}

private func formatIPv4(_ address: UInt32) -> String {
    [24, 16, 8, 0].map { String(address >> $0 & 0xff) }.joined(separator: ".")
}

/// The addresses of the user-mode network, as numbers: 10.0.2.0/24.
enum UserNetwork {
    static let network: UInt32 = 0x0a00_0200
    static let mask: UInt32 = 0xffff_ff00
    static let gateway: UInt32 = 0x0a00_0202
    static let nameServer: UInt32 = 0x0a00_0203
    static let firstGuest: UInt32 = 0x0a00_020f
}
