// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// An architecture of guests.
public enum SysEmuTarget: String, SchemaValue, CaseIterable {
    /// Arm, 64 bits.
    case aarch64
    /// Alpha.
    case alpha
    /// Arm, 32 bits.
    case arm
    /// AVR (since 5.1).
    case avr
    /// CRIS.
    case cris
    /// PA-RISC.
    case hppa
    /// X86, 32 bits.
    case i386
    /// LoongArch, 64 bits (since 7.1).
    case loongarch64
    /// 68000.
    case m68k
    /// MicroBlaze, big-endian.
    case microblaze
    /// MicroBlaze, little-endian.
    case microblazeel
    /// MIPS, 32 bits, big-endian.
    case mips
    /// MIPS, 64 bits, big-endian.
    case mips64
    /// MIPS, 64 bits, little-endian.
    case mips64el
    /// MIPS, 32 bits, little-endian.
    case mipsel
    /// Nios II.
    case nios2
    /// OpenRISC.
    case or1k
    /// PowerPC, 32 bits.
    case ppc
    /// PowerPC, 64 bits.
    case ppc64
    /// RISC-V, 32 bits.
    case riscv32
    /// RISC-V, 64 bits.
    case riscv64
    /// RX (since 5.0).
    case rx
    /// Z/Architecture.
    case s390x
    /// SuperH, little-endian.
    case sh4
    /// SuperH, big-endian.
    case sh4eb
    /// SPARC, 32 bits.
    case sparc
    /// SPARC, 64 bits.
    case sparc64
    /// TriCore.
    case tricore
    /// X86, 64 bits.
    case x8664 = "x86_64"
    /// Xtensa, little-endian.
    case xtensa
    /// Xtensa, big-endian.
    case xtensaeb
}

/// The state of a vCPU of an s390x guest.
public enum CpuS390State: String, SchemaValue, CaseIterable {
    /// Not yet set up.
    case uninitialized
    /// Stopped.
    case stopped
    /// Stopped by a machine check.
    case checkStop = "check-stop"
    /// Running.
    case operating
    /// Loading a program.
    case load
}

/// What is known of a vCPU of an s390x guest besides.
public struct CpuInfoS390: SchemaObject, Hashable {
    /// Its state.
    public var cpuState: CpuS390State

    /// Put together from its members.
    public init(cpuState: CpuS390State) {
        self.cpuState = cpuState
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        cpuState = try reader.required("cpu-state")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("cpu-state", cpuState)
    }
}

/// Where a vCPU is in the topology of the guest. What the machine does not model is absent.
public struct CpuInstanceProperties: SchemaObject, Hashable {
    /// Its NUMA node.
    public var nodeId: Int64?
    /// Its socket.
    public var socketId: Int64?
    /// Its die within the socket (since 4.1).
    public var dieId: Int64?
    /// Its cluster within the die (since 7.1).
    public var clusterId: Int64?
    /// Its core.
    public var coreId: Int64?
    /// Its thread within the core.
    public var threadId: Int64?

    /// Put together from its members.
    public init(
        nodeId: Int64? = nil,
        socketId: Int64? = nil,
        dieId: Int64? = nil,
        clusterId: Int64? = nil,
        coreId: Int64? = nil,
        threadId: Int64? = nil
    ) {
        self.nodeId = nodeId
        self.socketId = socketId
        self.dieId = dieId
        self.clusterId = clusterId
        self.coreId = coreId
        self.threadId = threadId
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        nodeId = try reader.optional("node-id")
        socketId = try reader.optional("socket-id")
        dieId = try reader.optional("die-id")
        clusterId = try reader.optional("cluster-id")
        coreId = try reader.optional("core-id")
        threadId = try reader.optional("thread-id")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("node-id", nodeId)
        writer.add("socket-id", socketId)
        writer.add("die-id", dieId)
        writer.add("cluster-id", clusterId)
        writer.add("core-id", coreId)
        writer.add("thread-id", threadId)
    }
}

