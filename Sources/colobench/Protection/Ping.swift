import Environment
import Glibc
import PairLab
import SystemCalls

/// Echo requests at a steady pace, whether or not the ones before were answered: icmp(7).
final class Ping {
    /// How many are sent, and how far apart.
    private let count = 200
    private let interval = Nanoseconds.milliseconds(5)

    /// How long the last ones are waited for.
    private static let patience = Nanoseconds.seconds(2)
    private static let payloadSize = 56

    private let socket: Descriptor
    private let identifier = UInt16(truncatingIfNeeded: getpid())
    private let clock = SystemClock()

    /// Pings `address` from `host`, which needs CAP_NET_RAW.
    init(_ address: String, from host: LabHost) throws {
        socket = try host.connect(SOCK_RAW, protocol: Int32(IPPROTO_ICMP), to: address)
    }

    /// Sends them all and waits for the answers.
    func run() throws -> TrafficFigures {
        var sentAt = [Nanoseconds?](repeating: nil, count: count)
        var latencies: [Double] = []
        let usedBefore = try ProcessTime.usedByThisThread()
        let start = clock.now()
        for number in 0..<count {
            sentAt[number] = clock.now()
            try send(UInt16(number))
            receive(&sentAt, &latencies, until: start + Nanoseconds(interval.count * UInt64(number + 1)), all: false)
        }
        let span = clock.now() - start
        receive(&sentAt, &latencies, until: clock.now() + Self.patience, all: true)
        let used = try ProcessTime.usedByThisThread() - usedBefore
        guard !latencies.isEmpty else { throw LabError("no echo was answered") }
        return TrafficFigures(
            perSecond: Double(latencies.count) / (span.inMilliseconds / 1000), latency: Spread(latencies),
            unanswered: count - latencies.count, clientCores: used.inMilliseconds / span.inMilliseconds)
    }

    private func send(_ number: UInt16) throws {
        let packet = Self.request(identifier: identifier, number: number)
        // SAFETY: sends from an array that lives through the call, no more than its length.
        guard unsafe Glibc.send(socket.number, packet, packet.count, 0) == packet.count else {
            throw SystemError(code: errno, call: "send", subject: "of an echo request")
        }
    }

    /// Takes answers until that time, or with `all` until none is missing.
    private func receive(_ sentAt: inout [Nanoseconds?], _ latencies: inout [Double], until end: Nanoseconds, all: Bool)
    {
        var buffer = [UInt8](repeating: 0, count: 2048)
        var now = clock.now()
        while now < end, !all || latencies.count < count {
            var entry = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            _ = Poll.wait(for: &entry, milliseconds: Int32((end - now).inMilliseconds.rounded(.up)))
            // SAFETY: reads at most the buffer's length into it.
            let length = unsafe recv(socket.number, &buffer, buffer.count, 0)
            now = clock.now()
            guard length > 0, let number = Self.answer(buffer[..<length], identifier: identifier) else { continue }
            guard Int(number) < count, let sent = sentAt[Int(number)] else { continue }
            sentAt[Int(number)] = nil
            latencies.append((now - sent).inMilliseconds)
        }
    }

    /// An echo request: RFC 792.
    static func request(identifier: UInt16, number: UInt16) -> [UInt8] {
        var packet: [UInt8] = [8, 0, 0, 0]
        for word in [identifier, number] { packet += [UInt8(word >> 8), UInt8(truncatingIfNeeded: word)] }
        packet += (0..<payloadSize).map { UInt8($0) }
        let sum = checksum(packet)
        packet[2] = UInt8(sum >> 8)
        packet[3] = UInt8(truncatingIfNeeded: sum)
        return packet
    }

    /// The number of the request that an IPv4 packet answers; nil if it is something else.
    static func answer(_ packet: ArraySlice<UInt8>, identifier: UInt16) -> UInt16? {
        guard let first = packet.first, first >> 4 == 4 else { return nil }
        let message = packet.dropFirst(Int(first & 15) * 4)
        guard message.count >= 8, message[message.startIndex] == 0 else { return nil }
        func word(_ offset: Int) -> UInt16 {
            let index = message.startIndex + offset
            return UInt16(message[index]) << 8 | UInt16(message[index + 1])
        }
        return word(4) == identifier ? word(6) : nil
    }

    /// The Internet checksum of an even number of bytes: RFC 1071.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count - 1, by: 2) {
            sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
        }
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        return ~UInt16(sum)
    }
}
