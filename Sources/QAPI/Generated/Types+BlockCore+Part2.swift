// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// A block node: an image, or a layer over one.
public struct BlockDeviceInfo: SchemaObject, Hashable {
    /// Its file.
    public var file: String
    /// Its name (since 2.0).
    public var nodeName: String?
    /// Whether it is read-only.
    public var ro: Bool
    /// Its format or protocol.
    public var drv: String
    /// Its backing image; absent if it has none.
    public var backingFile: String?
    /// How many backing images there are below it (since 1.2).
    public var backingFileDepth: Int64
    /// Whether it is encrypted.
    public var encrypted: Bool
    /// What becomes of writes that are all zeroes (since 2.1).
    public var detectZeroes: BlockdevDetectZeroesOptions
    /// Limit of bytes a second; 0 for none.
    public var bps: Int64
    /// Limit of bytes a second for reads; 0 for none.
    public var bpsRd: Int64
    /// Limit of bytes a second for writes; 0 for none.
    public var bpsWr: Int64
    /// Limit of requests a second; 0 for none.
    public var iops: Int64
    /// Limit of requests a second for reads; 0 for none.
    public var iopsRd: Int64
    /// Limit of requests a second for writes; 0 for none.
    public var iopsWr: Int64
    /// Its image (since 1.6).
    public var image: ImageInfo
    /// Largest burst in bytes a second (since 1.7).
    public var bpsMax: Int64?
    /// Largest burst in bytes a second for reads (since 1.7).
    public var bpsRdMax: Int64?
    /// Largest burst in bytes a second for writes (since 1.7).
    public var bpsWrMax: Int64?
    /// Largest burst in requests a second (since 1.7).
    public var iopsMax: Int64?
    /// Largest burst in requests a second for reads (since 1.7).
    public var iopsRdMax: Int64?
    /// Largest burst in requests a second for writes (since 1.7).
    public var iopsWrMax: Int64?
    /// Seconds that a burst of bps_max may last (since 2.6).
    public var bpsMaxLength: Int64?
    /// Seconds that a burst of bps_rd_max may last (since 2.6).
    public var bpsRdMaxLength: Int64?
    /// Seconds that a burst of bps_wr_max may last (since 2.6).
    public var bpsWrMaxLength: Int64?
    /// Seconds that a burst of iops_max may last (since 2.6).
    public var iopsMaxLength: Int64?
    /// Seconds that a burst of iops_rd_max may last (since 2.6).
    public var iopsRdMaxLength: Int64?
    /// Seconds that a burst of iops_wr_max may last (since 2.6).
    public var iopsWrMaxLength: Int64?
    /// Bytes that count as one request (since 1.7).
    public var iopsSize: Int64?
    /// The group that it shares its limits with (since 2.4).
    public var group: String?
    /// How it uses the host's cache (since 2.3).
    public var cache: BlockdevCacheInfo
    /// Offset past which a write is told of; 0 for none (since 2.3).
    public var writeThreshold: Int64
    /// Its dirty bitmaps; absent if there are none (since 4.2).
    public var dirtyBitmaps: [BlockDirtyInfo]?

