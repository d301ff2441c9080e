import Environment
import Glibc
import PairLab
import SystemCalls

/// CPU time of whole processes.
enum ProcessTime {
    /// What `process` has used so far, all threads together, to the nanosecond: clock_getcpuclockid(3).
    static func used(by process: Int32) throws -> Nanoseconds {
        // SAFETY: the calls fill locals, which live until they return.
        var clock = clockid_t()
        let code = unsafe clock_getcpuclockid(process, &clock)
        guard code == 0 else { throw SystemError(code: code, call: "clock_getcpuclockid", subject: "\(process)") }
        return try read(clock)
    }

    /// What the calling thread has used so far.
    static func usedByThisThread() throws -> Nanoseconds { try read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) throws -> Nanoseconds {
        // SAFETY: the call fills a local, which lives until it returns.
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { throw SystemError(code: errno, call: "clock_gettime") }
        return .seconds(UInt64(time.tv_sec)) + Nanoseconds(UInt64(time.tv_nsec))
    }
}

/// Bytes that went through a network interface, as the kernel counts them.
enum InterfaceBytes {
    /// In and out together, of an interface of that host, since it was made.
    static func counted(on interface: String, of host: LabHost) throws -> UInt64 {
        let text = try host.perform { try readText("/proc/thread-self/net/dev") }
        guard let bytes = total(of: interface, in: text) else {
            throw LabError("host \(host.name) has no interface \(interface)")
        }
        return bytes
    }

    /// The same, read from the text of /proc/net/dev: proc(5). Nil if the interface is not in there.
    static func total(of interface: String, in text: String) -> UInt64? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].trimmingPrefix(while: \.isWhitespace) == interface else { continue }
            let numbers = parts[1].split(separator: " ").map { UInt64($0) }
            // The bytes received come first, those sent after seven other figures of what was received.
            guard numbers.count > 8, let received = numbers[0], let sent = numbers[8] else { return nil }
            return received &+ sent
        }
        return nil
    }
}
