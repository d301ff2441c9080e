// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Memory in a file.
public struct MemoryBackendFileProperties: SchemaObject, Hashable {
    /// Whether it is part of a core dump.
    public var dump: Bool?
    /// The host's NUMA nodes that it is taken from.
    public var hostNodes: [UInt16]?
    /// Whether equal pages may be merged.
    public var merge: Bool?
    /// How it is taken from the nodes; default default.
    public var policy: HostMemPolicy?
    /// Whether all of it is touched at the start; default false.
    public var prealloc: Bool?
    /// Threads that do so; default 1.
    public var preallocThreads: UInt32?
    /// The thread context that they get (since 7.2).
    public var preallocContext: String?
    /// Whether other processes can map it.
    public var share: Bool?
    /// Whether swap space is reserved for it; default true (since 6.1).
    public var reserve: Bool?
    /// Bytes.
    public var size: UInt64
    /// Whether its RAM block is named by its whole path (since 4.0).
    public var xUseCanonicalPathForRamblockId: Bool?
    /// Bytes that its address is a multiple of; default 0, a page.
    public var align: UInt64?
    /// Whether the content may be thrown away at the end; default false.
    public var discardData: Bool?
    /// The file, or a directory to make one in.
    public var memPath: String
    /// Whether the file is persistent memory (since 3.1).
    public var pmem: Bool?
    /// Whether the file is opened for reading only; default false.
    public var readonly: Bool?

    /// Put together from its members.
    public init(
        dump: Bool? = nil,
        hostNodes: [UInt16]? = nil,
        merge: Bool? = nil,
        policy: HostMemPolicy? = nil,
        prealloc: Bool? = nil,
        preallocThreads: UInt32? = nil,
        preallocContext: String? = nil,
        share: Bool? = nil,
        reserve: Bool? = nil,
        size: UInt64,
        xUseCanonicalPathForRamblockId: Bool? = nil,
        align: UInt64? = nil,
        discardData: Bool? = nil,
        memPath: String,
        pmem: Bool? = nil,
        readonly: Bool? = nil
    ) {
        self.dump = dump
        self.hostNodes = hostNodes
        self.merge = merge
        self.policy = policy
        self.prealloc = prealloc
        self.preallocThreads = preallocThreads
        self.preallocContext = preallocContext
        self.share = share
        self.reserve = reserve
        self.size = size
        self.xUseCanonicalPathForRamblockId = xUseCanonicalPathForRamblockId
        self.align = align
        self.discardData = discardData
        self.memPath = memPath
        self.pmem = pmem
        self.readonly = readonly
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        dump = try reader.optional("dump")
        hostNodes = try reader.optional("host-nodes")
        merge = try reader.optional("merge")
        policy = try reader.optional("policy")
        prealloc = try reader.optional("prealloc")
        preallocThreads = try reader.optional("prealloc-threads")
        preallocContext = try reader.optional("prealloc-context")
        share = try reader.optional("share")
        reserve = try reader.optional("reserve")
        size = try reader.required("size")
        xUseCanonicalPathForRamblockId = try reader.optional("x-use-canonical-path-for-ramblock-id")
        align = try reader.optional("align")
        discardData = try reader.optional("discard-data")
        memPath = try reader.required("mem-path")
        pmem = try reader.optional("pmem")
        readonly = try reader.optional("readonly")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("dump", dump)
        writer.add("host-nodes", hostNodes)
        writer.add("merge", merge)
        writer.add("policy", policy)
        writer.add("prealloc", prealloc)
        writer.add("prealloc-threads", preallocThreads)
        writer.add("prealloc-context", preallocContext)
        writer.add("share", share)
        writer.add("reserve", reserve)
        writer.add("size", size)
        writer.add("x-use-canonical-path-for-ramblock-id", xUseCanonicalPathForRamblockId)
        writer.add("align", align)
        writer.add("discard-data", discardData)
        writer.add("mem-path", memPath)
        writer.add("pmem", pmem)
        writer.add("readonly", readonly)
    }
}

