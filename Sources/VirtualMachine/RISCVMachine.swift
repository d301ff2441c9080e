import BlockLayer
import ByteCoding
public import EngineRISCV
import Environment
import GuestMemory
import MachineModel
import PCI
import PacketPath
import PlatformDevices
import SystemCalls
import Virtio

extension VirtioNetwork: NetworkDevice {}

/// The machine `riscv64`: the engine, its devices, and the images it boots.
///
/// The board has RAM at 0x80000000 and, as far as configured: ACLINT, PLIC, a 16550 serial port, a real-time clock, a
/// power controller and one virtio MMIO slot for each network card, each disk, the random source and the console. With
/// failover pairs it also has a PCI host with a root port for each of them.
/// Sections in a stream, in this order: the harts, riscv-aclint (with the guest clock), riscv-plic, serial,
/// goldfish_rtc, the root ports, and the virtio slots, whose instance number is their slot. The slots come last because
/// the state of one may bring a card into a root port.
public final class RISCVMachine: Sendable {
    /// The name in the configuration section of a stream.
    public static let machineType = "colod-riscv64"
    /// The most vCPUs that it can have.
    public static let maximumVCPUCount = EngineRISCV.maximumHartCount

    /// What `VirtualMachine` is made of.
    public let parts: MachineParts
    /// The engine, for tools that count instructions.
    public let engine: RISCVEngine
    private let uart: UART16550
    private let lock: MachineLock

    /// Puts the machine together, loads the boot images and starts the network back-ends. Nothing runs yet.
    public convenience init(_ configuration: RISCVMachineConfiguration) throws(RISCVMachineError) {
        try self.init(board: try RISCVBoardAssembly(configuration))
    }

    private init(board: RISCVBoardAssembly) throws(RISCVMachineError) {
        let configuration = board.configuration
        try board.powerOn(touchingRAM: !(configuration.isIncoming && configuration.memoryBacking.isShared))
        let networks = board.slots.compactMap { $0.device as? VirtioNetwork }
        let backends = networks.map(\.backend) + board.failoverPairs.flatMap { [$0.path, $0.card.backend] }
        let disks = board.slots.compactMap { ($0.device as? VirtioBlock)?.backend as? RawDisk }
        let engine = board.engine
        parts = MachineParts(
            machineType: Self.machineType, memory: board.memory, engine: engine, clock: board.clock, lock: board.lock,
            deferredRequests: board.deferred,
            savedDevices: engine.savedDevices + [board.aclint, board.plic, board.uart, board.rtc]
                + board.failoverPairs.map(\.port) + board.slots,
            networkDevices: networks, failoverPairs: board.failoverPairs, name: configuration.name,
            uuid: configuration.uuid,
            writableDisks: configuration.disks.filter { !$0.isReadOnly }.map(\.path),
            disks: disks.enumerated().map { MachineDisk(name: "disk\($0.offset)", backend: $0.element) },
            resetToPowerOn: {
                do throws(RISCVMachineError) {
                    try board.powerOn()
                } catch {
                    configuration.onRequest(.crashed("the boot images cannot be loaded again: \(error)"))
                }
            },
            shutDownDevices: {
                board.alarmTimer.stop()
                for backend in backends { backend.stop() }
            })
        self.engine = engine
        uart = board.uart
        lock = board.lock
        do throws(NetworkError) {
            for slot in board.slots {
                if let network = slot.device as? VirtioNetwork { try network.start(through: slot) }
            }
            for pair in board.failoverPairs { try pair.card.start() }
        } catch {
            for backend in backends { backend.stop() }
            engine.shutDown()
            throw .network(error)
        }
    }

    /// Types `bytes` at the guest's serial port and returns how many found room. Waits while the machine is paused; a
    /// machine whose guest is elsewhere, or that has ended, has no room.
    @discardableResult
    public func typeAtConsole(_ bytes: [UInt8]) -> Int { lock.withLock { uart.receive(bytes) } ?? 0 }
}

/// The pieces of a riscv64 machine and how they are wired.
private struct RISCVBoardAssembly: Sendable {
    let configuration: RISCVMachineConfiguration
    let memory: GuestMemory
    let clock = GuestClock()
    let lock: MachineLock
    let deferred: DeferredRequests
    let engine: RISCVEngine
    let aclint: ACLINT
    let plic: PLIC
    let uart: UART16550
    let rtc: GoldfishRTC
    let alarmTimer: DeviceTimer
    let slots: [VirtioTransport]
    let failoverPairs: [FailoverPair]
    private let images: RISCVBootImages
    private let ram: RAMBlock

