import QMP

/// How the pages of several channels are compressed.
public enum MultifdCompression: String, Sendable, Hashable, CaseIterable {
    /// Not at all.
    case none
    /// With zlib.
    case zlib
    /// With Zstandard.
    case zstd
}

/// The numbers and texts that tune a migration, with their defaults.
public struct MigrationParameters: Sendable, Hashable {
    /// Delay before the first announcement of the guest's MAC address, in milliseconds.
    public var announceInitial: UInt64 = 50
    /// Longest delay between announcements, in milliseconds.
    public var announceMax: UInt64 = 550
    /// How many announcements.
    public var announceRounds: UInt64 = 5
    /// How much the delay grows with each announcement, in milliseconds.
    public var announceStep: UInt64 = 100
    /// 0 (none) to 9 (best).
    public var compressLevel: UInt8 = 1
    /// Threads that compress.
    public var compressThreads: UInt8 = 8
    /// Whether to wait for a free thread instead of sending a page plain.
    public var compressWaitThread = true
    /// Threads that decompress.
    public var decompressThreads: UInt8 = 2
    /// From how many percent of dirtied to sent bytes on the guest is slowed down.
    public var throttleTriggerThreshold: UInt8 = 50
    /// First slowdown, in percent.
    public var cpuThrottleInitial: UInt8 = 20
    /// What each further slowdown adds, in percent.
    public var cpuThrottleIncrement: UInt8 = 10
    /// Whether the last steps are made smaller.
    public var cpuThrottleTailslow = false
    /// Name of the TLS credentials; empty for no TLS.
    public var tlsCredentials = ""
    /// Name to look for in the peer's certificate.
    public var tlsHostname = ""
    /// Name of the authorisation object.
    public var tlsAuthorization = ""
    /// Bytes a second; 0 is without limit.
    public var maxBandwidth: UInt64 = 128 << 20
    /// How long the guest may stop at the switchover, in milliseconds.
    public var downtimeLimit: UInt64 = 300
    /// Time between two COLO checkpoints, in milliseconds.
    public var checkpointDelay: UInt32 = 20000
    /// Whether block migration copies only the top of a backing chain.
    public var blockIncremental = false
    /// Channels of a multifd migration.
    public var multifdChannels: UInt8 = 2
    /// Bytes of the cache for xbzrle.
    public var xbzrleCacheSize: UInt64 = 64 << 20
    /// Bytes a second in postcopy; 0 is without limit.
    public var maxPostcopyBandwidth: UInt64 = 0
    /// Largest slowdown, in percent.
    public var maxCPUThrottle: UInt8 = 99
    /// How pages on several channels are compressed.
    public var multifdCompression = MultifdCompression.none
    /// 0 (none) to 9 (best).
    public var multifdZlibLevel: UInt8 = 1
    /// 0 to 20 (best).
    public var multifdZstdLevel: UInt8 = 1
    /// Names of disks and bitmaps on the wire, once set.
    public var blockBitmapMapping: [BitmapMapping]?

    /// The defaults.
    public init() {}

    /// The reply of `query-migrate-parameters`.
    public var json: JSONValue {
        var object = JSONObject()
        for field in Self.fields { object[field.name] = field.get(self) }
        return .object(object)
    }

    /// The arguments of `migrate-set-parameters`.
    public static let members = fields.map { ArgumentMember.optional($0.name, $0.type) }

    /// The parameters with what `arguments` (already held against `members`) say.
    func applying(_ arguments: JSONObject) -> MigrationParameters {
        var result = self
        for field in Self.fields { if let value = arguments[field.name] { field.set(&result, value) } }
        return result
    }

    /// A parameter: its name on the wire, and how to read and write it here.
    struct Field: Sendable {
        let name: String
        let type: ArgumentType
        let get: @Sendable (MigrationParameters) -> JSONValue?
        let set: @Sendable (inout MigrationParameters, JSONValue) -> Void
    }
}
