public import Environment
import GuestMemory
import MachineModel
import PCI
import PacketPath
import Synchronization
import Virtio

/// A network of the guest with two cards of the same address: a virtio card that stands by and moves with the guest, and a
/// primary card in a hot-plug slot, which the guest uses as long as it has it and gives up before it moves.
///
/// The primary stays out of its slot until the guest's driver has accepted the other card as a stand-in: a guest that
/// knows nothing of this never sees two cards with one address.
///
/// Threads: `hold`, `giveBack` and `release` may be called from any thread that does not have the machine lock, and wait
/// for it; `isPlugged` may be asked from every thread.
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
    private let observer: Mutex<@Sendable () -> Void>
    /// The guest's driver takes the standby card as one.
    private var isAccepted = false
    /// The guest is moving: the primary stays out.
    private var isHeld = false
    /// The guest was asked to give the card up, and gets it back once it has done so.
    private var isWantedBack = false

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
        observer = Mutex {}
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
    public func onUnplug(_ body: @escaping @Sendable () -> Void) { observer.withLock { $0 = body } }

    /// The guest begins to move: the primary does not come into its slot from now on, and if it is there, the guest is
    /// asked to give it up. Returns whether it was there; nil, with nothing changed, if a vCPU that stands in a disk has the
    /// devices until `deadline` (of SystemClock).
    public func hold(until deadline: Nanoseconds) -> Bool? {
        lock.withLockWhileFrozen(until: deadline) {
            isHeld = true
            isWantedBack = false
            if port.isOccupied { port.pressAttentionButton() }
            return port.isOccupied
        }
    }

    /// The guest stays: it gets the card back, at once or when it has given it up as it was asked to.
    public func giveBack() {
        lock.withLockWhileFrozen {
            isHeld = false
            isWantedBack = port.isOccupied
            plugIfDue()
        }
    }

    /// The guest has moved: what boots here next may have the card.
    public func release() { lock.withLockWhileFrozen { isHeld = false } }

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
        observer.withLock { $0 }()
        if isWantedBack { plugIfDue() }
        isWantedBack = false
    }

    private func plugIfDue() { if isAccepted, !isHeld { port.insertCard() } }
}

/// Leads from what a pair consists of back to the pair.
private final class FailoverNotices: @unchecked Sendable {
    // SAFETY: set once while the pair is made, before anything can be told.
    weak var pair: FailoverPair?
}