/// A vCPU.
public struct CpuInfoFast: SchemaObject, Hashable {
    /// What depends on `target`.
    public enum Variant: Sendable, Hashable {
        /// Arm, 64 bits.
        case aarch64
        /// Alpha.
        case alpha
        /// Arm, 32 bits.
        case arm
        /// AVR (since 5.1).
        case avr
        /// CRIS.
        case cris
        /// PA-RISC.
        case hppa
        /// X86, 32 bits.
        case i386
        /// LoongArch, 64 bits (since 7.1).
        case loongarch64
        /// 68000.
        case m68k
        /// MicroBlaze, big-endian.
        case microblaze
        /// MicroBlaze, little-endian.
        case microblazeel
        /// MIPS, 32 bits, big-endian.
        case mips
        /// MIPS, 64 bits, big-endian.
        case mips64
        /// MIPS, 64 bits, little-endian.
        case mips64el
        /// MIPS, 32 bits, little-endian.
        case mipsel
        /// Nios II.
        case nios2
        /// OpenRISC.
        case or1k
        /// PowerPC, 32 bits.
        case ppc
        /// PowerPC, 64 bits.
        case ppc64
        /// RISC-V, 32 bits.
        case riscv32
        /// RISC-V, 64 bits.
        case riscv64
        /// RX (since 5.0).
        case rx
        /// Z/Architecture.
        case s390x(CpuInfoS390)
        /// SuperH, little-endian.
        case sh4
        /// SuperH, big-endian.
        case sh4eb
        /// SPARC, 32 bits.
        case sparc
        /// SPARC, 64 bits.
        case sparc64
        /// TriCore.
        case tricore
        /// X86, 64 bits.
        case x8664
        /// Xtensa, little-endian.
        case xtensa
        /// Xtensa, big-endian.
        case xtensaeb
    }

    /// Its number, from 0.
    public var cpuIndex: Int64
    /// Where it is in the tree of objects.
    public var qomPath: String
    /// The host thread that runs it.
    public var threadId: Int64
    /// Where it is in the guest's topology.
    public var props: CpuInstanceProperties?
    /// What depends on `target`.
    public var variant: Variant

    /// Put together from its members.
    public init(
        cpuIndex: Int64,
        qomPath: String,
        threadId: Int64,
        props: CpuInstanceProperties? = nil,
        variant: Variant
    ) {
        self.cpuIndex = cpuIndex
        self.qomPath = qomPath
        self.threadId = threadId
        self.props = props
        self.variant = variant
    }

    /// Its architecture (since 3.0).
    public var target: SysEmuTarget {
        switch variant {
        case .aarch64: .aarch64
        case .alpha: .alpha
        case .arm: .arm
        case .avr: .avr
        case .cris: .cris
        case .hppa: .hppa
        case .i386: .i386
        case .loongarch64: .loongarch64
        case .m68k: .m68k
        case .microblaze: .microblaze
        case .microblazeel: .microblazeel
        case .mips: .mips
        case .mips64: .mips64
        case .mips64el: .mips64el
        case .mipsel: .mipsel
        case .nios2: .nios2
        case .or1k: .or1k
        case .ppc: .ppc
        case .ppc64: .ppc64
        case .riscv32: .riscv32
        case .riscv64: .riscv64
        case .rx: .rx
        case .s390x: .s390x
        case .sh4: .sh4
        case .sh4eb: .sh4eb
        case .sparc: .sparc
        case .sparc64: .sparc64
        case .tricore: .tricore
        case .x8664: .x8664
        case .xtensa: .xtensa
        case .xtensaeb: .xtensaeb
        }
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        cpuIndex = try reader.required("cpu-index")
        qomPath = try reader.required("qom-path")
        threadId = try reader.required("thread-id")
        props = try reader.optional("props")
        let tag: SysEmuTarget = try reader.required("target")
        switch tag {
        case .aarch64: variant = .aarch64
        case .alpha: variant = .alpha
        case .arm: variant = .arm
        case .avr: variant = .avr
        case .cris: variant = .cris
        case .hppa: variant = .hppa
        case .i386: variant = .i386
        case .loongarch64: variant = .loongarch64
        case .m68k: variant = .m68k
        case .microblaze: variant = .microblaze
        case .microblazeel: variant = .microblazeel
        case .mips: variant = .mips
        case .mips64: variant = .mips64
        case .mips64el: variant = .mips64el
        case .mipsel: variant = .mipsel
        case .nios2: variant = .nios2
        case .or1k: variant = .or1k
        case .ppc: variant = .ppc
        case .ppc64: variant = .ppc64
        case .riscv32: variant = .riscv32
        case .riscv64: variant = .riscv64
        case .rx: variant = .rx
        case .s390x: variant = .s390x(try .init(reading: &reader))
        case .sh4: variant = .sh4
        case .sh4eb: variant = .sh4eb
        case .sparc: variant = .sparc
        case .sparc64: variant = .sparc64
        case .tricore: variant = .tricore
        case .x8664: variant = .x8664
        case .xtensa: variant = .xtensa
        case .xtensaeb: variant = .xtensaeb
        }
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("cpu-index", cpuIndex)
        writer.add("qom-path", qomPath)
        writer.add("thread-id", threadId)
        writer.add("props", props)
        writer.add("target", target)
        switch variant {
        case .s390x(let branch): branch.write(into: &writer)
        default: break
        }
    }
}

