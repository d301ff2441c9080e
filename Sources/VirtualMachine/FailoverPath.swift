import PacketPath
import Synchronization

/// The way that the frames of a guest with a failover pair take: by the primary card from the moment that its driver has
/// started it until it has left its slot, else by the standby card. What is announced goes there, too, so that switches
/// follow; whatever comes to the card that is not in use, the guest drops.
final class FailoverPath: NetworkBackend {
    private let standby: any NetworkBackend
    private let primary: any NetworkBackend
    private let address: EthernetAddress?
    private let usesPrimary = Atomic<Bool>(false)
    private let announcer = Mutex<Announcer?>(nil)

    init(standby: any NetworkBackend, primary: any NetworkBackend, mac: [UInt8]) {
        self.standby = standby
        self.primary = primary
        address = EthernetAddress(mac)
    }

    /// Sends a frame of the host's in the guest's name.
    func send(_ frame: [UInt8]) {
        (usesPrimary.load(ordering: .acquiring) ? primary : standby).send(frame)
    }

    /// Nothing is received here: the cards do that.
    func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {}

    /// No further announcement begins.
    func stop() { replaceAnnouncer(nil) }

    /// The primary card's driver has started it. The guest may still send a frame or two by the other card, and switches
    /// follow those: so it is announced more than once.
    func primaryStarted() {
        // A guest may stop and start the card as often as it likes: no thread for each time.
        guard !usesPrimary.exchange(true, ordering: .acquiringAndReleasing) else {
            if let address { primary.send(address.announcement) }
            return
        }
        let next = address.map { Announcer([(self, $0)]) }
        replaceAnnouncer(next)
        // Without a thread the first round must do.
        try? next?.start()
    }

    /// The primary card has left its slot. Told only once: the guest may have moved away a moment later.
    func primaryLeft() {
        usesPrimary.store(false, ordering: .releasing)
        replaceAnnouncer(nil)
        if let address { standby.send(address.announcement) }
    }

    private func replaceAnnouncer(_ next: Announcer?) {
        let ended = announcer.withLock { current in
            defer { current = next }
            return current
        }
        ended?.cancel()
    }
}
