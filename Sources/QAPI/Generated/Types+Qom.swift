// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// A property of an object.
public struct ObjectPropertyInfo: SchemaObject, Hashable {
    /// Its name.
    public var name: String
    /// Its type: a simple type such as "str" or "bool", or "child<T>" or "link<T>" for another object of type T.
    public var type: String
    /// What it means, if the object tells.
    public var description: String?
    /// Its default, if the object tells (since 5.0).
    public var defaultValue: JSONValue?

    /// Put together from its members.
    public init(name: String, type: String, description: String? = nil, defaultValue: JSONValue? = nil) {
        self.name = name
        self.type = type
        self.description = description
        self.defaultValue = defaultValue
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        type = try reader.required("type")
        description = try reader.optional("description")
        defaultValue = try reader.optional("default-value")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("type", type)
        writer.add("description", description)
        writer.add("default-value", defaultValue)
    }
}

/// A type of objects.
public struct ObjectTypeInfo: SchemaObject, Hashable {
    /// Its name.
    public var name: String
    /// True if no object is made of it directly; absent means false (since 2.10).
    public var abstract: Bool?
    /// The type that it refines (since 2.10).
    public var parent: String?

    /// Put together from its members.
    public init(name: String, abstract: Bool? = nil, parent: String? = nil) {
        self.name = name
        self.abstract = abstract
        self.parent = parent
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        abstract = try reader.optional("abstract")
        parent = try reader.optional("parent")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("abstract", abstract)
        writer.add("parent", parent)
    }
}

/// The types of objects.
public enum ObjectType: String, SchemaValue, CaseIterable {
    /// Rules about clients.
    case authzList = "authz-list"
    /// Rules about clients in a file.
    case authzListfile = "authz-listfile"
    /// Clients checked by PAM.
    case authzPam = "authz-pam"
    /// One client that is let in.
    case authzSimple = "authz-simple"
    /// A CAN bus.
    case canBus = "can-bus"
    /// A bridge to a CAN bus of the host.
    case canHostSocketcan = "can-host-socketcan"
    /// A comparison of what two guests send.
    case coloCompare = "colo-compare"
    /// A crypto device.
    case cryptodevBackend = "cryptodev-backend"
    /// A crypto device served by this process.
    case cryptodevBackendBuiltin = "cryptodev-backend-builtin"
    /// A crypto device served by the host's kernel.
    case cryptodevBackendLkcf = "cryptodev-backend-lkcf"
    /// A crypto device served by another process.
    case cryptodevVhostUser = "cryptodev-vhost-user"
    /// State of other processes.
    case dbusVmstate = "dbus-vmstate"
    /// Packets let go in batches.
    case filterBuffer = "filter-buffer"
    /// Packets recorded in a file.
    case filterDump = "filter-dump"
    /// Packets copied elsewhere.
    case filterMirror = "filter-mirror"
    /// Packets sent elsewhere.
    case filterRedirector = "filter-redirector"
    /// Packets recorded and replayed.
    case filterReplay = "filter-replay"
    /// Connections of a secondary kept in step.
    case filterRewriter = "filter-rewriter"
    /// Keyboard and mouse over the network.
    case inputBarrier = "input-barrier"
    /// An input device of the host.
    case inputLinux = "input-linux"
    /// A thread for devices.
    case iothread
    /// The main event loop.
    case mainLoop = "main-loop"
    /// Memory of an enclave.
    case memoryBackendEpc = "memory-backend-epc"
    /// Memory in a file.
    case memoryBackendFile = "memory-backend-file"
    /// Memory with a descriptor.
    case memoryBackendMemfd = "memory-backend-memfd"
    /// Memory of this process.
    case memoryBackendRam = "memory-backend-ram"
    /// A protected guest of POWER.
    case pefGuest = "pef-guest"
    /// A helper for persistent reservations.
    case prManagerHelper = "pr-manager-helper"
    /// An interface for tests.
    case qtest
    /// Randomness from the host's kernel.
    case rngBuiltin = "rng-builtin"
    /// Randomness from a daemon.
    case rngEgd = "rng-egd"
    /// Randomness from a file.
    case rngRandom = "rng-random"
    /// A secret.
    case secret
    /// A secret in the kernel's keyring.
    case secretKeyring = "secret_keyring"
    /// A protected guest of AMD.
    case sevGuest = "sev-guest"
    /// Processors for threads.
    case threadContext = "thread-context"
    /// A protected guest of z/Architecture.
    case s390PvGuest = "s390-pv-guest"
    /// Limits for disks.
    case throttleGroup = "throttle-group"
    /// Encryption without identity.
    case tlsCredsAnon = "tls-creds-anon"
    /// Keys known to both ends.
    case tlsCredsPsk = "tls-creds-psk"
    /// Certificates.
    case tlsCredsX509 = "tls-creds-x509"
    /// A list of ciphers for firmware.
    case tlsCipherSuites = "tls-cipher-suites"
    /// A device served to another process.
    case xRemoteObject = "x-remote-object"
    /// A device served by vfio-user.
    case xVfioUserServer = "x-vfio-user-server"
}