    /// Put together from its members.
    public init(
        file: String,
        nodeName: String? = nil,
        ro: Bool,
        drv: String,
        backingFile: String? = nil,
        backingFileDepth: Int64,
        encrypted: Bool,
        detectZeroes: BlockdevDetectZeroesOptions,
        bps: Int64,
        bpsRd: Int64,
        bpsWr: Int64,
        iops: Int64,
        iopsRd: Int64,
        iopsWr: Int64,
        image: ImageInfo,
        bpsMax: Int64? = nil,
        bpsRdMax: Int64? = nil,
        bpsWrMax: Int64? = nil,
        iopsMax: Int64? = nil,
        iopsRdMax: Int64? = nil,
        iopsWrMax: Int64? = nil,
        bpsMaxLength: Int64? = nil,
        bpsRdMaxLength: Int64? = nil,
        bpsWrMaxLength: Int64? = nil,
        iopsMaxLength: Int64? = nil,
        iopsRdMaxLength: Int64? = nil,
        iopsWrMaxLength: Int64? = nil,
        iopsSize: Int64? = nil,
        group: String? = nil,
        cache: BlockdevCacheInfo,
        writeThreshold: Int64,
        dirtyBitmaps: [BlockDirtyInfo]? = nil
    ) {
        self.file = file
        self.nodeName = nodeName
        self.ro = ro
        self.drv = drv
        self.backingFile = backingFile
        self.backingFileDepth = backingFileDepth
        self.encrypted = encrypted
        self.detectZeroes = detectZeroes
        self.bps = bps
        self.bpsRd = bpsRd
        self.bpsWr = bpsWr
        self.iops = iops
        self.iopsRd = iopsRd
        self.iopsWr = iopsWr
        self.image = image
        self.bpsMax = bpsMax
        self.bpsRdMax = bpsRdMax
        self.bpsWrMax = bpsWrMax
        self.iopsMax = iopsMax
        self.iopsRdMax = iopsRdMax
        self.iopsWrMax = iopsWrMax
        self.bpsMaxLength = bpsMaxLength
        self.bpsRdMaxLength = bpsRdMaxLength
        self.bpsWrMaxLength = bpsWrMaxLength
        self.iopsMaxLength = iopsMaxLength
        self.iopsRdMaxLength = iopsRdMaxLength
        self.iopsWrMaxLength = iopsWrMaxLength
        self.iopsSize = iopsSize
        self.group = group
        self.cache = cache
        self.writeThreshold = writeThreshold
        self.dirtyBitmaps = dirtyBitmaps
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        file = try reader.required("file")
        nodeName = try reader.optional("node-name")
        ro = try reader.required("ro")
        drv = try reader.required("drv")
        backingFile = try reader.optional("backing_file")
        backingFileDepth = try reader.required("backing_file_depth")
        encrypted = try reader.required("encrypted")
        detectZeroes = try reader.required("detect_zeroes")
        bps = try reader.required("bps")
        bpsRd = try reader.required("bps_rd")
        bpsWr = try reader.required("bps_wr")
        iops = try reader.required("iops")
        iopsRd = try reader.required("iops_rd")
        iopsWr = try reader.required("iops_wr")
        image = try reader.required("image")
        bpsMax = try reader.optional("bps_max")
        bpsRdMax = try reader.optional("bps_rd_max")
        bpsWrMax = try reader.optional("bps_wr_max")
        iopsMax = try reader.optional("iops_max")
        iopsRdMax = try reader.optional("iops_rd_max")
        iopsWrMax = try reader.optional("iops_wr_max")
        bpsMaxLength = try reader.optional("bps_max_length")
        bpsRdMaxLength = try reader.optional("bps_rd_max_length")
        bpsWrMaxLength = try reader.optional("bps_wr_max_length")
        iopsMaxLength = try reader.optional("iops_max_length")
        iopsRdMaxLength = try reader.optional("iops_rd_max_length")
        iopsWrMaxLength = try reader.optional("iops_wr_max_length")
        iopsSize = try reader.optional("iops_size")
        group = try reader.optional("group")
        cache = try reader.required("cache")
        writeThreshold = try reader.required("write_threshold")
        dirtyBitmaps = try reader.optional("dirty-bitmaps")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("file", file)
        writer.add("node-name", nodeName)
        writer.add("ro", ro)
        writer.add("drv", drv)
        writer.add("backing_file", backingFile)
        writer.add("backing_file_depth", backingFileDepth)
        writer.add("encrypted", encrypted)
        writer.add("detect_zeroes", detectZeroes)
        writer.add("bps", bps)
        writer.add("bps_rd", bpsRd)
        writer.add("bps_wr", bpsWr)
        writer.add("iops", iops)
        writer.add("iops_rd", iopsRd)
        writer.add("iops_wr", iopsWr)
        writer.add("image", image)
        writer.add("bps_max", bpsMax)
        writer.add("bps_rd_max", bpsRdMax)
        writer.add("bps_wr_max", bpsWrMax)
        writer.add("iops_max", iopsMax)
        writer.add("iops_rd_max", iopsRdMax)
        writer.add("iops_wr_max", iopsWrMax)
        writer.add("bps_max_length", bpsMaxLength)
        writer.add("bps_rd_max_length", bpsRdMaxLength)
        writer.add("bps_wr_max_length", bpsWrMaxLength)
        writer.add("iops_max_length", iopsMaxLength)
        writer.add("iops_rd_max_length", iopsRdMaxLength)
        writer.add("iops_wr_max_length", iopsWrMaxLength)
        writer.add("iops_size", iopsSize)
        writer.add("group", group)
        writer.add("cache", cache)
        writer.add("write_threshold", writeThreshold)
        writer.add("dirty-bitmaps", dirtyBitmaps)
    }
}