/// A type of machine.
public struct MachineInfo: SchemaObject, Hashable {
    /// Its name.
    public var name: String
    /// Another name for it.
    public var alias: String?
    /// True if it is taken when none is named.
    public var isDefault: Bool?
    /// How many vCPUs it can have (since 1.5).
    public var cpuMax: Int64
    /// Whether vCPUs can be added while it runs (since 2.7).
    public var hotpluggableCpus: Bool
    /// Whether NUMA nodes can be given their memory by size (since 4.1).
    public var numaMemSupported: Bool
    /// Whether it should no longer be used (since 4.1).
    public var deprecated: Bool
    /// The vCPU taken when none is named (since 4.2).
    public var defaultCpuType: String?
    /// The name of its RAM block (since 5.2).
    public var defaultRamId: String?

    /// Put together from its members.
    public init(
        name: String,
        alias: String? = nil,
        isDefault: Bool? = nil,
        cpuMax: Int64,
        hotpluggableCpus: Bool,
        numaMemSupported: Bool,
        deprecated: Bool,
        defaultCpuType: String? = nil,
        defaultRamId: String? = nil
    ) {
        self.name = name
        self.alias = alias
        self.isDefault = isDefault
        self.cpuMax = cpuMax
        self.hotpluggableCpus = hotpluggableCpus
        self.numaMemSupported = numaMemSupported
        self.deprecated = deprecated
        self.defaultCpuType = defaultCpuType
        self.defaultRamId = defaultRamId
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        alias = try reader.optional("alias")
        isDefault = try reader.optional("is-default")
        cpuMax = try reader.required("cpu-max")
        hotpluggableCpus = try reader.required("hotpluggable-cpus")
        numaMemSupported = try reader.required("numa-mem-supported")
        deprecated = try reader.required("deprecated")
        defaultCpuType = try reader.optional("default-cpu-type")
        defaultRamId = try reader.optional("default-ram-id")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("alias", alias)
        writer.add("is-default", isDefault)
        writer.add("cpu-max", cpuMax)
        writer.add("hotpluggable-cpus", hotpluggableCpus)
        writer.add("numa-mem-supported", numaMemSupported)
        writer.add("deprecated", deprecated)
        writer.add("default-cpu-type", defaultCpuType)
        writer.add("default-ram-id", defaultRamId)
    }
}

/// What this program runs guests for.
public struct TargetInfo: SchemaObject, Hashable {
    /// The architecture.
    public var arch: SysEmuTarget

    /// Put together from its members.
    public init(arch: SysEmuTarget) {
        self.arch = arch
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        arch = try reader.required("arch")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("arch", arch)
    }
}

