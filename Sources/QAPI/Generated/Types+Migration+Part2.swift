// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Parameters to change. What is left out stays as it is.
public struct MigrateSetParameters: SchemaObject, Hashable {
    /// Milliseconds from the takeover of the guest to its first announcement; 0 to 100000, default 50 (since 4.0).
    public var announceInitial: UInt64?
    /// Longest time between two announcements in milliseconds; 0 to 100000, default 550 (since 4.0).
    public var announceMax: UInt64?
    /// How many announcements are sent; 0 to 1000, default 5 (since 4.0).
    public var announceRounds: UInt64?
    /// By how many milliseconds the time between two announcements grows; 1 to 10000, default 100 (since 4.0).
    public var announceStep: UInt64?
    /// Level of the capability compress, from 0 (none) to 9 (smallest); default 1.
    public var compressLevel: UInt8?
    /// Threads that compress on the source; 1 to 255, default 8.
    public var compressThreads: UInt8?
    /// Whether a page waits for a free thread; if false it is sent uncompressed instead; default true (since 3.1).
    public var compressWaitThread: Bool?
    /// Threads that decompress on the destination; 1 to 255, default 2.
    public var decompressThreads: UInt8?
    /// For auto-converge: a pass counts against the guest if it dirtied more than this many percent of what was sent; 1
    /// to 100, default 50 (since 5.0).
    public var throttleTriggerThreshold: UInt8?
    /// For auto-converge: percentage of time that the guest loses at first; 1 to 99, default 20 (since 2.7).
    public var cpuThrottleInitial: UInt8?
    /// For auto-converge: percentage that is added each time the guest is still too fast; 1 to 99, default 10 (since
    /// 2.7).
    public var cpuThrottleIncrement: UInt8?
    /// For auto-converge: whether the last steps are made smaller than the increment; default false (since 5.1).
    public var cpuThrottleTailslow: Bool?
    /// Identifier of the TLS credentials object to encrypt migrations with; empty or null for no TLS; looked up when a
    /// migration begins (since 2.7).
    public var tlsCreds: StrOrNull?
    /// The name that the certificate of the destination must carry; empty or null for the host of the URI (since 2.7).
    public var tlsHostname: StrOrNull?
    /// Identifier of the authorization object that decides which clients may connect to the destination; empty or null
    /// for every client with a valid certificate (since 4.0).
    public var tlsAuthz: StrOrNull?
    /// Bytes a second that a migration may use; 0 for no limit; default 134217728; applies at once (since 2.8).
    public var maxBandwidth: UInt64?
    /// For how many milliseconds the guest may be stopped at the end of a migration; 0 to 2000000, default 300; applies
    /// at once (since 2.8).
    public var downtimeLimit: UInt64?
    /// Milliseconds from one checkpoint to the next; default 20000; applies at once (since 2.8).
    public var xCheckpointDelay: UInt32?
    /// Whether the capability block sends only what is above the backing images; default false (since 2.10).
    public var blockIncremental: Bool?
    /// Connections of the capability multifd, the same on both sides; 1 to 255, default 2 (since 4.0).
    public var multifdChannels: UInt8?
    /// Bytes of the cache of the capability xbzrle; a power of two, at least one page; default 67108864; applies at
    /// once (since 2.11).
    public var xbzrleCacheSize: UInt64?
    /// Bytes a second that the background copy of a postcopy migration may use; 0, the default, for no limit (since
    /// 3.0).
    public var maxPostcopyBandwidth: UInt64?
    /// For auto-converge: the largest percentage of time that the guest loses; cpu-throttle-initial to 99, default 99
    /// (since 3.1).
    public var maxCpuThrottle: UInt8?
    /// How multifd connections are compressed; the same on both sides; default none (since 5.0).
    public var multifdCompression: MultiFDCompression?
    /// Level of zlib, from 0 (none) to 9 (smallest); default 1 (since 5.0).
    public var multifdZlibLevel: UInt8?
    /// Level of zstd, from 0 to 20 (smallest); default 1 (since 5.0).
    public var multifdZstdLevel: UInt8?
    /// Under which names dirty bitmaps travel. Without it every bitmap keeps its names; with it only those listed are
    /// sent (since 5.2).
    public var blockBitmapMapping: [BitmapMigrationNodeAlias]?

