public import MigrationFormat

/// Where the pages of a stream go: RAM, or a place apart for those of a checkpoint that is not complete yet.
public protocol PageSink: AnyObject {
    /// Where the 4096 bytes of that page go; they are then written there. A page that comes twice counts as it came
    /// last.
    func pagePointer(_ location: PageLocation) throws(MigrationFailure) -> UnsafeMutableRawPointer

    /// The same of a page that goes on from what it holds: that is there when the call returns.
    func currentPagePointer(_ location: PageLocation) throws(MigrationFailure) -> UnsafeMutableRawPointer
}
