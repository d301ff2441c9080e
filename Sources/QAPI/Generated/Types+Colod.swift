// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// What this side is to the guest.
public enum ColodRole: String, SchemaValue, CaseIterable {
    /// It runs the guest and sends checkpoints.
    case primary
    /// It holds the last complete checkpoint.
    case secondary
    /// It runs the guest without a peer.
    case alone
    /// It neither runs the guest nor holds a checkpoint.
    case waiting
}

/// Where this side stands.
public enum ColodState: String, SchemaValue, CaseIterable {
    /// The process has only begun.
    case starting
    /// There is no connection to the peer yet.
    case connecting
    /// The first full copy is on its way.
    case synchronising
    /// Checkpoints flow, and both sides have confirmed their roles.
    case protected
    /// The guest runs, but the death of this host would lose it.
    case unprotected
    /// The peer has taken over; this side will not run the guest.
    case superseded
    /// A takeover is under way.
    case takingOver = "taking-over"
    /// Something failed that an operator has to look at.
    case failed
    /// The guest has powered itself off, and the service ends.
    case ended
}

/// Who decides that the survivor goes on alone.
public enum ColodFailoverMode: String, SchemaValue, CaseIterable {
    /// The heartbeat monitor does.
    case automatic
    /// An operator does.
    case manual
}

/// One of the networks that the heartbeat uses.
public struct ColodNetwork: SchemaObject, Hashable {
    /// Where the peer listens on it.
    public var address: String
    /// Whether it carries messages now; absent if that is not known.
    public var up: Bool?

    /// Put together from its members.
    public init(address: String, up: Bool? = nil) {
        self.address = address
        self.up = up
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        address = try reader.required("address")
        up = try reader.optional("up")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("address", address)
        writer.add("up", up)
    }
}

/// What is known of the other side.
public struct ColodPeer: SchemaObject, Hashable {
    /// Whether there is a connection.
    public var connected: Bool
    /// Milliseconds since it was last heard; absent if it never was.
    public var lastHeardMs: UInt64?
    /// How many heartbeat networks are configured.
    public var networks: UInt64
    /// How many of them carry messages now.
    public var networksUp: UInt64
    /// Heartbeat connections that did not know the pair's key or broke its protocol.
    public var ignored: UInt64
    /// Whether the peer says that it runs the guest; absent while it is not heard.
    public var serving: Bool?
    /// The networks one by one; absent without a pair.
    public var heartbeat: [ColodNetwork]?
    /// The marks of the keys of the pair that it uses and, while keys are exchanged, accepts; absent while it is not
    /// heard.
    public var keys: [String]?

    /// Put together from its members.
    public init(
        connected: Bool,
        lastHeardMs: UInt64? = nil,
        networks: UInt64,
        networksUp: UInt64,
        ignored: UInt64,
        serving: Bool? = nil,
        heartbeat: [ColodNetwork]? = nil,
        keys: [String]? = nil
    ) {
        self.connected = connected
        self.lastHeardMs = lastHeardMs
        self.networks = networks
        self.networksUp = networksUp
        self.ignored = ignored
        self.serving = serving
        self.heartbeat = heartbeat
        self.keys = keys
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        connected = try reader.required("connected")
        lastHeardMs = try reader.optional("last-heard-ms")
        networks = try reader.required("networks")
        networksUp = try reader.required("networks-up")
        ignored = try reader.required("ignored")
        serving = try reader.optional("serving")
        heartbeat = try reader.optional("heartbeat")
        keys = try reader.optional("keys")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("connected", connected)
        writer.add("last-heard-ms", lastHeardMs)
        writer.add("networks", networks)
        writer.add("networks-up", networksUp)
        writer.add("ignored", ignored)
        writer.add("serving", serving)
        writer.add("heartbeat", heartbeat)
        writer.add("keys", keys)
    }
}

/// For how many milliseconds checkpoints stopped the guest.
public struct ColodPause: SchemaObject, Hashable {
    /// Half of them for less.
    public var median: Double
    /// 99 of 100 for less.
    public var p99: Double
    /// The longest.
    public var max: Double

    /// Put together from its members.
    public init(median: Double, p99: Double, max: Double) {
        self.median = median
        self.p99 = p99
        self.max = max
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        median = try reader.required("median")
        p99 = try reader.required("p99")
        max = try reader.required("max")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("median", median)
        writer.add("p99", p99)
        writer.add("max", max)
    }
}

