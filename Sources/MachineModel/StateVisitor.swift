public import MigrationFormat

/// What walks through the fields of a device's state, in the order of their bytes: to write them (`StateEncoder`), to
/// read and check them (`StateDecoder`), or to tell what they are (`StateDescriber`). A device declares its fields once,
/// in `DeclaredState.declare`, and is visited by all three.
///
/// Every value is handed over as what it is now; a decoder replaces it. Names are those of the description and of the
/// printed form, and no two fields of a state have the same.
public protocol StateVisitor {
    /// What a visit can fail with.
    associatedtype Failure: Error
    /// Whether the values are replaced by others.
    static var isLoading: Bool { get }
    /// The version of the state.
    var version: UInt32 { get }

    /// One number, truth value or timer, as its bits.
    mutating func scalar(_ name: String, _ type: ScalarType, _ bits: inout UInt64) throws(Failure)
    /// `count` raw bytes.
    mutating func bytes(_ name: String, _ bytes: inout [UInt8], count: Int) throws(Failure)
    /// `count` bytes that mean nothing and are written as zeroes.
    mutating func unused(_ count: Int) throws(Failure)
    /// `bits` bits, the lowest of the first word first.
    mutating func bitmap(_ name: String, _ words: inout [UInt64], bits: Int) throws(Failure)
    /// Begins a field that consists of others, or an element that does. What follows belongs to it, up to `close`.
    mutating func open(_ name: String, _ scope: StateScope)
    /// Ends what was opened last.
    mutating func close()
    /// Whether one more element of a list follows; `isThere` is whether the list of now has one.
    mutating func hasNext(_ isThere: Bool) throws(Failure) -> Bool
    /// Whether the subsection `name` follows; `isThere` is whether the state of now has it.
    mutating func hasSubsection(_ name: String, version: UInt32, _ isThere: Bool) throws(Failure) -> Bool

    /// Refuses what was read unless `holds`: `field` cannot be `value`.
    mutating func check(
        _ holds: @autoclosure () -> Bool, _ field: String, _ value: @autoclosure () -> String
    ) throws(Failure)
    /// Refuses a length that was read and is above `limit`.
    mutating func bound(_ length: UInt32, to limit: Int, _ what: String) throws(Failure)
    /// Refuses to go on unless `count` bytes are there: before anything is made of a length that was read.
    mutating func room(for count: Int) throws(Failure)
}

/// What a visit is inside of.
public enum StateScope: Equatable, Sendable {
    /// Elements one after the other.
    case array
    /// Elements that are each preceded by 01 and ended by 00.
    case list
    /// The fields of a state of that kind.
    case structure(kind: String, version: UInt32)
    /// Optional fields behind all others.
    case subsection(version: UInt32)
}

extension ScalarType {
    /// The type of numbers of type `T`.
    @inlinable
    static func of<T: FixedWidthInteger>(_ type: T.Type) -> ScalarType {
        switch T.bitWidth {
        case 8: T.isSigned ? .int8 : .uint8
        case 16: T.isSigned ? .int16 : .uint16
        case 32: T.isSigned ? .int32 : .uint32
        default: T.isSigned ? .int64 : .uint64
        }
    }
}

extension StateVisitor {
    /// A number of 8, 16, 32 or 64 bits.
    @inlinable
    public mutating func number<T: FixedWidthInteger>(_ name: String, _ value: inout T) throws(Failure) {
        var bits = UInt64(truncatingIfNeeded: value)
        try scalar(name, .of(T.self), &bits)
        value = T(truncatingIfNeeded: bits)
    }

    /// A truth value.
    @inlinable
    public mutating func flag(_ name: String, _ value: inout Bool) throws(Failure) {
        var bits: UInt64 = value ? 1 : 0
        try scalar(name, .bool, &bits)
        value = bits != 0
    }

    /// When a timer is due, in nanoseconds; nil when it is not armed.
    @inlinable
    public mutating func timer(_ name: String, _ due: inout UInt64?) throws(Failure) {
        var bits = due ?? .max
        try scalar(name, .timer, &bits)
        due = bits == .max ? nil : bits
    }

    /// A number of elements or bytes that follow.
    @inlinable
    public mutating func count(_ name: String, _ count: Int) throws(Failure) -> UInt32 {
        var value = UInt32(count)
        try number(name, &value)
        return value
    }

    /// Bytes with their number, of 32 bits and at most `limit`, in front. `what` names them in an error.
    @inlinable
    public mutating func countedBytes(
        _ name: String, _ bytes: inout [UInt8], limit: Int, _ what: String
    ) throws(Failure) {
        let count = try count("\(name)_len", bytes.count)
        try bound(count, to: limit, what)
        try self.bytes(name, &bytes, count: Int(count))
    }

    /// The numbers of an array of a fixed length.
    @inlinable
    public mutating func array<let count: Int, T: FixedWidthInteger>(
        _ name: String, _ values: inout InlineArray<count, T>
    ) throws(Failure) {
        open(name, .array)
        for index in 0..<count { try number("", &values[index]) }
        close()
    }

    /// `count` numbers from element `first` on. A decoder replaces them all; the caller has checked that there is room.
    @inlinable
    public mutating func array<T: FixedWidthInteger>(
        _ name: String, _ values: inout [T], from first: Int = 0, count: Int
    ) throws(Failure) {
        if Self.isLoading { values.removeSubrange(first...) }
        open(name, .array)
        for index in 0..<count {
            var value: T = Self.isLoading ? 0 : values[first + index]
            try number("", &value)
            if Self.isLoading { values.append(value) }
        }
        close()
    }
}

/// Fields made of fields.
extension StateVisitor {
    /// A state of the kind `kind`, whose fields `body` visits.
    @inlinable
    public mutating func structure(
        _ name: String, of kind: String, version: UInt32 = 1, _ body: (inout Self) throws(Failure) -> Void
    ) throws(Failure) {
        open(name, .structure(kind: kind, version: version))
        try body(&self)
        close()
    }

    /// `count` states of the kind `kind`; `element` visits the fields of the one of the index.
    @inlinable
    public mutating func structures(
        _ name: String, of kind: String, version: UInt32 = 1, count: Int,
        _ element: (inout Self, Int) throws(Failure) -> Void
    ) throws(Failure) {
        open(name, .array)
        for index in 0..<count {
            open("", .structure(kind: kind, version: version))
            try element(&self, index)
            close()
        }
        close()
    }

    /// States of the kind `kind` whose number is not told in front: `count` now, and at most `limit`. Returns how many
    /// there are afterwards.
    @inlinable
    public mutating func list(
        _ name: String, of kind: String, version: UInt32 = 1, count: Int, limit: Int,
        _ element: (inout Self, Int) throws(Failure) -> Void
    ) throws(Failure) -> Int {
        open(name, .list)
        var index = 0
        while try hasNext(index < count) {
            try bound(UInt32(index) + 1, to: limit, name)
            open("", .structure(kind: kind, version: version))
            try element(&self, index)
            close()
            index += 1
        }
        close()
        return index
    }

    /// Fields that are there or not, behind all others. `name` begins with the name of the state and a slash. Returns
    /// whether they are there afterwards.
    @inlinable
    public mutating func subsection(
        _ name: String, version: UInt32 = 1, isPresent: Bool, _ body: (inout Self) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        guard try hasSubsection(name, version: version, isPresent) else { return false }
        open(name, .subsection(version: version))
        try body(&self)
        close()
        return true
    }
}