/// Anonymous memory with a descriptor.
public struct MemoryBackendMemfdProperties: SchemaObject, Hashable {
    /// Whether it is part of a core dump.
    public var dump: Bool?
    /// The host's NUMA nodes that it is taken from.
    public var hostNodes: [UInt16]?
    /// Whether equal pages may be merged.
    public var merge: Bool?
    /// How it is taken from the nodes; default default.
    public var policy: HostMemPolicy?
    /// Whether all of it is touched at the start; default false.
    public var prealloc: Bool?
    /// Threads that do so; default 1.
    public var preallocThreads: UInt32?
    /// The thread context that they get (since 7.2).
    public var preallocContext: String?
    /// Whether other processes can map it.
    public var share: Bool?
    /// Whether swap space is reserved for it; default true (since 6.1).
    public var reserve: Bool?
    /// Bytes.
    public var size: UInt64
    /// Whether its RAM block is named by its whole path (since 4.0).
    public var xUseCanonicalPathForRamblockId: Bool?
    /// Whether it is made of huge pages; default false.
    public var hugetlb: Bool?
    /// Bytes of such a page; 0 for the host's choice.
    public var hugetlbsize: UInt64?
    /// Whether its size is sealed; default true.
    public var seal: Bool?

    /// Put together from its members.
    public init(
        dump: Bool? = nil,
        hostNodes: [UInt16]? = nil,
        merge: Bool? = nil,
        policy: HostMemPolicy? = nil,
        prealloc: Bool? = nil,
        preallocThreads: UInt32? = nil,
        preallocContext: String? = nil,
        share: Bool? = nil,
        reserve: Bool? = nil,
        size: UInt64,
        xUseCanonicalPathForRamblockId: Bool? = nil,
        hugetlb: Bool? = nil,
        hugetlbsize: UInt64? = nil,
        seal: Bool? = nil
    ) {
        self.dump = dump
        self.hostNodes = hostNodes
        self.merge = merge
        self.policy = policy
        self.prealloc = prealloc
        self.preallocThreads = preallocThreads
        self.preallocContext = preallocContext
        self.share = share
        self.reserve = reserve
        self.size = size
        self.xUseCanonicalPathForRamblockId = xUseCanonicalPathForRamblockId
        self.hugetlb = hugetlb
        self.hugetlbsize = hugetlbsize
        self.seal = seal
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        dump = try reader.optional("dump")
        hostNodes = try reader.optional("host-nodes")
        merge = try reader.optional("merge")
        policy = try reader.optional("policy")
        prealloc = try reader.optional("prealloc")
        preallocThreads = try reader.optional("prealloc-threads")
        preallocContext = try reader.optional("prealloc-context")
        share = try reader.optional("share")
        reserve = try reader.optional("reserve")
        size = try reader.required("size")
        xUseCanonicalPathForRamblockId = try reader.optional("x-use-canonical-path-for-ramblock-id")
        hugetlb = try reader.optional("hugetlb")
        hugetlbsize = try reader.optional("hugetlbsize")
        seal = try reader.optional("seal")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("dump", dump)
        writer.add("host-nodes", hostNodes)
        writer.add("merge", merge)
        writer.add("policy", policy)
        writer.add("prealloc", prealloc)
        writer.add("prealloc-threads", preallocThreads)
        writer.add("prealloc-context", preallocContext)
        writer.add("share", share)
        writer.add("reserve", reserve)
        writer.add("size", size)
        writer.add("x-use-canonical-path-for-ramblock-id", xUseCanonicalPathForRamblockId)
        writer.add("hugetlb", hugetlb)
        writer.add("hugetlbsize", hugetlbsize)
        writer.add("seal", seal)
    }
}

/// A helper for persistent reservations of disks.
public struct PrManagerHelperProperties: SchemaObject, Hashable {
    /// The helper's socket.
    public var path: String

    /// Put together from its members.
    public init(path: String) {
        self.path = path
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        path = try reader.required("path")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("path", path)
    }
}

/// An interface for tests of devices.
public struct QtestProperties: SchemaObject, Hashable {
    /// The character device to the test.
    public var chardev: String
    /// A file to which the conversation is written.
    public var log: String?

    /// Put together from its members.
    public init(chardev: String, log: String? = nil) {
        self.chardev = chardev
        self.log = log
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        chardev = try reader.required("chardev")
        log = try reader.optional("log")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("chardev", chardev)
        writer.add("log", log)
    }
}

