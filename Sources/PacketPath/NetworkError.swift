import SystemCalls

/// Why a network back-end could not be set up: what it is about, what failed, and what to do.
public struct NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The interface, bridge or forwarding rule: "tap tap0".
    public let subject: String
    /// What failed and why.
    public let problem: String
    /// What the operator can do; empty if there is nothing to say.
    public let advice: String

    /// A failure of `subject`.
    public init(subject: String, problem: String, advice: String = "") {
        self.subject = subject
        self.problem = problem
        self.advice = advice
    }

    init(_ subject: String, _ cause: SystemError, advice: String = "") {
        self.init(subject: subject, problem: cause.description, advice: advice)
    }

    /// One line for a log or an operator.
    public var description: String {
        advice.isEmpty ? "\(subject): \(problem)" : "\(subject): \(problem) (\(advice))"
    }
}
