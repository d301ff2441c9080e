import CLinux
import Environment
import Glibc
import SystemCalls

/// The text of the last failed system call's error number.
func systemReason(_ code: Int32 = errno) -> String { SystemError(code: code, call: "").reason }

enum PollResult { case ready, timedOut, cancelled }

/// Waits until `descriptor` is ready for `events`, `cancellation` is raised, or `deadline` has passed: poll(2).
func waitReady(
    _ descriptor: Int32, _ events: Int32, until deadline: Nanoseconds, cancellation: Int32 = -1
) -> PollResult {
    waitAny([descriptor], events, until: deadline, cancellation: cancellation).result
}

/// The same for several descriptors; `index` is the first one that is ready, and `returned` what poll(2) says of it.
func waitAny(
    _ descriptors: [Int32], _ events: Int32, until deadline: Nanoseconds, cancellation: Int32 = -1
) -> (result: PollResult, index: Int, returned: Int32) {
    let clock = SystemClock()
    while true {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(events), revents: 0) }
        entries.append(pollfd(fd: cancellation, events: Int16(POLLIN), revents: 0))
        var milliseconds: Int32 = -1
        if deadline != .never {
            let left = deadline - clock.now()
            milliseconds = Int32(min(UInt64(Int32.max), (left.count + 999_999) / 1_000_000))
        }
        let count = poll(&entries, nfds_t(entries.count), milliseconds)
        if count < 0, errno == EINTR { continue }
        if count > 0 {
            if entries[descriptors.count].revents != 0 { return (.cancelled, 0, 0) }
            if let index = entries.firstIndex(where: { $0.revents != 0 }) {
                return (.ready, index, Int32(entries[index].revents))
            }
        }
        if deadline != .never, clock.now() >= deadline { return (.timedOut, 0, 0) }
    }
}
