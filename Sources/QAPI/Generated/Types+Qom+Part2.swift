// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// A filter that holds packets back and lets them go in batches.
public struct FilterBufferProperties: SchemaObject, Hashable {
    /// The network back-end whose packets it sees.
    public var netdev: String
    /// Which of them; default all.
    public var queue: NetFilterDirection?
    /// "on" or "off"; default "on".
    public var status: String?
    /// Where among the other filters: "head", "tail" or "id=" and the name of one; default "tail" (since 5.0).
    public var position: String?
    /// On which side of the filter named; default behind (since 5.0).
    public var insert: NetfilterInsert?
    /// Microseconds from one batch to the next; not 0.
    public var interval: UInt32

    /// Put together from its members.
    public init(
        netdev: String,
        queue: NetFilterDirection? = nil,
        status: String? = nil,
        position: String? = nil,
        insert: NetfilterInsert? = nil,
        interval: UInt32
    ) {
        self.netdev = netdev
        self.queue = queue
        self.status = status
        self.position = position
        self.insert = insert
        self.interval = interval
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        netdev = try reader.required("netdev")
        queue = try reader.optional("queue")
        status = try reader.optional("status")
        position = try reader.optional("position")
        insert = try reader.optional("insert")
        interval = try reader.required("interval")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("netdev", netdev)
        writer.add("queue", queue)
        writer.add("status", status)
        writer.add("position", position)
        writer.add("insert", insert)
        writer.add("interval", interval)
    }
}

/// A filter that records packets in a file.
public struct FilterDumpProperties: SchemaObject, Hashable {
    /// The network back-end whose packets it sees.
    public var netdev: String
    /// Which of them; default all.
    public var queue: NetFilterDirection?
    /// "on" or "off"; default "on".
    public var status: String?
    /// Where among the other filters: "head", "tail" or "id=" and the name of one; default "tail" (since 5.0).
    public var position: String?
    /// On which side of the filter named; default behind (since 5.0).
    public var insert: NetfilterInsert?
    /// The file.
    public var file: String
    /// Bytes kept of a packet; default 65536.
    public var maxlen: UInt32?

    /// Put together from its members.
    public init(
        netdev: String,
        queue: NetFilterDirection? = nil,
        status: String? = nil,
        position: String? = nil,
        insert: NetfilterInsert? = nil,
        file: String,
        maxlen: UInt32? = nil
    ) {
        self.netdev = netdev
        self.queue = queue
        self.status = status
        self.position = position
        self.insert = insert
        self.file = file
        self.maxlen = maxlen
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        netdev = try reader.required("netdev")
        queue = try reader.optional("queue")
        status = try reader.optional("status")
        position = try reader.optional("position")
        insert = try reader.optional("insert")
        file = try reader.required("file")
        maxlen = try reader.optional("maxlen")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("netdev", netdev)
        writer.add("queue", queue)
        writer.add("status", status)
        writer.add("position", position)
        writer.add("insert", insert)
        writer.add("file", file)
        writer.add("maxlen", maxlen)
    }
}

/// A filter that sends a copy of each packet elsewhere.
public struct FilterMirrorProperties: SchemaObject, Hashable {
    /// The network back-end whose packets it sees.
    public var netdev: String
    /// Which of them; default all.
    public var queue: NetFilterDirection?
    /// "on" or "off"; default "on".
    public var status: String?
    /// Where among the other filters: "head", "tail" or "id=" and the name of one; default "tail" (since 5.0).
    public var position: String?
    /// On which side of the filter named; default behind (since 5.0).
    public var insert: NetfilterInsert?
    /// The character device that gets the copies.
    public var outdev: String
    /// Whether packets carry a virtio header; default false (since 2.11).
    public var vnetHdrSupport: Bool?

    /// Put together from its members.
    public init(
        netdev: String,
        queue: NetFilterDirection? = nil,
        status: String? = nil,
        position: String? = nil,
        insert: NetfilterInsert? = nil,
        outdev: String,
        vnetHdrSupport: Bool? = nil
    ) {
        self.netdev = netdev
        self.queue = queue
        self.status = status
        self.position = position
        self.insert = insert
        self.outdev = outdev
        self.vnetHdrSupport = vnetHdrSupport
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        netdev = try reader.required("netdev")
        queue = try reader.optional("queue")
        status = try reader.optional("status")
        position = try reader.optional("position")
        insert = try reader.optional("insert")
        outdev = try reader.required("outdev")
        vnetHdrSupport = try reader.optional("vnet_hdr_support")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("netdev", netdev)
        writer.add("queue", queue)
        writer.add("status", status)
        writer.add("position", position)
        writer.add("insert", insert)
        writer.add("outdev", outdev)
        writer.add("vnet_hdr_support", vnetHdrSupport)
    }
}

