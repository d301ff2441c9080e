// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// How much of the memory, or of the disks, a migration has sent.
public struct MigrationStats: SchemaObject, Hashable {
    /// Bytes put on the wire.
    public var transferred: Int64
    /// Bytes still to be sent.
    public var remaining: Int64
    /// Bytes there are in all.
    public var total: Int64
    /// Pages of zeroes, which travel as a mark only.
    public var duplicate: Int64
    /// Always 0.
    public var skipped: Int64
    /// Pages sent whole.
    public var normal: Int64
    /// Bytes of those pages.
    public var normalBytes: Int64
    /// Pages that the guest dirties a second (since 1.3).
    public var dirtyPagesRate: Int64
    /// Megabits a second; of the last period while it runs, of the whole migration afterwards (since 1.6).
    public var mbps: Double
    /// Passes over the dirty log (since 2.1).
    public var dirtySyncCount: Int64
    /// Pages that the destination asked for (since 2.7).
    public var postcopyRequests: Int64
    /// Bytes of a page (since 2.10).
    public var pageSize: Int64
    /// Bytes sent over multifd connections (since 3.0).
    public var multifdBytes: UInt64
    /// Pages sent a second (since 4.0).
    public var pagesPerSecond: UInt64
    /// Bytes sent while the guest ran on the source (since 7.0).
    public var precopyBytes: UInt64
    /// Bytes sent while the guest was stopped (since 7.0).
    public var downtimeBytes: UInt64
    /// Bytes sent while the guest ran on the destination (since 7.0).
    public var postcopyBytes: UInt64
    /// Passes in which the kernel copied although zero-copy-send was asked for (since 7.1).
    public var dirtySyncMissedZeroCopy: UInt64

    /// Put together from its members.
    public init(
        transferred: Int64,
        remaining: Int64,
        total: Int64,
        duplicate: Int64,
        skipped: Int64,
        normal: Int64,
        normalBytes: Int64,
        dirtyPagesRate: Int64,
        mbps: Double,
        dirtySyncCount: Int64,
        postcopyRequests: Int64,
        pageSize: Int64,
        multifdBytes: UInt64,
        pagesPerSecond: UInt64,
        precopyBytes: UInt64,
        downtimeBytes: UInt64,
        postcopyBytes: UInt64,
        dirtySyncMissedZeroCopy: UInt64
    ) {
        self.transferred = transferred
        self.remaining = remaining
        self.total = total
        self.duplicate = duplicate
        self.skipped = skipped
        self.normal = normal
        self.normalBytes = normalBytes
        self.dirtyPagesRate = dirtyPagesRate
        self.mbps = mbps
        self.dirtySyncCount = dirtySyncCount
        self.postcopyRequests = postcopyRequests
        self.pageSize = pageSize
        self.multifdBytes = multifdBytes
        self.pagesPerSecond = pagesPerSecond
        self.precopyBytes = precopyBytes
        self.downtimeBytes = downtimeBytes
        self.postcopyBytes = postcopyBytes
        self.dirtySyncMissedZeroCopy = dirtySyncMissedZeroCopy
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        transferred = try reader.required("transferred")
        remaining = try reader.required("remaining")
        total = try reader.required("total")
        duplicate = try reader.required("duplicate")
        skipped = try reader.required("skipped")
        normal = try reader.required("normal")
        normalBytes = try reader.required("normal-bytes")
        dirtyPagesRate = try reader.required("dirty-pages-rate")
        mbps = try reader.required("mbps")
        dirtySyncCount = try reader.required("dirty-sync-count")
        postcopyRequests = try reader.required("postcopy-requests")
        pageSize = try reader.required("page-size")
        multifdBytes = try reader.required("multifd-bytes")
        pagesPerSecond = try reader.required("pages-per-second")
        precopyBytes = try reader.required("precopy-bytes")
        downtimeBytes = try reader.required("downtime-bytes")
        postcopyBytes = try reader.required("postcopy-bytes")
        dirtySyncMissedZeroCopy = try reader.required("dirty-sync-missed-zero-copy")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("transferred", transferred)
        writer.add("remaining", remaining)
        writer.add("total", total)
        writer.add("duplicate", duplicate)
        writer.add("skipped", skipped)
        writer.add("normal", normal)
        writer.add("normal-bytes", normalBytes)
        writer.add("dirty-pages-rate", dirtyPagesRate)
        writer.add("mbps", mbps)
        writer.add("dirty-sync-count", dirtySyncCount)
        writer.add("postcopy-requests", postcopyRequests)
        writer.add("page-size", pageSize)
        writer.add("multifd-bytes", multifdBytes)
        writer.add("pages-per-second", pagesPerSecond)
        writer.add("precopy-bytes", precopyBytes)
        writer.add("downtime-bytes", downtimeBytes)
        writer.add("postcopy-bytes", postcopyBytes)
        writer.add("dirty-sync-missed-zero-copy", dirtySyncMissedZeroCopy)
    }
}