/// An object to be made. The type decides which further members there are.
public struct ObjectOptions: SchemaObject, Hashable {
    /// What depends on `qom-type`.
    public enum Variant: Sendable, Hashable {
        /// Rules about clients.
        case authzList(AuthZListProperties)
        /// Rules about clients in a file.
        case authzListfile(AuthZListFileProperties)
        /// Clients checked by PAM.
        case authzPam(AuthZPAMProperties)
        /// One client that is let in.
        case authzSimple(AuthZSimpleProperties)
        /// A CAN bus.
        case canBus
        /// A bridge to a CAN bus of the host.
        case canHostSocketcan(CanHostSocketcanProperties)
        /// A comparison of what two guests send.
        case coloCompare(ColoCompareProperties)
        /// A crypto device.
        case cryptodevBackend(CryptodevBackendProperties)
        /// A crypto device served by this process.
        case cryptodevBackendBuiltin(CryptodevBackendProperties)
        /// A crypto device served by the host's kernel.
        case cryptodevBackendLkcf(CryptodevBackendProperties)
        /// A crypto device served by another process.
        case cryptodevVhostUser(CryptodevVhostUserProperties)
        /// State of other processes.
        case dbusVmstate(DBusVMStateProperties)
        /// Packets let go in batches.
        case filterBuffer(FilterBufferProperties)
        /// Packets recorded in a file.
        case filterDump(FilterDumpProperties)
        /// Packets copied elsewhere.
        case filterMirror(FilterMirrorProperties)
        /// Packets sent elsewhere.
        case filterRedirector(FilterRedirectorProperties)
        /// Packets recorded and replayed.
        case filterReplay(NetfilterProperties)
        /// Connections of a secondary kept in step.
        case filterRewriter(FilterRewriterProperties)
        /// Keyboard and mouse over the network.
        case inputBarrier(InputBarrierProperties)
        /// An input device of the host.
        case inputLinux(InputLinuxProperties)
        /// A thread for devices.
        case iothread(IothreadProperties)
        /// The main event loop.
        case mainLoop(MainLoopProperties)
        /// Memory of an enclave.
        case memoryBackendEpc(MemoryBackendEpcProperties)
        /// Memory in a file.
        case memoryBackendFile(MemoryBackendFileProperties)
        /// Memory with a descriptor.
        case memoryBackendMemfd(MemoryBackendMemfdProperties)
        /// Memory of this process.
        case memoryBackendRam(MemoryBackendProperties)
        /// A protected guest of POWER.
        case pefGuest
        /// A helper for persistent reservations.
        case prManagerHelper(PrManagerHelperProperties)
        /// An interface for tests.
        case qtest(QtestProperties)
        /// Randomness from the host's kernel.
        case rngBuiltin(RngProperties)
        /// Randomness from a daemon.
        case rngEgd(RngEgdProperties)
        /// Randomness from a file.
        case rngRandom(RngRandomProperties)
        /// A secret.
        case secret(SecretProperties)
        /// A secret in the kernel's keyring.
        case secretKeyring(SecretKeyringProperties)
        /// A protected guest of AMD.
        case sevGuest(SevGuestProperties)
        /// Processors for threads.
        case threadContext(ThreadContextProperties)
        /// A protected guest of z/Architecture.
        case s390PvGuest
        /// Limits for disks.
        case throttleGroup(ThrottleGroupProperties)
        /// Encryption without identity.
        case tlsCredsAnon(TlsCredsAnonProperties)
        /// Keys known to both ends.
        case tlsCredsPsk(TlsCredsPskProperties)
        /// Certificates.
        case tlsCredsX509(TlsCredsX509Properties)
        /// A list of ciphers for firmware.
        case tlsCipherSuites(TlsCredsProperties)
        /// A device served to another process.
        case xRemoteObject(RemoteObjectProperties)
        /// A device served by vfio-user.
        case xVfioUserServer(VfioUserServerProperties)
    }

