public import Environment
import ReplicationCore
public import SystemCalls

/// Asks an executable of the operator: exit status 0 means that the peer is fenced, everything else, and silence for
/// longer than the timeout, means no.
///
/// The command gets its configured arguments, and in its environment COLOD_GUEST, COLOD_TERM and COLOD_PURPOSE
/// (`take-over`, `continue-alone` or `start`).
public struct CommandArbiter: Arbiter {
    private let path: String
    private let arguments: [String]
    /// How long the command may take.
    public let timeout: Nanoseconds

    /// Runs `path` with `arguments`, for `timeout` at most.
    public init(path: String, arguments: [String], timeout: Nanoseconds) {
        self.path = path
        self.arguments = arguments
        self.timeout = timeout
    }

    /// "command".
    public var name: String { "command" }

    /// Runs the command; its exit status is the answer.
    public func decide(_ request: ArbitrationRequest, orUntil withdrawn: EventSignal?) -> ArbitrationVerdict {
        let environment = [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "COLOD_GUEST=\(request.guest)", "COLOD_TERM=\(request.term)", "COLOD_PURPOSE=\(request.purpose.rawValue)",
        ]
        do throws(SystemError) {
            let child = try ChildProcess(path: path, arguments: arguments, environment: environment)
            switch try child.wait(until: SystemClock().now() + timeout, orUntil: withdrawn) {
            case .exited(0): return .granted
            case .exited(let status): return .refused("\(path) ended with exit status \(status)")
            case .killed(let signal): return .refused("\(path) was killed by signal \(signal)")
            case nil:
                return .refused("\(path) did not answer within \(timeout.count / 1_000_000) ms")
            }
        } catch {
            return .refused("\(path) could not be run: \(error)")
        }
    }
}
