import Testing

@testable import PCI

/// The slot as software that follows PCI Express Base 4.0 §6.7 sees it.
final class HotPlugSlotTests {
    private typealias Control = HotPlugSlot.Control
    private typealias Status = HotPlugSlot.Status
    private static let on: UInt16 = 1 << 8
    private static let off = Control.powerOff | Control.powerIndicatorOff

    private var slot = HotPlugSlot()

    private static let everything: UInt16 = .max

    /// Writes Slot Control; whether the card was given up by that.
    private func store(_ bits: UInt16, mask: UInt16) -> Bool { slot.storeControl(bits, mask: mask) }

    @Test func aCardThatIsPutInIsThereAndTells() {
        #expect(slot.status == 0)
        slot.insert()
        #expect(slot.isLinkActive)
        #expect(slot.status == Status.presence | Status.presenceChanged | Status.linkChanged)
    }

    @Test func theButtonAsksAndTheCardStays() {
        slot.insert()
        slot.clearEvents(Self.everything)
        slot.pressButton()
        #expect(slot.status == Status.presence | Status.attentionButton)
        #expect(slot.isOccupied)
    }

    @Test func aCardIsGivenUpOncePowerAndIndicatorAreOff() {
        slot.insert()
        #expect(!store(Self.on, mask: Self.everything))
        #expect(!store(Control.powerIndicatorBlinks, mask: Control.powerIndicator))
        #expect(slot.isBlinking)
        #expect(!store(Control.powerOff, mask: Control.powerOff))
        #expect(slot.isOccupied)
        #expect(!slot.isLinkActive)
        #expect(store(Control.powerIndicatorOff, mask: Control.powerIndicator))
        #expect(!slot.isOccupied)
        #expect(slot.status & Status.presence == 0)
    }

    @Test func oneStoreGivesItUpAndASecondOneChangesNothing() {
        slot.insert()
        _ = store(Self.on, mask: Self.everything)
        #expect(store(Self.off, mask: Self.everything))
        #expect(!store(Self.off, mask: Self.everything))
        slot.insert()
        #expect(!store(Self.off, mask: Self.everything))
        #expect(slot.isOccupied)
        #expect(!slot.isLinkActive)
    }

    @Test func interruptsComeForWantedEventsOnly() {
        slot.pressButton()
        #expect(!slot.isInterrupting)
        _ = store(Control.interrupts, mask: Control.interrupts)
        #expect(!slot.isInterrupting)
        _ = store(Control.attentionButtonEvents, mask: Control.attentionButtonEvents)
        #expect(slot.isInterrupting)
        slot.clearEvents(Status.attentionButton)
        #expect(!slot.isInterrupting)
        slot.insert()
        #expect(!slot.isInterrupting)
        _ = store(Control.presenceEvents, mask: Control.presenceEvents)
        #expect(slot.isInterrupting)
    }

    @Test func bitsThatTheSlotDoesNotHaveStayZero() {
        _ = store(Self.everything, mask: Self.everything)
        #expect(slot.control == Control.writable)
        slot.clearEvents(0)
        #expect(slot.status == 0)
    }
}