/// How a drive fares.
public enum BlockDeviceIoStatus: String, SchemaValue, CaseIterable {
    /// Well.
    case ok
    /// A request has failed.
    case failed
    /// A request has failed for lack of space.
    case nospace
}

/// A drive of the guest.
public struct BlockInfo: SchemaObject, Hashable {
    /// The name of its back-end; empty if it has none.
    public var device: String
    /// The device that the guest sees (since 2.10).
    public var qdev: String?
    /// Always "unknown".
    public var type: String
    /// Whether its medium can be taken out.
    public var removable: Bool
    /// Whether the guest has locked its medium.
    public var locked: Bool
    /// Its medium; absent if there is none.
    public var inserted: BlockDeviceInfo?
    /// Whether its tray is open; if it has one.
    public var trayOpen: Bool?
    /// How it fares; if the device tells.
    public var ioStatus: BlockDeviceIoStatus?

    /// Put together from its members.
    public init(
        device: String,
        qdev: String? = nil,
        type: String,
        removable: Bool,
        locked: Bool,
        inserted: BlockDeviceInfo? = nil,
        trayOpen: Bool? = nil,
        ioStatus: BlockDeviceIoStatus? = nil
    ) {
        self.device = device
        self.qdev = qdev
        self.type = type
        self.removable = removable
        self.locked = locked
        self.inserted = inserted
        self.trayOpen = trayOpen
        self.ioStatus = ioStatus
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        device = try reader.required("device")
        qdev = try reader.optional("qdev")
        type = try reader.required("type")
        removable = try reader.required("removable")
        locked = try reader.required("locked")
        inserted = try reader.optional("inserted")
        trayOpen = try reader.optional("tray_open")
        ioStatus = try reader.optional("io-status")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("device", device)
        writer.add("qdev", qdev)
        writer.add("type", type)
        writer.add("removable", removable)
        writer.add("locked", locked)
        writer.add("inserted", inserted)
        writer.add("tray_open", trayOpen)
        writer.add("io-status", ioStatus)
    }
}

/// How long requests took lately.
public struct BlockDeviceTimedStats: SchemaObject, Hashable {
    /// Seconds that the figures are about.
    public var intervalLength: Int64
    /// Nanoseconds of the shortest read.
    public var minRdLatencyNs: Int64
    /// Nanoseconds of the longest read.
    public var maxRdLatencyNs: Int64
    /// Nanoseconds of reads on average.
    public var avgRdLatencyNs: Int64
    /// Nanoseconds of the shortest write.
    public var minWrLatencyNs: Int64
    /// Nanoseconds of the longest write.
    public var maxWrLatencyNs: Int64
    /// Nanoseconds of writes on average.
    public var avgWrLatencyNs: Int64
    /// Nanoseconds of the shortest flush.
    public var minFlushLatencyNs: Int64
    /// Nanoseconds of the longest flush.
    public var maxFlushLatencyNs: Int64
    /// Nanoseconds of flushes on average.
    public var avgFlushLatencyNs: Int64
    /// Reads under way on average.
    public var avgRdQueueDepth: Double
    /// Writes under way on average.
    public var avgWrQueueDepth: Double