    /// Its identifier: a letter, then letters, digits, "-", "." and "_".
    public var id: String
    /// What depends on `qom-type`.
    public var variant: Variant

    /// Put together from its members.
    public init(id: String, variant: Variant) {
        self.id = id
        self.variant = variant
    }

    /// Its type.
    public var qomType: ObjectType {
        switch variant {
        case .authzList: .authzList
        case .authzListfile: .authzListfile
        case .authzPam: .authzPam
        case .authzSimple: .authzSimple
        case .canBus: .canBus
        case .canHostSocketcan: .canHostSocketcan
        case .coloCompare: .coloCompare
        case .cryptodevBackend: .cryptodevBackend
        case .cryptodevBackendBuiltin: .cryptodevBackendBuiltin
        case .cryptodevBackendLkcf: .cryptodevBackendLkcf
        case .cryptodevVhostUser: .cryptodevVhostUser
        case .dbusVmstate: .dbusVmstate
        case .filterBuffer: .filterBuffer
        case .filterDump: .filterDump
        case .filterMirror: .filterMirror
        case .filterRedirector: .filterRedirector
        case .filterReplay: .filterReplay
        case .filterRewriter: .filterRewriter
        case .inputBarrier: .inputBarrier
        case .inputLinux: .inputLinux
        case .iothread: .iothread
        case .mainLoop: .mainLoop
        case .memoryBackendEpc: .memoryBackendEpc
        case .memoryBackendFile: .memoryBackendFile
        case .memoryBackendMemfd: .memoryBackendMemfd
        case .memoryBackendRam: .memoryBackendRam
        case .pefGuest: .pefGuest
        case .prManagerHelper: .prManagerHelper
        case .qtest: .qtest
        case .rngBuiltin: .rngBuiltin
        case .rngEgd: .rngEgd
        case .rngRandom: .rngRandom
        case .secret: .secret
        case .secretKeyring: .secretKeyring
        case .sevGuest: .sevGuest
        case .threadContext: .threadContext
        case .s390PvGuest: .s390PvGuest
        case .throttleGroup: .throttleGroup
        case .tlsCredsAnon: .tlsCredsAnon
        case .tlsCredsPsk: .tlsCredsPsk
        case .tlsCredsX509: .tlsCredsX509
        case .tlsCipherSuites: .tlsCipherSuites
        case .xRemoteObject: .xRemoteObject
        case .xVfioUserServer: .xVfioUserServer
        }
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        let tag: ObjectType = try reader.required("qom-type")
        id = try reader.required("id")
        switch tag {
        case .authzList: variant = .authzList(try .init(reading: &reader))
        case .authzListfile: variant = .authzListfile(try .init(reading: &reader))
        case .authzPam: variant = .authzPam(try .init(reading: &reader))
        case .authzSimple: variant = .authzSimple(try .init(reading: &reader))
        case .canBus: variant = .canBus
        case .canHostSocketcan: variant = .canHostSocketcan(try .init(reading: &reader))
        case .coloCompare: variant = .coloCompare(try .init(reading: &reader))
        case .cryptodevBackend: variant = .cryptodevBackend(try .init(reading: &reader))
        case .cryptodevBackendBuiltin: variant = .cryptodevBackendBuiltin(try .init(reading: &reader))
        case .cryptodevBackendLkcf: variant = .cryptodevBackendLkcf(try .init(reading: &reader))
        case .cryptodevVhostUser: variant = .cryptodevVhostUser(try .init(reading: &reader))
        case .dbusVmstate: variant = .dbusVmstate(try .init(reading: &reader))
        case .filterBuffer: variant = .filterBuffer(try .init(reading: &reader))
        case .filterDump: variant = .filterDump(try .init(reading: &reader))
        case .filterMirror: variant = .filterMirror(try .init(reading: &reader))
        case .filterRedirector: variant = .filterRedirector(try .init(reading: &reader))
        case .filterReplay: variant = .filterReplay(try .init(reading: &reader))
        case .filterRewriter: variant = .filterRewriter(try .init(reading: &reader))
        case .inputBarrier: variant = .inputBarrier(try .init(reading: &reader))
        case .inputLinux: variant = .inputLinux(try .init(reading: &reader))
        case .iothread: variant = .iothread(try .init(reading: &reader))
        case .mainLoop: variant = .mainLoop(try .init(reading: &reader))
        case .memoryBackendEpc: variant = .memoryBackendEpc(try .init(reading: &reader))
        case .memoryBackendFile: variant = .memoryBackendFile(try .init(reading: &reader))
        case .memoryBackendMemfd: variant = .memoryBackendMemfd(try .init(reading: &reader))
        case .memoryBackendRam: variant = .memoryBackendRam(try .init(reading: &reader))
        case .pefGuest: variant = .pefGuest
        case .prManagerHelper: variant = .prManagerHelper(try .init(reading: &reader))
        case .qtest: variant = .qtest(try .init(reading: &reader))
        case .rngBuiltin: variant = .rngBuiltin(try .init(reading: &reader))
        case .rngEgd: variant = .rngEgd(try .init(reading: &reader))
        case .rngRandom: variant = .rngRandom(try .init(reading: &reader))
        case .secret: variant = .secret(try .init(reading: &reader))
        case .secretKeyring: variant = .secretKeyring(try .init(reading: &reader))
        case .sevGuest: variant = .sevGuest(try .init(reading: &reader))
        case .threadContext: variant = .threadContext(try .init(reading: &reader))
        case .s390PvGuest: variant = .s390PvGuest
        case .throttleGroup: variant = .throttleGroup(try .init(reading: &reader))
        case .tlsCredsAnon: variant = .tlsCredsAnon(try .init(reading: &reader))
        case .tlsCredsPsk: variant = .tlsCredsPsk(try .init(reading: &reader))
        case .tlsCredsX509: variant = .tlsCredsX509(try .init(reading: &reader))
        case .tlsCipherSuites: variant = .tlsCipherSuites(try .init(reading: &reader))
        case .xRemoteObject: variant = .xRemoteObject(try .init(reading: &reader))
        case .xVfioUserServer: variant = .xVfioUserServer(try .init(reading: &reader))
        }
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("qom-type", qomType)
        writer.add("id", id)
        switch variant {
        case .authzList(let branch): branch.write(into: &writer)
        case .authzListfile(let branch): branch.write(into: &writer)
        case .authzPam(let branch): branch.write(into: &writer)
        case .authzSimple(let branch): branch.write(into: &writer)
        case .canHostSocketcan(let branch): branch.write(into: &writer)
        case .coloCompare(let branch): branch.write(into: &writer)
        case .cryptodevBackend(let branch): branch.write(into: &writer)
        case .cryptodevBackendBuiltin(let branch): branch.write(into: &writer)
        case .cryptodevBackendLkcf(let branch): branch.write(into: &writer)
        case .cryptodevVhostUser(let branch): branch.write(into: &writer)
        case .dbusVmstate(let branch): branch.write(into: &writer)
        case .filterBuffer(let branch): branch.write(into: &writer)
        case .filterDump(let branch): branch.write(into: &writer)
        case .filterMirror(let branch): branch.write(into: &writer)
        case .filterRedirector(let branch): branch.write(into: &writer)
        case .filterReplay(let branch): branch.write(into: &writer)
        case .filterRewriter(let branch): branch.write(into: &writer)
        case .inputBarrier(let branch): branch.write(into: &writer)
        case .inputLinux(let branch): branch.write(into: &writer)
        case .iothread(let branch): branch.write(into: &writer)
        case .mainLoop(let branch): branch.write(into: &writer)
        case .memoryBackendEpc(let branch): branch.write(into: &writer)
        case .memoryBackendFile(let branch): branch.write(into: &writer)
        case .memoryBackendMemfd(let branch): branch.write(into: &writer)
        case .memoryBackendRam(let branch): branch.write(into: &writer)
        case .prManagerHelper(let branch): branch.write(into: &writer)
        case .qtest(let branch): branch.write(into: &writer)
        case .rngBuiltin(let branch): branch.write(into: &writer)
        case .rngEgd(let branch): branch.write(into: &writer)
        case .rngRandom(let branch): branch.write(into: &writer)
        case .secret(let branch): branch.write(into: &writer)
        case .secretKeyring(let branch): branch.write(into: &writer)
        case .sevGuest(let branch): branch.write(into: &writer)
        case .threadContext(let branch): branch.write(into: &writer)
        case .throttleGroup(let branch): branch.write(into: &writer)
        case .tlsCredsAnon(let branch): branch.write(into: &writer)
        case .tlsCredsPsk(let branch): branch.write(into: &writer)
        case .tlsCredsX509(let branch): branch.write(into: &writer)
        case .tlsCipherSuites(let branch): branch.write(into: &writer)
        case .xRemoteObject(let branch): branch.write(into: &writer)
        case .xVfioUserServer(let branch): branch.write(into: &writer)
        default: break
        }
    }
}