/// How the capability xbzrle fares.
public struct XBZRLECacheStats: SchemaObject, Hashable {
    /// Bytes of the cache.
    public var cacheSize: UInt64
    /// Bytes sent in this form.
    public var bytes: Int64
    /// Pages sent in this form.
    public var pages: Int64
    /// Pages that were not in the cache.
    public var cacheMiss: Int64
    /// Their share of all pages, from 0 to 1 (since 2.1).
    public var cacheMissRate: Double
    /// Bytes of pages per byte sent for them (since 5.1).
    public var encodingRate: Double
    /// Pages whose differences were larger than the page.
    public var overflow: Int64

    /// Put together from its members.
    public init(
        cacheSize: UInt64,
        bytes: Int64,
        pages: Int64,
        cacheMiss: Int64,
        cacheMissRate: Double,
        encodingRate: Double,
        overflow: Int64
    ) {
        self.cacheSize = cacheSize
        self.bytes = bytes
        self.pages = pages
        self.cacheMiss = cacheMiss
        self.cacheMissRate = cacheMissRate
        self.encodingRate = encodingRate
        self.overflow = overflow
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        cacheSize = try reader.required("cache-size")
        bytes = try reader.required("bytes")
        pages = try reader.required("pages")
        cacheMiss = try reader.required("cache-miss")
        cacheMissRate = try reader.required("cache-miss-rate")
        encodingRate = try reader.required("encoding-rate")
        overflow = try reader.required("overflow")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("cache-size", cacheSize)
        writer.add("bytes", bytes)
        writer.add("pages", pages)
        writer.add("cache-miss", cacheMiss)
        writer.add("cache-miss-rate", cacheMissRate)
        writer.add("encoding-rate", encodingRate)
        writer.add("overflow", overflow)
    }
}

/// How the capability compress fares.
public struct CompressionStats: SchemaObject, Hashable {
    /// Pages compressed and sent.
    public var pages: Int64
    /// How often no thread was free.
    public var busy: Int64
    /// Share of pages for which none was, from 0 to 1.
    public var busyRate: Double
    /// Bytes after compression.
    public var compressedSize: Int64
    /// Bytes of pages per compressed byte.
    public var compressionRate: Double

    /// Put together from its members.
    public init(pages: Int64, busy: Int64, busyRate: Double, compressedSize: Int64, compressionRate: Double) {
        self.pages = pages
        self.busy = busy
        self.busyRate = busyRate
        self.compressedSize = compressedSize
        self.compressionRate = compressionRate
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        pages = try reader.required("pages")
        busy = try reader.required("busy")
        busyRate = try reader.required("busy-rate")
        compressedSize = try reader.required("compressed-size")
        compressionRate = try reader.required("compression-rate")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("pages", pages)
        writer.add("busy", busy)
        writer.add("busy-rate", busyRate)
        writer.add("compressed-size", compressedSize)
        writer.add("compression-rate", compressionRate)
    }
}