    /// Put together from its members.
    public init(
        intervalLength: Int64,
        minRdLatencyNs: Int64,
        maxRdLatencyNs: Int64,
        avgRdLatencyNs: Int64,
        minWrLatencyNs: Int64,
        maxWrLatencyNs: Int64,
        avgWrLatencyNs: Int64,
        minFlushLatencyNs: Int64,
        maxFlushLatencyNs: Int64,
        avgFlushLatencyNs: Int64,
        avgRdQueueDepth: Double,
        avgWrQueueDepth: Double
    ) {
        self.intervalLength = intervalLength
        self.minRdLatencyNs = minRdLatencyNs
        self.maxRdLatencyNs = maxRdLatencyNs
        self.avgRdLatencyNs = avgRdLatencyNs
        self.minWrLatencyNs = minWrLatencyNs
        self.maxWrLatencyNs = maxWrLatencyNs
        self.avgWrLatencyNs = avgWrLatencyNs
        self.minFlushLatencyNs = minFlushLatencyNs
        self.maxFlushLatencyNs = maxFlushLatencyNs
        self.avgFlushLatencyNs = avgFlushLatencyNs
        self.avgRdQueueDepth = avgRdQueueDepth
        self.avgWrQueueDepth = avgWrQueueDepth
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        intervalLength = try reader.required("interval_length")
        minRdLatencyNs = try reader.required("min_rd_latency_ns")
        maxRdLatencyNs = try reader.required("max_rd_latency_ns")
        avgRdLatencyNs = try reader.required("avg_rd_latency_ns")
        minWrLatencyNs = try reader.required("min_wr_latency_ns")
        maxWrLatencyNs = try reader.required("max_wr_latency_ns")
        avgWrLatencyNs = try reader.required("avg_wr_latency_ns")
        minFlushLatencyNs = try reader.required("min_flush_latency_ns")
        maxFlushLatencyNs = try reader.required("max_flush_latency_ns")
        avgFlushLatencyNs = try reader.required("avg_flush_latency_ns")
        avgRdQueueDepth = try reader.required("avg_rd_queue_depth")
        avgWrQueueDepth = try reader.required("avg_wr_queue_depth")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("interval_length", intervalLength)
        writer.add("min_rd_latency_ns", minRdLatencyNs)
        writer.add("max_rd_latency_ns", maxRdLatencyNs)
        writer.add("avg_rd_latency_ns", avgRdLatencyNs)
        writer.add("min_wr_latency_ns", minWrLatencyNs)
        writer.add("max_wr_latency_ns", maxWrLatencyNs)
        writer.add("avg_wr_latency_ns", avgWrLatencyNs)
        writer.add("min_flush_latency_ns", minFlushLatencyNs)
        writer.add("max_flush_latency_ns", maxFlushLatencyNs)
        writer.add("avg_flush_latency_ns", avgFlushLatencyNs)
        writer.add("avg_rd_queue_depth", avgRdQueueDepth)
        writer.add("avg_wr_queue_depth", avgWrQueueDepth)
    }
}

/// How many requests took how long.
public struct BlockLatencyHistogramInfo: SchemaObject, Hashable {
    /// The limits between the ranges, in nanoseconds.
    public var boundaries: [UInt64]
    /// Requests in each range; one more than there are limits.
    public var bins: [UInt64]

    /// Put together from its members.
    public init(boundaries: [UInt64], bins: [UInt64]) {
        self.boundaries = boundaries
        self.bins = bins
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        boundaries = try reader.required("boundaries")
        bins = try reader.required("bins")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("boundaries", boundaries)
        writer.add("bins", bins)
    }
}

/// What a drive has done.
public struct BlockDeviceStats: SchemaObject, Hashable {
    /// Bytes read.
    public var rdBytes: Int64
    /// Bytes written.
    public var wrBytes: Int64
    /// Bytes given back (since 4.2).
    public var unmapBytes: Int64
    /// Reads.
    public var rdOperations: Int64
    /// Writes.
    public var wrOperations: Int64
    /// Flushes (since 0.15).
    public var flushOperations: Int64
    /// Requests that gave space back (since 4.2).
    public var unmapOperations: Int64
    /// Nanoseconds spent on reads (since 0.15).
    public var rdTotalTimeNs: Int64
    /// Nanoseconds spent on writes (since 0.15).
    public var wrTotalTimeNs: Int64
    /// Nanoseconds spent on flushes (since 0.15).
    public var flushTotalTimeNs: Int64
    /// Nanoseconds spent on giving space back (since 4.2).
    public var unmapTotalTimeNs: Int64
    /// The end of the farthest write, in bytes.
    public var wrHighestOffset: Int64
    /// Reads merged into others (since 2.3).
    public var rdMerged: Int64
    /// Writes merged into others (since 2.3).
    public var wrMerged: Int64
    /// Requests to give space back merged into others (since 4.2).
    public var unmapMerged: Int64
    /// Nanoseconds since the last request; absent if there was none (since 2.5).
    public var idleTimeNs: Int64?
    /// Reads that failed (since 2.5).
    public var failedRdOperations: Int64
    /// Writes that failed (since 2.5).
    public var failedWrOperations: Int64
    /// Flushes that failed (since 2.5).
    public var failedFlushOperations: Int64
    /// Requests to give space back that failed (since 4.2).
    public var failedUnmapOperations: Int64
    /// Reads that made no sense (since 2.5).
    public var invalidRdOperations: Int64
    /// Writes that made no sense (since 2.5).
    public var invalidWrOperations: Int64
    /// Flushes that made no sense (since 2.5).
    public var invalidFlushOperations: Int64
    /// Requests to give space back that made no sense (since 4.2).
    public var invalidUnmapOperations: Int64
    /// Whether requests that make no sense count for idle_time_ns (since 2.5).
    public var accountInvalid: Bool
    /// Whether requests that fail count for times and idle_time_ns (since 2.5).
    public var accountFailed: Bool
    /// How long requests took lately, for each interval configured (since 2.5).
    public var timedStats: [BlockDeviceTimedStats]
    /// How long reads took, if that is recorded (since 4.0).
    public var rdLatencyHistogram: BlockLatencyHistogramInfo?
    /// How long writes took, if that is recorded (since 4.0).
    public var wrLatencyHistogram: BlockLatencyHistogramInfo?
    /// How long flushes took, if that is recorded (since 4.0).
    public var flushLatencyHistogram: BlockLatencyHistogramInfo?