/// What all sources of randomness have.
public struct RngProperties: SchemaObject, Hashable {
    /// Has no effect.
    public var opened: Bool?

    /// Put together from its members.
    public init(opened: Bool? = nil) {
        self.opened = opened
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        opened = try reader.optional("opened")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("opened", opened)
    }
}

/// Randomness from a daemon.
public struct RngEgdProperties: SchemaObject, Hashable {
    /// Has no effect.
    public var opened: Bool?
    /// The character device to the daemon.
    public var chardev: String

    /// Put together from its members.
    public init(opened: Bool? = nil, chardev: String) {
        self.opened = opened
        self.chardev = chardev
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        opened = try reader.optional("opened")
        chardev = try reader.required("chardev")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("opened", opened)
        writer.add("chardev", chardev)
    }
}

/// Randomness from a file.
public struct RngRandomProperties: SchemaObject, Hashable {
    /// Has no effect.
    public var opened: Bool?
    /// The file; default "/dev/urandom".
    public var filename: String?

    /// Put together from its members.
    public init(opened: Bool? = nil, filename: String? = nil) {
        self.opened = opened
        self.filename = filename
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        opened = try reader.optional("opened")
        filename = try reader.optional("filename")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("opened", opened)
        writer.add("filename", filename)
    }
}

/// A guest whose memory the host cannot read.
public struct SevGuestProperties: SchemaObject, Hashable {
    /// The device file of the security processor; default "/dev/sev".
    public var sevDevice: String?
    /// The owner's certificate.
    public var dhCertFile: String?
    /// The owner's session parameters.
    public var sessionFile: String?
    /// The guest's policy; default 1.
    public var policy: UInt32?
    /// The handle of the guest whose key it shares; default 0, none.
    public var handle: UInt32?
    /// The bit of a page table entry that marks encrypted pages; default 0.
    public var cbitpos: UInt32?
    /// By how many bits addresses become shorter.
    public var reducedPhysBits: UInt32
    /// Whether hashes of the kernel are put in for its firmware; default false (since 6.2).
    public var kernelHashes: Bool?

    /// Put together from its members.
    public init(
        sevDevice: String? = nil,
        dhCertFile: String? = nil,
        sessionFile: String? = nil,
        policy: UInt32? = nil,
        handle: UInt32? = nil,
        cbitpos: UInt32? = nil,
        reducedPhysBits: UInt32,
        kernelHashes: Bool? = nil
    ) {
        self.sevDevice = sevDevice
        self.dhCertFile = dhCertFile
        self.sessionFile = sessionFile
        self.policy = policy
        self.handle = handle
        self.cbitpos = cbitpos
        self.reducedPhysBits = reducedPhysBits
        self.kernelHashes = kernelHashes
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        sevDevice = try reader.optional("sev-device")
        dhCertFile = try reader.optional("dh-cert-file")
        sessionFile = try reader.optional("session-file")
        policy = try reader.optional("policy")
        handle = try reader.optional("handle")
        cbitpos = try reader.optional("cbitpos")
        reducedPhysBits = try reader.required("reduced-phys-bits")
        kernelHashes = try reader.optional("kernel-hashes")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("sev-device", sevDevice)
        writer.add("dh-cert-file", dhCertFile)
        writer.add("session-file", sessionFile)
        writer.add("policy", policy)
        writer.add("handle", handle)
        writer.add("cbitpos", cbitpos)
        writer.add("reduced-phys-bits", reducedPhysBits)
        writer.add("kernel-hashes", kernelHashes)
    }
}

/// On which processors threads run.
public struct ThreadContextProperties: SchemaObject, Hashable {
    /// The host's processors; default all of this process.
    public var cpuAffinity: [UInt16]?
    /// The host's NUMA nodes whose processors are taken.
    public var nodeAffinity: [UInt16]?

    /// Put together from its members.
    public init(cpuAffinity: [UInt16]? = nil, nodeAffinity: [UInt16]? = nil) {
        self.cpuAffinity = cpuAffinity
        self.nodeAffinity = nodeAffinity
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        cpuAffinity = try reader.optional("cpu-affinity")
        nodeAffinity = try reader.optional("node-affinity")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("cpu-affinity", cpuAffinity)
        writer.add("node-affinity", nodeAffinity)
    }
}