    /// Put together from its members.
    public init(
        announceInitial: UInt64? = nil,
        announceMax: UInt64? = nil,
        announceRounds: UInt64? = nil,
        announceStep: UInt64? = nil,
        compressLevel: UInt8? = nil,
        compressThreads: UInt8? = nil,
        compressWaitThread: Bool? = nil,
        decompressThreads: UInt8? = nil,
        throttleTriggerThreshold: UInt8? = nil,
        cpuThrottleInitial: UInt8? = nil,
        cpuThrottleIncrement: UInt8? = nil,
        cpuThrottleTailslow: Bool? = nil,
        tlsCreds: StrOrNull? = nil,
        tlsHostname: StrOrNull? = nil,
        tlsAuthz: StrOrNull? = nil,
        maxBandwidth: UInt64? = nil,
        downtimeLimit: UInt64? = nil,
        xCheckpointDelay: UInt32? = nil,
        blockIncremental: Bool? = nil,
        multifdChannels: UInt8? = nil,
        xbzrleCacheSize: UInt64? = nil,
        maxPostcopyBandwidth: UInt64? = nil,
        maxCpuThrottle: UInt8? = nil,
        multifdCompression: MultiFDCompression? = nil,
        multifdZlibLevel: UInt8? = nil,
        multifdZstdLevel: UInt8? = nil,
        blockBitmapMapping: [BitmapMigrationNodeAlias]? = nil
    ) {
        self.announceInitial = announceInitial
        self.announceMax = announceMax
        self.announceRounds = announceRounds
        self.announceStep = announceStep
        self.compressLevel = compressLevel
        self.compressThreads = compressThreads
        self.compressWaitThread = compressWaitThread
        self.decompressThreads = decompressThreads
        self.throttleTriggerThreshold = throttleTriggerThreshold
        self.cpuThrottleInitial = cpuThrottleInitial
        self.cpuThrottleIncrement = cpuThrottleIncrement
        self.cpuThrottleTailslow = cpuThrottleTailslow
        self.tlsCreds = tlsCreds
        self.tlsHostname = tlsHostname
        self.tlsAuthz = tlsAuthz
        self.maxBandwidth = maxBandwidth
        self.downtimeLimit = downtimeLimit
        self.xCheckpointDelay = xCheckpointDelay
        self.blockIncremental = blockIncremental
        self.multifdChannels = multifdChannels
        self.xbzrleCacheSize = xbzrleCacheSize
        self.maxPostcopyBandwidth = maxPostcopyBandwidth
        self.maxCpuThrottle = maxCpuThrottle
        self.multifdCompression = multifdCompression
        self.multifdZlibLevel = multifdZlibLevel
        self.multifdZstdLevel = multifdZstdLevel
        self.blockBitmapMapping = blockBitmapMapping
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        announceInitial = try reader.optional("announce-initial")
        announceMax = try reader.optional("announce-max")
        announceRounds = try reader.optional("announce-rounds")
        announceStep = try reader.optional("announce-step")
        compressLevel = try reader.optional("compress-level")
        compressThreads = try reader.optional("compress-threads")
        compressWaitThread = try reader.optional("compress-wait-thread")
        decompressThreads = try reader.optional("decompress-threads")
        throttleTriggerThreshold = try reader.optional("throttle-trigger-threshold")
        cpuThrottleInitial = try reader.optional("cpu-throttle-initial")
        cpuThrottleIncrement = try reader.optional("cpu-throttle-increment")
        cpuThrottleTailslow = try reader.optional("cpu-throttle-tailslow")
        tlsCreds = try reader.optional("tls-creds")
        tlsHostname = try reader.optional("tls-hostname")
        tlsAuthz = try reader.optional("tls-authz")
        maxBandwidth = try reader.optional("max-bandwidth")
        downtimeLimit = try reader.optional("downtime-limit")
        xCheckpointDelay = try reader.optional("x-checkpoint-delay")
        blockIncremental = try reader.optional("block-incremental")
        multifdChannels = try reader.optional("multifd-channels")
        xbzrleCacheSize = try reader.optional("xbzrle-cache-size")
        maxPostcopyBandwidth = try reader.optional("max-postcopy-bandwidth")
        maxCpuThrottle = try reader.optional("max-cpu-throttle")
        multifdCompression = try reader.optional("multifd-compression")
        multifdZlibLevel = try reader.optional("multifd-zlib-level")
        multifdZstdLevel = try reader.optional("multifd-zstd-level")
        blockBitmapMapping = try reader.optional("block-bitmap-mapping")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("announce-initial", announceInitial)
        writer.add("announce-max", announceMax)
        writer.add("announce-rounds", announceRounds)
        writer.add("announce-step", announceStep)
        writer.add("compress-level", compressLevel)
        writer.add("compress-threads", compressThreads)
        writer.add("compress-wait-thread", compressWaitThread)
        writer.add("decompress-threads", decompressThreads)
        writer.add("throttle-trigger-threshold", throttleTriggerThreshold)
        writer.add("cpu-throttle-initial", cpuThrottleInitial)
        writer.add("cpu-throttle-increment", cpuThrottleIncrement)
        writer.add("cpu-throttle-tailslow", cpuThrottleTailslow)
        writer.add("tls-creds", tlsCreds)
        writer.add("tls-hostname", tlsHostname)
        writer.add("tls-authz", tlsAuthz)
        writer.add("max-bandwidth", maxBandwidth)
        writer.add("downtime-limit", downtimeLimit)
        writer.add("x-checkpoint-delay", xCheckpointDelay)
        writer.add("block-incremental", blockIncremental)
        writer.add("multifd-channels", multifdChannels)
        writer.add("xbzrle-cache-size", xbzrleCacheSize)
        writer.add("max-postcopy-bandwidth", maxPostcopyBandwidth)
        writer.add("max-cpu-throttle", maxCpuThrottle)
        writer.add("multifd-compression", multifdCompression)
        writer.add("multifd-zlib-level", multifdZlibLevel)
        writer.add("multifd-zstd-level", multifdZstdLevel)
        writer.add("block-bitmap-mapping", blockBitmapMapping)
    }
}

