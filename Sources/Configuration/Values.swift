/// Sizes with the suffixes K, M and G (powers of 1024).
public enum ByteSize {
    /// The number of bytes; nil for anything but digits with at most one suffix, or a size past `Int.max`.
    public static func parse(_ text: String) -> Int? {
        var digits = Substring(text)
        var unit = 1
        switch digits.last {
        case "K", "k": unit = 1 << 10
        case "M", "m": unit = 1 << 20
        case "G", "g": unit = 1 << 30
        default: break
        }
        if unit > 1 { digits.removeLast() }
        guard let count = decimal(digits, as: Int.self) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow ? nil : bytes
    }

    /// The shortest exact text.
    public static func text(_ bytes: Int) -> String {
        for (suffix, unit) in [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)] where bytes > 0 && bytes % unit == 0 {
            return "\(bytes / unit)\(suffix)"
        }
        return "\(bytes)"
    }
}

/// Where something listens or connects.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 address, an IPv6 address (without brackets) or a host name, and a port.
    case tcp(host: String, port: UInt16)
    /// The path of a unix socket.
    case unix(String)

    /// Reads `tcp:HOST:PORT`, `tcp:[V6]:PORT` or `unix:PATH`; nil for anything else.
    public init?(_ text: String) {
        if let path = text.suffix(after: "unix:") {
            guard isAbsolutePath(path), path.utf8.count <= ConfigurationLimits.socketPathLength else { return nil }
            self = .unix(path)
            return
        }
        guard let rest = text.suffix(after: "tcp:"), let colon = rest.lastIndex(of: ":") else { return nil }
        var host = rest[..<colon]
        guard let port = portNumber(rest[rest.index(after: colon)...]) else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            let plain = host.utf8.allSatisfy { isHexDigit($0) || ":.".utf8.contains($0) }
            guard plain, host.contains(":") else { return nil }
        } else {
            let plain = host.utf8.allSatisfy { isLetterOrDigit($0) || ".-".utf8.contains($0) }
            guard plain, (1...253).contains(host.utf8.count) else { return nil }
        }
        self = .tcp(host: String(host), port: port)
    }

    /// What is wrong with a text that looks like an address and is none: a number out of its bounds.
    static func objection(to text: String) -> String? {
        if let path = text.suffix(after: "unix:") {
            let (length, limit) = (path.utf8.count, ConfigurationLimits.socketPathLength)
            guard path.hasPrefix("/"), length > limit else { return nil }
            return "the path has \(length) bytes, and that of a unix socket has at most \(limit)"
        }
        guard let rest = text.suffix(after: "tcp:"), let colon = rest.lastIndex(of: ":") else { return nil }
        let port = rest[rest.index(after: colon)...]
        let isNumber = !port.isEmpty && port.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber && portNumber(port) == nil ? "port \(port) is not one from 1 to 65535" : nil
    }

    /// Whether only processes of this host can connect to it.
    var isOfThisHost: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _): host == "::1" || host == "localhost" || host.hasPrefix("127.")
        }
    }

    /// The text it was read from, which is also a migration URI.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// A unicast Ethernet address.
public struct MACAddress: Sendable, Hashable, CustomStringConvertible {
    /// Six bytes, in the order of the wire.
    public let bytes: [UInt8]

    /// Reads six two-digit hexadecimal groups with colons; nil for anything else, a group address or all zeroes.
    public init?(_ text: String) {
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = groups.compactMap { group in
            group.utf8.count == 2 && group.utf8.allSatisfy(isHexDigit) ? UInt8(group, radix: 16) : nil
        }
        guard groups.count == 6, bytes.count == 6 else { return nil }
        guard bytes[0] & 1 == 0, bytes.contains(where: { $0 != 0 }) else { return nil }
        self.bytes = bytes
    }

    /// The address of card `index` of guest `name`: the same on both hosts, and hardly ever that of another guest.
    public init(guest name: String, index: Int) {
        var hash: UInt32 = 0x811c_9dc5  // FNV-1a
        for byte in Array("\(name)/\(index)".utf8) { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        hash ^= hash >> 24
        bytes = [0x52, 0x54, 0x00] + [16, 8, 0].map { UInt8(truncatingIfNeeded: hash >> $0) }
    }

    /// Lower-case, with colons.
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}

/// A port of the host that leads to a port of the guest, on a user-mode network.
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
    /// IPv4 address of the host to listen on.
    public let hostAddress: String
    /// Port of the host.
    public let hostPort: UInt16
    /// IPv4 address of the guest.
    public let guestAddress: String
    /// Port of the guest.
    public let guestPort: UInt16

    /// Reads `tcp:127.0.0.1:6379-10.0.2.15:6379`; nil for anything else.
    public init?(_ text: String) {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let host = halves[0].split(separator: ":", omittingEmptySubsequences: false)
        let guest = halves[1].split(separator: ":", omittingEmptySubsequences: false)
        guard host.count == 3, guest.count == 2, let transport = Transport(rawValue: String(host[0])),
            isIPv4(host[1]), let hostPort = portNumber(host[2]),
            isIPv4(guest[0]), let guestPort = portNumber(guest[1])
        else { return nil }
        self.transport = transport
        self.hostAddress = String(host[1])
        self.hostPort = hostPort
        self.guestAddress = String(guest[0])
        self.guestPort = guestPort
    }

    /// The text it was read from.
    public var description: String {
        "\(transport.rawValue):\(hostAddress):\(hostPort)-\(guestAddress):\(guestPort)"
    }
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
}

func isHexDigit(_ byte: UInt8) -> Bool { Character(UnicodeScalar(byte)).isHexDigit }

func isAbsolutePath(_ text: String) -> Bool {
    text.hasPrefix("/") && text.utf8.count <= ConfigurationLimits.pathLength && !text.utf8.contains(0)
}

/// What is wrong with an absolute path that cannot be one.
func pathObjection(_ text: String) -> String? {
    let (length, limit) = (text.utf8.count, ConfigurationLimits.pathLength)
    guard text.hasPrefix("/") else { return nil }
    if length > limit { return "the path has \(length) bytes, and at most \(limit) are possible" }
    return text.utf8.contains(0) ? "the path contains a zero byte" : nil
}

func isIPv4(_ text: some StringProtocol) -> Bool {
    let groups = text.split(separator: ".", omittingEmptySubsequences: false)
    return groups.count == 4 && groups.allSatisfy { $0.utf8.count <= 3 && decimal($0, as: UInt8.self) != nil }
}

/// A number of digits only: no sign, no space.
func decimal<Number: FixedWidthInteger>(_ text: some StringProtocol, as type: Number.Type) -> Number? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Number(text) : nil
}

private func portNumber(_ text: some StringProtocol) -> UInt16? {
    decimal(text, as: UInt16.self).flatMap { $0 > 0 ? $0 : nil }
}

extension String {
    /// What follows `prefix`; nil if the text does not start with it.
    func suffix(after prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