/// A bridge between a guest's CAN bus and a host's.
public struct CanHostSocketcanProperties: SchemaObject, Hashable {
    /// The host's network interface.
    public var `if`: String
    /// The guest's bus, an object of type can-bus.
    public var canbus: String

    /// Put together from its members.
    public init(`if`: String, canbus: String) {
        self.`if` = `if`
        self.canbus = canbus
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        `if` = try reader.required("if")
        canbus = try reader.required("canbus")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("if", `if`)
        writer.add("canbus", canbus)
    }
}

/// A comparison of what two guests send.
public struct ColoCompareProperties: SchemaObject, Hashable {
    /// The character device from which the primary's packets come.
    public var primaryIn: String
    /// The character device from which the secondary's packets come.
    public var secondaryIn: String
    /// The character device to which packets are let go.
    public var outdev: String
    /// The thread that does the work.
    public var iothread: String
    /// A character device that is told when a checkpoint is needed.
    public var notifyDev: String?
    /// Milliseconds for which a packet waits for its counterpart; default 3000.
    public var compareTimeout: UInt64?
    /// Milliseconds from one look for late packets to the next; default 3000 (since 5.1).
    public var expiredScanCycle: UInt32?
    /// Packets of a connection that may wait; default 1024 (since 5.1).
    public var maxQueueSize: UInt32?
    /// Whether packets carry a virtio header; default false.
    public var vnetHdrSupport: Bool?