/// The parameters in force. All are present, except block-bitmap-mapping, which appears once it was set. Ranges and
/// defaults are those of MigrateSetParameters; a text that was not set is empty.
public struct MigrationParameters: SchemaObject, Hashable {
    /// Milliseconds from the takeover of the guest to its first announcement.
    public var announceInitial: UInt64?
    /// Longest time between two announcements in milliseconds.
    public var announceMax: UInt64?
    /// How many announcements are sent.
    public var announceRounds: UInt64?
    /// By how many milliseconds the time between two announcements grows.
    public var announceStep: UInt64?
    /// Level of the capability compress, from 0 (none) to 9 (smallest).
    public var compressLevel: UInt8?
    /// Threads that compress on the source.
    public var compressThreads: UInt8?
    /// Whether a page waits for a free thread.
    public var compressWaitThread: Bool?
    /// Threads that decompress on the destination.
    public var decompressThreads: UInt8?
    /// For auto-converge: a pass counts against the guest if it dirtied more than this many percent of what was sent.
    public var throttleTriggerThreshold: UInt8?
    /// For auto-converge: percentage of time that the guest loses at first.
    public var cpuThrottleInitial: UInt8?
    /// For auto-converge: percentage that is added each time the guest is still too fast.
    public var cpuThrottleIncrement: UInt8?
    /// For auto-converge: whether the last steps are made smaller than the increment.
    public var cpuThrottleTailslow: Bool?
    /// Identifier of the TLS credentials object to encrypt migrations with.
    public var tlsCreds: String?
    /// The name that the certificate of the destination must carry.
    public var tlsHostname: String?
    /// Identifier of the authorization object that decides which clients may connect to the destination.
    public var tlsAuthz: String?
    /// Bytes a second that a migration may use.
    public var maxBandwidth: UInt64?
    /// For how many milliseconds the guest may be stopped at the end of a migration.
    public var downtimeLimit: UInt64?
    /// Milliseconds from one checkpoint to the next.
    public var xCheckpointDelay: UInt32?
    /// Whether the capability block sends only what is above the backing images.
    public var blockIncremental: Bool?
    /// Connections of the capability multifd, the same on both sides.
    public var multifdChannels: UInt8?
    /// Bytes of the cache of the capability xbzrle.
    public var xbzrleCacheSize: UInt64?
    /// Bytes a second that the background copy of a postcopy migration may use.
    public var maxPostcopyBandwidth: UInt64?
    /// For auto-converge: the largest percentage of time that the guest loses.
    public var maxCpuThrottle: UInt8?
    /// How multifd connections are compressed.
    public var multifdCompression: MultiFDCompression?
    /// Level of zlib, from 0 (none) to 9 (smallest).
    public var multifdZlibLevel: UInt8?
    /// Level of zstd, from 0 to 20 (smallest).
    public var multifdZstdLevel: UInt8?
    /// Under which names dirty bitmaps travel.
    public var blockBitmapMapping: [BitmapMigrationNodeAlias]?

