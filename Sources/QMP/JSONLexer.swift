/// One token of JSON text.
enum JSONToken: Equatable {
    case leftBrace, rightBrace, leftBracket, rightBracket, colon, comma
    /// A run of small letters.
    case keyword([UInt8])
    /// With its quotes; escapes not yet decoded.
    case string([UInt8])
    case integer([UInt8])
    case float([UInt8])
    /// Text that no token can start or go on with; the last byte is the one that does not fit.
    case stray([UInt8])
    /// Text cut off because it grew beyond the limit.
    case oversized

    /// Bytes of text, as far as they count against the limit.
    var size: Int {
        switch self {
        case .keyword(let text), .string(let text), .integer(let text), .float(let text), .stray(let text): text.count
        default: 1
        }
    }
}

/// Cuts a stream of bytes into tokens, one byte at a time.
struct JSONLexer: Sendable {
    private enum State: Sendable {
        case start
        /// After a stray byte: skip to something that can start a token.
        case recovery
        case keyword
        case string(quote: UInt8), escape(quote: UInt8)
        case minus, zero, digits, point, fraction, exponent, exponentSign, exponentDigits
    }

    private var state = State.start
    private var text: [UInt8] = []
    private let textLimit: Int

    init(textLimit: Int) { self.textLimit = textLimit }

    /// Takes the next byte. A byte that ends a number or word and is a token itself yields two tokens.
    mutating func consume(_ byte: UInt8, into tokens: inout [JSONToken]) {
        while !step(byte, into: &tokens) {}
        if text.count > textLimit {
            text.removeAll()
            state = .start
            tokens.append(.oversized)
        }
    }

    /// One transition; false if the byte is to be looked at again in the new state.
    private mutating func step(_ byte: UInt8, into tokens: inout [JSONToken]) -> Bool {
        switch state {
        case .start: return begin(byte, into: &tokens)
        case .recovery:
            guard Self.endsRecovery(byte) else { return true }
            state = .start
            return false
        case .keyword:
            if Self.isSmallLetter(byte) { return take(byte, .keyword) }
            return finish({ .keyword($0) }, into: &tokens)
        case .string(let quote):
            if byte == quote {
                text.append(byte)
                _ = finish({ .string($0) }, into: &tokens)
                return true
            }
            if byte == UInt8(ascii: "\\") { return take(byte, .escape(quote: quote)) }
            return (0x20...0xfd).contains(byte) ? take(byte, state) : stray(byte, into: &tokens)
        case .escape(let quote):
            return (0x20...0xfd).contains(byte) ? take(byte, .string(quote: quote)) : stray(byte, into: &tokens)
        default: return number(byte, into: &tokens)
        }
    }

    private mutating func begin(_ byte: UInt8, into tokens: inout [JSONToken]) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return true
        case UInt8(ascii: "{"): tokens.append(.leftBrace)
        case UInt8(ascii: "}"): tokens.append(.rightBrace)
        case UInt8(ascii: "["): tokens.append(.leftBracket)
        case UInt8(ascii: "]"): tokens.append(.rightBracket)
        case UInt8(ascii: ":"): tokens.append(.colon)
        case UInt8(ascii: ","): tokens.append(.comma)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return take(byte, .string(quote: byte))
        case UInt8(ascii: "-"): return take(byte, .minus)
        case UInt8(ascii: "0"): return take(byte, .zero)
        case UInt8(ascii: "1")...UInt8(ascii: "9"): return take(byte, .digits)
        default: return Self.isSmallLetter(byte) ? take(byte, .keyword) : stray(byte, into: &tokens)
        }
        return true
    }

    private mutating func number(_ byte: UInt8, into tokens: inout [JSONToken]) -> Bool {
        let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        let isExponent = byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
        switch state {
        case .minus:
            guard isDigit else { return stray(byte, into: &tokens) }
            return take(byte, byte == UInt8(ascii: "0") ? .zero : .digits)
        case .zero, .digits:
            if byte == UInt8(ascii: ".") { return take(byte, .point) }
            if isExponent { return take(byte, .exponent) }
            if isDigit {
                if case .zero = state { return stray(byte, into: &tokens) }
                return take(byte, .digits)
            }
            return finish({ .integer($0) }, into: &tokens)
        case .fraction:
            if isDigit { return take(byte, .fraction) }
            if isExponent { return take(byte, .exponent) }
            return finish({ .float($0) }, into: &tokens)
        case .exponentDigits:
            if isDigit { return take(byte, .exponentDigits) }
            return finish({ .float($0) }, into: &tokens)
        case .point: return isDigit ? take(byte, .fraction) : stray(byte, into: &tokens)
        case .exponent:
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { return take(byte, .exponentSign) }
            return isDigit ? take(byte, .exponentDigits) : stray(byte, into: &tokens)
        default: return isDigit ? take(byte, .exponentDigits) : stray(byte, into: &tokens)
        }
    }

    private mutating func take(_ byte: UInt8, _ next: State) -> Bool {
        text.append(byte)
        state = next
        return true
    }

    private mutating func stray(_ byte: UInt8, into tokens: inout [JSONToken]) -> Bool {
        text.append(byte)
        _ = finish({ .stray($0) }, into: &tokens)
        state = .recovery
        return true
    }

    private mutating func finish(_ make: ([UInt8]) -> JSONToken, into tokens: inout [JSONToken]) -> Bool {
        let token = make(text)
        text = []
        state = .start
        tokens.append(token)
        return false
    }

    private static func isSmallLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func endsRecovery(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x1f, 0xfe, 0xff: true
        case UInt8(ascii: "\""), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
        case UInt8(ascii: ":"), UInt8(ascii: ","): true
        default: false
        }
    }
}
