/// The state of a device as it stands in a section: every field with its name, its type and what it holds, in the order
/// of the bytes (wire format §3). Its VMDESC and its printed form are made from it. What is read from a stream of another
/// program is a `DeviceStateValue`.
public struct DescribedState: Equatable, Sendable {
    /// The name of this kind of state.
    public var name: String
    /// Its version.
    public var version: UInt32
    /// What it consists of.
    public var fields: [Field] = []
    /// The optional parts that are there, behind the fields.
    public var subsections: [DescribedState] = []

    /// A state without fields.
    public init(name: String, version: UInt32) {
        self.name = name
        self.version = version
    }

    /// One field.
    public struct Field: Equatable, Sendable {
        /// Its name, which no other field of the state has.
        public var name: String
        /// What it holds.
        public var value: Value

        /// The field `name`.
        public init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// What a field holds.
    public indirect enum Value: Equatable, Sendable {
        /// A number, truth value or timer, as its bits; those above its width are 0.
        case scalar(ScalarType, UInt64)
        /// Raw bytes.
        case buffer([UInt8])
        /// Bytes that mean nothing.
        case unused(count: Int)
        /// Bits, 64 in a word, the lowest first.
        case bitmap([UInt64])
        /// A state of its own, without a header.
        case structure(DescribedState)
        /// Elements one after the other.
        case array([Value])
        /// Elements that are each preceded by 01 and ended by 00.
        case list([DescribedState])
    }
}

/// The type of a number in a section; the raw value is VMDESC's word for it.
public enum ScalarType: String, Sendable, CaseIterable {
    /// One byte, 0 or 1.
    case bool
    /// Two's complement, big-endian, of that many bits.
    case int8, int16, int32, int64
    /// Big-endian, of that many bits.
    case uint8, uint16, uint32, uint64
    /// When a timer is due, in nanoseconds; all bits set when it is not armed.
    case timer

    /// Bytes on the wire.
    public var size: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32: 4
        case .int64, .uint64, .timer: 8
        }
    }
}

extension DescribedState {
    /// Bytes on the wire, those of the subsections and their headers among them.
    public var size: Int {
        fields.reduce(0) { $0 + $1.value.size } + subsections.reduce(0) { $0 + $1.headerSize + $1.size }
    }

    /// The bytes in front of a subsection: its type, its name with the length, its version.
    private var headerSize: Int { 1 + 1 + name.utf8.count + 4 }
}

extension DescribedState.Value {
    /// Bytes on the wire.
    public var size: Int {
        switch self {
        case .scalar(let type, _): type.size
        case .buffer(let bytes): bytes.count
        case .unused(let count): count
        case .bitmap(let words): 8 * words.count
        case .structure(let state): state.size
        case .array(let elements): elements.reduce(0) { $0 + $1.size }
        case .list(let elements): elements.reduce(1) { $0 + 1 + $1.size }
        }
    }

    /// Whether one description fits both: the same types and sizes throughout, and nothing optional.
    func isShaped(like other: Self) -> Bool {
        switch (self, other) {
        case (.scalar(let mine, _), .scalar(let theirs, _)): mine == theirs
        case (.structure(let mine), .structure(let theirs)): mine.isShaped(like: theirs)
        case (.buffer, .buffer), (.unused, .unused), (.bitmap, .bitmap): size == other.size
        default: false
        }
    }
}

extension DescribedState {
    fileprivate func isShaped(like other: DescribedState) -> Bool {
        name == other.name && version == other.version && subsections.isEmpty && other.subsections.isEmpty
            && fields.count == other.fields.count
            && zip(fields, other.fields).allSatisfy { $0.name == $1.name && $0.value.isShaped(like: $1.value) }
    }
}
