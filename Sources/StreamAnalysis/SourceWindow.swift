import MigrationFormat

/// A window that moves over a source from its start to its end.
struct SourceWindow {
    let source: any StreamSource
    var bytes = ByteWindow(capacity: StreamAnalysis.windowSize)
    /// Where the next bytes come from.
    private var position: UInt64 = 0

    init(_ source: any StreamSource) { self.source = source }

    /// Where the window's front is in the stream.
    var offset: UInt64 { bytes.offset }
    /// How many bytes of the stream are left from there on.
    var remaining: UInt64 { source.size > offset ? source.size - offset : 0 }

    /// Makes the window hold `count` bytes, or all that are left; false if they are fewer.
    mutating func fill(to count: Int) throws(StreamAnalysisFailure) -> Bool {
        // SAFETY: the source fills the free part that it is given, and returns how much.
        while bytes.available < count {
            var received = 0
            let missing = count - bytes.available
            let (source, position) = (source, position)
            do throws(StreamSourceFailure) {
                try unsafe bytes.fill(minimum: missing) { (free) throws(StreamSourceFailure) in
                    received = try unsafe source.read(at: position, into: free)
                    return received
                }
            } catch {
                throw .unreadable(error)
            }
            guard received > 0 else { return false }
            self.position += UInt64(received)
        }
        return true
    }

    /// Passes over `count` bytes without reading those that are not in the window yet; false if they are not there.
    mutating func skip(_ count: UInt64) -> Bool {
        guard count <= remaining else { return false }
        let held = Int(min(count, UInt64(bytes.available)))
        bytes.skip(held)
        let rest = count - UInt64(held)
        position += rest
        bytes.countDirect(Int(rest))
        return true
    }
}
