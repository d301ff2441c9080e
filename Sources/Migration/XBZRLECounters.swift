import MigrationFormat
import QAPI
import Synchronization

/// What differences have saved, counted by the sending thread and read by queries without a lock; and how large the cache
/// is to be, which the setter of parameters says.
final class XBZRLECounters: Sendable {
    /// What is counted.
    enum Count: Int, CaseIterable {
        /// Pages that were looked for.
        case seen
        /// Pages that were compared with what the destination has.
        case pages
        /// Pages of which it was not known what the destination has.
        case misses
        /// Pages whose difference would be no smaller.
        case overflows
        /// Bytes of records, without what names the page.
        case bytes
        /// Bytes of differences.
        case encoded
    }

    /// Counts at one moment, and what the pass before came to.
    private struct Rates {
        var before = [UInt64](repeating: 0, count: Count.allCases.count)
        var miss = 0.0
        var encoding = 0.0
    }
    private let seen = Atomic<UInt64>(0)
    private let pages = Atomic<UInt64>(0)
    private let misses = Atomic<UInt64>(0)
    private let overflows = Atomic<UInt64>(0)
    private let bytes = Atomic<UInt64>(0)
    private let encoded = Atomic<UInt64>(0)
    private let wantedSize: Atomic<Int>
    private let rates = Mutex(Rates())

    /// Bytes of a record beside the difference: encoding and length.
    private static let recordBytes = 3

    init(cacheSize: UInt64) { wantedSize = Atomic(Int(clamping: cacheSize)) }

    /// How many bytes of pages are to be remembered.
    var cacheSize: Int {
        get { wantedSize.load(ordering: .relaxed) }
        set { wantedSize.store(newValue, ordering: .relaxed) }
    }

    /// What was counted of some pages.
    struct Tally {
        var seen = 0
        var pages = 0
        var misses = 0
        var overflows = 0
        /// Bytes of differences, and how many were not empty.
        var encoded = 0
        var records = 0
    }

    /// Adds what was counted of some pages.
    func add(_ tally: Tally) {
        seen.add(UInt64(tally.seen), ordering: .relaxed)
        pages.add(UInt64(tally.pages), ordering: .relaxed)
        misses.add(UInt64(tally.misses), ordering: .relaxed)
        overflows.add(UInt64(tally.overflows), ordering: .relaxed)
        encoded.add(UInt64(tally.encoded), ordering: .relaxed)
        bytes.add(UInt64(tally.encoded + tally.records * Self.recordBytes), ordering: .relaxed)
    }

    subscript(what: Count) -> UInt64 {
        switch what {
        case .seen: seen.load(ordering: .relaxed)
        case .pages: pages.load(ordering: .relaxed)
        case .misses: misses.load(ordering: .relaxed)
        case .overflows: overflows.load(ordering: .relaxed)
        case .bytes: bytes.load(ordering: .relaxed)
        case .encoded: encoded.load(ordering: .relaxed)
        }
    }

    /// A pass begins: the rates are those of the pass that has ended.
    func beginPass() {
        rates.withLock { rates in
            let now = Count.allCases.map { self[$0] }
            func grown(_ what: Count) -> Double { Double(now[what.rawValue] - rates.before[what.rawValue]) }
            if grown(.seen) > 0 { rates.miss = grown(.misses) / grown(.seen) }
            // A page that did not change has a difference of nothing.
            let raw = (grown(.pages) - grown(.overflows)) * Double(MigrationFormat.pageSize)
            if raw > 0 { rates.encoding = grown(.encoded) > 0 ? raw / grown(.encoded) : raw }
            rates.before = now
        }
    }

    /// As `query-migrate` tells it.
    var stats: XBZRLECacheStats {
        let (miss, encoding) = rates.withLock { ($0.miss, $0.encoding) }
        return XBZRLECacheStats(
            cacheSize: UInt64(cacheSize), bytes: Int64(clamping: self[.bytes]), pages: Int64(clamping: self[.pages]),
            cacheMiss: Int64(clamping: self[.misses]), cacheMissRate: miss, encodingRate: encoding,
            overflow: Int64(clamping: self[.overflows]))
    }
}
