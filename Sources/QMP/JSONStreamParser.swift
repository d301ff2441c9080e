/// What one JSON value may take at most; beyond it the value is dropped with an error.
public struct JSONLimits: Sendable {
    /// Bytes of token text that are too many for one value.
    public var textBytes: Int
    /// Tokens in one value.
    public var tokens: Int
    /// Brackets open at once.
    public var nesting: Int

    /// The limits of QMP: 64 MiB, 2 Mi tokens, 1024 levels.
    public static let standard = JSONLimits(textBytes: 64 << 20, tokens: 2 << 20, nesting: 1024)

    /// Limits of one's own.
    public init(textBytes: Int, tokens: Int, nesting: Int) {
        self.textBytes = textBytes
        self.tokens = tokens
        self.nesting = nesting
    }
}

/// Text that is not JSON, and in what way.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was wrong: "JSON parse error, expecting value".
    public let description: String

    init(_ description: String) { self.description = description }

    static func syntax(_ text: String) -> JSONError { JSONError("JSON parse error, \(text)") }
}

/// Reads a stream of JSON values that follow one another with or without anything between them.
///
/// A value is complete when its brackets balance. A mistake in the grammar is reported at that point; a stray byte or
/// a passed limit at once.
public struct JSONStreamParser: Sendable {
    private var lexer: JSONLexer
    private var builder = JSONBuilder()
    private let limits: JSONLimits
    private var openBraces = 0
    private var openBrackets = 0
    private var textBytes = 0
    private var tokenCount = 0

    /// A parser at the start of a stream.
    public init(limits: JSONLimits = .standard) {
        self.limits = limits
        lexer = JSONLexer(textLimit: limits.textBytes)
    }

    /// The next value, or mistake, of `bytes` from `offset` on; nil if they are used up before one is complete.
    public mutating func next(_ bytes: Span<UInt8>, _ offset: inout Int) -> Result<JSONValue, JSONError>? {
        while let token = lexer.next(bytes, &offset) { if let result = take(token) { return result } }
        return nil
    }

    /// Takes the next bytes of the stream; returns what became complete, in order.
    public mutating func consume(_ bytes: [UInt8]) -> [Result<JSONValue, JSONError>] {
        var results: [Result<JSONValue, JSONError>] = []
        var offset = 0
        while let result = next(bytes.span, &offset) { results.append(result) }
        return results
    }

    /// Parses `text`, which must be exactly one value.
    public static func parse(_ text: String) throws(JSONError) -> JSONValue {
        var parser = JSONStreamParser()
        // The line end completes a number or word at the top level.
        let results = parser.consume(Array(text.utf8) + [UInt8(ascii: "\n")])
        guard let first = results.first else { throw .syntax("premature end of input") }
        let value = try first.get()
        guard results.count == 1, parser.isBetweenValues else { throw .syntax("text after the value") }
        return value
    }

    private var isBetweenValues: Bool { openBraces == 0 && openBrackets == 0 && tokenCount == 0 }

    private mutating func take(_ token: JSONToken) -> Result<JSONValue, JSONError>? {
        switch token {
        case .stray: return reject(.syntax("stray '\(printable(lexer.text))'"))
        case .oversized: return reject(JSONError("JSON token size limit exceeded"))
        case .leftBrace: openBraces += 1
        case .rightBrace: openBraces -= 1
        case .leftBracket: openBrackets += 1
        case .rightBracket: openBrackets -= 1
        default: break
        }
        tokenCount += 1
        textBytes += max(1, lexer.text.count)
        if textBytes >= limits.textBytes { return reject(JSONError("JSON token size limit exceeded")) }
        if tokenCount > limits.tokens { return reject(JSONError("JSON token count limit exceeded")) }
        if openBraces + openBrackets > limits.nesting {
            return reject(JSONError("JSON nesting depth limit exceeded"))
        }
        builder.take(token, lexer.text)
        let balanced = openBraces <= 0 && openBrackets <= 0
        guard balanced || openBraces < 0 || openBrackets < 0 else { return nil }
        defer { reset() }
        return builder.result
    }

    private mutating func reject(_ error: JSONError) -> Result<JSONValue, JSONError> {
        reset()
        return .failure(error)
    }

    private mutating func reset() {
        builder = JSONBuilder()
        openBraces = 0
        openBrackets = 0
        textBytes = 0
        tokenCount = 0
    }
}

/// Text of a client in an error message: cut at a limit and at the first NUL.
func printable(_ text: [UInt8]) -> String {
    let echoLimit = 4096
    return WireText.lossy(text.prefix(echoLimit).prefix { $0 != 0 })
}
