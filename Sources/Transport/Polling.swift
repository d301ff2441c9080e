import CLinux
import Environment
import Glibc
import SystemCalls

/// The text of the last failed system call's error number.
func systemReason(_ code: Int32 = errno) -> String { SystemError(code: code, call: "").reason }

enum PollResult { case ready, timedOut, cancelled }

/// Waits until `descriptor` is ready for `events`, `cancellation` is raised, or `deadline` has passed: poll(2). Takes no
/// memory.
func waitReady(
    _ descriptor: Int32, _ events: Int32, until deadline: Nanoseconds, cancellation: Int32 = -1
) -> PollResult {
    let clock = SystemClock()
    var entries = (
        pollfd(fd: descriptor, events: Int16(events), revents: 0),
        pollfd(fd: cancellation, events: Int16(POLLIN), revents: 0)
    )
    while true {
        let count = unsafe withUnsafeMutablePointer(to: &entries) { place in
            // SAFETY: a tuple of two equal types is laid out as an array of two.
            unsafe poll(
                UnsafeMutableRawPointer(place).assumingMemoryBound(to: pollfd.self), 2, clock.pollTime(to: deadline))
        }
        if count > 0 { return entries.1.revents != 0 ? .cancelled : .ready }
        if deadline != .never, clock.now() >= deadline { return .timedOut }
    }
}

/// The same for several descriptors, and two that end the wait; `index` is the first one that is ready.
func waitAny(
    _ descriptors: [Int32], _ events: Int32, until deadline: Nanoseconds, cancellations: (Int32, Int32)
) -> (result: PollResult, index: Int) {
    // SAFETY: the calls use the places of their arguments until they return, and no longer.
    let clock = SystemClock()
    while true {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(events), revents: 0) }
        for number in [cancellations.0, cancellations.1] {
            entries.append(pollfd(fd: number, events: Int16(POLLIN), revents: 0))
        }
        let count = unsafe poll(&entries, nfds_t(entries.count), clock.pollTime(to: deadline))
        if count > 0 {
            if entries[descriptors.count...].contains(where: { $0.revents != 0 }) { return (.cancelled, 0) }
            if let index = entries.firstIndex(where: { $0.revents != 0 }) { return (.ready, index) }
        }
        if deadline != .never, clock.now() >= deadline { return (.timedOut, 0) }
    }
}

/// Whether something can be read from `descriptor` now, its end not counted.
func isReadable(_ descriptor: Int32) -> Bool {
    // SAFETY: the calls use the places of their arguments until they return, and no longer.
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) > 0 && Int32(entry.revents) & Int32(POLLIN) != 0
}

/// How many bytes can be read from `descriptor` now, where the kernel says it: ioctl(2) FIONREAD. Else 0.
func readableCount(_ descriptor: Int32) -> Int {
    // It also counts at the end of a pipe that is only written to, where nothing can be read.
    guard isReadable(descriptor) else { return 0 }
    // SAFETY: the call writes a number to a local of its type.
    var count: Int32 = 0
    return unsafe clinux_ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(max(0, count)) : 0
}

extension SystemClock {
    /// The time to `deadline` as poll(2) takes it, in milliseconds, rounded up; -1 for ever.
    fileprivate func pollTime(to deadline: Nanoseconds) -> Int32 {
        guard deadline != .never else { return -1 }
        return Int32(clamping: ((deadline - now()).count + 999_999) / 1_000_000)
    }
}