    /// Put together from its members.
    public init(
        rdBytes: Int64,
        wrBytes: Int64,
        unmapBytes: Int64,
        rdOperations: Int64,
        wrOperations: Int64,
        flushOperations: Int64,
        unmapOperations: Int64,
        rdTotalTimeNs: Int64,
        wrTotalTimeNs: Int64,
        flushTotalTimeNs: Int64,
        unmapTotalTimeNs: Int64,
        wrHighestOffset: Int64,
        rdMerged: Int64,
        wrMerged: Int64,
        unmapMerged: Int64,
        idleTimeNs: Int64? = nil,
        failedRdOperations: Int64,
        failedWrOperations: Int64,
        failedFlushOperations: Int64,
        failedUnmapOperations: Int64,
        invalidRdOperations: Int64,
        invalidWrOperations: Int64,
        invalidFlushOperations: Int64,
        invalidUnmapOperations: Int64,
        accountInvalid: Bool,
        accountFailed: Bool,
        timedStats: [BlockDeviceTimedStats],
        rdLatencyHistogram: BlockLatencyHistogramInfo? = nil,
        wrLatencyHistogram: BlockLatencyHistogramInfo? = nil,
        flushLatencyHistogram: BlockLatencyHistogramInfo? = nil
    ) {
        self.rdBytes = rdBytes
        self.wrBytes = wrBytes
        self.unmapBytes = unmapBytes
        self.rdOperations = rdOperations
        self.wrOperations = wrOperations
        self.flushOperations = flushOperations
        self.unmapOperations = unmapOperations
        self.rdTotalTimeNs = rdTotalTimeNs
        self.wrTotalTimeNs = wrTotalTimeNs
        self.flushTotalTimeNs = flushTotalTimeNs
        self.unmapTotalTimeNs = unmapTotalTimeNs
        self.wrHighestOffset = wrHighestOffset
        self.rdMerged = rdMerged
        self.wrMerged = wrMerged
        self.unmapMerged = unmapMerged
        self.idleTimeNs = idleTimeNs
        self.failedRdOperations = failedRdOperations
        self.failedWrOperations = failedWrOperations
        self.failedFlushOperations = failedFlushOperations
        self.failedUnmapOperations = failedUnmapOperations
        self.invalidRdOperations = invalidRdOperations
        self.invalidWrOperations = invalidWrOperations
        self.invalidFlushOperations = invalidFlushOperations
        self.invalidUnmapOperations = invalidUnmapOperations
        self.accountInvalid = accountInvalid
        self.accountFailed = accountFailed
        self.timedStats = timedStats
        self.rdLatencyHistogram = rdLatencyHistogram
        self.wrLatencyHistogram = wrLatencyHistogram
        self.flushLatencyHistogram = flushLatencyHistogram
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        rdBytes = try reader.required("rd_bytes")
        wrBytes = try reader.required("wr_bytes")
        unmapBytes = try reader.required("unmap_bytes")
        rdOperations = try reader.required("rd_operations")
        wrOperations = try reader.required("wr_operations")
        flushOperations = try reader.required("flush_operations")
        unmapOperations = try reader.required("unmap_operations")
        rdTotalTimeNs = try reader.required("rd_total_time_ns")
        wrTotalTimeNs = try reader.required("wr_total_time_ns")
        flushTotalTimeNs = try reader.required("flush_total_time_ns")
        unmapTotalTimeNs = try reader.required("unmap_total_time_ns")
        wrHighestOffset = try reader.required("wr_highest_offset")
        rdMerged = try reader.required("rd_merged")
        wrMerged = try reader.required("wr_merged")
        unmapMerged = try reader.required("unmap_merged")
        idleTimeNs = try reader.optional("idle_time_ns")
        failedRdOperations = try reader.required("failed_rd_operations")
        failedWrOperations = try reader.required("failed_wr_operations")
        failedFlushOperations = try reader.required("failed_flush_operations")
        failedUnmapOperations = try reader.required("failed_unmap_operations")
        invalidRdOperations = try reader.required("invalid_rd_operations")
        invalidWrOperations = try reader.required("invalid_wr_operations")
        invalidFlushOperations = try reader.required("invalid_flush_operations")
        invalidUnmapOperations = try reader.required("invalid_unmap_operations")
        accountInvalid = try reader.required("account_invalid")
        accountFailed = try reader.required("account_failed")
        timedStats = try reader.required("timed_stats")
        rdLatencyHistogram = try reader.optional("rd_latency_histogram")
        wrLatencyHistogram = try reader.optional("wr_latency_histogram")
        flushLatencyHistogram = try reader.optional("flush_latency_histogram")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("rd_bytes", rdBytes)
        writer.add("wr_bytes", wrBytes)
        writer.add("unmap_bytes", unmapBytes)
        writer.add("rd_operations", rdOperations)
        writer.add("wr_operations", wrOperations)
        writer.add("flush_operations", flushOperations)
        writer.add("unmap_operations", unmapOperations)
        writer.add("rd_total_time_ns", rdTotalTimeNs)
        writer.add("wr_total_time_ns", wrTotalTimeNs)
        writer.add("flush_total_time_ns", flushTotalTimeNs)
        writer.add("unmap_total_time_ns", unmapTotalTimeNs)
        writer.add("wr_highest_offset", wrHighestOffset)
        writer.add("rd_merged", rdMerged)
        writer.add("wr_merged", wrMerged)
        writer.add("unmap_merged", unmapMerged)
        writer.add("idle_time_ns", idleTimeNs)
        writer.add("failed_rd_operations", failedRdOperations)
        writer.add("failed_wr_operations", failedWrOperations)
        writer.add("failed_flush_operations", failedFlushOperations)
        writer.add("failed_unmap_operations", failedUnmapOperations)
        writer.add("invalid_rd_operations", invalidRdOperations)
        writer.add("invalid_wr_operations", invalidWrOperations)
        writer.add("invalid_flush_operations", invalidFlushOperations)
        writer.add("invalid_unmap_operations", invalidUnmapOperations)
        writer.add("account_invalid", accountInvalid)
        writer.add("account_failed", accountFailed)
        writer.add("timed_stats", timedStats)
        writer.add("rd_latency_histogram", rdLatencyHistogram)
        writer.add("wr_latency_histogram", wrLatencyHistogram)
        writer.add("flush_latency_histogram", flushLatencyHistogram)
    }
}