/// How fast a group of disks may be. What is absent or 0 is not limited.
public struct ThrottleLimits: SchemaObject, Hashable {
    /// Requests a second.
    public var iopsTotal: Int64?
    /// Largest burst in requests a second.
    public var iopsTotalMax: Int64?
    /// Seconds that such a burst may last.
    public var iopsTotalMaxLength: Int64?
    /// Requests a second for reads.
    public var iopsRead: Int64?
    /// Largest burst in requests a second for reads.
    public var iopsReadMax: Int64?
    /// Seconds that such a burst may last.
    public var iopsReadMaxLength: Int64?
    /// Requests a second for writes.
    public var iopsWrite: Int64?
    /// Largest burst in requests a second for writes.
    public var iopsWriteMax: Int64?
    /// Seconds that such a burst may last.
    public var iopsWriteMaxLength: Int64?
    /// Bytes a second.
    public var bpsTotal: Int64?
    /// Largest burst in bytes a second.
    public var bpsTotalMax: Int64?
    /// Seconds that such a burst may last.
    public var bpsTotalMaxLength: Int64?
    /// Bytes a second for reads.
    public var bpsRead: Int64?
    /// Largest burst in bytes a second for reads.
    public var bpsReadMax: Int64?
    /// Seconds that such a burst may last.
    public var bpsReadMaxLength: Int64?
    /// Bytes a second for writes.
    public var bpsWrite: Int64?
    /// Largest burst in bytes a second for writes.
    public var bpsWriteMax: Int64?
    /// Seconds that such a burst may last.
    public var bpsWriteMaxLength: Int64?
    /// Bytes that count as one request.
    public var iopsSize: Int64?

    /// Put together from its members.
    public init(
        iopsTotal: Int64? = nil,
        iopsTotalMax: Int64? = nil,
        iopsTotalMaxLength: Int64? = nil,
        iopsRead: Int64? = nil,
        iopsReadMax: Int64? = nil,
        iopsReadMaxLength: Int64? = nil,
        iopsWrite: Int64? = nil,
        iopsWriteMax: Int64? = nil,
        iopsWriteMaxLength: Int64? = nil,
        bpsTotal: Int64? = nil,
        bpsTotalMax: Int64? = nil,
        bpsTotalMaxLength: Int64? = nil,
        bpsRead: Int64? = nil,
        bpsReadMax: Int64? = nil,
        bpsReadMaxLength: Int64? = nil,
        bpsWrite: Int64? = nil,
        bpsWriteMax: Int64? = nil,
        bpsWriteMaxLength: Int64? = nil,
        iopsSize: Int64? = nil
    ) {
        self.iopsTotal = iopsTotal
        self.iopsTotalMax = iopsTotalMax
        self.iopsTotalMaxLength = iopsTotalMaxLength
        self.iopsRead = iopsRead
        self.iopsReadMax = iopsReadMax
        self.iopsReadMaxLength = iopsReadMaxLength
        self.iopsWrite = iopsWrite
        self.iopsWriteMax = iopsWriteMax
        self.iopsWriteMaxLength = iopsWriteMaxLength
        self.bpsTotal = bpsTotal
        self.bpsTotalMax = bpsTotalMax
        self.bpsTotalMaxLength = bpsTotalMaxLength
        self.bpsRead = bpsRead
        self.bpsReadMax = bpsReadMax
        self.bpsReadMaxLength = bpsReadMaxLength
        self.bpsWrite = bpsWrite
        self.bpsWriteMax = bpsWriteMax
        self.bpsWriteMaxLength = bpsWriteMaxLength
        self.iopsSize = iopsSize
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        iopsTotal = try reader.optional("iops-total")
        iopsTotalMax = try reader.optional("iops-total-max")
        iopsTotalMaxLength = try reader.optional("iops-total-max-length")
        iopsRead = try reader.optional("iops-read")
        iopsReadMax = try reader.optional("iops-read-max")
        iopsReadMaxLength = try reader.optional("iops-read-max-length")
        iopsWrite = try reader.optional("iops-write")
        iopsWriteMax = try reader.optional("iops-write-max")
        iopsWriteMaxLength = try reader.optional("iops-write-max-length")
        bpsTotal = try reader.optional("bps-total")
        bpsTotalMax = try reader.optional("bps-total-max")
        bpsTotalMaxLength = try reader.optional("bps-total-max-length")
        bpsRead = try reader.optional("bps-read")
        bpsReadMax = try reader.optional("bps-read-max")
        bpsReadMaxLength = try reader.optional("bps-read-max-length")
        bpsWrite = try reader.optional("bps-write")
        bpsWriteMax = try reader.optional("bps-write-max")
        bpsWriteMaxLength = try reader.optional("bps-write-max-length")
        iopsSize = try reader.optional("iops-size")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("iops-total", iopsTotal)
        writer.add("iops-total-max", iopsTotalMax)
        writer.add("iops-total-max-length", iopsTotalMaxLength)
        writer.add("iops-read", iopsRead)
        writer.add("iops-read-max", iopsReadMax)
        writer.add("iops-read-max-length", iopsReadMaxLength)
        writer.add("iops-write", iopsWrite)
        writer.add("iops-write-max", iopsWriteMax)
        writer.add("iops-write-max-length", iopsWriteMaxLength)
        writer.add("bps-total", bpsTotal)
        writer.add("bps-total-max", bpsTotalMax)
        writer.add("bps-total-max-length", bpsTotalMaxLength)
        writer.add("bps-read", bpsRead)
        writer.add("bps-read-max", bpsReadMax)
        writer.add("bps-read-max-length", bpsReadMaxLength)
        writer.add("bps-write", bpsWrite)
        writer.add("bps-write-max", bpsWriteMax)
        writer.add("bps-write-max-length", bpsWriteMaxLength)
        writer.add("iops-size", iopsSize)
    }
}

