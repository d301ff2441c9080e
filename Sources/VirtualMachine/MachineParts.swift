public import BlockLayer
public import GuestMemory
public import MachineModel
public import PacketPath

/// A network card of the guest, as takeover sees it.
public protocol NetworkDevice: AnyObject, Sendable {
    /// The six bytes of its hardware address.
    var mac: [UInt8] { get }
    /// Where its frames go.
    var backend: any NetworkBackend { get }
    /// Asks the guest, if its driver can, to announce itself; called while the machine is at rest.
    func requestGuestAnnounce()
}

/// A disk of the guest, as management sees it.
public struct MachineDisk: Sendable {
    /// Its name, which is also what the guest sees as its serial number ("disk0").
    public let name: String
    /// Where its bytes are.
    public let backend: RawDisk

    /// The disk `name`.
    public init(name: String, backend: RawDisk) {
        self.name = name
        self.backend = backend
    }
}

/// Everything a machine is made of, put together by `NoneMachine` or the riscv64 machine.
public struct MachineParts: Sendable {
    /// The machine type in a stream's configuration section ("none", "colod-riscv64").
    public var machineType: String
    /// The guest's RAM.
    public var memory: GuestMemory
    /// What runs the guest.
    public var engine: any GuestEngine
    /// Guest time.
    public var clock: GuestClock
    /// The lock around all devices.
    public var lock: MachineLock
    /// Has devices look again at requests whose pages had not come.
    public var deferredRequests: DeferredRequests
    /// Everything with state, in the order of its sections in a stream: the engine's devices among them.
    /// `globalstate` is not among them; the machine adds it as the last one.
    public var savedDevices: [any SavedDevice]
    /// The network cards.
    public var networkDevices: [any NetworkDevice]
    /// The networks with a card that the guest gives up before it moves.
    public var failoverPairs: [FailoverPair]
    /// The guest's name; empty if it has none.
    public var name: String
    /// The guest's UUID, sixteen bytes; nil if it has none.
    public var uuid: [UInt8]?
    /// Files of writable disks: COLO refuses a machine that has one, because disks are not replicated.
    public var writableDisks: [String]
    /// The disks.
    public var disks: [MachineDisk]
    /// Puts CPU, devices and boot images back to the state of power-on. Called while the machine is at rest.
    public var resetToPowerOn: @Sendable () -> Void
    /// Ends the threads of devices and back-ends, after the engine has ended. Called once, with the lock not frozen.
    public var shutDownDevices: @Sendable () -> Void

    /// The parts of a machine.
    public init(
        machineType: String, memory: GuestMemory, engine: any GuestEngine, clock: GuestClock, lock: MachineLock,
        deferredRequests: DeferredRequests? = nil, savedDevices: [any SavedDevice],
        networkDevices: [any NetworkDevice] = [], failoverPairs: [FailoverPair] = [],
        name: String = "", uuid: [UInt8]? = nil, writableDisks: [String] = [], disks: [MachineDisk] = [],
        resetToPowerOn: @escaping @Sendable () -> Void = {}, shutDownDevices: @escaping @Sendable () -> Void = {}
    ) {
        self.machineType = machineType
        self.memory = memory
        self.engine = engine
        self.clock = clock
        self.lock = lock
        self.deferredRequests = deferredRequests ?? DeferredRequests(lock: lock)
        self.savedDevices = savedDevices
        self.networkDevices = networkDevices
        self.failoverPairs = failoverPairs
        self.name = name
        self.uuid = uuid
        self.writableDisks = writableDisks
        self.disks = disks
        self.resetToPowerOn = resetToPowerOn
        self.shutDownDevices = shutDownDevices
    }
}
