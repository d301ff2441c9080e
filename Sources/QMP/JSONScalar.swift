/// The values of the tokens that are values by themselves.
enum JSONScalar {
    static func value(of token: JSONToken) throws(JSONError) -> JSONValue {
        switch token {
        case .keyword(let text): return try keyword(text)
        case .string(let text): return .string(try string(text))
        case .integer(let text): return try integer(text)
        case .float(let text): return try float(text)
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

    private static func float(_ text: [UInt8]) throws(JSONError) -> JSONValue {
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
            throw .syntax("number '\(printable(text))' is out of range")
        }
        return .double(value)
    }

    /// Takes off the quotes and resolves the escapes.
    private static func string(_ quoted: [UInt8]) throws(JSONError) -> String {
        let text = quoted[1..<(quoted.count - 1)]
        guard text.contains(UInt8(ascii: "\\")) else { return try decode(Array(text)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            let escape = text[index]
            index += 1
            if escape == UInt8(ascii: "u") {
                let scalar = try scalar(text, &index)
                bytes.append(contentsOf: Array(String(Character(scalar)).utf8))
            } else {
                bytes.append(try simple(escape))
            }
        }
        return try decode(bytes)
    }

    private static func simple(_ escape: UInt8) throws(JSONError) -> UInt8 {
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): return escape
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0c
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "r"): return 0x0d
        case UInt8(ascii: "t"): return 0x09
        default: throw .syntax("invalid escape sequence '\\\(printable([escape]))' in string")
        }
    }

    /// The four digits after \u, and those of a second escape if the first is one half of a pair.
    private static func scalar(_ text: ArraySlice<UInt8>, _ index: inout Int) throws(JSONError) -> Unicode.Scalar {
        let first = try unit(text, &index)
        if let scalar = Unicode.Scalar(first) { return scalar }
        let isPair =
            (0xd800..<0xdc00).contains(first) && index + 1 < text.endIndex && text[index] == UInt8(ascii: "\\")
            && text[index + 1] == UInt8(ascii: "u")
        guard isPair else { throw .syntax("\\u\(String(first, radix: 16)) is half of a surrogate pair") }
        index += 2
        let second = try unit(text, &index)
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((UInt32(first) - 0xd800) << 10) + (UInt32(second) - 0xdc00))
        else { throw .syntax("\\u\(String(first, radix: 16)) is half of a surrogate pair") }
        return scalar
    }

    private static func unit(_ text: ArraySlice<UInt8>, _ index: inout Int) throws(JSONError) -> UInt16 {
        let digits = text[index..<min(index + 4, text.endIndex)]
        guard digits.count == 4, digits.allSatisfy(isHexDigit),
            let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw .syntax("invalid hex escape '\\u\(printable(Array(digits)))' in string") }
        index += 4
        return value
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        case UInt8(ascii: "A")...UInt8(ascii: "F"): true
        default: false
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .syntax("invalid UTF-8 sequence in string")
        }
        return text
    }
}
