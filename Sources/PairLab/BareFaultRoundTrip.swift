import Environment
import Glibc
import SystemCalls

/// What the host alone takes for a page that is missing, and what postcopy is measured by: a thread touches it, another one
/// is told (userfaultfd) and asks a third one over a socket pair, which sends 4 KiB back; these are placed, and the thread
/// goes on. No format, no book-keeping.
public enum BareFaultRoundTrip {
    private static let pageSize = 4096
    private static let requestSize = 12

    /// The times of `rounds` touches, one after the other, of a page that is missing each. Throws if the host does not let
    /// this process watch its memory.
    public static func measure(rounds: Int) throws -> TouchTimes {
        let memory = try MemoryMapping(count: rounds * pageSize)
        memory.setMergesPages(false)
        let faults = try MissingFaults()
        _ = try faults.register(memory)
        // SAFETY: the call fills an array of two.
        var ends: [Int32] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        else { throw SystemError(code: errno, call: "socketpair") }
        let near = Descriptor(owning: ends[0])
        let far = Descriptor(owning: ends[1])
        let ending = try EventSignal()
        let source = try startSource(far.number)
        let receiver: Thread
        do { receiver = try startReceiver(near.number, memory, faults, until: ending) } catch {
            shutdown(near.number, Int32(SHUT_RDWR))
            source.join()
            throw error
        }
        let times = touch(memory, rounds: rounds)
        ending.raise()
        receiver.join()
        shutdown(near.number, Int32(SHUT_RDWR))
        source.join()
        shutdown(far.number, Int32(SHUT_RDWR))
        faults.unregister(memory)
        guard let times else { throw LabError("a page did not hold what was placed") }
        return times
    }

    /// Nil if a page held something else than what was sent.
    private static func touch(_ memory: MemoryMapping, rounds: Int) -> TouchTimes? {
        let clock = SystemClock()
        var samples: [Nanoseconds] = []
        samples.reserveCapacity(rounds)
        for round in 0..<rounds {
            let start = clock.now()
            // SAFETY: there are `rounds` pages.
            let byte = unsafe memory.base.load(fromByteOffset: round * pageSize, as: UInt8.self)
            samples.append(clock.now() - start)
            guard byte == 0x5a else { return nil }
        }
        return TouchTimes(samples)
    }

    /// Asks for each page that is touched, and places what comes.
    private static func startReceiver(
        _ socket: Int32, _ memory: MemoryMapping, _ faults: MissingFaults, until ending: EventSignal
    ) throws -> Thread {
        try Thread(name: "bare-receiver") {
            let page = UnsafeMutableRawPointer.allocate(byteCount: pageSize, alignment: 4096)
            // SAFETY: the buffer is this thread's alone, until it ends.
            defer { unsafe page.deallocate() }
            faults.faults.serve([memory], until: ending) { _, offset in
                guard unsafe send(socket, page, requestSize, Int32(MSG_NOSIGNAL)) == requestSize,
                    unsafe recv(socket, page, pageSize, Int32(MSG_WAITALL)) == pageSize
                else { return faults.unregister(memory) }
                try? unsafe faults.place(
                    page, in: memory, offset: offset / pageSize * pageSize, count: pageSize, pageSize: pageSize)
            }
        }
    }

    /// Answers each request with a page.
    private static func startSource(_ socket: Int32) throws -> Thread {
        try Thread(name: "bare-source") {
            // SAFETY: the calls read and write a local array of a page.
            var page = [UInt8](repeating: 0x5a, count: pageSize)
            var request = [UInt8](repeating: 0, count: requestSize)
            while unsafe recv(socket, &request, requestSize, Int32(MSG_WAITALL)) == requestSize {
                guard unsafe send(socket, &page, pageSize, Int32(MSG_NOSIGNAL)) == pageSize else { return }
            }
        }
    }
}
