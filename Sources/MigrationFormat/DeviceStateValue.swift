/// A device's state taken apart as the description in its stream says.
///
/// `DescribedState` is the other way: what a device of this program declares, from which the description is made, and
/// whose types are the ten of `ScalarType`. Here the stream is somebody else's: types are the words that it uses, known
/// or not, a version may be missing, and every field keeps its place in the bytes, which is what a person who looks
/// for damage wants to see. One type for both would leave each with parts that the other never has.
public struct DeviceStateValue: Equatable, Sendable {
    /// The name of this kind of state; empty if it has none.
    public var name: String
    /// Its version; nil if the description does not say.
    public var version: UInt32?
    /// The values, in the order of their bytes.
    public var fields: [Field]
    /// The optional parts.
    public var subsections: [DeviceStateValue]

    /// A field.
    public struct Field: Equatable, Sendable {
        /// Its name.
        public var name: String
        /// Its type, as the description has it.
        public var type: String
        /// Where its bytes begin, counted from the start of the section's data.
        public var offset: Int
        /// How many bytes it has, all its elements together.
        public var size: Int
        /// The place in an array whose elements are described one by one.
        public var index: UInt64?
        /// What it holds.
        public var value: Value
    }

    /// What a field holds.
    public indirect enum Value: Equatable, Sendable {
        /// A number without a sign.
        case unsigned(UInt64)
        /// A number with a sign.
        case signed(Int64)
        /// A truth value.
        case boolean(Bool)
        /// When a timer is due, in nanoseconds of its clock; nil if it is not armed.
        case timer(UInt64?)
        /// Bytes without a meaning of their own.
        case bytes([UInt8])
        /// A state of its own.
        case structure(DeviceStateValue)
        /// The elements of an array or list.
        case elements([Value])
    }
}

extension DeviceStateValue {
    /// Takes `bytes`, the data of a section, apart. Throws if they are not what the description says; the error's offset
    /// counts from the start of the data.
    public init(_ bytes: [UInt8], description: StreamDescription.Device) throws(StreamError) {
        var parser = Parser(bytes: bytes, section: description.name)
        self = try parser.state(description.state, depth: 0)
        guard parser.offset == bytes.count else {
            throw parser.error("\(bytes.count - parser.offset) bytes more than the description tells of")
        }
    }

    private struct Parser {
        /// More values than any device has.
        static let valueLimit = 1 << 20
        static let depthLimit = 64

        let bytes: [UInt8]
        let section: String
        var offset = 0
        var values = 0

        func error(_ problem: String) -> StreamError { StreamError(problem, section: section, offset: UInt64(offset)) }

        private func require(_ count: UInt64, of name: String) throws(StreamError) -> Int {
            guard count <= UInt64(bytes.count - offset) else {
                throw error("'\(name)' should have \(count) bytes, and \(bytes.count - offset) are left")
            }
            return Int(count)
        }

        mutating func state(
            _ description: StreamDescription.State, depth: Int
        ) throws(StreamError) -> DeviceStateValue {
            guard depth <= Self.depthLimit else { throw error("states in states without an end") }
            var result = DeviceStateValue(
                name: description.name, version: description.version, fields: [], subsections: [])
            for field in description.fields { result.fields.append(try self.field(field, depth: depth)) }
            for subsection in description.subsections {
                try header(of: subsection)
                result.subsections.append(try state(subsection, depth: depth + 1))
            }
            return result
        }

        /// `05 str8 name be32 version`.
        private mutating func header(of subsection: StreamDescription.State) throws(StreamError) {
            let name = Array(subsection.name.utf8)
            let size = try require(UInt64(6 + name.count), of: subsection.name)
            let found = bytes[offset..<offset + size - 4]
            guard found.elementsEqual([RecordType.subsection.rawValue, UInt8(truncatingIfNeeded: name.count)] + name)
            else { throw error("the subsection '\(subsection.name)' is not where the description has it") }
            offset += size
        }

        private mutating func field(
            _ field: StreamDescription.Field, depth: Int
        ) throws(StreamError) -> DeviceStateValue.Field {
            let start = offset
            let value: Value
            if let count = field.arrayLength, field.size > 0 {
                let (total, overflow) = count.multipliedReportingOverflow(by: field.size)
                guard !overflow else { throw error("'\(field.name)' has \(count) elements") }
                _ = try require(total, of: field.name)
                if field.type == "uint8" || field.type == "buffer" && field.size == 1 {
                    value = .bytes(Array(bytes[offset..<offset + Int(total)]))
                    offset += Int(total)
                } else {
                    var elements: [Value] = []
                    for _ in 0..<count { elements.append(try element(field, depth: depth)) }
                    value = .elements(elements)
                }
            } else {
                value = try element(field, depth: depth)
            }
            return DeviceStateValue.Field(
                name: field.name, type: field.type, offset: start, size: offset - start, index: field.index,
                value: value)
        }

        private mutating func element(
            _ field: StreamDescription.Field, depth: Int
        ) throws(StreamError) -> Value {
            values += 1
            guard values <= Self.valueLimit else { throw error("more values than a device has") }
            let size = try require(field.size, of: field.name)
            let start = offset
            defer { offset = start + size }
            if let states = try nested(field, end: start + size, depth: depth) { return states }
            offset = start
            return scalar(field.type, Array(bytes[start..<start + size]))
        }

        /// A struct, or a list with 01 before each element and 00 behind the last. Nil if its bytes do not say so: then
        /// they are shown as they are.
        private mutating func nested(
            _ field: StreamDescription.Field, end: Int, depth: Int
        ) throws(StreamError) -> Value? {
            guard let first = field.states.first, !(first.fields.isEmpty && first.subsections.isEmpty) else {
                return nil
            }
            guard field.type == "qtailq" || field.type == "qlist" else {
                guard field.states.count == 1 else { return nil }
                let value = try state(first, depth: depth + 1)
                guard offset == end else {
                    throw error("'\(field.name)' does not have the size that the description tells")
                }
                return .structure(value)
            }
            var elements: [Value] = []
            for description in field.states {
                guard offset < end, bytes[offset] == 1 else { return nil }
                offset += 1
                elements.append(.structure(try state(description, depth: depth + 1)))
            }
            guard offset == end - 1, bytes[offset] == 0 else { return nil }
            return .elements(elements)
        }

        private func scalar(_ type: String, _ raw: [UInt8]) -> Value {
            guard (1...8).contains(raw.count) else { return .bytes(raw) }
            let littleEndian = type.hasSuffix(" le")
            let number = (littleEndian ? raw.reversed() : raw).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            switch type.split(separator: " ").first ?? "" {
            case "bool" where raw.count == 1: return .boolean(number != 0)
            case "timer" where raw.count == 8: return .timer(number == .max ? nil : number)
            case "int8", "int16", "int32", "int64":
                let unused = 64 - 8 * raw.count
                return .signed(Int64(bitPattern: number << unused) >> unused)
            case "uint8", "uint16", "uint32", "uint64": return .unsigned(number)
            default: return .bytes(raw)
            }
        }
    }
}
