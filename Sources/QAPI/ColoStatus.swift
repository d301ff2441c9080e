import QMP

/// Which side of COLO this is.
public enum ColoMode: String, Sendable, Hashable, CaseIterable {
    /// None.
    case none
    /// Runs the guest that clients see.
    case primary
    /// Holds the checkpoint.
    case secondary
}

/// Why COLO ended.
public enum ColoExitReason: String, Sendable, Hashable, CaseIterable {
    /// It did not.
    case none
    /// A failover was asked for.
    case request
    /// The peer or the connection failed.
    case error
    /// A failover is under way.
    case processing
}

/// The reply of `query-colo-status`.
public struct ColoStatus: Sendable, Hashable {
    /// Now.
    public var mode: ColoMode
    /// At the end of the last run.
    public var lastMode: ColoMode
    /// Why the last run ended.
    public var reason: ColoExitReason

    /// COLO never ran.
    public init(mode: ColoMode = .none, lastMode: ColoMode = .none, reason: ColoExitReason = .none) {
        self.mode = mode
        self.lastMode = lastMode
        self.reason = reason
    }

    /// As sent.
    public var json: JSONValue {
        [
            "last-mode": .string(lastMode.rawValue), "mode": .string(mode.rawValue),
            "reason": .string(reason.rawValue),
        ]
    }
}
