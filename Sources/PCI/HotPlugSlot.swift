import MachineModel

/// The registers of a hot-plug slot (PCI Express Base 4.0 §6.7, §7.5.3.9 to §7.5.3.11) and what they mean: an attention
/// button that asks software to give the card up, power that software switches, two indicators, and the events that
/// software is interrupted for. A value: who holds it has the card and the interrupt.
///
/// Software has given the card up once it has switched the power off and the power indicator, too: that is when a person
/// may pull it out. Commands take no time, so that their completion is no event.
struct HotPlugSlot: Equatable, Sendable {
    enum Control {
        static let attentionButtonEvents: UInt16 = 1 << 0
        static let presenceEvents: UInt16 = 1 << 3
        static let interrupts: UInt16 = 1 << 5
        static let powerIndicator: UInt16 = 3 << 8
        static let powerIndicatorBlinks: UInt16 = 2 << 8
        static let powerIndicatorOff: UInt16 = 3 << 8
        static let powerOff: UInt16 = 1 << 10
        static let linkEvents: UInt16 = 1 << 12
        /// All that software may set: the bits above, the events that never come, and the attention indicator.
        static let writable: UInt16 = 0x17ff
        static let afterReset: UInt16 = powerIndicatorOff | 3 << 6
    }
    enum Status {
        static let attentionButton: UInt16 = 1 << 0
        static let presenceChanged: UInt16 = 1 << 3
        static let presence: UInt16 = 1 << 6
        static let linkChanged: UInt16 = 1 << 8
        /// What is cleared by writing a one.
        static let events = attentionButton | presenceChanged | linkChanged
    }
    /// The slot's capabilities: attention button, power controller, attention and power indicators, hot-plug, and no
    /// event when a command is done. Not among them: surprise, because a card is never pulled without asking.
    static let capabilities: UInt32 = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 18

    /// The Slot Control register.
    private(set) var control = Control.afterReset
    private var events: UInt16 = 0
    /// Whether a card is in the slot.
    private(set) var isOccupied = false

    /// The Slot Status register.
    var status: UInt16 { events | (isOccupied ? Status.presence : 0) }

    /// Whether software can reach the card: it is there and has power.
    var isLinkActive: Bool { isOccupied && control & Control.powerOff == 0 }

    /// Whether software is about to give the card up, as its blinking indicator tells.
    var isBlinking: Bool { control & Control.powerIndicator == Control.powerIndicatorBlinks }

    /// Whether software is to be interrupted.
    var isInterrupting: Bool {
        guard control & Control.interrupts != 0 else { return false }
        var wanted: UInt16 = 0
        if control & Control.attentionButtonEvents != 0 { wanted |= Status.attentionButton }
        if control & Control.presenceEvents != 0 { wanted |= Status.presenceChanged }
        if control & Control.linkEvents != 0 { wanted |= Status.linkChanged }
        return events & wanted != 0
    }

    private var isOff: Bool {
        control & Control.powerOff != 0 && control & Control.powerIndicator == Control.powerIndicatorOff
    }

    /// Puts a card into an empty slot.
    mutating func insert() {
        guard !isOccupied else { return }
        isOccupied = true
        events |= Status.presenceChanged | (isLinkActive ? Status.linkChanged : 0)
    }

    /// Presses the attention button: software is asked to give the card up.
    mutating func pressButton() { events |= Status.attentionButton }

    /// Software writes the bits `mask` of Slot Control. Returns whether it has given the card up by that, which is then
    /// out of the slot.
    mutating func storeControl(_ bits: UInt16, mask: UInt16) -> Bool {
        let (wasOff, wasActive) = (isOff, isLinkActive)
        let mask = mask & Control.writable
        control = control & ~mask | bits & mask
        if isLinkActive != wasActive { events |= Status.linkChanged }
        guard isOff, !wasOff, isOccupied else { return false }
        isOccupied = false
        events |= Status.presenceChanged
        return true
    }

    /// Software clears events of Slot Status.
    mutating func clearEvents(_ bits: UInt16) { events &= ~bits }

    /// The slot after a visit. A card does not move with its guest, so a slot that has one is none that can be loaded.
    func declared<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> HotPlugSlot {
        var slot = self
        try fields.number("slot_control", &slot.control)
        try fields.number("slot_events", &slot.events)
        try fields.flag("slot_occupied", &slot.isOccupied)
        try fields.check(slot.control & ~Control.writable == 0, "pcie-root-port.slot-control", "\(slot.control)")
        try fields.check(slot.events & ~Status.events == 0, "pcie-root-port.slot-events", "\(slot.events)")
        try fields.check(!slot.isOccupied, "pcie-root-port.slot-occupied", "1")
        return slot
    }
}
