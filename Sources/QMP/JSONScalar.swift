/// The values of the tokens that are values by themselves.
enum JSONScalar {
    static func value(of token: JSONToken, _ text: [UInt8]) throws(JSONError) -> JSONValue {
        switch token {
        case .keyword: return try keyword(text)
        case .string: return .string(try string(text))
        case .integer: return try integer(text)
        case .float: return try float(text)
        default: throw .syntax("expecting value")
        }
    }

    private static func keyword(_ text: [UInt8]) throws(JSONError) -> JSONValue {
        let word = String(decoding: text, as: UTF8.self)
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .null
        default: throw .syntax("invalid keyword '\(printable(text))'")
        }
    }

    private static func integer(_ text: [UInt8]) throws(JSONError) -> JSONValue {
        let digits = String(decoding: text, as: UTF8.self)
        if let value = Int64(digits) { return .integer(value) }
        if let value = UInt64(digits) { return .unsigned(value) }
        return try float(text)
    }

    /// A number beyond the range of doubles is infinite.
    private static func float(_ text: [UInt8]) throws(JSONError) -> JSONValue {
        guard let value = Double(String(decoding: text, as: UTF8.self)) else { throw .syntax("expecting value") }
        return .double(value)
    }

    /// Takes off the quotes and resolves the escapes.
    private static func string(_ quoted: [UInt8]) throws(JSONError) -> String {
        let text = quoted[1..<(quoted.count - 1)]
        guard let first = text.firstIndex(of: UInt8(ascii: "\\")) else { return try decode(text) }
        var bytes = Array(text[..<first])
        bytes.reserveCapacity(text.count)
        var index = first
        while index < text.endIndex {
            let byte = quoted[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            do throws(JSONError) {
                try resolve(quoted, &index, into: &bytes)
            } catch {
                // Of two mistakes the first one is told.
                _ = try decode(bytes[...])
                throw error
            }
        }
        return try decode(bytes[...])
    }

    /// Appends what the escape means whose second byte is at `index`.
    private static func resolve(
        _ text: [UInt8], _ index: inout Int, into bytes: inout [UInt8]
    ) throws(JSONError) {
        let escape = text[index]
        index += 1
        guard escape == UInt8(ascii: "u") else { return bytes.append(try simple(escape)) }
        let scalar = try scalar(text, &index)
        if scalar.isASCII {
            bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        } else {
            bytes.append(contentsOf: String(scalar).utf8)
        }
    }

    private static func simple(_ escape: UInt8) throws(JSONError) -> UInt8 {
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): return escape
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0c
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "r"): return 0x0d
        case UInt8(ascii: "t"): return 0x09
        default: throw .syntax("invalid escape sequence in string")
        }
    }

    /// The four digits after \u, and those of a second escape if the first is one half of a pair. `index` is after
    /// the u; `text` has its quotes.
    private static func scalar(_ text: [UInt8], _ index: inout Int) throws(JSONError) -> Unicode.Scalar {
        let start = index
        guard let first = unit(text, &index) else { throw notACharacter(text[start...].prefix(4), "") }
        if let scalar = Unicode.Scalar(first) {
            guard WireText.isCharacter(scalar) else { throw notACharacter(text[start..<index], "") }
            return scalar
        }
        let second = index
        guard (0xd800..<0xdc00).contains(first), text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u")
        else { throw notACharacter(text[start..<index], "") }
        index += 2
        guard let low = unit(text, &index), (0xdc00..<0xe000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((UInt32(first) - 0xd800) << 10) + (UInt32(low) - 0xdc00))
        else { throw notACharacter(text[start..<second], "") }
        guard WireText.isCharacter(scalar) else {
            throw notACharacter(text[start..<second], WireText.lossy(text[second..<index]))
        }
        return scalar
    }

    private static func notACharacter(_ digits: ArraySlice<UInt8>, _ rest: String) -> JSONError {
        .syntax("\\u\(WireText.lossy(digits))\(rest) is not a valid Unicode character")
    }

    private static func unit(_ text: [UInt8], _ index: inout Int) -> UInt16? {
        let digits = text[index...].prefix(4)
        guard digits.count == 4, digits.allSatisfy(isHexDigit) else { return nil }
        index += 4
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        case UInt8(ascii: "A")...UInt8(ascii: "F"): true
        default: false
        }
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = WireText.strict(bytes) else { throw .syntax("invalid UTF-8 sequence in string") }
        return text
    }
}
