public import MachineModel
import Synchronization

/// A root port with a hot-plug slot, and the card that belongs into that slot. The guest finds it as device `device` of
/// bus 0.
public final class RootPort: SavedDevice, @unchecked Sendable {
    // SAFETY: every `var` is touched only with the machine lock held or the machine paused; `occupied` is atomic.
    /// The section of its state.
    public let identity: DeviceIdentity
    /// Its device number on bus 0.
    public let device: Int
    let card: any PCICard
    private let line: InterruptLine
    private let onRelease: @Sendable () -> Void
    private let occupied = Atomic<Bool>(false)
    private var registers: ConfigurationSpace
    private var slot = HotPlugSlot()

    /// The registers of a bridge and of its capability.
    private enum Register {
        static let buses = 0x18
        static let ports = 0x1c
        static let memory = 0x20
        static let bridgeControl = 0x3e
        static let capability = 0x40
        static let deviceCapabilities = 0x44
        static let deviceControl = 0x48
        static let linkCapabilities = 0x4c
        static let linkControl = 0x50
        static let linkStatus = 0x52
        static let slotCapabilities = 0x54
        static let slotControl = 0x58
        static let slotStatus = 0x5a
        static let rootControl = 0x5c
        static let linkCapabilities2 = 0x6c
        static let linkControl2 = 0x70
    }
    private static let secondaryBusReset: UInt16 = 1 << 6
    private static let linkActive: UInt64 = 1 << 13

    /// Port number `index`, whose slot is empty and may get `card`. It interrupts by `line`, and so does the card.
    /// `onRelease` is called when the guest has given the card up, or lost it by a reset or a loaded state, with the
    /// machine lock held or the machine paused.
    public init(
        index: Int, card: any PCICard, line: InterruptLine, onRelease: @escaping @Sendable () -> Void = {}
    ) {
        identity = DeviceIdentity(name: "pcie-root-port", instance: UInt32(index))
        device = index + 1
        self.card = card
        self.line = line
        self.onRelease = onRelease
        registers = Self.powerOnRegisters(index: index)
        card.onInterruptChange { [weak self] in self?.driveLine() }
    }

    private static func powerOnRegisters(index: Int) -> ConfigurationSpace {
        typealias Header = ConfigurationSpace.Register
        typealias Command = ConfigurationSpace.Command
        var space = ConfigurationSpace()
        // The generic root port of QEMU (docs/specs/pci-ids: 1b36:000c), which guests know.
        space.define(Header.identity, UInt32(0x000c_1b36))
        let command =
            Command.ports | Command.memory | Command.busMaster | Command.parity | Command.systemError
            | Command.noInterrupts
        space.define(Header.command, ConfigurationSpace.hasCapabilities, writable: UInt32(command))
        space.define(Header.classAndRevision, UInt32(0x0604_0000))
        space.define(Header.headerType, UInt8(1))
        space.define(Register.buses, UInt32(0), writable: 0x00ff_ffff)
        space.define(Register.ports, UInt16(0), writable: 0xf0f0)
        space.define(Register.memory, UInt32(0), writable: 0xfff0_fff0)
        space.define(Header.capabilities, UInt8(Register.capability))
        space.define(Header.interruptLine, UInt8(0), writable: 0xff)
        space.define(Header.interruptPin, UInt8(1))
        space.define(Register.bridgeControl, UInt16(0), writable: 0x0043)
        // The PCI Express capability, version 2, of a root port with a slot; the last one.
        space.define(Register.capability, UInt32(0x0142_0010))
        space.define(Register.deviceCapabilities, UInt32(1 << 15))
        space.define(Register.deviceControl, UInt16(0), writable: 0x00ef)
        // One lane of 2.5 GT/s that tells whether it is up.
        space.define(Register.linkCapabilities, UInt32(index + 1) << 24 | 1 << 20 | 1 << 4 | 1)
        space.define(Register.linkControl, UInt16(0), writable: 0x0043)
        space.define(Register.linkStatus, UInt16(1 << 4 | 1))
        space.define(Register.slotCapabilities, HotPlugSlot.capabilities | UInt32(index + 1) << 19)
        space.define(Register.rootControl, UInt16(0), writable: 0x000f)
        space.define(Register.linkCapabilities2, UInt32(1 << 1))
        space.define(Register.linkControl2, UInt16(1), writable: 0x000f)
        return space
    }

    /// Whether the card is in the slot. May be asked without the machine lock.
    public var isOccupied: Bool { occupied.load(ordering: .acquiring) }

