/// Why COLO was not ended by command. The texts are those that clients of QEMU know.
public enum FailoverError: Error, Equatable, Sendable, CustomStringConvertible {
    /// COLO does not run.
    case notInCOLO
    /// Another command has begun it.
    case alreadyBegun
    /// The run did not end in time; it may yet.
    case notComplete

    /// What is wrong.
    public var description: String {
        switch self {
        case .notInCOLO: "The feature 'colo' is not enabled"
        case .alreadyBegun: "COLO failover already activated"
        case .notComplete: "The failover is not complete yet; see query-colo-status"
        }
    }
}
