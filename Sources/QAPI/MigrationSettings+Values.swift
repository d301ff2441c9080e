extension MigrationSettings {
    /// The numbers and texts that tune a migration, with their defaults.
    public struct Values: Sendable, Hashable {
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
        public var multifdCompression = MultiFDCompression.none
        /// 0 (none) to 9 (best).
        public var multifdZlibLevel: UInt8 = 1
        /// 0 to 20 (best).
        public var multifdZstdLevel: UInt8 = 1
        /// Names of disks and bitmaps on the wire, once set.
        public var blockBitmapMapping: [BitmapMigrationNodeAlias]?

        /// The defaults.
        public init() {}
    }
}

// What clients set and read.
extension MigrationSettings.Values {
    /// The reply of `query-migrate-parameters`.
    public var reply: MigrationParameters {
        MigrationParameters(
            announceInitial: announceInitial, announceMax: announceMax, announceRounds: announceRounds,
            announceStep: announceStep, compressLevel: compressLevel, compressThreads: compressThreads,
            compressWaitThread: compressWaitThread, decompressThreads: decompressThreads,
            throttleTriggerThreshold: throttleTriggerThreshold, cpuThrottleInitial: cpuThrottleInitial,
            cpuThrottleIncrement: cpuThrottleIncrement, cpuThrottleTailslow: cpuThrottleTailslow,
            tlsCreds: tlsCredentials, tlsHostname: tlsHostname, tlsAuthz: tlsAuthorization, maxBandwidth: maxBandwidth,
            downtimeLimit: downtimeLimit, xCheckpointDelay: checkpointDelay, blockIncremental: blockIncremental,
            multifdChannels: multifdChannels, xbzrleCacheSize: xbzrleCacheSize,
            maxPostcopyBandwidth: maxPostcopyBandwidth, maxCpuThrottle: maxCPUThrottle,
            multifdCompression: multifdCompression, multifdZlibLevel: multifdZlibLevel,
            multifdZstdLevel: multifdZstdLevel, blockBitmapMapping: blockBitmapMapping)
    }

    /// The values with what `changes` says.
    func applying(_ changes: MigrateSetParameters) -> Self {
        var result = self
        result.set(\.announceInitial, changes.announceInitial)
        result.set(\.announceMax, changes.announceMax)
        result.set(\.announceRounds, changes.announceRounds)
        result.set(\.announceStep, changes.announceStep)
        result.set(\.compressLevel, changes.compressLevel)
        result.set(\.compressThreads, changes.compressThreads)
        result.set(\.compressWaitThread, changes.compressWaitThread)
        result.set(\.decompressThreads, changes.decompressThreads)
        result.set(\.throttleTriggerThreshold, changes.throttleTriggerThreshold)
        result.set(\.cpuThrottleInitial, changes.cpuThrottleInitial)
        result.set(\.cpuThrottleIncrement, changes.cpuThrottleIncrement)
        result.set(\.cpuThrottleTailslow, changes.cpuThrottleTailslow)
        result.set(\.tlsCredentials, changes.tlsCreds?.text)
        result.set(\.tlsHostname, changes.tlsHostname?.text)
        result.set(\.tlsAuthorization, changes.tlsAuthz?.text)
        result.set(\.maxBandwidth, changes.maxBandwidth)
        result.set(\.downtimeLimit, changes.downtimeLimit)
        result.set(\.checkpointDelay, changes.xCheckpointDelay)
        result.set(\.blockIncremental, changes.blockIncremental)
        result.set(\.multifdChannels, changes.multifdChannels)
        result.set(\.xbzrleCacheSize, changes.xbzrleCacheSize)
        result.set(\.maxPostcopyBandwidth, changes.maxPostcopyBandwidth)
        result.set(\.maxCPUThrottle, changes.maxCpuThrottle)
        result.set(\.multifdCompression, changes.multifdCompression)
        result.set(\.multifdZlibLevel, changes.multifdZlibLevel)
        result.set(\.multifdZstdLevel, changes.multifdZstdLevel)
        if let mapping = changes.blockBitmapMapping { result.blockBitmapMapping = mapping }
        return result
    }

    private mutating func set<Value>(_ path: WritableKeyPath<Self, Value>, _ value: Value?) {
        if let value { self[keyPath: path] = value }
    }
}

extension StrOrNull {
    /// The text; null stands for the empty one.
    var text: String { if case .s(let text) = self { text } else { "" } }
}
