import MigrationFormat
import QAPI
import Synchronization

/// What compression by threads has saved, counted by the sending thread and read by queries without a lock.
final class CompressionCounters: Sendable {
    private let pages = Atomic<UInt64>(0)
    private let busy = Atomic<UInt64>(0)
    private let size = Atomic<UInt64>(0)

    /// A page was compressed to that many bytes.
    func add(compressed bytes: Int) {
        pages.add(1, ordering: .relaxed)
        size.add(UInt64(bytes), ordering: .relaxed)
    }

    /// No thread was free.
    func addBusy() { busy.add(1, ordering: .relaxed) }

    /// As `query-migrate` tells it.
    var stats: CompressionStats {
        let (pages, busy, size) = (
            pages.load(ordering: .relaxed), busy.load(ordering: .relaxed), size.load(ordering: .relaxed)
        )
        return CompressionStats(
            pages: Int64(clamping: pages), busy: Int64(clamping: busy),
            busyRate: pages + busy > 0 ? Double(busy) / Double(pages + busy) : 0, compressedSize: Int64(clamping: size),
            compressionRate: size > 0 ? Double(pages) * Double(MigrationFormat.pageSize) / Double(size) : 0)
    }
}