/// A group of disks with common limits.
public struct ThrottleGroupProperties: SchemaObject, Hashable {
    /// The limits.
    public var limits: ThrottleLimits?
    /// See limits: iops-total.
    public var xIopsTotal: Int64?
    /// See limits: iops-total-max.
    public var xIopsTotalMax: Int64?
    /// See limits: iops-total-max-length.
    public var xIopsTotalMaxLength: Int64?
    /// See limits: iops-read.
    public var xIopsRead: Int64?
    /// See limits: iops-read-max.
    public var xIopsReadMax: Int64?
    /// See limits: iops-read-max-length.
    public var xIopsReadMaxLength: Int64?
    /// See limits: iops-write.
    public var xIopsWrite: Int64?
    /// See limits: iops-write-max.
    public var xIopsWriteMax: Int64?
    /// See limits: iops-write-max-length.
    public var xIopsWriteMaxLength: Int64?
    /// See limits: bps-total.
    public var xBpsTotal: Int64?
    /// See limits: bps-total-max.
    public var xBpsTotalMax: Int64?
    /// See limits: bps-total-max-length.
    public var xBpsTotalMaxLength: Int64?
    /// See limits: bps-read.
    public var xBpsRead: Int64?
    /// See limits: bps-read-max.
    public var xBpsReadMax: Int64?
    /// See limits: bps-read-max-length.
    public var xBpsReadMaxLength: Int64?
    /// See limits: bps-write.
    public var xBpsWrite: Int64?
    /// See limits: bps-write-max.
    public var xBpsWriteMax: Int64?
    /// See limits: bps-write-max-length.
    public var xBpsWriteMaxLength: Int64?
    /// See limits: iops-size.
    public var xIopsSize: Int64?