/// The guest's identity.
public struct UuidInfo: SchemaObject, Hashable {
    /// The identity; all zeroes if none is configured.
    public var uuid: String

    /// Put together from its members.
    public init(uuid: String) {
        self.uuid = uuid
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        uuid = try reader.required("UUID")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("UUID", uuid)
    }
}

/// Whether KVM is used.
public struct KvmInfo: SchemaObject, Hashable {
    /// Whether this guest runs on it.
    public var enabled: Bool
    /// Whether this program can make use of it.
    public var present: Bool

    /// Put together from its members.
    public init(enabled: Bool, present: Bool) {
        self.enabled = enabled
        self.present = present
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        enabled = try reader.required("enabled")
        present = try reader.required("present")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("enabled", enabled)
        writer.add("present", present)
    }
}

/// From which NUMA nodes of the host memory is taken.
public enum HostMemPolicy: String, SchemaValue, CaseIterable {
    /// As the host does by itself.
    case `default`
    /// From the nodes named, as long as they have some.
    case preferred
    /// From the nodes named only.
    case bind
    /// From the nodes named in turn.
    case interleave
}

/// Host memory that a guest uses.
public struct Memdev: SchemaObject, Hashable {
    /// Its identifier; absent for the machine's own (since 2.9).
    public var id: String?
    /// Bytes.
    public var size: UInt64
    /// Whether equal pages may be merged.
    public var merge: Bool
    /// Whether it is part of a core dump.
    public var dump: Bool
    /// Whether all of it was touched at the start.
    public var prealloc: Bool
    /// Whether other processes can map it (since 6.1).
    public var share: Bool
    /// Whether swap space was reserved for it; absent if that is not known (since 6.1).
    public var reserve: Bool?
    /// The host's NUMA nodes that it is taken from.
    public var hostNodes: [UInt16]
    /// How it is taken from them.
    public var policy: HostMemPolicy

    /// Put together from its members.
    public init(
        id: String? = nil,
        size: UInt64,
        merge: Bool,
        dump: Bool,
        prealloc: Bool,
        share: Bool,
        reserve: Bool? = nil,
        hostNodes: [UInt16],
        policy: HostMemPolicy
    ) {
        self.id = id
        self.size = size
        self.merge = merge
        self.dump = dump
        self.prealloc = prealloc
        self.share = share
        self.reserve = reserve
        self.hostNodes = hostNodes
        self.policy = policy
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        id = try reader.optional("id")
        size = try reader.required("size")
        merge = try reader.required("merge")
        dump = try reader.required("dump")
        prealloc = try reader.required("prealloc")
        share = try reader.required("share")
        reserve = try reader.optional("reserve")
        hostNodes = try reader.required("host-nodes")
        policy = try reader.required("policy")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("id", id)
        writer.add("size", size)
        writer.add("merge", merge)
        writer.add("dump", dump)
        writer.add("prealloc", prealloc)
        writer.add("share", share)
        writer.add("reserve", reserve)
        writer.add("host-nodes", hostNodes)
        writer.add("policy", policy)
    }
}

/// How much memory the guest has.
public struct MemoryInfo: SchemaObject, Hashable {
    /// Bytes that it had at the start.
    public var baseMemory: UInt64
    /// Bytes that were added since; absent if the machine cannot be given more.
    public var pluggedMemory: UInt64?

    /// Put together from its members.
    public init(baseMemory: UInt64, pluggedMemory: UInt64? = nil) {
        self.baseMemory = baseMemory
        self.pluggedMemory = pluggedMemory
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        baseMemory = try reader.required("base-memory")
        pluggedMemory = try reader.optional("plugged-memory")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("base-memory", baseMemory)
        writer.add("plugged-memory", pluggedMemory)
    }
}

/// How much memory a guest with a balloon has left.
public struct BalloonInfo: SchemaObject, Hashable {
    /// Bytes.
    public var actual: Int64

    /// Put together from its members.
    public init(actual: Int64) {
        self.actual = actual
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        actual = try reader.required("actual")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("actual", actual)
    }
}
