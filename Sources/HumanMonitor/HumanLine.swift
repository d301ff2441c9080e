/// What is left of a line that is being read.
struct HumanLine {
    private var rest: Substring

    init(_ line: String) { rest = line[...] }

    /// Takes the name of a command: everything up to a space or a slash. Nil at the end of the line.
    mutating func takeName() -> String? {
        skipSpaces()
        let name = rest.prefix { !Self.isSpace($0) && $0 != "/" }
        rest = rest[name.endIndex...]
        return name.isEmpty ? nil : String(name)
    }

    /// Whether nothing but spaces is left.
    mutating func isAtEnd() -> Bool {
        skipSpaces()
        return rest.isEmpty
    }

    /// Takes a flag such as "-d". Nil if none comes next.
    mutating func takeFlag() -> Character? {
        skipSpaces()
        guard rest.first == "-", let letter = rest.dropFirst().first else { return nil }
        rest = rest.dropFirst(2)
        return letter
    }

    /// Takes a word, which may stand in quotes. Nil at the end of the line.
    mutating func takeWord() throws(HumanMistake) -> String? {
        skipSpaces()
        guard let first = rest.first else { return nil }
        if first == "\"" { return try takeQuoted() }
        let word = rest.prefix { !Self.isSpace($0) }
        rest = rest[word.endIndex...]
        return String(word)
    }

    private mutating func takeQuoted() throws(HumanMistake) -> String {
        var text = ""
        rest = rest.dropFirst()
        while let next = rest.popFirst() {
            switch next {
            case "\"": return text
            case "\\":
                switch rest.popFirst() {
                case "n": text.append("\n")
                case "r": text.append("\r")
                case let other? where "\\'\"".contains(other): text.append(other)
                default: throw .openQuotation
                }
            default: text.append(next)
            }
        }
        throw .openQuotation
    }

    private mutating func skipSpaces() { rest = rest.drop(while: Self.isSpace) }

    private static func isSpace(_ character: Character) -> Bool { character.isASCII && character.isWhitespace }
}

/// Why a line is not understood.
enum HumanMistake: Error, Equatable, CustomStringConvertible {
    /// A quotation does not end, or has a backslash before a character that takes none.
    case openQuotation
    /// The command needs a word more.
    case noWord(command: String)
    /// The word is neither "on" nor "off".
    case noSwitch
    /// The command has no such flag, or not at that place.
    case unknownFlag(Character, command: String)
    /// More words than the command takes.
    case surplus(command: String)

    var description: String {
        switch self {
        case .openQuotation: "a quotation does not end"
        case .noWord(let command): "\(command): string expected"
        case .noSwitch: "Expected 'on' or 'off'"
        case .unknownFlag(let letter, let command): "\(command): unsupported option -\(letter)"
        case .surplus(let command): "\(command): extraneous characters at the end of line"
        }
    }
}
