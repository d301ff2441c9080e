// SAFETY: of what Glibc shares, only `stdout` is used, which its functions lock.
@unsafe @preconcurrency import Glibc
import Synchronization

/// Standard output of a program whose output somebody counts on: a full disk or device is an error, not an end.
public enum StandardOutput {
    /// What was printed could not be written.
    public struct Failure: Error, Equatable, CustomStringConvertible {
        /// The error number, as far as it is known.
        public let code: Int32

        /// What failed and why.
        public var description: String {
            // SAFETY: strerror(3) gives a terminated string, which is copied at once.
            unsafe "standard output cannot be written: \(code == 0 ? "unknown error" : String(cString: strerror(code)))"
        }
    }

    /// The error number of the first failure; the stream itself remembers only that there was one.
    private static let firstFailure = Atomic<Int32>(0)

    /// Writes what was printed so far: fflush(3).
    public static func flush() throws(Failure) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        errno = 0
        guard unsafe fflush(stdout) == 0, unsafe ferror(stdout) == 0 else {
            _ = firstFailure.compareExchange(expected: 0, desired: errno, ordering: .relaxed)
            throw Failure(code: firstFailure.load(ordering: .relaxed))
        }
    }

    /// Has this process tell on standard error, and end with a status other than 0, if something that it printed
    /// could not be written. To be called once, first of all: on_exit(3).
    public static func checkAtExit() {
        // SAFETY: the closure captures nothing and the argument is not used.
        _ = unsafe on_exit({ status, _ in StandardOutput.finish(status) }, nil)
    }

    private static func finish(_ status: Int32) {
        do { try flush() } catch {
            // SAFETY: writes the bytes of a local array. A message that cannot be written leaves only the status.
            let bytes = Array("Error: \(error)\n".utf8)
            _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
            _exit(status == 0 ? EXIT_FAILURE : status)
        }
    }
}