/// What a file has done besides.
public struct BlockStatsSpecificFile: SchemaObject, Hashable {
    /// Requests to give space back that succeeded.
    public var discardNbOk: UInt64
    /// Requests to give space back that failed.
    public var discardNbFailed: UInt64
    /// Bytes given back.
    public var discardBytesOk: UInt64

    /// Put together from its members.
    public init(discardNbOk: UInt64, discardNbFailed: UInt64, discardBytesOk: UInt64) {
        self.discardNbOk = discardNbOk
        self.discardNbFailed = discardNbFailed
        self.discardBytesOk = discardBytesOk
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        discardNbOk = try reader.required("discard-nb-ok")
        discardNbFailed = try reader.required("discard-nb-failed")
        discardBytesOk = try reader.required("discard-bytes-ok")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("discard-nb-ok", discardNbOk)
        writer.add("discard-nb-failed", discardNbFailed)
        writer.add("discard-bytes-ok", discardBytesOk)
    }
}

/// What an NVMe device has done besides.
public struct BlockStatsSpecificNvme: SchemaObject, Hashable {
    /// Requests that it failed.
    public var completionErrors: UInt64
    /// Requests made without a copy.
    public var alignedAccesses: UInt64
    /// Requests that had to be copied.
    public var unalignedAccesses: UInt64

    /// Put together from its members.
    public init(completionErrors: UInt64, alignedAccesses: UInt64, unalignedAccesses: UInt64) {
        self.completionErrors = completionErrors
        self.alignedAccesses = alignedAccesses
        self.unalignedAccesses = unalignedAccesses
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        completionErrors = try reader.required("completion-errors")
        alignedAccesses = try reader.required("aligned-accesses")
        unalignedAccesses = try reader.required("unaligned-accesses")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("completion-errors", completionErrors)
        writer.add("aligned-accesses", alignedAccesses)
        writer.add("unaligned-accesses", unalignedAccesses)
    }
}
