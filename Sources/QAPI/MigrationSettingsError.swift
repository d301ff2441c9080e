/// Why capabilities and parameters of migration stay as they were. The texts are those that clients of QEMU know.
public enum MigrationSettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Postcopy needs all of RAM in the stream.
    case postcopyWithIgnoreShared
    /// A background snapshot goes without this capability.
    case backgroundSnapshot(with: MigrationCapability)
    /// Zero copy needs plain pages on channels of their own.
    case zeroCopyOfChangedPages
    /// Pages that the guest waits for can overtake others in postcopy alone.
    case preemptionWithoutPostcopy
    /// Pages that overtake others are not compressed.
    case preemptionWithCompression
    /// Pages are compressed in one way only.
    case multifdWithCompression
    /// A parameter is outside of its range.
    case outOfRange(parameter: String, ClosedRange<UInt64>)
    /// A parameter in percent is outside of its range.
    case percentageOutOfRange(parameter: String, ClosedRange<UInt8>)
    /// The guest would stand for longer than it may.
    case downtimeLimitTooLong
    /// The cache of xbzrle holds no power of two of bytes, or less than a page.
    case invalidCacheSize
    /// The largest slowdown is below the first one, or more than there can be.
    case maxThrottleOutOfRange
    /// The delay between announcements grows by nothing, or by too much.
    case announceStepOutOfRange
    /// The names of disks and bitmaps on the wire are not clear.
    case bitmapMapping(BitmapMappingError)

    /// What is wrong.
    public var description: String {
        switch self {
        case .postcopyWithIgnoreShared: "Postcopy is not compatible with ignore-shared"
        case .backgroundSnapshot(let other): "Background-snapshot is not compatible with \(other.rawValue)"
        case .zeroCopyOfChangedPages: "Zero copy only available for non-compressed non-TLS multifd migration"
        case .preemptionWithoutPostcopy: "Postcopy preempt requires postcopy-ram"
        case .preemptionWithCompression: "Postcopy preempt not compatible with compress"
        case .multifdWithCompression: "Multifd is not compatible with compress"
        case .outOfRange(let name, let range):
            "Parameter '\(name)' expects a value between \(range.lowerBound) and \(range.upperBound)"
        case .percentageOutOfRange(let name, let range):
            "Parameter '\(name)' expects an integer in the range of \(range.lowerBound) to \(range.upperBound)"
        case .downtimeLimitTooLong:
            "Parameter 'downtime_limit' expects an integer in the range of 0 to (2000 * 1000) ms"
        case .invalidCacheSize:
            "Parameter 'xbzrle_cache_size' expects a power of two no less than the target page size"
        case .maxThrottleOutOfRange:
            "Parameter 'max_cpu_throttle' expects an integer in the range of cpu_throttle_initial to 99"
        // A step of 0 is refused although the text begins at 0.
        case .announceStepOutOfRange: "Parameter 'announce_step' expects a value between 0 and 10000"
        case .bitmapMapping(let error): "Invalid mapping given for block-bitmap-mapping: \(error)"
        }
    }
}

/// Why a name of a disk or a bitmap does not stand for one thing on the wire.
public enum BitmapMappingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The alias of a disk is no identifier.
    case malformedNodeAlias(String)
    /// The alias of a disk has too many bytes.
    case longNodeAlias(String, limit: Int)
    /// A disk has two aliases.
    case nodeMappedTwice(String)
    /// Two disks have one alias.
    case nodeAliasUsedTwice(String)
    /// The alias of a bitmap has too many bytes.
    case longBitmapAlias(String, limit: Int)
    /// The name of a bitmap has too many bytes.
    case longBitmapName(String, limit: Int)
    /// A bitmap has two aliases.
    case bitmapMappedTwice(String, node: String)
    /// Two bitmaps of a disk have one alias.
    case bitmapAliasUsedTwice(String, nodeAlias: String)

    /// What is wrong.
    public var description: String {
        switch self {
        case .malformedNodeAlias(let alias): "The node alias '\(alias)' is not well-formed"
        case .longNodeAlias(let alias, let limit): "The node alias '\(alias)' is longer than \(limit) bytes"
        case .nodeMappedTwice(let name): "The node name '\(name)' is mapped twice"
        case .nodeAliasUsedTwice(let alias): "The node alias '\(alias)' is used twice"
        case .longBitmapAlias(let alias, let limit): "The bitmap alias '\(alias)' is longer than \(limit) bytes"
        case .longBitmapName(let name, let limit): "The bitmap name '\(name)' is longer than \(limit) bytes"
        case .bitmapMappedTwice(let name, let node): "The bitmap '\(node)'/'\(name)' is mapped twice"
        case .bitmapAliasUsedTwice(let alias, let nodeAlias): "The bitmap alias '\(nodeAlias)'/'\(alias)' is used twice"
        }
    }
}
