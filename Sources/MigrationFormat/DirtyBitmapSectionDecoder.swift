/// Reads the section "dirty-bitmap": chunks about bitmaps of disks, in START while the guest runs, in PARTs of a postcopy, and in
/// END (wire format §15). Which bitmaps there are is for the driver to know.
struct DirtyBitmapSectionDecoder: LiveSectionDecoder {
    /// A part whose last chunk was handed on, and which ends there.
    private var partIsOver = false

    var name: String { MigrationFormat.dirtyBitmapSectionName }
    var versions: ClosedRange<UInt32> { 1...1 }
    var isInCheckpoints: Bool { false }

    mutating func begin(_ type: RecordType, _ header: SectionHeader, inCheckpoint: Bool) { partIsOver = false }

    mutating func next(_ window: inout ByteWindow) throws(StreamError) -> LiveSectionStep {
        if partIsOver { return .endOfPart }
        switch try DirtyBitmapRecord.read(window, at: 0) {
        case .needBytes(let count): return .element(.needBytes(count))
        case .complete(let record, let end):
            window.skip(end)
            partIsOver = record.endsSection
            guard record.content != .none || record.node != nil || record.bitmap != nil else { return .goOn }
            return .element(.dirtyBitmap(record))
        }
    }
}
