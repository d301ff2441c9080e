public import Environment
import GuestMemory
import MachineModel
import PCI
import PacketPath
import Synchronization
import SystemCalls
import Virtio

/// A network of the guest with two cards of the same address: a virtio card that stands by and moves with the guest, and a
/// primary card in a hot-plug slot, which the guest uses as long as it has it and gives up before it moves.
///
/// The primary stays out of its slot until the guest's driver has accepted the other card as a stand-in: a guest that
/// knows nothing of this never sees two cards with one address. It also stays out while pages of the guest's RAM are still
/// to come, because it cannot wait for one.
///
/// Threads: `hold`, `giveBack` and `release` may be called from any thread that does not have the machine lock, and wait
/// for it no longer than their deadline; `isPlugged` may be asked from every thread.
public final class FailoverPair: @unchecked Sendable {
    // SAFETY: every `var` is touched only with the machine lock held or the machine paused.
    /// The name of the primary card, for clients.
    public let id: String
    let card: PCNetCard
    let port: RootPort
    /// Where the guest's address is announced.
    let path: FailoverPath
    let standby: VirtioNetwork
    private let lock: MachineLock
    private let memory: GuestMemory
    private let observer = Mutex(Observer())
    /// The guest's driver takes the standby card as one.
    private var isAccepted = false
    /// The guest is moving, by this number of the move, and the primary stays out; nil if it stays.
    private var hold: UInt64?
    private var lastHold: UInt64 = 0
    /// The guest was asked to give the card up, and gets it back once it has done so.
    private var isWantedBack = false

    /// A structure around the closure, for the reason that `VirtualMachine` has one.
    private struct Observer {
        var tell: (@Sendable () -> Void)?
    }

    /// The pair of `standby` and a new card with the same address whose frames go to `backend`, in the slot of root port
    /// `index`, which interrupts by `line`.
    init(
        id: String, index: Int, standby: VirtioNetwork, backend: any NetworkBackend, memory: GuestMemory,
        lock: MachineLock, line: InterruptLine
    ) {
        // Set below: card and port tell the pair, which has them.
        let told = FailoverNotices()
        let path = FailoverPath(standby: standby.backend, primary: backend, mac: standby.mac)
        self.id = id
        self.path = path
        self.standby = standby
        self.lock = lock
        self.memory = memory
        card = PCNetCard(mac: standby.mac, backend: backend, memory: memory, lock: lock) {
            path.primaryStarted()
        }
        port = RootPort(index: index, card: card, line: line) {
            path.primaryLeft()
            told.pair?.cardLeft()
        }
        told.pair = self
        standby.onAcceptance { [weak self] in self?.acceptanceChanged($0) }
    }

    /// Whether the primary card is in its slot.
    public var isPlugged: Bool { port.isOccupied }

    /// Sets what is called when the card has left its slot; with the machine lock held, so that it must only pass it on.
    public func onUnplug(_ body: @escaping @Sendable () -> Void) {
        observer.withLock { $0.tell = body }
    }

    /// The guest begins to move: the primary does not come into its slot from now on, and if it is there, the guest is
    /// asked to give it up. Nil, with nothing changed, if a vCPU that stands in a disk has the devices until `deadline`
    /// (of SystemClock).
    public func hold(until deadline: Nanoseconds) -> FailoverHold? {
        lock.withLockWhileFrozen(until: deadline) {
            lastHold += 1
            hold = lastHold
            isWantedBack = false
            if port.isOccupied { port.pressAttentionButton() }
            return FailoverHold(number: lastHold, wasPlugged: port.isOccupied)
        }
    }

    /// Asks the guest once more if it still has the card: a press that comes while it is busy with the slot is lost.
    public func askAgain() {
        _ = lock.withLockWhileFrozen(until: SystemClock().now() + Self.patience) {
            if hold != nil, port.isOccupied { port.pressAttentionButton() }
        }
    }

    /// The guest stays: it gets the card back, at once or when it has given it up as it was asked to.
    public func giveBack(_ hold: FailoverHold) {
        end(hold) { [self] in
            isWantedBack = port.isOccupied
            plugIfDue()
        }
    }

    /// The guest has moved: what boots here next may have the card.
    public func release(_ hold: FailoverHold) { end(hold) {} }

    /// How long callers wait for the machine lock.
    private static let patience = Nanoseconds.milliseconds(100)

    /// Ends the hold, unless the guest has begun to move again, and runs `body` with the machine lock; if a vCPU that
    /// stands in a disk has that, later on a thread of its own.
    private func end(_ ended: FailoverHold, _ body: @escaping @Sendable () -> Void) {
        let finish: @Sendable () -> Void = { [self] in
            guard hold == ended.number else { return }
            hold = nil
            body()
        }
        if lock.withLockWhileFrozen(until: SystemClock().now() + Self.patience, finish) != nil { return }
        // Without a thread the card comes with the next migration's end.
        _ = try? Thread(name: "primary-card") { [self] in lock.withLockWhileFrozen(finish) }
    }

    /// Puts slot and card back to power-on. Only while the machine is paused.
    func resetToPowerOn() {
        (isAccepted, isWantedBack) = (false, false)
        port.resetToPowerOn()
    }

    private func acceptanceChanged(_ accepted: Bool) {
        isAccepted = accepted
        plugIfDue()
    }

    private func cardLeft() {
        observer.withLock { $0.tell }?()
        if isWantedBack { plugIfDue() }
        isWantedBack = false
    }

    /// All pages of RAM have come. With the machine lock held.
    func memoryIsWhole() { plugIfDue() }

    private func plugIfDue() { if isAccepted, hold == nil, !memory.isPartial { port.insertCard() } }
}

/// One move of the guest, for which it has no primary card. An end that comes late is not taken for that of the next one.
public struct FailoverHold: Sendable {
    let number: UInt64
    /// Whether the card was in its slot when it began.
    public let wasPlugged: Bool
}

/// Leads from what a pair consists of back to the pair.
private final class FailoverNotices: @unchecked Sendable {
    // SAFETY: set once while the pair is made, before anything can be told.
    weak var pair: FailoverPair?
}
