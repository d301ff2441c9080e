/// How a machine that has just moved tells the network so: how many frames, how far apart (the migration parameters
/// announce-*).
public struct AnnounceParameters: Sendable, Equatable {
    /// Delay after the first frame, in milliseconds.
    public var initial: UInt64
    /// The longest delay, in milliseconds.
    public var max: UInt64
    /// Number of frames.
    public var rounds: UInt64
    /// How much longer each delay is than the one before, in milliseconds.
    public var step: UInt64

    /// Parameters; the defaults give frames at 0, 50, 200, 450 and 800 ms.
    public init(initial: UInt64 = 50, max: UInt64 = 550, rounds: UInt64 = 5, step: UInt64 = 100) {
        self.initial = initial
        self.max = max
        self.rounds = rounds
        self.step = step
    }

    /// The delay in milliseconds after frame `round` (from 0); nil after the last one.
    public func delay(afterRound round: UInt64) -> UInt64? {
        guard rounds > 0, round < rounds - 1 else { return nil }
        let (growth, tooLarge) = round.multipliedReportingOverflow(by: step)
        let (delay, tooLong) = growth.addingReportingOverflow(initial)
        return tooLarge || tooLong ? max : min(delay, max)
    }
}

/// An Ethernet address.
public struct EthernetAddress: Sendable, Hashable, CustomStringConvertible {
    /// The six bytes.
    public let bytes: [UInt8]

    /// The address of these six bytes; nil for any other count.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 6 else { return nil }
        self.bytes = bytes
    }

    /// The text in its usual form, "52:54:00:12:34:56".
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// The frame that announces this address: a broadcast "request reverse" (RFC 903) without protocol addresses, so
    /// that switches learn the port while no host's ARP table changes. 60 bytes, the shortest Ethernet frame.
    public var announcement: [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(60)
        frame += [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]  // destination
        frame += bytes  // source
        frame += [0x80, 0x35]  // EtherType RARP
        frame += [0x00, 0x01, 0x08, 0x00, 6, 4]  // Ethernet and IPv4, address lengths
        frame += [0x00, 0x03]  // request reverse
        frame += bytes + [0, 0, 0, 0]  // sender
        frame += bytes + [0, 0, 0, 0]  // target
        frame += Array(repeating: 0, count: 60 - frame.count)
        return frame
    }
}
