public import GuestMemory
public import MachineModel
public import PacketPath
import Synchronization

/// A network card with the registers of AMD's Am79C970A (PCnet-PCI II) in the 32-bit style that drivers use: word-wide
/// I/O, an initialization block, and rings of 16-byte descriptors in guest memory.
///
/// Descriptors and frames are copied once and checked; what lies outside RAM stops the transfer with a memory error, as
/// the chip says it. Frames from the back-end that come while no driver has started the card are dropped without touching
/// the machine lock.
public final class PCNetCard: PCICard, @unchecked Sendable {
    // SAFETY: every `var` is touched only with the machine lock held or the machine paused; `receiving` and `dropped` are
    // atomic.
    /// The card's hardware address, six bytes.
    public let mac: [UInt8]
    /// Where its frames go.
    public let backend: any NetworkBackend
    let memory: GuestMemory
    private let lock: MachineLock
    private let onStart: @Sendable () -> Void
    private var interruptChanged: @Sendable () -> Void = {}
    private let receiving = Atomic<Bool>(false)
    private let dropped = Atomic<UInt64>(0)
    private var configuration = PCNetCard.powerOnConfiguration
    var chip: PCNetRegisters

    /// The ports that it answers to.
    static let portCount: UInt64 = 32

    /// A card with the hardware address `mac` (six bytes) whose frames go to `backend`. `onStart` is called whenever the
    /// driver has started it, with the machine lock held.
    public init(
        mac: [UInt8], backend: any NetworkBackend, memory: GuestMemory, lock: MachineLock,
        onStart: @escaping @Sendable () -> Void = {}
    ) {
        precondition(mac.count == 6)
        self.mac = mac
        self.backend = backend
        self.memory = memory
        self.lock = lock
        self.onStart = onStart
        chip = PCNetRegisters(mac: mac)
    }

    private static var powerOnConfiguration: ConfigurationSpace {
        typealias Header = ConfigurationSpace.Register
        var space = ConfigurationSpace()
        space.define(Header.identity, UInt32(0x2000_1022))
        let command =
            ConfigurationSpace.Command.ports | ConfigurationSpace.Command.busMaster
            | ConfigurationSpace.Command.noInterrupts
        space.define(Header.command, UInt16(0), writable: command)
        space.define(Header.classAndRevision, UInt32(0x0200_0010))
        space.define(Header.bar0, UInt32(1), writable: ~UInt32(portCount - 1))
        space.define(Header.interruptLine, UInt8(0), writable: 0xff)
        space.define(Header.interruptPin, UInt8(1))
        return space
    }

    /// Frames that found no room in the guest.
    public var droppedFrames: UInt64 { dropped.load(ordering: .relaxed) }

    /// Whether a driver has started it. May be asked without the machine lock.
    public var isReceiving: Bool { receiving.load(ordering: .acquiring) }

    /// Begins to take the back-end's frames.
    public func start() throws(NetworkError) {
        try backend.start { [weak self] frame in
            guard let self, self.isReceiving else { return }
            self.lock.withLock { self.deliver(frame) }
        }
    }

    // MARK: The bus

    /// A load of its configuration space.
    public func loadConfiguration(offset: Int, width: Int) -> UInt64 {
        configuration.load(offset: offset, width: width)
    }

    /// A store there.
    public func storeConfiguration(offset: Int, width: Int, value: UInt64) {
        configuration.store(offset: offset, width: width, value: value)
        // A driver that takes the bus away has no frame written to memory from then on.
        chipChanged()
    }

    private func command(_ bit: UInt16) -> Bool { configuration[ConfigurationSpace.Register.command] & bit != 0 }

    private func register(at address: UInt64) -> UInt64? {
        guard command(ConfigurationSpace.Command.ports) else { return nil }
        let base = UInt64(configuration.word(ConfigurationSpace.Register.bar0)) & ~(Self.portCount - 1)
        return address >= base && address - base < Self.portCount ? address - base : nil
    }

    /// A load at an I/O address.
    public func loadPort(_ address: UInt64, width: Int) -> UInt64? {
        guard let register = register(at: address) else { return nil }
        defer { chipChanged() }
        return chip.load(register, width: width) & allOnes(width: width)
    }

    /// A store at an I/O address.
    public func storePort(_ address: UInt64, width: Int, value: UInt64) {
        guard let register = register(at: address) else { return }
        let request = chip.store(register, value: UInt16(truncatingIfNeeded: value))
        // Without the right to master the bus it neither reads nor writes memory.
        if command(ConfigurationSpace.Command.busMaster) {
            if request.initializes { chip.initialize(from: memory) }
            if request.transmits { transmit() }
        }
        chipChanged()
        if request.starts, isReceiving { onStart() }
    }

    private func chipChanged() {
        let isReady = chip.isReceiverOn && command(ConfigurationSpace.Command.busMaster)
        if isReady != receiving.load(ordering: .relaxed) { receiving.store(isReady, ordering: .releasing) }
        interruptChanged()
    }

    /// Whether it pulls its interrupt pin.
    public var isInterrupting: Bool { chip.isInterrupting && !command(ConfigurationSpace.Command.noInterrupts) }

    /// Sets what is called whenever that may have changed.
    public func onInterruptChange(_ body: @escaping @Sendable () -> Void) { interruptChanged = body }

    /// As it is when it gets power.
    public func reset() {
        configuration = Self.powerOnConfiguration
        chip = PCNetRegisters(mac: mac)
        chipChanged()
    }

    // MARK: Frames

    /// Sends every frame that the driver has made ready; at most a ring's length, so that a driver that keeps adding
    /// cannot hold the lock for ever: what it adds it also announces.
    private func transmit() {
        for _ in 0..<chip.transmitRing.count {
            guard chip.isTransmitterOn, let descriptor = chip.transmitRing.current(memory), descriptor.isOwnedByCard
            else {
                return
            }
            if descriptor.isFirst { chip.partialFrame = [] }
            guard let bytes = memory.read(UInt64(descriptor.address), count: descriptor.length) else {
                return chip.failMemory()
            }
            // What is too long already is dropped as a whole.
            if chip.partialFrame.count <= PCNetRegisters.longestFrame { chip.partialFrame += bytes }
            if descriptor.isLast {
                if PCNetRegisters.frames.contains(chip.partialFrame.count) { backend.send(chip.partialFrame) }
                chip.partialFrame = []
            }
            guard chip.transmitRing.giveBack(flags: descriptor.flags, memory) else { return chip.failMemory() }
            if descriptor.isLast { chip.raise(PCNetRegisters.Event.transmitted) }
        }
    }

    /// Writes `frame` into the next receive buffer, or drops it. With the machine lock held.
    func deliver(_ frame: [UInt8]) {
        guard isReceiving, PCNetRegisters.frames.contains(frame.count), chip.accepts(frame, mac: mac) else { return }
        defer { chipChanged() }
        // The driver expects the padding of a short frame, and a checksum behind it, which it does not look at.
        let padding = max(0, PCNetRegisters.paddedFrame - frame.count) + PCNetRegisters.checksumSize
        let bytes = frame + [UInt8](repeating: 0, count: padding)
        guard let descriptor = chip.receiveRing.current(memory), descriptor.isOwnedByCard,
            descriptor.length >= bytes.count
        else {
            dropped.add(1, ordering: .relaxed)
            return chip.noteMissedFrame()
        }
        guard memory.write(UInt64(descriptor.address), bytes: bytes),
            chip.receiveRing.giveBack(received: bytes.count, memory)
        else { return chip.failMemory() }
        chip.raise(PCNetRegisters.Event.received)
    }
}
