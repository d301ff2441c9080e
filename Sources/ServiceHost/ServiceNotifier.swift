import CSystemd
public import Environment
import Glibc
import SystemCalls

/// Tells the service manager how this process is doing; does nothing where nobody asked to be told.
public struct ServiceNotifier: Sendable {
    /// Whether a service manager listens.
    public let isSupervised: Bool

    /// The notifier of this process: the manager's socket is named by the variable NOTIFY_SOCKET.
    public init() {
        // SAFETY: nothing in the program changes its environment, and what getenv(3) gives is copied at once.
        isSupervised = unsafe getenv("NOTIFY_SOCKET") != nil
    }

    /// A notifier that tells nobody.
    public init(unsupervised: Void) { isSupervised = false }

    /// The process serves its role now.
    @discardableResult
    public func ready(status: String) -> Bool { send("READY=1\nSTATUS=\(Self.line(status))") }

    /// One line for people: role and protection.
    @discardableResult
    public func status(_ text: String) -> Bool { send("STATUS=\(Self.line(text))") }

    /// The process begins anew with the same identifier and will say `ready` again: it is up meanwhile. Never
    /// `stopping` before an execve(2): systemd would wait for the end of the process, and kill it when that takes long.
    @discardableResult
    public func reloading(status: String) -> Bool {
        let microseconds = SystemClock().now().count / 1000
        return send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)\nSTATUS=\(Self.line(status))")
    }

    /// The process has begun to end.
    @discardableResult
    public func stopping(status: String) -> Bool { send("STOPPING=1\nSTATUS=\(Self.line(status))") }

    /// Every run loop has turned since the last time.
    @discardableResult
    public func watchdog() -> Bool { send("WATCHDOG=1") }

    /// The process with this identifier is the service from now on.
    @discardableResult
    public func mainProcess(_ identifier: Int32) -> Bool { send("MAINPID=\(identifier)") }

    /// Starting or stopping needs this much longer, counted from now.
    @discardableResult
    public func extendTimeout(_ span: Nanoseconds) -> Bool { send("EXTEND_TIMEOUT_USEC=\(span.count / 1000)") }

    /// How often the manager wants to hear `watchdog`, at least; nil if it does not.
    public var watchdogInterval: Nanoseconds? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var microseconds: UInt64 = 0
        guard isSupervised, unsafe sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
        return Nanoseconds(microseconds.multipliedReportingOverflow(by: 1000).partialValue)
    }

    /// Sends assignments, one a line: sd_notify(3). True if they reached the manager's socket.
    // SAFETY: the calls use the places of their arguments until they return, and no longer.
    private func send(_ assignments: String) -> Bool { unsafe isSupervised && sd_notify(0, assignments) > 0 }

    /// A value may not begin another assignment.
    private static func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}
