/// Writes JSON values as ASCII text; everything else is escaped as \uXXXX, in surrogate pairs where needed.
public struct JSONText {
    /// How the text is laid out.
    public enum Style: Sendable {
        /// All on one line.
        case compact
        /// Each member and element on a line of its own, indented by four spaces a level, lines ended by `newline`.
        case pretty(newline: String)
    }

    /// How fractions are written.
    public enum Fractions: Sendable {
        /// With 17 significant digits, as QEMU does on the wire.
        case seventeenDigits
        /// With as few digits as name the number: for people, who want 0.132 and not 0.13200000000000001.
        case shortest
    }

    /// The text so far.
    public private(set) var bytes: [UInt8] = []
    private let style: Style
    private let fractions: Fractions

    /// An empty text.
    public init(style: Style = .compact, fractions: Fractions = .seventeenDigits) {
        self.style = style
        self.fractions = fractions
    }

    /// Appends `value`.
    public mutating func write(_ value: JSONValue) { write(value, level: 0) }

    /// Appends the line end of the wire.
    mutating func endLine() { append("\r\n") }

    private mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: append("null")
        case .boolean(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .unsigned(let value): append(String(value))
        case .double(let value):
            let isShort = fractions == .shortest && value.isFinite
            append(isShort ? DecimalText.shortest(value) : DecimalText.seventeenDigits(value))
        case .string(let value): write(quoted: value)
        case .array(let elements):
            list("[", "]", elements, level: level) { text, element in text.write(element, level: level + 1) }
        case .object(let object):
            list("{", "}", object.members, level: level) { text, member in
                text.write(quoted: member.key)
                text.append(": ")
                text.write(member.value, level: level + 1)
            }
        }
    }

    private mutating func list<Element>(
        _ open: String, _ close: String, _ elements: [Element], level: Int, _ each: (inout JSONText, Element) -> Void
    ) {
        append(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { append(",") }
            breakLine(level: level + 1, orSpace: index > 0)
            each(&self, element)
        }
        breakLine(level: level, orSpace: false)
        append(close)
    }

    private mutating func breakLine(level: Int, orSpace: Bool) {
        switch style {
        case .compact: if orSpace { append(" ") }
        case .pretty(let newline):
            append(newline)
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 4 * level))
        }
    }

    private mutating func write(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.allSatisfy(Self.isPlain) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for scalar in text.unicodeScalars { write(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        let value = scalar.value
        if value < 0x80, Self.isPlain(UInt8(value)) {
            bytes.append(UInt8(value))
        } else if value >= 0x10000 {
            write(escaped: UInt16(truncatingIfNeeded: 0xd7c0 + (value >> 10)))
            write(escaped: UInt16(truncatingIfNeeded: 0xdc00 + (value & 0x3ff)))
        } else {
            write(escaped: UInt16(truncatingIfNeeded: value))
        }
    }

    /// Whether the byte stands for itself in a string.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func write(escaped unit: UInt16) {
        bytes.append(UInt8(ascii: "\\"))
        switch unit {
        case 0x22, 0x5c: bytes.append(UInt8(truncatingIfNeeded: unit))
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x0c: bytes.append(UInt8(ascii: "f"))
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(UInt8(ascii: "u"))
            bytes.append(Self.hexDigit(unit >> 12))
            bytes.append(Self.hexDigit(unit >> 8))
            bytes.append(Self.hexDigit(unit >> 4))
            bytes.append(Self.hexDigit(unit))
        }
    }

    private static func hexDigit(_ value: UInt16) -> UInt8 {
        let digit = UInt8(truncatingIfNeeded: value & 0xf)
        return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension JSONValue {
    /// The value as text.
    public func text(
        _ style: JSONText.Style = .compact, fractions: JSONText.Fractions = .seventeenDigits
    ) -> String {
        var text = JSONText(style: style, fractions: fractions)
        text.write(self)
        return String(decoding: text.bytes, as: UTF8.self)
    }
}