/// Where a migration stands.
public enum MigrationStatus: String, SchemaValue, CaseIterable {
    /// There was none yet.
    case none
    /// It is being set up.
    case setup
    /// It was told to stop and is on the way.
    case cancelling
    /// It was stopped by migrate_cancel.
    case cancelled
    /// Memory is being copied.
    case active
    /// The guest runs on the destination while the rest follows (since 2.5).
    case postcopyActive = "postcopy-active"
    /// The connection was lost in postcopy; it can be recovered (since 3.0).
    case postcopyPaused = "postcopy-paused"
    /// A new connection is being set up (since 3.0).
    case postcopyRecover = "postcopy-recover"
    /// The guest has moved, or a COLO run has ended.
    case completed
    /// It failed; the guest goes on at the source.
    case failed
    /// Checkpoints flow (since 2.8).
    case colo
    /// Stopped before the switchover, waiting for migrate-continue (since 2.11).
    case preSwitchover = "pre-switchover"
    /// The state of the devices is on its way, after pre-switchover (since 2.11).
    case device
    /// Waiting for the guest to give up devices (since 4.2).
    case waitUnplug = "wait-unplug"
}

/// What was sent for devices passed through to the guest.
public struct VfioStats: SchemaObject, Hashable {
    /// Bytes.
    public var transferred: Int64

    /// Put together from its members.
    public init(transferred: Int64) {
        self.transferred = transferred
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        transferred = try reader.required("transferred")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("transferred", transferred)
    }
}

/// How a migration goes. Which members there are depends on the status and side; before the first migration there is
/// none.
public struct MigrationInfo: SchemaObject, Hashable {
    /// Where it stands; absent on a destination to which nobody has connected.
    public var status: MigrationStatus?
    /// What was sent of the memory; on the source, from active to completed.
    public var ram: MigrationStats?
    /// What was sent of the disks; only while they are.
    public var disk: MigrationStats?
    /// What was sent for devices passed through; colod has none (since 5.2).
    public var vfio: VfioStats?
    /// How xbzrle fares, if that capability is on (since 1.2).
    public var xbzrleCache: XBZRLECacheStats?
    /// Milliseconds since the migration began; once it is completed, how long it took (since 1.2).
    public var totalTime: Int64?
    /// Milliseconds for which the guest would be stopped, were it to move now; until completed (since 1.3).
    public var expectedDowntime: Int64?
    /// Milliseconds for which the guest was stopped; once completed (since 1.3).
    public var downtime: Int64?
    /// Milliseconds it took to set up (since 1.6).
    public var setupTime: Int64?
    /// Share of time taken from the guest by auto-converge; absent if none is (since 2.7).
    public var cpuThrottlePercentage: Int64?
    /// Why it failed, for people to read (since 2.7).
    public var errorDesc: String?
    /// What forbids a migration now; absent if nothing does (since 6.0).
    public var blockedReasons: [String]?
    /// Milliseconds for which all vCPUs waited for pages at once; on the destination, once completed, with the
    /// capability postcopy-blocktime (since 3.0).
    public var postcopyBlocktime: UInt32?
    /// Milliseconds for which each vCPU waited, as above (since 3.0).
    public var postcopyVcpuBlocktime: [UInt32]?
    /// How compress fares, if that capability is on (since 3.1).
    public var compression: CompressionStats?
    /// Where the destination listens (since 4.0).
    public var socketAddress: [SocketAddress]?

