import Environment
import Glibc
import PairLab
import Synchronization
import SystemCalls

/// How late a thread wakes that sleeps for a millisecond again and again: what the machine's scheduler adds to whatever
/// waits, whoever it is.
final class WakeUpProbe {
    private static let nap: Nanoseconds = .milliseconds(1)

    private final class Record: Sendable {
        let isDone = Atomic<Bool>(false)
        let delays = Mutex<[Double]>([])
    }
    private let record = Record()
    private let thread: Thread

    /// Begins to sleep and to wake.
    init() throws {
        let record = record
        thread = try Thread(name: "wake-up") {
            let clock = SystemClock()
            var delays: [Double] = []
            while !record.isDone.load(ordering: .relaxed) {
                let start = clock.now()
                usleep(UInt32(Self.nap.count / 1000))
                delays.append((clock.now() - start - Self.nap).inMilliseconds)
            }
            record.delays.withLock { $0 = delays }
        }
    }

    /// Ends it; how late it woke, in milliseconds.
    func stop() -> Spread {
        record.isDone.store(true, ordering: .relaxed)
        thread.join()
        return Spread(record.delays.withLock { $0 })
    }

    deinit { record.isDone.store(true, ordering: .relaxed) }
}