    /// The bus behind the port; 0 while it has none.
    var secondaryBus: Int { Int(registers.bytes[Register.buses + 1]) }

    /// The card, if the guest can reach it.
    var reachableCard: (any PCICard)? { slot.isLinkActive ? card : nil }

    /// Whether the port passes accesses to I/O address `address` on.
    func forwards(port address: UInt64) -> Bool {
        guard registers[ConfigurationSpace.Register.command] & ConfigurationSpace.Command.ports != 0 else {
            return false
        }
        let base = UInt64(registers.bytes[Register.ports] & 0xf0) << 8
        let limit = UInt64(registers.bytes[Register.ports + 1] & 0xf0) << 8 | 0xfff
        return base <= address && address <= limit
    }

    // MARK: What the host does

    /// Puts the card into the slot, unless it is there.
    public func insertCard() {
        guard !slot.isOccupied else { return }
        card.reset()
        slot.insert()
        slotChanged()
    }

    /// Presses the attention button, unless the guest is about to give the card up already: a second press would tell it
    /// to keep the card.
    public func pressAttentionButton() {
        guard !slot.isBlinking else { return }
        slot.pressButton()
        slotChanged()
    }

    /// Puts the registers back to power-on and takes the card out. Only while the machine is paused.
    public func resetToPowerOn() {
        let hadCard = slot.isOccupied
        registers = Self.powerOnRegisters(index: device - 1)
        slot = HotPlugSlot()
        card.reset()
        slotChanged()
        if hadCard { onRelease() }
    }

    private func slotChanged() {
        occupied.store(slot.isOccupied, ordering: .releasing)
        driveLine()
    }

    private func driveLine() {
        let isMasked =
            registers[ConfigurationSpace.Register.command] & ConfigurationSpace.Command.noInterrupts != 0
        line.set(slot.isInterrupting && !isMasked || slot.isLinkActive && card.isInterrupting)
    }

    // MARK: What the guest does

    func loadConfiguration(offset: Int, width: Int) -> UInt64 {
        var value = registers.load(offset: offset, width: width)
        overlay(&value, offset, width, Register.slotControl, slot.control)
        overlay(&value, offset, width, Register.slotStatus, slot.status)
        let active = slot.isLinkActive ? Self.linkActive : 0
        overlay(&value, offset, width, Register.linkStatus, registers[Register.linkStatus] | UInt16(active))
        return value
    }

    /// Puts those bytes of a register into a loaded value that the load covers.
    private func overlay(_ value: inout UInt64, _ offset: Int, _ width: Int, _ register: Int, _ content: UInt16) {
        for index in 0..<width where offset + index == register || offset + index == register + 1 {
            let byte = content >> UInt16(8 * (offset + index - register)) & 0xff
            let shift = UInt64(8 * index)
            value = value & ~(0xff << shift) | UInt64(byte) << shift
        }
    }

    func storeConfiguration(offset: Int, width: Int, value: UInt64) {
        let wasInReset = registers[Register.bridgeControl] & Self.secondaryBusReset != 0
        registers.store(offset: offset, width: width, value: value)
        if registers[Register.bridgeControl] & Self.secondaryBusReset != 0, !wasInReset { card.reset() }
        let events = touched(register: Register.slotStatus, byStoreAt: offset, width: width, value: value)
        slot.clearEvents(events.bits & events.mask)
        let control = touched(register: Register.slotControl, byStoreAt: offset, width: width, value: value)
        let wasActive = slot.isLinkActive
        let isReleased = slot.storeControl(control.bits, mask: control.mask)
        if wasActive, !slot.isLinkActive { card.reset() }
        slotChanged()
        if isReleased { onRelease() }
    }

    // MARK: State

    /// A state of the port.
    public struct Saved: Sendable {
        fileprivate var registers: ConfigurationSpace
        fileprivate var slot: HotPlugSlot
    }

    /// Visits the registers of the bridge, then those of the slot.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> Saved {
        var bytes = registers.bytes
        try fields.bytes("config", &bytes, count: ConfigurationSpace.size)
        let loaded = registers.with(bytes)
        try fields.check(loaded != nil, "pcie-root-port.config", "that of another port")
        return Saved(registers: loaded ?? registers, slot: try slot.declared(to: &fields))
    }

    /// Makes a loaded state current. The slot is empty in it.
    public func restore(_ saved: Saved) {
        let hadCard = slot.isOccupied
        registers = saved.registers
        slot = saved.slot
        card.reset()
        slotChanged()
        if hadCard { onRelease() }
    }
}
