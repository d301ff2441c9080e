import CLinux
import Environment
import Glibc
import SystemCalls

/// How a process ended.
public enum ProcessEnd: Sendable, Equatable, CustomStringConvertible {
    /// By itself, with this status.
    case exited(Int32)
    /// By this signal.
    case killed(Int32)

    /// For messages.
    public var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .killed(let signal): "signal \(signal)"
        }
    }
}

/// A process that was started here: its output goes to a file, its end is noticed at once, and it is killed when its
/// owner goes away or when this program ends, however it ends.
public final class ManagedProcess: Sendable {
    /// The process id; only `send` uses it safely, because the number may be given to another process later.
    public let identifier: Int32
    /// The file with everything it wrote to standard output and standard error.
    public let log: String
    private let end: ThreadGate<ProcessEnd?>
    /// Started the process; the kernel kills the process when it ends.
    private let thread: HostThread

    /// Starts `command` (found on the PATH, with its arguments) in the network namespace of `thread`, which must be
    /// the calling one.
    init(command: [String], on thread: HostThread, log: String, extraEnvironment: [String: String]) throws {
        self.log = log
        self.thread = thread
        // setpriv comes with Debian's util-linux, which every installation has.
        identifier = try Self.spawn(
            ["setpriv", "--pdeathsig", "KILL", "--"] + command, log: log, extraEnvironment: extraEnvironment)
        let end = ThreadGate<ProcessEnd?>(nil)
        self.end = end
        Leftovers.shared.insert(process: identifier)
        let identifier = identifier
        _ = try Thread(name: "wait-\(identifier)") { Self.awaitEnd(of: identifier, end) }
    }

    deinit { send(SIGKILL) }

    /// Sends a signal; does nothing once the process has ended.
    public func send(_ signal: Int32) {
        // The lock keeps the process id from being freed between the look and the call.
        end.withLock(notify: false) { if $0 == nil { kill(identifier, signal) } }
    }

    /// How the process ended; nil while it lives.
    public var status: ProcessEnd? { end.withLock(notify: false) { $0 } }

    /// Waits for the end of the process; nil if it still lives after `limit`.
    @discardableResult
    public func waitForExit(within limit: Duration) -> ProcessEnd? {
        end.wait(until: SystemClock().now() + Nanoseconds(limit)) { $0 }
    }

    /// Kills it with SIGKILL and waits until it is gone.
    public func killAndWait() {
        send(SIGKILL)
        waitForExit(within: .seconds(10))
    }

    /// What it has written so far.
    public var output: String { (try? readText(log)) ?? "" }

    private static func awaitEnd(of identifier: Int32, _ end: ThreadGate<ProcessEnd?>) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var info = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(identifier), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        end.withLock { state in
            Leftovers.shared.remove(process: identifier)
            var status: Int32 = 0
            unsafe waitpid(identifier, &status, 0)
            let signal = status & 0x7f
            state = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(signal)
        }
    }

    private static func spawn(_ command: [String], log: String, extraEnvironment: [String: String]) throws -> Int32 {
        // SAFETY: the attributes and the strings live until posix_spawn has returned, and are freed then.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)

        // A process group of its own, so that Ctrl-C at a terminal reaches only the one who is in charge.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        var identifier: Int32 = 0
        let code = unsafe withCStrings(command) { arguments in
            unsafe withCStrings(environment(adding: extraEnvironment)) { environment in
                unsafe posix_spawnp(&identifier, command[0], &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw SystemError(code: code, call: "posix_spawn", subject: command[0]) }
        return identifier
    }

    private static func environment(adding extra: [String: String]) -> [String] {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var result: [String] = []
        var next = unsafe Glibc.environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if extra[String(text.prefix { $0 != "=" })] == nil { result.append(text) }
            unsafe next += 1
        }
        return result + extra.map { "\($0.key)=\($0.value)" }
    }
}

/// Calls `body` with a null-terminated array of C strings that lives through the call.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    // SAFETY: the array and the strings it points to live until `body` has returned.
    return unsafe pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least its end") }
        return unsafe body(base)
    }
}

extension Nanoseconds {
    /// A `Duration` in this module's unit; negative ones are zero.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self =
            seconds < 0 ? .zero : .seconds(UInt64(seconds)) + Nanoseconds(UInt64(max(0, attoseconds) / 1_000_000_000))
    }
}
