import QAPI

/// A command of the monitor for people.
struct HumanCommand: Sendable {
    /// What a command takes, in order.
    enum Parameter: Sendable {
        /// A letter that may be given after a minus sign.
        case flag(Character)
        /// A word that must be there.
        case word(String)
        /// A word that may be there.
        case optional(String)
        /// "on" or "off".
        case onOff(String)
        /// All that is left of the line, if anything.
        case rest(String)
    }

    /// Throws what the management commands throw, or `HumanParameterError`.
    typealias Run = @Sendable (HumanArguments, any QMPCommands) async throws -> String

    /// Its names: the long one, and short ones.
    let names: [String]
    let parameters: [Parameter]
    /// How the parameters are shown, and what the command does.
    let usage: String
    let summary: String
    let run: Run

    init(
        _ name: String, short: String? = nil, takes parameters: [Parameter] = [], usage: String = "",
        does summary: String, run: @escaping Run
    ) {
        names = [name] + (short.map { [$0] } ?? [])
        self.parameters = parameters
        self.usage = usage
        self.summary = summary
        self.run = run
    }

    /// Whether it has commands below it.
    var isInfo: Bool { names == ["info"] }
    /// All names as messages show them.
    var title: String { names.joined(separator: "|") }
    /// Its line of help.
    var help: String { "\(title) \(usage) -- \(summary)\n" }

    func parse(_ line: inout HumanLine) -> Result<HumanArguments, HumanMistake> {
        do throws(HumanMistake) { return .success(try read(&line)) } catch { return .failure(error) }
    }

    private func read(_ line: inout HumanLine) throws(HumanMistake) -> HumanArguments {
        var arguments = HumanArguments()
        try readFlags(&line, &arguments)
        for parameter in parameters {
            switch parameter {
            case .flag: continue
            case .word(let name):
                guard let word = try line.takeWord() else { throw .noWord(command: title) }
                arguments.words[name] = word
            case .optional(let name): arguments.words[name] = try line.takeWord()
            case .onOff(let name):
                guard let word = try line.takeWord(), word == "on" || word == "off" else { throw .noSwitch }
                arguments.words[name] = word
            case .rest(let name):
                var words: [String] = []
                while let word = try line.takeWord() { words.append(word) }
                if !words.isEmpty { arguments.words[name] = words.joined(separator: " ") }
            }
        }
        guard line.isAtEnd() else { throw .surplus(command: title) }
        return arguments
    }

    /// Flags come first, each once, in the order of the parameters.
    private func readFlags(_ line: inout HumanLine, _ arguments: inout HumanArguments) throws(HumanMistake) {
        var flags = parameters.compactMap { parameter -> Character? in
            if case .flag(let letter) = parameter { letter } else { nil }
        }[...]
        guard !flags.isEmpty else { return }
        while let given = line.takeFlag() {
            guard let index = flags.firstIndex(of: given) else { throw .unknownFlag(given, command: title) }
            arguments.flags.insert(given)
            flags = flags[(index + 1)...]
        }
    }
}

/// What was given to a command.
struct HumanArguments: Sendable {
    var flags: Set<Character> = []
    var words: [String: String] = [:]

    /// The word for `name`; empty if it was not given.
    subscript(name: String) -> String { words[name] ?? "" }
}
