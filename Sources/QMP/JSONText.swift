/// Writes JSON values as ASCII text; everything else is escaped as \uXXXX, in surrogate pairs where needed.
public struct JSONText {
    /// How the text is laid out.
    public enum Style: Sendable {
        /// All on one line.
        case compact
        /// Each member and element on a line of its own, indented by four spaces a level, lines ended by `newline`.
        case pretty(newline: String)
    }

    /// The text so far.
    public private(set) var bytes: [UInt8] = []
    private let style: Style

    /// An empty text.
    public init(style: Style = .compact) { self.style = style }

    /// Appends `value`.
    public mutating func write(_ value: JSONValue) { write(value, level: 0) }

    private mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: append("null")
        case .boolean(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .unsigned(let value): append(String(value))
        case .double(let value): append(DecimalText.seventeenDigits(value))
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
            for unit in text.utf16 { write(escaped: unit) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether the byte stands for itself in a string.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7f).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func write(escaped unit: UInt16) {
        switch unit {
        case 0x22: append("\\\"")
        case 0x5c: append("\\\\")
        case 0x08: append("\\b")
        case 0x0c: append("\\f")
        case 0x0a: append("\\n")
        case 0x0d: append("\\r")
        case 0x09: append("\\t")
        case 0x20..<0x7f: bytes.append(UInt8(truncatingIfNeeded: unit))
        default:
            append("\\u")
            for shift in stride(from: 12, through: 0, by: -4) {
                bytes.append(Self.hexDigits[Int((unit >> UInt16(shift)) & 0xf)])
            }
        }
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension JSONValue {
    /// The value as text.
    public func text(_ style: JSONText.Style = .compact) -> String {
        var text = JSONText(style: style)
        text.write(self)
        return String(decoding: text.bytes, as: UTF8.self)
    }
}