    /// Put together from its members.
    public init(
        status: MigrationStatus? = nil,
        ram: MigrationStats? = nil,
        disk: MigrationStats? = nil,
        vfio: VfioStats? = nil,
        xbzrleCache: XBZRLECacheStats? = nil,
        totalTime: Int64? = nil,
        expectedDowntime: Int64? = nil,
        downtime: Int64? = nil,
        setupTime: Int64? = nil,
        cpuThrottlePercentage: Int64? = nil,
        errorDesc: String? = nil,
        blockedReasons: [String]? = nil,
        postcopyBlocktime: UInt32? = nil,
        postcopyVcpuBlocktime: [UInt32]? = nil,
        compression: CompressionStats? = nil,
        socketAddress: [SocketAddress]? = nil
    ) {
        self.status = status
        self.ram = ram
        self.disk = disk
        self.vfio = vfio
        self.xbzrleCache = xbzrleCache
        self.totalTime = totalTime
        self.expectedDowntime = expectedDowntime
        self.downtime = downtime
        self.setupTime = setupTime
        self.cpuThrottlePercentage = cpuThrottlePercentage
        self.errorDesc = errorDesc
        self.blockedReasons = blockedReasons
        self.postcopyBlocktime = postcopyBlocktime
        self.postcopyVcpuBlocktime = postcopyVcpuBlocktime
        self.compression = compression
        self.socketAddress = socketAddress
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        status = try reader.optional("status")
        ram = try reader.optional("ram")
        disk = try reader.optional("disk")
        vfio = try reader.optional("vfio")
        xbzrleCache = try reader.optional("xbzrle-cache")
        totalTime = try reader.optional("total-time")
        expectedDowntime = try reader.optional("expected-downtime")
        downtime = try reader.optional("downtime")
        setupTime = try reader.optional("setup-time")
        cpuThrottlePercentage = try reader.optional("cpu-throttle-percentage")
        errorDesc = try reader.optional("error-desc")
        blockedReasons = try reader.optional("blocked-reasons")
        postcopyBlocktime = try reader.optional("postcopy-blocktime")
        postcopyVcpuBlocktime = try reader.optional("postcopy-vcpu-blocktime")
        compression = try reader.optional("compression")
        socketAddress = try reader.optional("socket-address")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("status", status)
        writer.add("ram", ram)
        writer.add("disk", disk)
        writer.add("vfio", vfio)
        writer.add("xbzrle-cache", xbzrleCache)
        writer.add("total-time", totalTime)
        writer.add("expected-downtime", expectedDowntime)
        writer.add("downtime", downtime)
        writer.add("setup-time", setupTime)
        writer.add("cpu-throttle-percentage", cpuThrottlePercentage)
        writer.add("error-desc", errorDesc)
        writer.add("blocked-reasons", blockedReasons)
        writer.add("postcopy-blocktime", postcopyBlocktime)
        writer.add("postcopy-vcpu-blocktime", postcopyVcpuBlocktime)
        writer.add("compression", compression)
        writer.add("socket-address", socketAddress)
    }
}

/// What a migration may make use of. All are off at the start. Where they have to be turned on:
///
/// - on both sides: multifd, postcopy-ram, postcopy-preempt, compress, dirty-bitmaps, x-ignore-shared, validate-uuid
///
/// - on the destination: late-block-activate, postcopy-blocktime
///
/// - on each side that is to tell: events
///
/// - on the source: all others
public enum MigrationCapability: String, SchemaValue, CaseIterable {
    /// Send only the differences of pages that were sent before.
    case xbzrle
    /// Pin all guest memory for RDMA at once.
    case rdmaPinAll = "rdma-pin-all"
    /// Slow the guest down if it dirties memory faster than it is sent (since 1.6).
    case autoConverge = "auto-converge"
    /// Leave out blocks of zeroes in block migration (since 1.6).
    case zeroBlocks = "zero-blocks"
    /// Compress pages on several threads (since 2.4).
    case compress
    /// Tell of each status by the events MIGRATION and MIGRATION_PASS (since 2.4).
    case events
    /// Allow the guest to move before all of its memory has (since 2.6).
    case postcopyRam = "postcopy-ram"
    /// End the first copy with checkpoints instead of moving the guest: the destination becomes its secondary (since
    /// 2.8).
    case xColo = "x-colo"
    /// Free pages on the source once they are sent, in postcopy (since 2.9).
    case releaseRam = "release-ram"
    /// Send the disks in the stream as well (since 2.10).
    case block
    /// Wait for the destination to confirm (since 2.10).
    case returnPath = "return-path"
    /// Stop in pre-switchover until migrate-continue (since 2.11).
    case pauseBeforeSwitchover = "pause-before-switchover"
    /// Send pages over several connections (since 4.0).
    case multifd
    /// Send the dirty bitmaps of the disks (since 2.12).
    case dirtyBitmaps = "dirty-bitmaps"
    /// Measure how long vCPUs wait for pages in postcopy (since 3.0).
    case postcopyBlocktime = "postcopy-blocktime"
    /// On the destination, leave the disks alone until cont, if the guest is not to start by itself (since 3.0).
    case lateBlockActivate = "late-block-activate"
    /// Leave out memory that both sides share (since 4.0).
    case xIgnoreShared = "x-ignore-shared"
    /// Send the identity of the guest and have it compared (since 4.2).
    case validateUuid = "validate-uuid"
    /// Send the memory as it was at the start while the guest goes on (since 6.0).
    case backgroundSnapshot = "background-snapshot"
    /// Let the kernel send pages without copying them; needs multifd without compression (since 7.1).
    case zeroCopySend = "zero-copy-send"
    /// Requested pages overtake the background copy in postcopy, on a connection of their own (since 7.1).
    case postcopyPreempt = "postcopy-preempt"
}

