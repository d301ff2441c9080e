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
        var key = ""
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

    mutating func take(_ token: JSONToken) {
        guard error == nil else { return }
        do throws(JSONError) {
            switch expectation {
            case .value: try beginValue(token)
            case .valueOrEnd: if token == .rightBracket { try close() } else { try beginValue(token) }
            case .key: try key(token)
            case .keyOrEnd: if token == .rightBrace { try close() } else { try key(token) }
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

    private mutating func beginValue(_ token: JSONToken) throws(JSONError) {
        switch token {
        case .leftBrace:
            frames.append(Frame(isObject: true))
            expectation = .keyOrEnd
        case .leftBracket:
            frames.append(Frame(isObject: false))
            expectation = .valueOrEnd
        default: try add(JSONScalar.value(of: token))
        }
    }

    private mutating func key(_ token: JSONToken) throws(JSONError) {
        if token == .leftBrace || token == .leftBracket { throw .syntax("key is not a string in object") }
        guard case .string(let key) = try JSONScalar.value(of: token) else {
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
            guard try remember(keyOf: top) else { throw .syntax("duplicate key") }
            frames[top].object.append(frames[top].key, value)
        } else {
            frames[top].elements.append(value)
        }
        expectation = .separator
    }

    /// False if the key has come before.
    private mutating func remember(keyOf top: Int) throws(JSONError) -> Bool {
        let key = frames[top].key
        let members = frames[top].object.members
        guard members.count >= Self.smallObject else { return !members.contains { $0.key == key } }
        if members.count == Self.smallObject { frames[top].keys = Set(members.map(\.key)) }
        return frames[top].keys.insert(key).inserted
    }
}
