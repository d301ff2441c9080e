public import Environment
import Synchronization
import SystemCalls

/// Counts what a disk was asked and how it went. From any thread, without a lock.
public final class DiskStatistics: Sendable {
    /// What is counted for one kind of request.
    public struct Counts: Sendable, Hashable {
        /// Requests that were carried out.
        public var operations: UInt64 = 0
        /// Requests that failed.
        public var failures: UInt64 = 0
        /// Bytes moved.
        public var bytes: UInt64 = 0
        /// Time spent, in nanoseconds.
        public var nanoseconds: UInt64 = 0
    }

    /// A kind of request.
    public enum Kind: Sendable { case read, write, flush }

    private final class Counters: Sendable {
        let operations = Atomic<UInt64>(0)
        let failures = Atomic<UInt64>(0)
        let bytes = Atomic<UInt64>(0)
        let nanoseconds = Atomic<UInt64>(0)

        var counts: Counts {
            Counts(
                operations: operations.load(ordering: .relaxed), failures: failures.load(ordering: .relaxed),
                bytes: bytes.load(ordering: .relaxed), nanoseconds: nanoseconds.load(ordering: .relaxed))
        }
    }

    private let reads = Counters()
    private let writes = Counters()
    private let flushes = Counters()
    private let highest = Atomic<UInt64>(0)
    private let last = Atomic<UInt64>(0)
    private let underWay = RequestsUnderWay()
    private let clock = SystemClock()

    /// Counts that are all zero.
    public init() {}

    /// What was read.
    public var read: Counts { reads.counts }
    /// What was written.
    public var written: Counts { writes.counts }
    /// How often it was flushed.
    public var flushed: Counts { flushes.counts }
    /// Where the byte after the farthest one that was ever written lies.
    public var highestWrittenOffset: UInt64 { highest.load(ordering: .relaxed) }
    /// Nanoseconds since the end of the last request; nil before the first.
    public var idleTime: UInt64? {
        let then = last.load(ordering: .relaxed)
        return then == 0 ? nil : clock.now().count &- then
    }

    /// How long the oldest request is under way that has not come back; nil if there is none.
    public var oldestRequestAge: Nanoseconds? { underWay.oldestStart.map { clock.now() - $0 } }

    /// Runs `body`, one request for `count` bytes at `offset`, and counts it.
    func counting(
        _ kind: Kind, offset: UInt64 = 0, count: Int = 0, _ body: () throws(BlockError) -> Void
    ) throws(BlockError) {
        let counters =
            switch kind {
            case .read: reads
            case .write: writes
            case .flush: flushes
            }
        let start = clock.now().count
        let number = underWay.begin(now: Nanoseconds(start))
        defer { underWay.end(number) }
        do throws(BlockError) {
            try body()
        } catch {
            counters.failures.wrappingAdd(1, ordering: .relaxed)
            throw error
        }
        let end = clock.now().count
        last.store(end, ordering: .relaxed)
        counters.operations.wrappingAdd(1, ordering: .relaxed)
        counters.bytes.wrappingAdd(UInt64(count), ordering: .relaxed)
        counters.nanoseconds.wrappingAdd(end &- start, ordering: .relaxed)
        if kind == .write { _ = highest.max(offset + UInt64(count), ordering: .relaxed) }
    }
}
