import Synchronization

/// What every log record of this process says about where it comes from.
public struct LogIdentity: Sendable, Equatable {
    /// The guest's name.
    public var guest: String?
    /// The role now: "primary", "secondary" or a word of the status.
    public var role: String?
    /// The term now.
    public var term: UInt64?
    /// The epoch now.
    public var epoch: UInt64?

    /// Knows nothing yet.
    public init(guest: String? = nil, role: String? = nil, term: UInt64? = nil, epoch: UInt64? = nil) {
        self.guest = guest
        self.role = role
        self.term = term
        self.epoch = epoch
    }

    /// What is known, as names and values in a fixed order.
    public var fields: [(name: String, value: String)] {
        let all = [
            ("guest", guest), ("role", role), ("term", term.map { String($0) }), ("epoch", epoch.map { String($0) }),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

/// The identity of this process, which changes with its role.
public enum LogContext {
    private static let current = Mutex(LogIdentity())

    /// What records say from now on.
    public static func update(_ change: @Sendable (inout LogIdentity) -> Void) { current.withLock { change(&$0) } }

    /// What records say now.
    public static var identity: LogIdentity { current.withLock { $0 } }
}