/// A capability and whether it is on.
public struct MigrationCapabilityStatus: SchemaObject, Hashable {
    /// Which one.
    public var capability: MigrationCapability
    /// True if it is on.
    public var state: Bool

    /// Put together from its members.
    public init(capability: MigrationCapability, state: Bool) {
        self.capability = capability
        self.state = state
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        capability = try reader.required("capability")
        state = try reader.required("state")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("capability", capability)
        writer.add("state", state)
    }
}

/// How multifd connections are compressed.
public enum MultiFDCompression: String, SchemaValue, CaseIterable {
    /// Not at all.
    case none
    /// With zlib.
    case zlib
    /// With Zstandard.
    case zstd
}

/// What becomes of a dirty bitmap on its way.
public struct BitmapMigrationBitmapAliasTransform: SchemaObject, Hashable {
    /// Whether the bitmap is stored in its image on the destination; by default as on the source.
    public var persistent: Bool?

    /// Put together from its members.
    public init(persistent: Bool? = nil) {
        self.persistent = persistent
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        persistent = try reader.optional("persistent")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("persistent", persistent)
    }
}

/// Under which name a dirty bitmap travels.
public struct BitmapMigrationBitmapAlias: SchemaObject, Hashable {
    /// Its name on this side.
    public var name: String
    /// Its name on the wire, up to 255 bytes.
    public var alias: String
    /// Changes on arrival (since 6.0).
    public var transform: BitmapMigrationBitmapAliasTransform?

    /// Put together from its members.
    public init(name: String, alias: String, transform: BitmapMigrationBitmapAliasTransform? = nil) {
        self.name = name
        self.alias = alias
        self.transform = transform
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        alias = try reader.required("alias")
        transform = try reader.optional("transform")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("alias", alias)
        writer.add("transform", transform)
    }
}

/// Under which name the dirty bitmaps of a block node travel.
public struct BitmapMigrationNodeAlias: SchemaObject, Hashable {
    /// The node's name on this side.
    public var nodeName: String
    /// Its name on the wire, a well-formed identifier of up to 255 bytes.
    public var alias: String
    /// Its bitmaps.
    public var bitmaps: [BitmapMigrationBitmapAlias]

    /// Put together from its members.
    public init(nodeName: String, alias: String, bitmaps: [BitmapMigrationBitmapAlias]) {
        self.nodeName = nodeName
        self.alias = alias
        self.bitmaps = bitmaps
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        nodeName = try reader.required("node-name")
        alias = try reader.required("alias")
        bitmaps = try reader.required("bitmaps")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("node-name", nodeName)
        writer.add("alias", alias)
        writer.add("bitmaps", bitmaps)
    }
}
