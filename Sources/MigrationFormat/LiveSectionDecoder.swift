/// Reads the data of one live section: what may come in several parts while the guest runs, each of them records that
/// end in one that says so. A `StreamDecoder` has a table of them and finds the one of a section by its name.
///
/// A value: the decoder that holds it may be copied, and its copy goes on alone.
public protocol LiveSectionDecoder: Sendable {
    /// The name that its sections have, with instance 0.
    var name: String { get }
    /// The versions that it reads.
    var versions: ClosedRange<UInt32> { get }
    /// Whether parts of it also come in the live part of a COLO checkpoint.
    var isInCheckpoints: Bool { get }
    /// A part begins.
    mutating func begin(_ type: RecordType, _ header: SectionHeader, inCheckpoint: Bool)
    /// Reads on in the current part.
    mutating func next(_ window: inout ByteWindow) throws(StreamError) -> LiveSectionStep
    /// The source has advised postcopy.
    mutating func notePostcopyAdvised()
    /// The guest runs here from now on: what comes are pages that it lacks.
    mutating func beginPostcopy()
    /// What comes next comes over a new channel, in a part of its own.
    mutating func beginChannel()
}

extension LiveSectionDecoder {
    /// Nothing: for sections that postcopy does not change.
    public mutating func notePostcopyAdvised() {}
    /// Nothing.
    public mutating func beginPostcopy() {}
    /// Nothing.
    public mutating func beginChannel() {}
}

/// What reading on in a live section came to.
public enum LiveSectionStep: Sendable {
    /// Something for the driver of the decoder, `needBytes` among it.
    case element(StreamElement)
    /// Something was read that concerns nobody else.
    case goOn
    /// The part is over; its footer follows.
    case endOfPart
}

/// The section "block" of a source that has no disk to send: progress, and the end. Blocks of disks are refused.
struct EmptyDiskSectionDecoder: LiveSectionDecoder {
    var name: String { MigrationFormat.diskSectionName }
    var versions: ClosedRange<UInt32> { 1...1 }
    var isInCheckpoints: Bool { false }

    mutating func begin(_ type: RecordType, _ header: SectionHeader, inCheckpoint: Bool) {}

    mutating func next(_ window: inout ByteWindow) throws(StreamError) -> LiveSectionStep {
        guard window.available >= 8 else { return .element(.needBytes(8)) }
        let flags = window.integer(0, as: UInt64.self) & DiskFlags.mask
        guard flags == DiskFlags.endOfSection || flags == DiskFlags.progress else {
            throw window.error("Blocks of disks are not supported (flags 0x\(hex(flags)))", at: 0, section: name)
        }
        window.skip(8)
        return flags == DiskFlags.endOfSection ? .endOfPart : .goOn
    }
}