    /// Put together from its members.
    public init(
        announceInitial: UInt64? = nil,
        announceMax: UInt64? = nil,
        announceRounds: UInt64? = nil,
        announceStep: UInt64? = nil,
        compressLevel: UInt8? = nil,
        compressThreads: UInt8? = nil,
        compressWaitThread: Bool? = nil,
        decompressThreads: UInt8? = nil,
        throttleTriggerThreshold: UInt8? = nil,
        cpuThrottleInitial: UInt8? = nil,
        cpuThrottleIncrement: UInt8? = nil,
        cpuThrottleTailslow: Bool? = nil,
        tlsCreds: String? = nil,
        tlsHostname: String? = nil,
        tlsAuthz: String? = nil,
        maxBandwidth: UInt64? = nil,
        downtimeLimit: UInt64? = nil,
        xCheckpointDelay: UInt32? = nil,
        blockIncremental: Bool? = nil,
        multifdChannels: UInt8? = nil,
        xbzrleCacheSize: UInt64? = nil,
        maxPostcopyBandwidth: UInt64? = nil,
        maxCpuThrottle: UInt8? = nil,
        multifdCompression: MultiFDCompression? = nil,
        multifdZlibLevel: UInt8? = nil,
        multifdZstdLevel: UInt8? = nil,
        blockBitmapMapping: [BitmapMigrationNodeAlias]? = nil
    ) {
        self.announceInitial = announceInitial
        self.announceMax = announceMax
        self.announceRounds = announceRounds
        self.announceStep = announceStep
        self.compressLevel = compressLevel
        self.compressThreads = compressThreads
        self.compressWaitThread = compressWaitThread
        self.decompressThreads = decompressThreads
        self.throttleTriggerThreshold = throttleTriggerThreshold
        self.cpuThrottleInitial = cpuThrottleInitial
        self.cpuThrottleIncrement = cpuThrottleIncrement
        self.cpuThrottleTailslow = cpuThrottleTailslow
        self.tlsCreds = tlsCreds
        self.tlsHostname = tlsHostname
        self.tlsAuthz = tlsAuthz
        self.maxBandwidth = maxBandwidth
        self.downtimeLimit = downtimeLimit
        self.xCheckpointDelay = xCheckpointDelay
        self.blockIncremental = blockIncremental
        self.multifdChannels = multifdChannels
        self.xbzrleCacheSize = xbzrleCacheSize
        self.maxPostcopyBandwidth = maxPostcopyBandwidth
        self.maxCpuThrottle = maxCpuThrottle
        self.multifdCompression = multifdCompression
        self.multifdZlibLevel = multifdZlibLevel
        self.multifdZstdLevel = multifdZstdLevel
        self.blockBitmapMapping = blockBitmapMapping
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        announceInitial = try reader.optional("announce-initial")
        announceMax = try reader.optional("announce-max")
        announceRounds = try reader.optional("announce-rounds")
        announceStep = try reader.optional("announce-step")
        compressLevel = try reader.optional("compress-level")
        compressThreads = try reader.optional("compress-threads")
        compressWaitThread = try reader.optional("compress-wait-thread")
        decompressThreads = try reader.optional("decompress-threads")
        throttleTriggerThreshold = try reader.optional("throttle-trigger-threshold")
        cpuThrottleInitial = try reader.optional("cpu-throttle-initial")
        cpuThrottleIncrement = try reader.optional("cpu-throttle-increment")
        cpuThrottleTailslow = try reader.optional("cpu-throttle-tailslow")
        tlsCreds = try reader.optional("tls-creds")
        tlsHostname = try reader.optional("tls-hostname")
        tlsAuthz = try reader.optional("tls-authz")
        maxBandwidth = try reader.optional("max-bandwidth")
        downtimeLimit = try reader.optional("downtime-limit")
        xCheckpointDelay = try reader.optional("x-checkpoint-delay")
        blockIncremental = try reader.optional("block-incremental")
        multifdChannels = try reader.optional("multifd-channels")
        xbzrleCacheSize = try reader.optional("xbzrle-cache-size")
        maxPostcopyBandwidth = try reader.optional("max-postcopy-bandwidth")
        maxCpuThrottle = try reader.optional("max-cpu-throttle")
        multifdCompression = try reader.optional("multifd-compression")
        multifdZlibLevel = try reader.optional("multifd-zlib-level")
        multifdZstdLevel = try reader.optional("multifd-zstd-level")
        blockBitmapMapping = try reader.optional("block-bitmap-mapping")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("announce-initial", announceInitial)
        writer.add("announce-max", announceMax)
        writer.add("announce-rounds", announceRounds)
        writer.add("announce-step", announceStep)
        writer.add("compress-level", compressLevel)
        writer.add("compress-threads", compressThreads)
        writer.add("compress-wait-thread", compressWaitThread)
        writer.add("decompress-threads", decompressThreads)
        writer.add("throttle-trigger-threshold", throttleTriggerThreshold)
        writer.add("cpu-throttle-initial", cpuThrottleInitial)
        writer.add("cpu-throttle-increment", cpuThrottleIncrement)
        writer.add("cpu-throttle-tailslow", cpuThrottleTailslow)
        writer.add("tls-creds", tlsCreds)
        writer.add("tls-hostname", tlsHostname)
        writer.add("tls-authz", tlsAuthz)
        writer.add("max-bandwidth", maxBandwidth)
        writer.add("downtime-limit", downtimeLimit)
        writer.add("x-checkpoint-delay", xCheckpointDelay)
        writer.add("block-incremental", blockIncremental)
        writer.add("multifd-channels", multifdChannels)
        writer.add("xbzrle-cache-size", xbzrleCacheSize)
        writer.add("max-postcopy-bandwidth", maxPostcopyBandwidth)
        writer.add("max-cpu-throttle", maxCpuThrottle)
        writer.add("multifd-compression", multifdCompression)
        writer.add("multifd-zlib-level", multifdZlibLevel)
        writer.add("multifd-zstd-level", multifdZstdLevel)
        writer.add("block-bitmap-mapping", blockBitmapMapping)
    }
}

