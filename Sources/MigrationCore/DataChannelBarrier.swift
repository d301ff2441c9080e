/// Keeps what travels on several data channels beside the main one in order (wire format §11.4): each part ends with a
/// SYNC on every data channel and the part's end on the main one.
///
/// The channels are as fast as they are, so a page may arrive on one of them before its older self does on another. What
/// stands before a SYNC on any channel is older than what follows the end of that part anywhere. So a part counts as
/// passed once its end was read and every channel has handed in its SYNC; until then nobody reads on behind it, neither
/// the main channel nor a data channel, even one whose own SYNC was there early.
///
/// The sending side holds the same counts of what it has written: it writes a part's end once the SYNC of every channel
/// has left.
public struct DataChannelBarrier: Sendable, Equatable {
    /// How many SYNCs each channel has handed in.
    private var syncs: [Int]
    private var hasEnded: [Bool]
    /// How many parts have ended on the main channel.
    public private(set) var parts = 0
    private let brokenRule: BrokenMigrationRule?

    /// For that many data channels, none of which has handed in anything. Without any, nothing ever waits.
    public init(channels: Int, brokenRule: BrokenMigrationRule? = nil) {
        precondition(channels >= 0)
        syncs = Array(repeating: 0, count: channels)
        hasEnded = Array(repeating: false, count: channels)
        self.brokenRule = brokenRule
    }

    // MARK: What was read, or has left

    /// The channel `index`, which `mayGoOn`, has handed in a SYNC; what stood before it counts.
    public mutating func synced(channel index: Int) {
        precondition(mayGoOn(channel: index), "a channel was read behind its SYNC")
        syncs[index] += 1
    }

    /// The channel `index` has ended, and all that it brought was taken.
    public mutating func ended(channel index: Int) { hasEnded[index] = true }

    /// A part has ended on the main channel, which `mainMayGoOn`.
    public mutating func endOfPart() {
        precondition(mainMayGoOn, "the main channel was read behind the end of a part")
        parts += 1
    }

    // MARK: What follows

    /// How many parts have ended everywhere.
    public var passedParts: Int { min(parts, syncs.min() ?? parts) }

    /// Whether the main channel may be read on.
    public var mainMayGoOn: Bool { passedParts == parts || brokenRule == .ignoreBarrier }

    /// Whether the channel `index` may be read on, and its pages be taken.
    public func mayGoOn(channel index: Int) -> Bool {
        switch brokenRule {
        case .ignoreBarrier: true
        case .releaseChannelAlone: syncs[index] <= parts
        default: syncs[index] <= passedParts
        }
    }

    /// Whether the sending side may write the end of the part that it is in: every channel's SYNC has left.
    public var mayEndPart: Bool { syncs.allSatisfy { $0 > parts } }

    /// A channel that the main one waits for.
    public var lateChannel: Int? { syncs.indices.first { syncs[$0] < parts } }

    /// A channel that the main one waits for, and that has ended: the wait is in vain.
    public var lostChannel: Int? { syncs.indices.first { hasEnded[$0] && syncs[$0] < parts } }
}