/// A filter that sends packets elsewhere, or takes them from there.
public struct FilterRedirectorProperties: SchemaObject, Hashable {
    /// The network back-end whose packets it sees.
    public var netdev: String
    /// Which of them; default all.
    public var queue: NetFilterDirection?
    /// "on" or "off"; default "on".
    public var status: String?
    /// Where among the other filters: "head", "tail" or "id=" and the name of one; default "tail" (since 5.0).
    public var position: String?
    /// On which side of the filter named; default behind (since 5.0).
    public var insert: NetfilterInsert?
    /// The character device to take packets from.
    public var indev: String?
    /// The character device to send packets to.
    public var outdev: String?
    /// Whether packets carry a virtio header; default false (since 2.11).
    public var vnetHdrSupport: Bool?

    /// Put together from its members.
    public init(
        netdev: String,
        queue: NetFilterDirection? = nil,
        status: String? = nil,
        position: String? = nil,
        insert: NetfilterInsert? = nil,
        indev: String? = nil,
        outdev: String? = nil,
        vnetHdrSupport: Bool? = nil
    ) {
        self.netdev = netdev
        self.queue = queue
        self.status = status
        self.position = position
        self.insert = insert
        self.indev = indev
        self.outdev = outdev
        self.vnetHdrSupport = vnetHdrSupport
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        netdev = try reader.required("netdev")
        queue = try reader.optional("queue")
        status = try reader.optional("status")
        position = try reader.optional("position")
        insert = try reader.optional("insert")
        indev = try reader.optional("indev")
        outdev = try reader.optional("outdev")
        vnetHdrSupport = try reader.optional("vnet_hdr_support")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("netdev", netdev)
        writer.add("queue", queue)
        writer.add("status", status)
        writer.add("position", position)
        writer.add("insert", insert)
        writer.add("indev", indev)
        writer.add("outdev", outdev)
        writer.add("vnet_hdr_support", vnetHdrSupport)
    }
}

/// A filter that keeps the TCP connections of a secondary in step with its primary.
public struct FilterRewriterProperties: SchemaObject, Hashable {
    /// The network back-end whose packets it sees.
    public var netdev: String
    /// Which of them; default all.
    public var queue: NetFilterDirection?
    /// "on" or "off"; default "on".
    public var status: String?
    /// Where among the other filters: "head", "tail" or "id=" and the name of one; default "tail" (since 5.0).
    public var position: String?
    /// On which side of the filter named; default behind (since 5.0).
    public var insert: NetfilterInsert?
    /// Whether packets carry a virtio header; default false (since 2.11).
    public var vnetHdrSupport: Bool?

    /// Put together from its members.
    public init(
        netdev: String,
        queue: NetFilterDirection? = nil,
        status: String? = nil,
        position: String? = nil,
        insert: NetfilterInsert? = nil,
        vnetHdrSupport: Bool? = nil
    ) {
        self.netdev = netdev
        self.queue = queue
        self.status = status
        self.position = position
        self.insert = insert
        self.vnetHdrSupport = vnetHdrSupport
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        netdev = try reader.required("netdev")
        queue = try reader.optional("queue")
        status = try reader.optional("status")
        position = try reader.optional("position")
        insert = try reader.optional("insert")
        vnetHdrSupport = try reader.optional("vnet_hdr_support")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("netdev", netdev)
        writer.add("queue", queue)
        writer.add("status", status)
        writer.add("position", position)
        writer.add("insert", insert)
        writer.add("vnet_hdr_support", vnetHdrSupport)
    }
}

/// Keyboard and mouse shared over the network.
public struct InputBarrierProperties: SchemaObject, Hashable {
    /// This screen's name.
    public var name: String
    /// The server's host; default "localhost".
    public var server: String?
    /// The server's port; default "24800".
    public var port: String?
    /// Left edge of this screen in pixels; default "0".
    public var xOrigin: String?
    /// Upper edge of this screen in pixels; default "0".
    public var yOrigin: String?
    /// Width of this screen in pixels; default "1920".
    public var width: String?
    /// Height of this screen in pixels; default "1080".
    public var height: String?

    /// Put together from its members.
    public init(
        name: String,
        server: String? = nil,
        port: String? = nil,
        xOrigin: String? = nil,
        yOrigin: String? = nil,
        width: String? = nil,
        height: String? = nil
    ) {
        self.name = name
        self.server = server
        self.port = port
        self.xOrigin = xOrigin
        self.yOrigin = yOrigin
        self.width = width
        self.height = height
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        server = try reader.optional("server")
        port = try reader.optional("port")
        xOrigin = try reader.optional("x-origin")
        yOrigin = try reader.optional("y-origin")
        width = try reader.optional("width")
        height = try reader.optional("height")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("server", server)
        writer.add("port", port)
        writer.add("x-origin", xOrigin)
        writer.add("y-origin", yOrigin)
        writer.add("width", width)
        writer.add("height", height)
    }
}

