public import QMP

extension JSONNull {
    /// Reads null.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard case .null = json else { throw .invalidType(path, "null") }
    }

    /// As sent.
    public var json: JSONValue { .null }
}

extension String: SchemaValue {
    /// Reads a text.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard case .string(let text) = json else { throw .invalidType(path, "string") }
        self = text
    }

    /// As sent.
    public var json: JSONValue { .string(self) }
}

extension Bool: SchemaValue {
    /// Reads a truth value.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard case .boolean(let value) = json else { throw .invalidType(path, "boolean") }
        self = value
    }

    /// As sent.
    public var json: JSONValue { .boolean(self) }
}

extension Double: SchemaValue {
    /// Reads a number.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard let number = json.double else { throw .invalidType(path, "number") }
        self = number
    }

    /// As sent.
    public var json: JSONValue { .double(self) }
}

extension JSONValue: SchemaValue {
    /// Any value.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) { self = json }

    /// As sent.
    public var json: JSONValue { self }
}

extension Array: SchemaValue where Element: SchemaValue {
    /// Reads a list.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard case .array(let elements) = json else { throw .invalidType(path, "array") }
        self = []
        guard !elements.isEmpty else { return }
        reserveCapacity(elements.count)
        let container = path.text
        for (index, element) in elements.enumerated() {
            append(try Element(element, at: path.element(index, in: container)))
        }
    }

    /// As sent.
    public var json: JSONValue { .array(map(\.json)) }
}

extension Int64: SchemaValue {
    /// Reads a whole number.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard case .integer(let value) = json else { throw .invalidType(path, "integer") }
        self = value
    }

    /// As sent.
    public var json: JSONValue { .integer(self) }
}

extension UInt64: SchemaValue {
    /// Reads a whole number; a negative one wraps around.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        switch json {
        case .integer(let value): self = UInt64(bitPattern: value)
        case .unsigned(let value): self = value
        default: throw .generic("Parameter '\(path.text)' expects uint64")
        }
    }

    /// As sent.
    public var json: JSONValue { JSONValue(self) }
}

/// A whole number of fewer than 64 bits: what does not fit is refused by the name of its C type.
public protocol NarrowInteger: SchemaValue, FixedWidthInteger {
    /// The type that is read first: with or without sign.
    associatedtype Wide: SchemaValue, FixedWidthInteger
    /// "uint8_t".
    static var typeName: String { get }
}

extension NarrowInteger {
    /// Reads a whole number that fits.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard let value = Self(exactly: try Wide(json, at: path)) else {
            throw .generic("Parameter '\(path.leaf)' expects \(Self.typeName)")
        }
        self = value
    }

    /// As sent.
    public var json: JSONValue { JSONValue(self) }
}

extension UInt8: NarrowInteger {
    /// A number without sign.
    public typealias Wide = UInt64
    /// As errors call it.
    public static let typeName = "uint8_t"
}

extension UInt16: NarrowInteger {
    /// A number without sign.
    public typealias Wide = UInt64
    /// As errors call it.
    public static let typeName = "uint16_t"
}

extension UInt32: NarrowInteger {
    /// A number without sign.
    public typealias Wide = UInt64
    /// As errors call it.
    public static let typeName = "uint32_t"
}

extension Int8: NarrowInteger {
    /// A number with sign.
    public typealias Wide = Int64
    /// As errors call it.
    public static let typeName = "int8_t"
}

extension Int16: NarrowInteger {
    /// A number with sign.
    public typealias Wide = Int64
    /// As errors call it.
    public static let typeName = "int16_t"
}

extension Int32: NarrowInteger {
    /// A number with sign.
    public typealias Wide = Int64
    /// As errors call it.
    public static let typeName = "int32_t"
}
