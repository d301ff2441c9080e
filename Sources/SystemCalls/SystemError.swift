import Glibc

/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The error number (`errno`).
    public let code: Int32
    /// The call, as in the manual: "connect".
    public let call: String
    /// What it was called on: a path, an address; may be empty.
    public let subject: String

    /// A failure of `call` on `subject` with error number `code`.
    public init(code: Int32, call: String, subject: String = "") {
        self.code = code
        self.call = call
        self.subject = subject
    }

    /// The failure that `errno` holds now.
    static func last(_ call: String, _ subject: String = "") -> SystemError {
        SystemError(code: errno, call: call, subject: subject)
    }

    /// The text of the error number alone ("Connection refused").
    public var reason: String { Self.text(of: code) }

    /// The text of an error number: strerror(3).
    public static func text(of code: Int32) -> String {
        // SAFETY: strerror(3) gives a terminated string, which is copied at once.
        unsafe String(cString: strerror(code))
    }

    /// The call, what it was called on, and the reason.
    public var description: String { subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)" }

    /// A wait that reached its deadline.
    public static func timedOut(_ call: String, _ subject: String = "") -> SystemError {
        SystemError(code: ETIMEDOUT, call: call, subject: subject)
    }

    /// Whether this is a deadline that passed.
    public var isTimeout: Bool { code == ETIMEDOUT }
}
