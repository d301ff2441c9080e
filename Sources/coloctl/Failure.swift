/// Why a command could not do its work, and what to do about it.
struct Failure: Error, CustomStringConvertible {
    enum Kind {
        /// Called wrongly.
        case usage
        /// Nobody listens.
        case unreachable
        /// The connection ended.
        case closed
        /// The socket may be there, but not for this user.
        case denied
        /// Somebody listens but does not answer as colod does.
        case unclear
        /// colod refused.
        case refused
    }

    let kind: Kind
    let text: String
    let next: String?

    init(_ kind: Kind, _ text: String, next: String? = nil) {
        self.kind = kind
        self.text = text
        self.next = next
    }

    /// This user may not do that with `path`.
    static func denied(_ path: String) -> Failure {
        Failure(
            .denied, "permission denied: \(path) is for root and the group colod",
            next: "run this as root or join the group: adduser USER colod, then log in again")
    }

    var description: String { next.map { "\(text)\nNext: \($0)." } ?? text }
}