/// How the pair is, from this side. What is not known is left out.
public struct ColodStatus: SchemaObject, Hashable {
    /// What this side is.
    public var role: ColodRole
    /// Where it stands.
    public var state: ColodState
    /// Whether the death of this host would lose nothing: verified, not hoped.
    public var protected: Bool
    /// Whether the guest runs here and its output is released.
    public var serving: Bool
    /// Grows with every takeover.
    public var term: UInt64
    /// The other side.
    public var peer: ColodPeer
    /// Complete checkpoints so far.
    public var checkpoints: UInt64
    /// How long they stopped the guest; once there were any.
    public var pauseMs: ColodPause?
    /// Their size on average; once there were any.
    public var bytesPerCheckpoint: UInt64?
    /// Milliseconds since the last complete one.
    public var lastCheckpointAgeMs: UInt64?
    /// Packets of the guest held back until their checkpoint is complete.
    public var heldPackets: UInt64
    /// The bytes of those packets.
    public var heldBytes: UInt64
    /// Packets of the guest that were lost since colod began, because more was held than checkpoint.drop-limit allows.
    public var droppedPackets: UInt64?
    /// What went wrong last, also after it was overcome.
    public var lastFailure: String?
    /// How long ago that was, in milliseconds.
    public var lastFailureAgeMs: UInt64?
    /// Why the guest is not protected now; absent if it is, and without a pair.
    public var impairments: [String]?
    /// Whether an operator stopped the guest, which then serves nobody; absent where it does not run.
    public var stopped: Bool?
    /// What this side waits for before it does more; absent if it waits for nothing.
    public var waitsFor: String?
    /// The last takeover of this side, from the decision to the first frame that it released; absent if there was none.
    public var takeoverMs: Double?
    /// Who decides a takeover.
    public var failover: ColodFailoverMode
    /// Who is asked before this side goes on alone: "none" or "command".
    public var arbiter: String
    /// How the replication channel is encrypted ("TLS1.3 AES-128-GCM"), or "none"; absent where there is no channel.
    public var encryption: String?
    /// The marks of the pair's keys, that of the used one first; absent without a pair.
    public var keys: [String]?
    /// What an operator has to see to in time, such as a certificate of an object that ends within 30 days; absent in
    /// events, and if there is nothing.
    public var warnings: [String]?
    /// Instructions that the guest has executed, if the engine counts them.
    public var retiredInstructions: UInt64?