/// A thread that works for a migration.
public struct MigrationThreadInfo: SchemaObject, Hashable {
    /// What it does.
    public var name: String
    /// Its number in the host's list of threads.
    public var threadId: Int64

    /// Put together from its members.
    public init(name: String, threadId: Int64) {
        self.name = name
        self.threadId = threadId
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        threadId = try reader.required("thread-id")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("thread-id", threadId)
    }
}

/// The role of this side.
public enum COLOMode: String, SchemaValue, CaseIterable {
    /// COLO is not in use.
    case none
    /// This side sends checkpoints.
    case primary
    /// This side receives checkpoints.
    case secondary
}

/// Why COLO ended on this side.
public enum COLOExitReason: String, SchemaValue, CaseIterable {
    /// It has not.
    case none
    /// X-colo-lost-heartbeat was given.
    case request
    /// The peer was lost, or something failed.
    case error
    /// A failover is under way (since 4.0).
    case processing
}

/// How COLO stands on this side.
public struct COLOStatus: SchemaObject, Hashable {
    /// The role that this side has.
    public var mode: COLOMode
    /// The role that it had before the last failover (since 4.0).
    public var lastMode: COLOMode
    /// Why COLO ended.
    public var reason: COLOExitReason

    /// Put together from its members.
    public init(mode: COLOMode, lastMode: COLOMode, reason: COLOExitReason) {
        self.mode = mode
        self.lastMode = lastMode
        self.reason = reason
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        mode = try reader.required("mode")
        lastMode = try reader.required("last-mode")
        reason = try reader.required("reason")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("mode", mode)
        writer.add("last-mode", lastMode)
        writer.add("reason", reason)
    }
}

/// Where a measurement stands.
public enum DirtyRateStatus: String, SchemaValue, CaseIterable {
    /// There was none yet.
    case unstarted
    /// It runs.
    case measuring
    /// Its result is there.
    case measured
}

