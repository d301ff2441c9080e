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
    private static let recordBytes: UInt64 = 3

    init(cacheSize: UInt64) { wantedSize = Atomic(Int(clamping: cacheSize)) }

    /// How many bytes of pages are to be remembered.
    var cacheSize: Int {
        get { wantedSize.load(ordering: .relaxed) }
        set { wantedSize.store(newValue, ordering: .relaxed) }
    }

    /// Counts one.
    func add(_ what: Count, _ amount: UInt64 = 1) {
        switch what {
        case .seen: seen.add(amount, ordering: .relaxed)
        case .pages: pages.add(amount, ordering: .relaxed)
        case .misses: misses.add(amount, ordering: .relaxed)
        case .overflows: overflows.add(amount, ordering: .relaxed)
        case .bytes: bytes.add(amount, ordering: .relaxed)
        case .encoded: encoded.add(amount, ordering: .relaxed)
        }
    }

    /// A difference of that many bytes was found, and sent unless there is none.
    func add(difference length: Int) {
        add(.encoded, UInt64(length))
        if length > 0 { add(.bytes, UInt64(length) + Self.recordBytes) }
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