    /// Put together from its members.
    public init(
        role: ColodRole,
        state: ColodState,
        protected: Bool,
        serving: Bool,
        term: UInt64,
        peer: ColodPeer,
        checkpoints: UInt64,
        pauseMs: ColodPause? = nil,
        bytesPerCheckpoint: UInt64? = nil,
        lastCheckpointAgeMs: UInt64? = nil,
        heldPackets: UInt64,
        heldBytes: UInt64,
        droppedPackets: UInt64? = nil,
        lastFailure: String? = nil,
        lastFailureAgeMs: UInt64? = nil,
        impairments: [String]? = nil,
        stopped: Bool? = nil,
        waitsFor: String? = nil,
        takeoverMs: Double? = nil,
        failover: ColodFailoverMode,
        arbiter: String,
        encryption: String? = nil,
        keys: [String]? = nil,
        warnings: [String]? = nil,
        retiredInstructions: UInt64? = nil
    ) {
        self.role = role
        self.state = state
        self.protected = protected
        self.serving = serving
        self.term = term
        self.peer = peer
        self.checkpoints = checkpoints
        self.pauseMs = pauseMs
        self.bytesPerCheckpoint = bytesPerCheckpoint
        self.lastCheckpointAgeMs = lastCheckpointAgeMs
        self.heldPackets = heldPackets
        self.heldBytes = heldBytes
        self.droppedPackets = droppedPackets
        self.lastFailure = lastFailure
        self.lastFailureAgeMs = lastFailureAgeMs
        self.impairments = impairments
        self.stopped = stopped
        self.waitsFor = waitsFor
        self.takeoverMs = takeoverMs
        self.failover = failover
        self.arbiter = arbiter
        self.encryption = encryption
        self.keys = keys
        self.warnings = warnings
        self.retiredInstructions = retiredInstructions
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        role = try reader.required("role")
        state = try reader.required("state")
        protected = try reader.required("protected")
        serving = try reader.required("serving")
        term = try reader.required("term")
        peer = try reader.required("peer")
        checkpoints = try reader.required("checkpoints")
        pauseMs = try reader.optional("pause-ms")
        bytesPerCheckpoint = try reader.optional("bytes-per-checkpoint")
        lastCheckpointAgeMs = try reader.optional("last-checkpoint-age-ms")
        heldPackets = try reader.required("held-packets")
        heldBytes = try reader.required("held-bytes")
        droppedPackets = try reader.optional("dropped-packets")
        lastFailure = try reader.optional("last-failure")
        lastFailureAgeMs = try reader.optional("last-failure-age-ms")
        impairments = try reader.optional("impairments")
        stopped = try reader.optional("stopped")
        waitsFor = try reader.optional("waits-for")
        takeoverMs = try reader.optional("takeover-ms")
        failover = try reader.required("failover")
        arbiter = try reader.required("arbiter")
        encryption = try reader.optional("encryption")
        keys = try reader.optional("keys")
        warnings = try reader.optional("warnings")
        retiredInstructions = try reader.optional("retired-instructions")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("role", role)
        writer.add("state", state)
        writer.add("protected", protected)
        writer.add("serving", serving)
        writer.add("term", term)
        writer.add("peer", peer)
        writer.add("checkpoints", checkpoints)
        writer.add("pause-ms", pauseMs)
        writer.add("bytes-per-checkpoint", bytesPerCheckpoint)
        writer.add("last-checkpoint-age-ms", lastCheckpointAgeMs)
        writer.add("held-packets", heldPackets)
        writer.add("held-bytes", heldBytes)
        writer.add("dropped-packets", droppedPackets)
        writer.add("last-failure", lastFailure)
        writer.add("last-failure-age-ms", lastFailureAgeMs)
        writer.add("impairments", impairments)
        writer.add("stopped", stopped)
        writer.add("waits-for", waitsFor)
        writer.add("takeover-ms", takeoverMs)
        writer.add("failover", failover)
        writer.add("arbiter", arbiter)
        writer.add("encryption", encryption)
        writer.add("keys", keys)
        writer.add("warnings", warnings)
        writer.add("retired-instructions", retiredInstructions)
    }
}

/// How many pauses were of one length.
public struct ColodPauseCount: SchemaObject, Hashable {
    /// The length, to three digits.
    public var microseconds: UInt64
    /// The pauses of that length.
    public var count: UInt64

    /// Put together from its members.
    public init(microseconds: UInt64, count: UInt64) {
        self.microseconds = microseconds
        self.count = count
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        microseconds = try reader.required("microseconds")
        count = try reader.required("count")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("microseconds", microseconds)
        writer.add("count", count)
    }
}

/// The keys of a pair, by their marks: six hexadecimal digits that are made of a key and tell nothing of it.
public struct ColodKeys: SchemaObject, Hashable {
    /// Those of this side, the used one first, then the accepted one.
    public var keys: [String]
    /// Those of the peer; absent while it is not heard.
    public var peer: [String]?

    /// Put together from its members.
    public init(keys: [String], peer: [String]? = nil) {
        self.keys = keys
        self.peer = peer
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        keys = try reader.required("keys")
        peer = try reader.optional("peer")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("keys", keys)
        writer.add("peer", peer)
    }
}

/// The result of a drill.
public struct ColodDrill: SchemaObject, Hashable {
    /// From the command until this side knew that the other one had the guest; what clients wait is longer.
    public var milliseconds: Double
    /// From the command to the first frame that the new side released, which is what clients wait; absent if that is
    /// not known.
    public var takeoverMs: Double?

    /// Put together from its members.
    public init(milliseconds: Double, takeoverMs: Double? = nil) {
        self.milliseconds = milliseconds
        self.takeoverMs = takeoverMs
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        milliseconds = try reader.required("milliseconds")
        takeoverMs = try reader.optional("takeover-ms")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("milliseconds", milliseconds)
        writer.add("takeover-ms", takeoverMs)
    }
}
