public import CLinux
public import Environment
import Glibc
import Synchronization

/// A child process in a process group of its own, with standard input and output on /dev/null or what it is given, and
/// standard error of this process. It gets no other descriptor, however those of this process were made.
public final class ChildProcess: Sendable {
    /// How a process ended.
    public enum Ending: Equatable, Sendable {
        /// With this exit status.
        case exited(Int32)
        /// By this signal.
        case killed(Int32)
    }

    /// The process id.
    public let processID: pid_t
    /// Readable once the process has ended; stands for this process, whoever has its number later.
    private let watch: Descriptor

    private struct State {
        var ending: Ending?
        /// The process id is given back, and may belong to somebody else.
        var isReaped = false
    }
    private let state = Mutex(State())

    /// Starts the executable at `path`: posix_spawn(3). `environment` is the whole environment, as "NAME=value".
    /// `standardInput` and `standardOutput` are descriptors that the child gets copies of.
    public init(
        path: String, arguments: [String], environment: [String], standardInput: Int32? = nil,
        standardOutput: Int32? = nil
    ) throws(SystemError) {
        // SAFETY: the strings live as long as the closures of `withCStrings`; the calls keep none of them.
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe Self.connect(standardInput, to: 0, O_RDONLY, &actions)
        unsafe Self.connect(standardOutput, to: 1, O_WRONLY, &actions)
        // A socket that leaked into a child would keep its port taken and its peer waiting after this process has died,
        // and not every library makes its descriptors close-on-exec.
        guard unsafe clinux_spawn_close_from(&actions, 3) == 0 else {
            throw SystemError(code: ENOMEM, call: "posix_spawn_file_actions_addclosefrom_np", subject: path)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var noSignals = sigset_t()
        unsafe sigemptyset(&noSignals)
        unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
        // Signals that this process ignores would be ignored in the child too.
        var allSignals = sigset_t()
        unsafe sigfillset(&allSignals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &allSignals)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var child: pid_t = 0
        let code = unsafe Self.withCStrings([path] + arguments) { argv in
            unsafe Self.withCStrings(environment) { envp in
                unsafe posix_spawn(&child, path, &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else { throw SystemError(code: code, call: "posix_spawn", subject: path) }
        processID = child
        let watch = clinux_pidfd_open(child)
        guard watch >= 0 else {
            let failure = SystemError.last("pidfd_open", path)
            Glibc.kill(-child, SIGKILL)
            waitpid(child, nil, 0)
            throw failure
        }
        self.watch = Descriptor(owning: watch)
    }

    private static func connect(
        _ descriptor: Int32?, to number: Int32, _ flags: Int32, _ actions: inout posix_spawn_file_actions_t
    ) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        if let descriptor {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", flags, 0)
        }
    }

    deinit { kill(patience: Self.endMilliseconds) }

    /// How long `kill` waits for the end of the process that it has killed.
    private static let killMilliseconds: Int32 = 20
    /// How long the end of a process that was killed is waited for where nobody will wait for it again. One that is in the
    /// middle of a system call, on a disk that does not answer, may take longer.
    private static let endMilliseconds: Int32 = 2000

    /// Kills the whole process group. Waits for moments at most. Any thread.
    public func kill() { kill(patience: Self.killMilliseconds) }

    private func kill(patience milliseconds: Int32) {
        signal()
        var entry = pollfd(fd: watch.number, events: Int16(POLLIN), revents: 0)
        while Poll.wait(for: &entry, milliseconds: milliseconds) < 0, errno == EINTR {}
        if entry.revents != 0 { _ = try? reap() }
    }

    /// Waits for the end. Nil, and the whole process group killed, when `deadline` passes first, or `withdrawn` is raised.
    /// Throws if the kernel does not tell how the process ended, which must never be taken for success.
    public func wait(
        until deadline: Nanoseconds, orUntil withdrawn: EventSignal? = nil
    ) throws(SystemError) -> Ending? {
        // It has ended, and a debugger keeps the news of that: only time tells when it lets go.
        var isHeld = false
        while true {
            let left = min(deadline - SystemClock().now(), isHeld ? .milliseconds(10) : .never)
            var entries = [
                pollfd(fd: isHeld ? -1 : watch.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: withdrawn?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let ready = Poll.wait(for: &entries, milliseconds: Int32(clamping: (left.count + 999_999) / 1_000_000))
            if ready < 0, errno != EINTR { throw .last("poll") }
            if isHeld || entries[0].revents != 0 {
                if let ending = try reap() { return ending }
                isHeld = true
            }
            if entries[1].revents != 0 || SystemClock().now() >= deadline {
                kill(patience: Self.endMilliseconds)
                return nil
            }
        }
    }

    private func signal() {
        state.withLock { state in
            guard !state.isReaped else { return }
            Glibc.kill(-processID, SIGKILL)
            Glibc.kill(processID, SIGKILL)
        }
    }

    /// How the process has ended; nil if it has not, or a debugger has not let it go yet. Waits for nothing.
    private func reap() throws(SystemError) -> Ending? {
        try state.withLock { (state) throws(SystemError) in
            if let ending = state.ending { return ending }
            guard !state.isReaped else { throw SystemError(code: ECHILD, call: "waitpid") }
            // SAFETY: the calls use the places of their arguments until they return, and no longer.
            var status: Int32 = 0
            let reaped = unsafe waitpid(processID, &status, WNOHANG)
            guard reaped != 0 else { return nil }
            state.isReaped = true
            guard reaped > 0 else { throw .last("waitpid") }
            let signal = status & 0x7f
            let result: Ending = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal)
            state.ending = result
            return result
        }
    }

    /// Calls `body` with a null-terminated array of C strings that lives as long as the call.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        // SAFETY: strdup's copies are freed after `body`, which gets them with the closing null.
        let copies = unsafe strings.map { unsafe strdup($0) }
        defer { unsafe copies.forEach { unsafe free($0) } }
        return unsafe body(copies + [nil])
    }
}
