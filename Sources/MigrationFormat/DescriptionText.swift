/// JSON as descriptions have it. An object keeps every member, also those that have the same key: QEMU describes the
/// elements of a list one after the other in one object.
enum DescriptionText {
    case object([(String, DescriptionText)])
    case array([DescriptionText])
    case string(String)
    /// A whole number that is not negative.
    case number(UInt64)
    /// Anything else.
    case other

    /// The first member of that key.
    subscript(key: String) -> DescriptionText? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.0 == key }?.1
    }

    var number: UInt64? { if case .number(let value) = self { value } else { nil } }

    /// Reads a text that is exactly one value.
    static func parse(_ text: [UInt8]) throws(StreamError) -> DescriptionText {
        var parser = Parser(text: text)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.index == text.count else { throw parser.error("text behind its end") }
        return value
    }

    private struct Parser {
        /// Brackets open at once.
        static let depthLimit = 64
        /// Values in one text.
        static let valueLimit = 1 << 20

        let text: [UInt8]
        var index = 0
        var values = 0

        init(text: [UInt8]) { self.text = text }

        func error(_ problem: String) -> StreamError {
            StreamError("The description is no JSON: \(problem)", section: "description", offset: UInt64(index))
        }

        private var next: UInt8? { index < text.count ? text[index] : nil }

        mutating func skipSpace() {
            while let byte = next, byte == 0x20 || (0x09...0x0d).contains(byte) { index += 1 }
        }

        private mutating func take(_ character: Character) -> Bool {
            skipSpace()
            guard next == character.asciiValue else { return false }
            index += 1
            return true
        }

        mutating func value(depth: Int) throws(StreamError) -> DescriptionText {
            values += 1
            guard depth <= Self.depthLimit, values <= Self.valueLimit else { throw error("too much of it") }
            if take("{") { return try object(depth: depth) }
            if take("[") {
                var elements: [DescriptionText] = []
                if take("]") { return .array([]) }
                repeat { elements.append(try value(depth: depth + 1)) } while take(",")
                guard take("]") else { throw error("a list without an end") }
                return .array(elements)
            }
            if take("\"") { return .string(try string()) }
            return try word()
        }

        private mutating func object(depth: Int) throws(StreamError) -> DescriptionText {
            var members: [(String, DescriptionText)] = []
            if take("}") { return .object([]) }
            repeat {
                guard take("\"") else { throw error("a member without a name") }
                let key = try string()
                guard take(":") else { throw error("a member without a value") }
                members.append((key, try value(depth: depth + 1)))
            } while take(",")
            guard take("}") else { throw error("an object without an end") }
            return .object(members)
        }

        /// The rest of a string, after its first quote.
        private mutating func string() throws(StreamError) -> String {
            var bytes: [UInt8] = []
            while let byte = next {
                index += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
                case UInt8(ascii: "\\"): try escape(into: &bytes)
                default: bytes.append(byte)
                }
            }
            throw error("a string without an end")
        }

        private mutating func escape(into bytes: inout [UInt8]) throws(StreamError) {
            guard let byte = next else { throw error("a string without an end") }
            index += 1
            switch byte {
            case UInt8(ascii: "n"): bytes.append(0x0a)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "r"): bytes.append(0x0d)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0c)
            case UInt8(ascii: "u"):
                guard index + 4 <= text.count,
                    let code = UInt32(String(decoding: text[index..<index + 4], as: UTF8.self), radix: 16)
                else { throw error("an escape that is cut off") }
                index += 4
                bytes.append(contentsOf: String(Unicode.Scalar(code) ?? "\u{fffd}").utf8)
            default: bytes.append(byte)
            }
        }

        /// A number, or one of the words.
        private mutating func word() throws(StreamError) -> DescriptionText {
            let start = index
            while let byte = next, !",]}: \t\r\n".utf8.contains(byte) { index += 1 }
            guard index > start else { throw error("no value") }
            return UInt64(String(decoding: text[start..<index], as: UTF8.self)).map { .number($0) } ?? .other
        }
    }
}
