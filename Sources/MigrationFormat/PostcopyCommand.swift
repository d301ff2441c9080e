/// What a destination of a postcopy is told: the commands that a `StreamDecoder` lets through in their order, with blocks
/// and pages of the machine's layout.
public enum PostcopyCommand: Equatable, Sendable {
    /// Postcopy may follow, or not; both sides have pages of the same sizes.
    case advise
    /// These pages will come again, whole host pages: drop them.
    case discard(block: Int, pages: [Range<Int>])
    /// The next `length` bytes of the channel are a package: the driver takes them all into a window of their own, calls
    /// `beginPackage`, reads that window until `run`, and calls `endPackage`.
    case package(length: Int)
    /// From here on pages that are missing are asked for.
    case listen
    /// All devices have come: run the guest. The package is over; the channel goes on with pages.
    case run
    /// Tell which pages of the block have arrived.
    case receiveBitmap(block: Int)
    /// The postcopy that was interrupted goes on.
    case resume
}

extension StreamCommand.PostcopyAdvice {
    /// The sizes of a machine with these blocks.
    public init(of layout: [BlockLayout]) {
        self.init(
            pageSizes: layout.reduce(0) { $0 | $1.hostPageSize }, targetPageSize: UInt64(MigrationFormat.pageSize))
    }
}
