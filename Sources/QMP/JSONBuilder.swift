/// Puts one JSON value together from its tokens. The first mistake is kept; what follows it is ignored.
struct JSONBuilder: Sendable {
    private enum Expectation: Sendable {
        /// A value; in a list that was just opened also its end.
        case value, valueOrEnd
        case key, keyOrEnd
        case colon, separator
        case nothing
    }

    /// A list or object that is still open.
    private struct Frame: Sendable {
        var isObject: Bool
        var elements: [JSONValue] = []
        var object = JSONObject()
        /// The name of the member whose value comes next; nil where a name has to come.
        var key: String?
        /// The keys so far, once there are enough of them that a search through all would take long.
        var keys: Set<String> = []
    }

    private static let smallObject = 16

    private var frames: [Frame] = []
    private var expectation = Expectation.value
    private var complete: JSONValue?
    private var error: JSONError?

    /// The value, or what was wrong with it.
    var result: Result<JSONValue, JSONError> {
        if let error { return .failure(error) }
        if let complete { return .success(complete) }
        return .failure(.syntax("premature end of input"))
    }

    /// Takes the next token, whose text is `text`.
    mutating func take(_ token: JSONToken, _ text: [UInt8]) {
        guard error == nil else { return }
        do throws(JSONError) {
            switch expectation {
            case .value: try beginValue(token, text)
            case .valueOrEnd: if token == .rightBracket { try close() } else { try beginValue(token, text) }
            case .key: try key(token, text)
            case .keyOrEnd: if token == .rightBrace { try close() } else { try key(token, text) }
            case .colon:
                guard token == .colon else { throw .syntax("missing : in object pair") }
                expectation = .value
            case .separator: try separator(token)
            case .nothing: throw .syntax("text after the value")
            }
        } catch {
            self.error = error
            frames = []
        }
    }

    private mutating func beginValue(_ token: JSONToken, _ text: [UInt8]) throws(JSONError) {
        switch token {
        case .leftBrace:
            frames.append(Frame(isObject: true))
            expectation = .keyOrEnd
        case .leftBracket:
            frames.append(Frame(isObject: false))
            expectation = .valueOrEnd
        default: try add(JSONScalar.value(of: token, text))
        }
    }

    private mutating func key(_ token: JSONToken, _ text: [UInt8]) throws(JSONError) {
        // A list or object in place of a name is read to its end first: it may hold a mistake of its own.
        if token == .leftBrace || token == .leftBracket { return try beginValue(token, text) }
        guard case .string(let key) = try JSONScalar.value(of: token, text) else {
            throw .syntax("key is not a string in object")
        }
        frames[frames.count - 1].key = key
        expectation = .colon
    }

    private mutating func separator(_ token: JSONToken) throws(JSONError) {
        let isObject = frames[frames.count - 1].isObject
        switch token {
        case .comma: expectation = isObject ? .key : .value
        case .rightBrace where isObject, .rightBracket where !isObject: try close()
        default: throw .syntax("expected separator in \(isObject ? "dict" : "list")")
        }
    }

    private mutating func close() throws(JSONError) {
        let frame = frames.removeLast()
        try add(frame.isObject ? .object(frame.object) : .array(frame.elements))
    }

    private mutating func add(_ value: JSONValue) throws(JSONError) {
        guard !frames.isEmpty else {
            complete = value
            expectation = .nothing
            return
        }
        let top = frames.count - 1
        if frames[top].isObject {
            guard let key = frames[top].key else { throw .syntax("key is not a string in object") }
            guard remember(key, of: top) else { throw .syntax("duplicate key") }
            frames[top].object.append(key, value)
            frames[top].key = nil
        } else {
            frames[top].elements.append(value)
        }
        expectation = .separator
    }

    /// False if the key has come before.
    private mutating func remember(_ key: String, of top: Int) -> Bool {
        let members = frames[top].object.members
        guard members.count >= Self.smallObject else { return !members.contains { $0.key == key } }
        if members.count == Self.smallObject { frames[top].keys = Set(members.map(\.key)) }
        return frames[top].keys.insert(key).inserted
    }
}