    init(_ configuration: RISCVMachineConfiguration) throws(RISCVMachineError) {
        try Self.check(configuration)
        self.configuration = configuration
        do throws(MemoryBackingError) {
            ram = try RAMBlock(
                name: "ram", guestAddress: RISCVBootImages.ramBase, size: configuration.memorySize,
                backing: configuration.memoryBacking)
        } catch { throw .memory(error) }
        memory = GuestMemory(blocks: [ram])
        images = try RISCVBootImages(
            kernel: configuration.kernel, initrd: configuration.initrd, firmware: configuration.firmware, ram: ram)

        lock = MachineLock()
        deferred = DeferredRequests(lock: lock)
        let harts = (0..<configuration.vCPUCount).map { _ in InterruptInputs() }
        aclint = ACLINT(base: RISCVBoard.aclint, harts: harts, clock: clock)
        plic = PLIC(base: RISCVBoard.plic, harts: harts)
        let console = configuration.console
        uart = UART16550(
            base: RISCVBoard.uart, line: InterruptLine(controller: plic, source: RISCVBoard.uartSource)
        ) { console([$0]) }
        let alarmTimer = DeviceTimer(name: "rtc-alarm", lock: lock, log: configuration.log)
        rtc = GoldfishRTC(
            base: RISCVBoard.rtc, line: InterruptLine(controller: plic, source: RISCVBoard.rtcSource),
            clock: configuration.wallClock
        ) { alarmTimer.set(after: $0) }
        alarmTimer.onDue { [weak rtc] in rtc?.raiseDueAlarm() }
        self.alarmTimer = alarmTimer
        let power = PowerController(base: RISCVBoard.power, request: configuration.onRequest)
        slots = try Self.makeSlots(configuration, memory, lock, plic, deferred)
        failoverPairs = Self.makeFailoverPairs(configuration, slots, memory, lock, plic)
        let pci = PCIHost(
            ecam: RISCVBoard.pciECAM, portsBase: RISCVBoard.pciPorts, memoryBase: RISCVBoard.pciMemory,
            ports: failoverPairs.map(\.port))
        let devices: [any MemoryMappedDevice] =
            [aclint, plic, uart, rtc, power] + slots + (failoverPairs.isEmpty ? [] : pci.windows)
        do throws(SystemError) {
            engine = try RISCVEngine(
                memory: memory, bus: Bus(lock: lock, devices: devices), interrupts: harts, clock: clock,
                binaryInterface: configuration.firmware == nil ? .builtIn(console: console) : .firmware,
                onRequest: configuration.onRequest)
        } catch { throw .system(error) }
    }

    private static func check(_ configuration: RISCVMachineConfiguration) throws(RISCVMachineError) {
        guard (1...EngineRISCV.maximumHartCount).contains(configuration.vCPUCount) else {
            throw .invalid(
                setting: "vcpus", why: "\(configuration.vCPUCount) is not between 1 and \(EngineRISCV.maximumHartCount)"
            )
        }
        let memory = configuration.memorySize
        guard memory > 0, memory % targetPageSize == 0, memory <= RISCVMachineConfiguration.maximumMemorySize else {
            throw .invalid(
                setting: "memory",
                why: "\(memory) bytes are not a positive multiple of \(targetPageSize) of at most 64 GiB")
        }
        let text = configuration.append.utf8
        guard text.count < RISCVMachineConfiguration.maximumAppendLength, !text.contains(0) else {
            throw .invalid(
                setting: "append",
                why: "\(text.count) bytes; a kernel takes fewer than \(RISCVMachineConfiguration.maximumAppendLength)")
        }
        for network in configuration.networks where network.mac.count != 6 || network.mac[0] & 1 != 0 {
            throw .invalid(setting: "network.mac", why: "not the six bytes of one card's address")
        }
        guard configuration.networks.count(where: { $0.primary != nil }) <= RISCVBoard.pciSources.count else {
            throw .invalid(setting: "network", why: "more than \(RISCVBoard.pciSources.count) failover pairs")
        }
        // The random source and the console take a slot each.
        guard configuration.networks.count + configuration.disks.count + 2 <= RISCVBoard.virtioSources.count else {
            throw .invalid(
                setting: "network, disks", why: "more than \(RISCVBoard.virtioSources.count - 2) cards and disks")
        }
    }

