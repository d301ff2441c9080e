public import ByteCoding

/// The subsection "timer/icount", version 1, of a machine whose clock counts the guest's instructions (wire format
/// §17): an optional part of `TimerSection`, with optional parts of its own.
public struct InstructionCount: Equatable, Sendable {
    /// What the clock is ahead of the instructions that were run, in nanoseconds.
    public var bias: Int64
    /// How many instructions were run.
    public var instructions: Int64
    /// "timer/icount/warp_timer", version 1: there if the clock goes on while the guest idles.
    public var warp: Warp?
    /// "timer/icount/timers", version 1: there if the speed follows the host's clock.
    public var adjustment: Adjustment?
    /// "timer/icount/shift", version 2: there if the speed follows the host's clock.
    public var speed: Speed?

    /// An idle guest's clock.
    public struct Warp: Equatable, Sendable {
        /// When the guest began to idle, in nanoseconds; -1 if it does not.
        public var start: Int64
        /// When the clock leaps on, in nanoseconds; nil if nothing is due.
        public var expiry: UInt64?

        /// Both times.
        public init(start: Int64, expiry: UInt64?) {
            self.start = start
            self.expiry = expiry
        }
    }

    /// When the speed is looked at next; nil if it is not.
    public struct Adjustment: Equatable, Sendable {
        /// By the host's clock, in nanoseconds.
        public var hostExpiry: UInt64?
        /// By the guest's clock, in nanoseconds.
        public var guestExpiry: UInt64?

        /// Both times.
        public init(hostExpiry: UInt64?, guestExpiry: UInt64?) {
            self.hostExpiry = hostExpiry
            self.guestExpiry = guestExpiry
        }
    }

    /// How long an instruction takes.
    public struct Speed: Equatable, Sendable {
        /// An instruction takes 2 to the power of that many nanoseconds.
        public var shift: Int16
        /// What the guest's clock was ahead of the host's when it was looked at last, in nanoseconds.
        public var lastDelta: Int64

        /// Both.
        public init(shift: Int16, lastDelta: Int64) {
            self.shift = shift
            self.lastDelta = lastDelta
        }
    }

    /// A count without optional parts.
    public init(bias: Int64, instructions: Int64) {
        self.bias = bias
        self.instructions = instructions
    }
}

extension InstructionCount {
    /// The subsection's name.
    static let name = "timer/icount"

    /// Appends the subsection with its header.
    public func write(to writer: inout ByteWriter) {
        writer.writeSubsection(Self.name) { writer in
            writer.write(bias)
            writer.write(instructions)
            if let warp {
                writer.writeSubsection(Part.warp.name, version: Part.warp.version) { writer in
                    writer.write(warp.start)
                    writer.writeTimer(warp.expiry)
                }
            }
            if let adjustment {
                writer.writeSubsection(Part.adjustment.name, version: Part.adjustment.version) { writer in
                    writer.writeTimer(adjustment.hostExpiry)
                    writer.writeTimer(adjustment.guestExpiry)
                }
            }
            if let speed {
                writer.writeSubsection(Part.speed.name, version: Part.speed.version) { writer in
                    writer.write(UInt16(bitPattern: speed.shift))
                    writer.write(speed.lastDelta)
                }
            }
        }
    }

    /// Reads what follows the subsection's header. A part that nobody knows, of another version or there twice, stays
    /// unread with all that follows it: whoever reads the section finds bytes left over.
    public init(from reader: inout ByteReader) throws(ByteCodingError) {
        bias = Int64(bitPattern: try reader.read(UInt64.self))
        instructions = Int64(bitPattern: try reader.read(UInt64.self))
        var seen: Set<Part> = []
        var probe = reader
        while let (name, version) = try probe.beginSubsection(of: Self.name) {
            guard let part = Part.allCases.first(where: { $0.name == name && $0.version == version }),
                seen.insert(part).inserted
            else { return }
            try read(part, from: &probe)
            reader = probe
        }
    }

    private mutating func read(_ part: Part, from reader: inout ByteReader) throws(ByteCodingError) {
        switch part {
        case .warp:
            warp = Warp(start: Int64(bitPattern: try reader.read(UInt64.self)), expiry: try reader.readTimer())
        case .adjustment:
            adjustment = Adjustment(hostExpiry: try reader.readTimer(), guestExpiry: try reader.readTimer())
        case .speed:
            speed = Speed(
                shift: Int16(bitPattern: try reader.read(UInt16.self)),
                lastDelta: Int64(bitPattern: try reader.read(UInt64.self)))
        }
    }

    /// The optional parts, in the order of the wire.
    private enum Part: CaseIterable {
        case warp, adjustment, speed

        var name: String {
            switch self {
            case .warp: "timer/icount/warp_timer"
            case .adjustment: "timer/icount/timers"
            case .speed: "timer/icount/shift"
            }
        }

        var version: UInt32 { self == .speed ? 2 : 1 }
    }
}
