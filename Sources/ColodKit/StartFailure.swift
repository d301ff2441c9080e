/// Why a daemon could not start; the text says what to do next.
public struct StartFailure: Error, Sendable, CustomStringConvertible {
    /// What went wrong.
    public let description: String
    /// Whether the configuration has to be changed (a restart alone cannot help).
    public let isConfiguration: Bool

    /// A failure to start.
    public init(_ description: String, isConfiguration: Bool = false) {
        self.description = description
        self.isConfiguration = isConfiguration
    }
}
