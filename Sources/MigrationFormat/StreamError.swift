/// Why a stream, a checkpoint or a message was refused: what was wrong, in which section, and at which byte.
public struct StreamError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was wrong.
    public let problem: String
    /// The section it was in; nil outside of sections.
    public let section: String?
    /// How many bytes of the stream came before the offending value.
    public let offset: UInt64

    /// A refusal because of `problem`.
    public init(_ problem: String, section: String? = nil, offset: UInt64) {
        self.problem = problem
        self.section = section
        self.offset = offset
    }

    /// One line for a log or an operator.
    public var description: String {
        let place = section.map { "section '\($0)', byte \(offset)" } ?? "byte \(offset)"
        return "\(problem) (\(place) of the stream)"
    }
}

func hex(_ value: some BinaryInteger) -> String { String(value, radix: 16) }