    /// Put together from its members.
    public init(
        primaryIn: String,
        secondaryIn: String,
        outdev: String,
        iothread: String,
        notifyDev: String? = nil,
        compareTimeout: UInt64? = nil,
        expiredScanCycle: UInt32? = nil,
        maxQueueSize: UInt32? = nil,
        vnetHdrSupport: Bool? = nil
    ) {
        self.primaryIn = primaryIn
        self.secondaryIn = secondaryIn
        self.outdev = outdev
        self.iothread = iothread
        self.notifyDev = notifyDev
        self.compareTimeout = compareTimeout
        self.expiredScanCycle = expiredScanCycle
        self.maxQueueSize = maxQueueSize
        self.vnetHdrSupport = vnetHdrSupport
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        primaryIn = try reader.required("primary_in")
        secondaryIn = try reader.required("secondary_in")
        outdev = try reader.required("outdev")
        iothread = try reader.required("iothread")
        notifyDev = try reader.optional("notify_dev")
        compareTimeout = try reader.optional("compare_timeout")
        expiredScanCycle = try reader.optional("expired_scan_cycle")
        maxQueueSize = try reader.optional("max_queue_size")
        vnetHdrSupport = try reader.optional("vnet_hdr_support")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("primary_in", primaryIn)
        writer.add("secondary_in", secondaryIn)
        writer.add("outdev", outdev)
        writer.add("iothread", iothread)
        writer.add("notify_dev", notifyDev)
        writer.add("compare_timeout", compareTimeout)
        writer.add("expired_scan_cycle", expiredScanCycle)
        writer.add("max_queue_size", maxQueueSize)
        writer.add("vnet_hdr_support", vnetHdrSupport)
    }
}