    /// Put together from its members.
    public init(
        limits: ThrottleLimits? = nil,
        xIopsTotal: Int64? = nil,
        xIopsTotalMax: Int64? = nil,
        xIopsTotalMaxLength: Int64? = nil,
        xIopsRead: Int64? = nil,
        xIopsReadMax: Int64? = nil,
        xIopsReadMaxLength: Int64? = nil,
        xIopsWrite: Int64? = nil,
        xIopsWriteMax: Int64? = nil,
        xIopsWriteMaxLength: Int64? = nil,
        xBpsTotal: Int64? = nil,
        xBpsTotalMax: Int64? = nil,
        xBpsTotalMaxLength: Int64? = nil,
        xBpsRead: Int64? = nil,
        xBpsReadMax: Int64? = nil,
        xBpsReadMaxLength: Int64? = nil,
        xBpsWrite: Int64? = nil,
        xBpsWriteMax: Int64? = nil,
        xBpsWriteMaxLength: Int64? = nil,
        xIopsSize: Int64? = nil
    ) {
        self.limits = limits
        self.xIopsTotal = xIopsTotal
        self.xIopsTotalMax = xIopsTotalMax
        self.xIopsTotalMaxLength = xIopsTotalMaxLength
        self.xIopsRead = xIopsRead
        self.xIopsReadMax = xIopsReadMax
        self.xIopsReadMaxLength = xIopsReadMaxLength
        self.xIopsWrite = xIopsWrite
        self.xIopsWriteMax = xIopsWriteMax
        self.xIopsWriteMaxLength = xIopsWriteMaxLength
        self.xBpsTotal = xBpsTotal
        self.xBpsTotalMax = xBpsTotalMax
        self.xBpsTotalMaxLength = xBpsTotalMaxLength
        self.xBpsRead = xBpsRead
        self.xBpsReadMax = xBpsReadMax
        self.xBpsReadMaxLength = xBpsReadMaxLength
        self.xBpsWrite = xBpsWrite
        self.xBpsWriteMax = xBpsWriteMax
        self.xBpsWriteMaxLength = xBpsWriteMaxLength
        self.xIopsSize = xIopsSize
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        limits = try reader.optional("limits")
        xIopsTotal = try reader.optional("x-iops-total")
        xIopsTotalMax = try reader.optional("x-iops-total-max")
        xIopsTotalMaxLength = try reader.optional("x-iops-total-max-length")
        xIopsRead = try reader.optional("x-iops-read")
        xIopsReadMax = try reader.optional("x-iops-read-max")
        xIopsReadMaxLength = try reader.optional("x-iops-read-max-length")
        xIopsWrite = try reader.optional("x-iops-write")
        xIopsWriteMax = try reader.optional("x-iops-write-max")
        xIopsWriteMaxLength = try reader.optional("x-iops-write-max-length")
        xBpsTotal = try reader.optional("x-bps-total")
        xBpsTotalMax = try reader.optional("x-bps-total-max")
        xBpsTotalMaxLength = try reader.optional("x-bps-total-max-length")
        xBpsRead = try reader.optional("x-bps-read")
        xBpsReadMax = try reader.optional("x-bps-read-max")
        xBpsReadMaxLength = try reader.optional("x-bps-read-max-length")
        xBpsWrite = try reader.optional("x-bps-write")
        xBpsWriteMax = try reader.optional("x-bps-write-max")
        xBpsWriteMaxLength = try reader.optional("x-bps-write-max-length")
        xIopsSize = try reader.optional("x-iops-size")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("limits", limits)
        writer.add("x-iops-total", xIopsTotal)
        writer.add("x-iops-total-max", xIopsTotalMax)
        writer.add("x-iops-total-max-length", xIopsTotalMaxLength)
        writer.add("x-iops-read", xIopsRead)
        writer.add("x-iops-read-max", xIopsReadMax)
        writer.add("x-iops-read-max-length", xIopsReadMaxLength)
        writer.add("x-iops-write", xIopsWrite)
        writer.add("x-iops-write-max", xIopsWriteMax)
        writer.add("x-iops-write-max-length", xIopsWriteMaxLength)
        writer.add("x-bps-total", xBpsTotal)
        writer.add("x-bps-total-max", xBpsTotalMax)
        writer.add("x-bps-total-max-length", xBpsTotalMaxLength)
        writer.add("x-bps-read", xBpsRead)
        writer.add("x-bps-read-max", xBpsReadMax)
        writer.add("x-bps-read-max-length", xBpsReadMaxLength)
        writer.add("x-bps-write", xBpsWrite)
        writer.add("x-bps-write-max", xBpsWriteMax)
        writer.add("x-bps-write-max-length", xBpsWriteMaxLength)
        writer.add("x-iops-size", xIopsSize)
    }
}
