/// What a token of JSON text is; its text is with the lexer.
enum JSONToken: UInt8, Sendable {
    case leftBrace, rightBrace, leftBracket, rightBracket, colon, comma
    /// A run of small letters.
    case keyword
    /// With its quotes; escapes not yet decoded.
    case string
    case integer
    case float
    /// Text that no token can start or go on with; the last byte is the one that does not fit.
    case stray
    /// Text cut off because it grew beyond the limit.
    case oversized
}

/// Cuts a stream of bytes into tokens. The bytes may come in pieces of any size; the tokens are the same.
struct JSONLexer: Sendable {
    private enum State: Sendable {
        case start
        /// After a stray byte: skip to something that can start a token.
        case recovery
        case keyword
        case string, escape
        case minus, zero, digits, point, fraction, exponent, exponentSign, exponentDigits
    }

    /// Text buffers that grew beyond this are given back after their token.
    private static let keptCapacity = 4096

    /// The text of the token that `next` returned last; empty for those of one character.
    private(set) var text: [UInt8] = []
    private var state = State.start
    private var quote: UInt8 = 0
    private var hasReturned = false
    private let textLimit: Int

    init(textLimit: Int) { self.textLimit = textLimit }

    /// The next token of `bytes` from `offset` on; nil if they are used up before one is complete. A byte that ends a
    /// number or word without belonging to it stays unread.
    mutating func next(_ bytes: Span<UInt8>, _ offset: inout Int) -> JSONToken? {
        if hasReturned { dropText() }
        while offset < bytes.count {
            let byte = bytes[offset]
            switch state {
            case .start:
                offset += 1
                if let token = begin(byte) { return token }
            case .recovery:
                if Self.endsRecovery(byte) { state = .start } else { offset += 1 }
            case .string:
                if let token = string(bytes, &offset) { return token }
            case .escape:
                offset += 1
                guard Self.isText(byte) else { return stray(byte) }
                take(byte, .string)
            case .keyword:
                guard Self.isSmallLetter(byte) else { return finish(.keyword) }
                offset += 1
                take(byte, .keyword)
            default:
                if let ended = endedNumber(byte) { return finish(ended) }
                offset += 1
                guard let after = stateAfter(byte) else { return stray(byte) }
                take(byte, after)
            }
            if text.count > textLimit { return finish(.oversized) }
        }
        return nil
    }

    private mutating func dropText() {
        hasReturned = false
        text.removeAll(keepingCapacity: text.capacity <= Self.keptCapacity)
    }

    private mutating func begin(_ byte: UInt8) -> JSONToken? {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return nil
        case UInt8(ascii: "{"): return .leftBrace
        case UInt8(ascii: "}"): return .rightBrace
        case UInt8(ascii: "["): return .leftBracket
        case UInt8(ascii: "]"): return .rightBracket
        case UInt8(ascii: ":"): return .colon
        case UInt8(ascii: ","): return .comma
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            quote = byte
            take(byte, .string)
        case UInt8(ascii: "-"): take(byte, .minus)
        case UInt8(ascii: "0"): take(byte, .zero)
        case UInt8(ascii: "1")...UInt8(ascii: "9"): take(byte, .digits)
        default:
            guard Self.isSmallLetter(byte) else { return stray(byte) }
            take(byte, .keyword)
        }
        return nil
    }

    /// Goes on in a string: takes plain text as one piece, then looks at the byte after it.
    private mutating func string(_ bytes: Span<UInt8>, _ offset: inout Int) -> JSONToken? {
        // One byte more than the limit is what makes it exceeded.
        let end = min(bytes.count, offset + textLimit + 1 - text.count)
        var index = offset
        while index < end, bytes[index] != quote, bytes[index] != UInt8(ascii: "\\"), Self.isText(bytes[index]) {
            index += 1
        }
        if index > offset {
            // SAFETY: the bytes are copied while the span that owns them is borrowed; `extracting` checks the bounds.
            unsafe bytes.extracting(offset..<index).withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
            offset = index
        }
        guard index < end else { return nil }
        let byte = bytes[index]
        offset += 1
        if byte == quote {
            text.append(byte)
            return finish(.string)
        }
        guard byte == UInt8(ascii: "\\") else { return stray(byte) }
        take(byte, .escape)
        return nil
    }

    /// What a number is if it is complete and `byte` does not go on with it.
    private func endedNumber(_ byte: UInt8) -> JSONToken? {
        guard !Self.isDigit(byte) else { return nil }
        switch state {
        // QEMU takes no exponent right after a lone zero.
        case .zero: return byte == UInt8(ascii: ".") ? nil : .integer
        case .digits: return byte == UInt8(ascii: ".") || Self.isExponent(byte) ? nil : .integer
        case .fraction: return Self.isExponent(byte) ? nil : .float
        case .exponentDigits: return .float
        default: return nil
        }
    }

    /// Where `byte` leads within a number; nil if it does not fit.
    private func stateAfter(_ byte: UInt8) -> State? {
        if Self.isDigit(byte) {
            switch state {
            case .minus: return byte == UInt8(ascii: "0") ? .zero : .digits
            case .zero: return nil
            case .digits: return .digits
            case .point, .fraction: return .fraction
            default: return .exponentDigits
            }
        }
        switch state {
        case .zero, .digits: return byte == UInt8(ascii: ".") ? .point : .exponent
        case .fraction: return .exponent
        case .exponent: return byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") ? .exponentSign : nil
        default: return nil
        }
    }

    private mutating func take(_ byte: UInt8, _ next: State) {
        text.append(byte)
        state = next
    }

    private mutating func stray(_ byte: UInt8) -> JSONToken {
        text.append(byte)
        _ = finish(.stray)
        state = .recovery
        return .stray
    }

    private mutating func finish(_ token: JSONToken) -> JSONToken {
        hasReturned = true
        state = .start
        return token
    }

    private static func isSmallLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isExponent(_ byte: UInt8) -> Bool { byte | 0x20 == UInt8(ascii: "e") }

    /// Whether the byte may stand in a string: neither a control character nor one that UTF-8 never has.
    private static func isText(_ byte: UInt8) -> Bool { (0x20...0xfd).contains(byte) }

    private static func endsRecovery(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x08, 0x0a...0x1f, 0xfe, 0xff: true
        case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
        case UInt8(ascii: ":"), UInt8(ascii: ","): true
        default: false
        }
    }
}
