import Environment
import PairLab
import SystemCalls

/// What moved when all pages that the destination has were changed a little, and sent as differences (xbzrle).
struct ChangeFigures {
    /// From the order to go on until both ends say that they are done.
    var seconds: Double
    var pages: Int
    /// What the source counted in that time.
    var counts: DifferenceCounts
    /// CPU seconds of each end for each GiB of RAM, in that time.
    var sourceCPUPerGiB: Double
    var destinationCPUPerGiB: Double

    /// Bytes of pages for each byte that was sent for them.
    var encodingRate: Double { Double(counts.pages * 4096) / Double(max(1, counts.bytes)) }
}

/// What a source says of the differences it has sent.
struct DifferenceCounts {
    /// Pages of which it knew what the destination has.
    var pages: Int
    /// Those of which the difference was no smaller than the page, so that they went whole.
    var overflows: Int
    /// Bytes sent for the others.
    var bytes: Int

    static func - (left: Self, right: Self) -> Self {
        Self(
            pages: left.pages - right.pages, overflows: left.overflows - right.overflows,
            bytes: left.bytes - right.bytes)
    }
}

/// A source with xbzrle whose pages can be written to while it migrates. Its guest stands before the switchover until it is
/// told to go on.
protocol ChangingSource {
    /// Begins to migrate to `uri`, so slowly that no pass comes to an end.
    func begin(to uri: String) throws
    /// Has every page count as written. What they hold may be what they held when the source began.
    func markPages() throws
    /// Lets it send as fast as it can, and waits until it has sent everything and the guest stands.
    func sendAll() throws
    /// Lets it go on to the end.
    func goOn() throws
    func awaitCompletion() throws
    func counts() throws -> DifferenceCounts
    func cpuSeconds() throws -> Double
    func end()
}

extension MigrationLab {
    /// The bandwidth with which no pass comes to an end, in bytes a second: two pages in a window of it.
    static let standstill = 10_000
    /// The share of pages that have to be sent as differences for a run to count.
    private static let wantedShare = 0.9

    /// The cache of a source that knows every page.
    var cacheBytes: Int { RAMFile.powerOfTwo(atLeast: megabytes << 20) }

    /// One migration by fresh programs, of which the last pass is measured. In the first pass, which comes to no end before,
    /// all pages are written; so the second one sends them again, and from then on the source knows what the destination
    /// has. Then the guest stands, and `words` words of each page change: the last pass is differences alone.
    func migrateChanges(
        _ pair: ProgramPair, over way: MigrationTransport, pages: PageTravel, words: Int
    ) throws -> MigrationFigures {
        let target = try end(pair.destination, "destination", destination, ["--incoming", "defer"])
        defer { target.process.killAndWait() }
        try target.set(pages)
        let origin: any ChangingSource =
            switch pair.source {
            case .colod: try ChangingNone(source, cacheBytes: cacheBytes)
            case .qemu: try ChangingQEMU(in: self, pages)
            }
        defer { origin.end() }
        try origin.begin(to: try listen(target, way))
        try origin.markPages()
        // A pass that ends before its bandwidth was measured counts as a short one, and the guest stands.
        pause(.milliseconds(200))
        try origin.sendAll()
        try origin.markPages()
        source.change(words: words)
        let before = try origin.counts()
        let (sourceCPU, destinationCPU) = (try origin.cpuSeconds(), try target.cpuSeconds())
        let clock = SystemClock()
        let start = clock.now()
        try origin.goOn()
        try target.awaitStatus("completed")
        try origin.awaitCompletion()
        let seconds = (clock.now() - start).inMilliseconds / 1000
        let used = (source: try origin.cpuSeconds() - sourceCPU, destination: try target.cpuSeconds() - destinationCPU)
        let changes = ChangeFigures(
            seconds: seconds, pages: source.pageCount, counts: try origin.counts() - before,
            sourceCPUPerGiB: used.source / gib, destinationCPUPerGiB: used.destination / gib)
        try check(changes, pair)
        return MigrationFigures(
            gibPerSecond: gib / seconds, cpuPerGiB: changes.sourceCPUPerGiB + changes.destinationCPUPerGiB,
            downtimeMilliseconds: seconds * 1000, changes: changes)
    }

    /// Throws if it was not differences that travelled, or if they did not arrive.
    private func check(_ changes: ChangeFigures, _ pair: ProgramPair) throws {
        let sent = changes.counts.pages - changes.counts.overflows
        guard Double(sent) >= Self.wantedShare * Double(changes.pages), changes.counts.bytes > sent else {
            throw LabError(
                "\(pair.defaultValueDescription): only \(sent) of \(changes.pages) pages went as differences")
        }
        if let page = source.firstDifference(from: destination) {
            throw LabError("\(pair.defaultValueDescription): page \(page) is not what the source has")
        }
    }
}