    private static func makeSlots(
        _ configuration: RISCVMachineConfiguration, _ memory: GuestMemory, _ lock: MachineLock, _ plic: PLIC,
        _ deferred: DeferredRequests
    ) throws(RISCVMachineError) -> [VirtioTransport] {
        var devices: [any VirtioDevice] = configuration.networks.map {
            VirtioNetwork(mac: $0.mac, backend: $0.backend, lock: lock, isStandby: $0.primary != nil)
        }
        do throws(BlockError) {
            for (index, disk) in configuration.disks.enumerated() {
                let backend = try RawDisk(path: disk.path, readOnly: disk.isReadOnly)
                devices.append(VirtioBlock(backend: backend, serial: "disk\(index)", log: configuration.log))
            }
        } catch { throw .disk(error) }
        devices.append(VirtioEntropy())
        devices.append(VirtioConsole(sink: configuration.console))
        return devices.enumerated().map { slot, device in
            VirtioTransport(
                base: RISCVBoard.virtioBase(slot: slot), instance: UInt32(slot), device: device, memory: memory,
                line: InterruptLine(controller: plic, source: RISCVBoard.virtioSources[slot]), deferred: deferred,
                log: configuration.log)
        }
    }

    /// The networks are in the first slots, in their order.
    private static func makeFailoverPairs(
        _ configuration: RISCVMachineConfiguration, _ slots: [VirtioTransport], _ memory: GuestMemory,
        _ lock: MachineLock, _ plic: PLIC
    ) -> [FailoverPair] {
        var pairs: [FailoverPair] = []
        for (index, (network, slot)) in zip(configuration.networks, slots).enumerated() {
            guard let backend = network.primary, let standby = slot.device as? VirtioNetwork else { continue }
            let line = InterruptLine(controller: plic, source: RISCVBoard.pciSources[pairs.count])
            pairs.append(
                FailoverPair(
                    id: "net\(index)-primary", index: pairs.count, standby: standby, backend: backend, memory: memory,
                    lock: lock, line: line))
        }
        return pairs
    }
}

extension RISCVBoardAssembly {
    private static let seedLength = 64

    /// Puts devices, memory images and harts into the state in which the machine begins. Only while paused.
    /// `touchingRAM`: also RAM, which otherwise is somebody else's.
    func powerOn(touchingRAM: Bool = true) throws(RISCVMachineError) {
        for slot in slots { slot.resetToPowerOn() }
        for pair in failoverPairs { pair.resetToPowerOn() }
        uart.resetToPowerOn()
        rtc.resetToPowerOn()
        aclint.resetToPowerOn()
        plic.resetToPowerOn()
        if touchingRAM {
            try images.load(into: memory)
            memory.write(images.deviceTreeAddress, bytes: deviceTree())
            if configuration.firmware != nil { memory.write(images.dynamicInfoAddress, bytes: dynamicInfo()) }
        }
        engine.reset((0..<configuration.vCPUCount).map(firstState))
    }

    private func deviceTree() -> [UInt8] {
        RISCVDeviceTree(
            hartCount: configuration.vCPUCount, memory: ram.guestAddress..<ram.guestAddress + UInt64(ram.size),
            bootArguments: configuration.append, initrd: images.initrdRange,
            randomSeed: (0..<Self.seedLength).map { _ in UInt8.random(in: .min ... .max) },
            virtioSlotCount: slots.count, rootPorts: failoverPairs.map(\.port)
        ).blob()
    }

    /// OpenSBI's `struct fw_dynamic_info`, version 2: magic, version, next address, next mode (S), options, boot hart.
    private func dynamicInfo() -> [UInt8] {
        var writer = ByteWriter()
        for field: UInt64 in [0x4942_534f, 2, images.kernelAddress, 1, 0, 0] { writer.writeLittleEndian(field) }
        return writer.bytes
    }

    private func firstState(hart: Int) -> HartReset {
        guard configuration.firmware == nil else {
            return HartReset(
                pc: RISCVBootImages.ramBase, privilege: .machine, a0: UInt64(hart), a1: images.deviceTreeAddress,
                a2: images.dynamicInfoAddress)
        }
        guard hart == 0 else { return .stopped }
        return HartReset(
            pc: images.kernelAddress, privilege: .supervisor, a0: 0, a1: images.deviceTreeAddress)
    }
}