/// How the dirty rate is measured.
public enum DirtyRateMeasureMode: String, SchemaValue, CaseIterable {
    /// By comparing checksums of some pages.
    case pageSampling = "page-sampling"
    /// By counting the dirty pages of each vCPU.
    case dirtyRing = "dirty-ring"
    /// By counting the dirty pages of the guest.
    case dirtyBitmap = "dirty-bitmap"
}

/// How fast a vCPU dirties memory.
public struct DirtyRateVcpu: SchemaObject, Hashable {
    /// The vCPU.
    public var id: Int64
    /// MiB a second.
    public var dirtyRate: Int64

    /// Put together from its members.
    public init(id: Int64, dirtyRate: Int64) {
        self.id = id
        self.dirtyRate = dirtyRate
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        id = try reader.required("id")
        dirtyRate = try reader.required("dirty-rate")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("id", id)
        writer.add("dirty-rate", dirtyRate)
    }
}

/// The last measurement of the dirty rate.
public struct DirtyRateInfo: SchemaObject, Hashable {
    /// MiB that the guest dirties a second; once measured.
    public var dirtyRate: Int64?
    /// Where the measurement stands.
    public var status: DirtyRateStatus
    /// When it began, in seconds since the host started.
    public var startTime: Int64
    /// How many seconds it takes.
    public var calcTime: Int64
    /// Pages compared for each GiB; 0 in modes that do not sample (since 6.1).
    public var samplePages: UInt64
    /// How it is measured (since 6.2).
    public var mode: DirtyRateMeasureMode
    /// The rate of each vCPU; in mode dirty-ring, once measured (since 6.2).
    public var vcpuDirtyRate: [DirtyRateVcpu]?

    /// Put together from its members.
    public init(
        dirtyRate: Int64? = nil,
        status: DirtyRateStatus,
        startTime: Int64,
        calcTime: Int64,
        samplePages: UInt64,
        mode: DirtyRateMeasureMode,
        vcpuDirtyRate: [DirtyRateVcpu]? = nil
    ) {
        self.dirtyRate = dirtyRate
        self.status = status
        self.startTime = startTime
        self.calcTime = calcTime
        self.samplePages = samplePages
        self.mode = mode
        self.vcpuDirtyRate = vcpuDirtyRate
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        dirtyRate = try reader.optional("dirty-rate")
        status = try reader.required("status")
        startTime = try reader.required("start-time")
        calcTime = try reader.required("calc-time")
        samplePages = try reader.required("sample-pages")
        mode = try reader.required("mode")
        vcpuDirtyRate = try reader.optional("vcpu-dirty-rate")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("dirty-rate", dirtyRate)
        writer.add("status", status)
        writer.add("start-time", startTime)
        writer.add("calc-time", calcTime)
        writer.add("sample-pages", samplePages)
        writer.add("mode", mode)
        writer.add("vcpu-dirty-rate", vcpuDirtyRate)
    }
}

/// The dirty limit of a vCPU.
public struct DirtyLimitInfo: SchemaObject, Hashable {
    /// The vCPU.
    public var cpuIndex: Int64
    /// MiB a second that it may dirty.
    public var limitRate: UInt64
    /// MiB a second that it dirties now.
    public var currentRate: UInt64

    /// Put together from its members.
    public init(cpuIndex: Int64, limitRate: UInt64, currentRate: UInt64) {
        self.cpuIndex = cpuIndex
        self.limitRate = limitRate
        self.currentRate = currentRate
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        cpuIndex = try reader.required("cpu-index")
        limitRate = try reader.required("limit-rate")
        currentRate = try reader.required("current-rate")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("cpu-index", cpuIndex)
        writer.add("limit-rate", limitRate)
        writer.add("current-rate", currentRate)
    }
}

/// How the replication of the disks stands.
public struct ReplicationStatus: SchemaObject, Hashable {
    /// True if it failed.
    public var error: Bool
    /// What failed.
    public var desc: String?

    /// Put together from its members.
    public init(error: Bool, desc: String? = nil) {
        self.error = error
        self.desc = desc
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        error = try reader.required("error")
        desc = try reader.optional("desc")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("error", error)
        writer.add("desc", desc)
    }
}