/// The keys that give a keyboard to the guest and back.
public enum GrabToggleKeys: String, SchemaValue, CaseIterable {
    /// Both control keys.
    case ctrlCtrl = "ctrl-ctrl"
    /// Both alternate keys.
    case altAlt = "alt-alt"
    /// Both shift keys.
    case shiftShift = "shift-shift"
    /// Both meta keys.
    case metaMeta = "meta-meta"
    /// The scroll lock key.
    case scrolllock
    /// Control and scroll lock.
    case ctrlScrolllock = "ctrl-scrolllock"
}

/// An input device of the host given to the guest.
public struct InputLinuxProperties: SchemaObject, Hashable {
    /// The device file.
    public var evdev: String
    /// Whether all other such devices follow this one; default false.
    public var grabAll: Bool?
    /// Whether keys held down repeat; default false.
    public var `repeat`: Bool?
    /// The keys that give it to the guest and back; default ctrl-ctrl.
    public var grabToggle: GrabToggleKeys?

    /// Put together from its members.
    public init(evdev: String, grabAll: Bool? = nil, `repeat`: Bool? = nil, grabToggle: GrabToggleKeys? = nil) {
        self.evdev = evdev
        self.grabAll = grabAll
        self.`repeat` = `repeat`
        self.grabToggle = grabToggle
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        evdev = try reader.required("evdev")
        grabAll = try reader.optional("grab_all")
        `repeat` = try reader.optional("repeat")
        grabToggle = try reader.optional("grab-toggle")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("evdev", evdev)
        writer.add("grab_all", grabAll)
        writer.add("repeat", `repeat`)
        writer.add("grab-toggle", grabToggle)
    }
}

/// A thread set aside for devices.
public struct IothreadProperties: SchemaObject, Hashable {
    /// How many requests are submitted at once at most; default 0, which leaves it to the engine.
    public var aioMaxBatch: Int64?
    /// Helper threads kept at least; default 0.
    public var threadPoolMin: Int64?
    /// Helper threads at most; default 64.
    public var threadPoolMax: Int64?
    /// Nanoseconds for which it polls at most before it sleeps; 0 for not at all; default 32768.
    public var pollMaxNs: Int64?
    /// By which factor that time grows; 0 for the default.
    public var pollGrow: Int64?
    /// By which factor that time shrinks; 0 for back to nothing at once.
    public var pollShrink: Int64?

    /// Put together from its members.
    public init(
        aioMaxBatch: Int64? = nil,
        threadPoolMin: Int64? = nil,
        threadPoolMax: Int64? = nil,
        pollMaxNs: Int64? = nil,
        pollGrow: Int64? = nil,
        pollShrink: Int64? = nil
    ) {
        self.aioMaxBatch = aioMaxBatch
        self.threadPoolMin = threadPoolMin
        self.threadPoolMax = threadPoolMax
        self.pollMaxNs = pollMaxNs
        self.pollGrow = pollGrow
        self.pollShrink = pollShrink
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        aioMaxBatch = try reader.optional("aio-max-batch")
        threadPoolMin = try reader.optional("thread-pool-min")
        threadPoolMax = try reader.optional("thread-pool-max")
        pollMaxNs = try reader.optional("poll-max-ns")
        pollGrow = try reader.optional("poll-grow")
        pollShrink = try reader.optional("poll-shrink")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("aio-max-batch", aioMaxBatch)
        writer.add("thread-pool-min", threadPoolMin)
        writer.add("thread-pool-max", threadPoolMax)
        writer.add("poll-max-ns", pollMaxNs)
        writer.add("poll-grow", pollGrow)
        writer.add("poll-shrink", pollShrink)
    }
}

/// The main event loop.
public struct MainLoopProperties: SchemaObject, Hashable {
    /// How many requests are submitted at once at most; default 0, which leaves it to the engine.
    public var aioMaxBatch: Int64?
    /// Helper threads kept at least; default 0.
    public var threadPoolMin: Int64?
    /// Helper threads at most; default 64.
    public var threadPoolMax: Int64?

    /// Put together from its members.
    public init(aioMaxBatch: Int64? = nil, threadPoolMin: Int64? = nil, threadPoolMax: Int64? = nil) {
        self.aioMaxBatch = aioMaxBatch
        self.threadPoolMin = threadPoolMin
        self.threadPoolMax = threadPoolMax
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        aioMaxBatch = try reader.optional("aio-max-batch")
        threadPoolMin = try reader.optional("thread-pool-min")
        threadPoolMax = try reader.optional("thread-pool-max")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("aio-max-batch", aioMaxBatch)
        writer.add("thread-pool-min", threadPoolMin)
        writer.add("thread-pool-max", threadPoolMax)
    }
}

/// What all host memory has.
public struct MemoryBackendProperties: SchemaObject, Hashable {
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
        xUseCanonicalPathForRamblockId: Bool? = nil
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
    }
}

/// Memory of a protected enclave.
public struct MemoryBackendEpcProperties: SchemaObject, Hashable {
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
        xUseCanonicalPathForRamblockId: Bool? = nil
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
    }
}
