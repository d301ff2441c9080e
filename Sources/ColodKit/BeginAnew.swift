import Glibc
import ServiceHost
import SystemCalls

/// How a process becomes a fresh one without its service manager losing it.
enum BeginAnew {
    /// Signals that an operator or the service manager may send at any moment.
    private static let signals = [SIGTERM, SIGINT, SIGHUP]

    /// Replaces this process by a fresh one with the same arguments: execve(2). Nothing of the old life stays but the
    /// process id, which systemd goes by, and the sockets that systemd passed.
    static func execute() throws -> Never {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        try Descriptor.closeAllOnExec()
        keepListenDescriptors()
        // Until the new process listens to signals, one that asks it to end does end it. One that asks for the flight
        // recorder's notes does not: there are none.
        for number in signals { signal(number, SIG_DFL) }
        signal(SIGUSR1, SIG_IGN)
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        let arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
        unsafe execv(program, arguments)
        throw StartFailure("cannot begin anew: \(SystemError.text(of: errno))")
    }

    /// The program of this process by its path, which the kernel names the process after; by its link in /proc where
    /// another program has taken the path, as after an upgrade: a process that begins anew stays what it was.
    private static var program: String {
        let link = "/proc/self/exe"
        guard let path = Paths.target(ofLink: link), let here = try? FileStatus(of: link),
            let there = try? FileStatus(of: path), here.isSameFile(as: there)
        else { return link }
        return path
    }

    /// Gives the process the name of its program where the kernel named it after the link in /proc: proc_pid_comm(5).
    static func restoreName() {
        guard let called = CommandLine.arguments.first?.split(separator: "/").last,
            let file = try? Descriptor.open("/proc/self/comm", flags: O_RDWR)
        else { return }
        var buffer = [UInt8](repeating: 0, count: 64)
        // SAFETY: reads at most the length of `buffer` into it, and writes the bytes of a local array.
        let count = unsafe read(file.number, &buffer, buffer.count)
        guard count > 0, String(decoding: buffer[..<count], as: UTF8.self) == "exe\n" else { return }
        let name = Array(called.utf8)
        _ = unsafe write(file.number, name, name.count)
    }
}
