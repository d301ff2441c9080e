public import ByteCoding

/// The section "timer", version 2: how the guest's clocks stand to the host's (wire format §17).
public struct TimerSection: Equatable, Sendable {
    /// Offset of the guest's cycle counter, in cycles.
    public var ticksOffset: Int64
    /// Offset of the guest's clock, in nanoseconds.
    public var clockOffset: Int64
    /// How a clock that counts instructions stands; nil if it follows the host's.
    public var instructionCount: InstructionCount?

    /// Both offsets, and what a clock of instructions adds.
    public init(ticksOffset: Int64, clockOffset: Int64, instructionCount: InstructionCount? = nil) {
        self.ticksOffset = ticksOffset
        self.clockOffset = clockOffset
        self.instructionCount = instructionCount
    }

    /// Appends the section's data: 24 bytes, and the subsection if it is there.
    public func write(to writer: inout ByteWriter) {
        writer.write(ticksOffset)
        writer.writeZeroes(8)
        writer.write(clockOffset)
        instructionCount?.write(to: &writer)
    }

    /// Reads the section's data. A subsection that nobody knows stays unread, for the caller to find.
    public init(from reader: inout ByteReader) throws(ByteCodingError) {
        ticksOffset = Int64(bitPattern: try reader.read(UInt64.self))
        try reader.skip(8)
        clockOffset = Int64(bitPattern: try reader.read(UInt64.self))
        var probe = reader
        if let (name, version) = try probe.beginSubsection(of: "timer"), name == InstructionCount.name, version == 1 {
            instructionCount = try InstructionCount(from: &probe)
            reader = probe
        }
    }
}

/// The section "globalstate", version 1: be32 length of the text with its NUL, then 100 bytes, NUL-padded (§17).
public struct GlobalStateSection: Equatable, Sendable {
    /// The run state of the source before it stopped, at most 99 bytes.
    public var runState: String

    private static let textSize = 100

    /// A guest in that run state.
    public init(runState: String) { self.runState = runState }

    /// Appends the section's data, 104 bytes.
    public func write(to writer: inout ByteWriter) {
        let text = runState.utf8.prefix(Self.textSize - 1)
        writer.write(UInt32(text.count + 1))
        writer.write(text)
        writer.writeZeroes(Self.textSize - text.count)
    }

    /// Reads the section's data.
    public init(from reader: inout ByteReader) throws(ByteCodingError) {
        let size = try reader.read(UInt32.self)
        guard size <= Self.textSize else {
            throw .tooLong(what: "the run state", length: UInt64(size), limit: UInt64(Self.textSize))
        }
        let text = try reader.readBytes(Self.textSize).prefix(Int(size)).prefix { $0 != 0 }
        runState = String(decoding: text, as: UTF8.self)
    }
}

/// The section "cpu_common", version 1, of a vCPU: its index is the section's instance (§17).
public struct CPUCommonSection: Equatable, Sendable {
    /// Not 0 while it waits for an interrupt.
    public var halted: UInt32
    /// Which interrupts are asked for.
    public var interruptRequest: UInt32

    /// A vCPU's state.
    public init(halted: UInt32, interruptRequest: UInt32) {
        self.halted = halted
        self.interruptRequest = interruptRequest
    }

    /// Appends the section's data, 8 bytes.
    public func write(to writer: inout ByteWriter) {
        writer.write(halted)
        writer.write(interruptRequest)
    }

    /// Reads the section's data.
    public init(from reader: inout ByteReader) throws(ByteCodingError) {
        halted = try reader.read(UInt32.self)
        interruptRequest = try reader.read(UInt32.self)
    }
}
