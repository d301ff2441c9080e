/// Frames that a small guest at 10.0.2.15 would send, built by hand.
enum GuestFrames {
    static let mac: [UInt8] = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56]
    static let address: [UInt8] = [10, 0, 2, 15]
    static let gateway: [UInt8] = [10, 0, 2, 2]
    private static let broadcast = [UInt8](repeating: 0xff, count: 6)

    /// "Who has `target`?"
    static func arpRequest(for target: [UInt8]) -> [UInt8] {
        broadcast + mac + [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1] + mac + address + [0, 0, 0, 0, 0, 0] + target
    }

    /// The answer to `request`, which asked for the guest.
    static func arpReply(to request: [UInt8]) -> [UInt8] {
        let asker = Array(request[22..<32])
        return Array(asker[..<6]) + mac + [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 2] + mac + address + asker
    }

    static func isARP(_ frame: [UInt8], operation: UInt8) -> Bool {
        frame.count >= 42 && frame[12] == 0x08 && frame[13] == 0x06 && frame[21] == operation
    }

    /// Whether this is IPv4 with that protocol number and, at the usual place, that destination port.
    static func isIPv4(_ frame: [UInt8], protocol number: UInt8, port: UInt16) -> Bool {
        frame.count >= 38 && frame[12] == 0x08 && frame[13] == 0x00 && frame[14] == 0x45 && frame[23] == number
            && UInt16(frame[36]) << 8 | UInt16(frame[37]) == port
    }

    /// A DHCP discover (RFC 2131).
    static func dhcpDiscover() -> [UInt8] {
        var message: [UInt8] = [1, 1, 6, 0, 1, 2, 3, 4] + [UInt8](repeating: 0, count: 20) + mac
        message += [UInt8](repeating: 0, count: 10 + 64 + 128)
        message += [99, 130, 83, 99, 53, 1, 1, 255] + [UInt8](repeating: 0, count: 56)
        let length = 8 + message.count
        let datagram: [UInt8] = [0, 68, 0, 67, UInt8(length >> 8), UInt8(length & 255), 0, 0] + message
        return broadcast + mac + [0x08, 0x00] + ipv4Header(length: 20 + length, protocol: 17) + datagram
    }

    private static func ipv4Header(length: Int, protocol number: UInt8) -> [UInt8] {
        var header: [UInt8] = [0x45, 0, UInt8(length >> 8), UInt8(length & 255), 0, 1, 0, 0, 64, number, 0, 0]
        header += [0, 0, 0, 0, 255, 255, 255, 255]
        var sum = 0
        for index in stride(from: 0, to: 20, by: 2) { sum += Int(header[index]) << 8 | Int(header[index + 1]) }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        header[10] = UInt8(~sum >> 8 & 255)
        header[11] = UInt8(~sum & 255)
        return header
    }
}
