/// One thing that is wrong with the configuration: where, which key, and what was expected.
public struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    /// "web.yaml:12", "--memory" or "command line".
    public let place: String
    /// The key with its parents ("guest.memory"); empty if the problem is not with one key.
    public let key: String
    /// What is wrong and what was expected.
    public let message: String

    /// A problem with `key` at `place`.
    public init(place: String, key: String, message: String) {
        self.place = place
        self.key = key
        self.message = message
    }

    /// As an operator reads it.
    public var description: String { key.isEmpty ? "\(place): \(message)" : "\(place): \(key): \(message)" }
}

/// Everything that is wrong with the configuration, in the order of the file.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one problem.
    public let problems: [ConfigurationProblem]

    /// The error made of `problems`.
    public init(problems: [ConfigurationProblem]) { self.problems = problems }

    /// One line a problem.
    /// As an operator reads it.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