/// What does the work of a crypto device.
public struct CryptodevBackendProperties: SchemaObject, Hashable {
    /// How many queues it has; default 1.
    public var queues: UInt32?

    /// Put together from its members.
    public init(queues: UInt32? = nil) {
        self.queues = queues
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        queues = try reader.optional("queues")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("queues", queues)
    }
}

/// A crypto device served by another process.
public struct CryptodevVhostUserProperties: SchemaObject, Hashable {
    /// How many queues it has; default 1.
    public var queues: UInt32?
    /// The character device to that process.
    public var chardev: String

    /// Put together from its members.
    public init(queues: UInt32? = nil, chardev: String) {
        self.queues = queues
        self.chardev = chardev
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        queues = try reader.optional("queues")
        chardev = try reader.required("chardev")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("queues", queues)
        writer.add("chardev", chardev)
    }
}

/// State of other processes that travels with the guest.
public struct DBusVMStateProperties: SchemaObject, Hashable {
    /// The address of the D-Bus daemon.
    public var addr: String
    /// The names of those processes, separated by commas; all if absent.
    public var idList: String?

    /// Put together from its members.
    public init(addr: String, idList: String? = nil) {
        self.addr = addr
        self.idList = idList
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        addr = try reader.required("addr")
        idList = try reader.optional("id-list")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("addr", addr)
        writer.add("id-list", idList)
    }
}

/// Which packets a filter sees.
public enum NetFilterDirection: String, SchemaValue, CaseIterable {
    /// Both directions.
    case all
    /// Those that the guest receives.
    case rx
    /// Those that the guest sends.
    case tx
}

/// On which side of another filter one is put.
public enum NetfilterInsert: String, SchemaValue, CaseIterable {
    /// Before it.
    case before
    /// Behind it.
    case behind
}

/// What all packet filters have.
public struct NetfilterProperties: SchemaObject, Hashable {
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

    /// Put together from its members.
    public init(
        netdev: String,
        queue: NetFilterDirection? = nil,
        status: String? = nil,
        position: String? = nil,
        insert: NetfilterInsert? = nil
    ) {
        self.netdev = netdev
        self.queue = queue
        self.status = status
        self.position = position
        self.insert = insert
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        netdev = try reader.required("netdev")
        queue = try reader.optional("queue")
        status = try reader.optional("status")
        position = try reader.optional("position")
        insert = try reader.optional("insert")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("netdev", netdev)
        writer.add("queue", queue)
        writer.add("status", status)
        writer.add("position", position)
        writer.add("insert", insert)
    }
}
