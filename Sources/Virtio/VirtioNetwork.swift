import GuestMemory
public import MachineModel
public import PacketPath
import Synchronization

/// A network card (virtio 1.2 §5.1) without offloads: one receive and one transmit queue and a control queue, over
/// which the guest acknowledges that it announced itself.
///
/// Frames from the back-end arrive on its thread. As long as no driver serves the card they are dropped without
/// touching the machine lock: a secondary that only holds checkpoints never builds up a backlog.
public final class VirtioNetwork: VirtioDevice, @unchecked Sendable {
    // SAFETY: `announcing`, `buffers`, `waiting` and `transport` are touched only with the machine lock held or the machine
    // paused; `transport` and `acceptanceChanged` are set once before the back-end starts.
    /// The device ID (virtio 1.2 §5).
    public let deviceID: UInt32 = 1
    /// The name of its section in a stream.
    public let sectionName = "virtio-net"
    /// The largest size of each queue.
    public let queueSizes: [UInt16] = [256, 256, 64]
    /// The card's hardware address, six bytes.
    public let mac: [UInt8]
    /// Where its frames go.
    public let backend: any NetworkBackend
    /// Whether it offers itself as the stand-in of another card with the same address (VIRTIO_NET_F_STANDBY).
    public let isStandby: Bool
    private let lock: MachineLock
    private var announcing = false
    private var acceptanceChanged: @Sendable (Bool) -> Void = { _ in }
    private weak var transport: VirtioTransport?
    /// The receive buffers of the frame that is delivered, and how much of each is written; empty between two frames.
    private var buffers: [(chain: DescriptorChain, written: Int)] = []
    /// Frames that wait for pages of receive buffers, in their order.
    private var waiting: [[UInt8]] = []
    private let dropped = Atomic<UInt64>(0)

    enum Feature {
        static let mac: UInt64 = 1 << 5
        static let mergeReceiveBuffers: UInt64 = 1 << 15
        static let status: UInt64 = 1 << 16
        static let controlQueue: UInt64 = 1 << 17
        static let guestAnnounce: UInt64 = 1 << 21
        static let standby: UInt64 = 1 << 62
    }
    enum Queue {
        static let receive = 0
        static let transmit = 1
        static let control = 2
    }
    /// The length of `struct virtio_net_hdr` with `num_buffers`, which a version 1 device always has (§5.1.6.1).
    static let headerSize = 12
    private static let smallestFrame = 14
    private static let linkUp: UInt16 = 1
    private static let announce: UInt16 = 2

    /// A card with the hardware address `mac` (six bytes) whose frames go to `backend`.
    public init(mac: [UInt8], backend: any NetworkBackend, lock: MachineLock, isStandby: Bool = false) {
        precondition(mac.count == 6)
        self.mac = mac
        self.backend = backend
        self.lock = lock
        self.isStandby = isStandby
    }

    /// Sets what is told whether the guest's driver takes the card as a stand-in: whenever a driver begins or ends to
    /// serve it, with the machine lock held or the machine paused. To be set once, before the machine runs.
    public func onAcceptance(_ body: @escaping @Sendable (Bool) -> Void) { acceptanceChanged = body }

    /// The feature bits of its kind that it offers.
    public var features: UInt64 {
        Feature.mac | Feature.mergeReceiveBuffers | Feature.status | Feature.controlQueue | Feature.guestAnnounce
            | (isStandby ? Feature.standby : 0)
    }

    /// The configuration space.
    public var configuration: [UInt8] {
        let status = Self.linkUp | (announcing ? Self.announce : 0)
        return mac + [UInt8(status & 0xff), UInt8(status >> 8)]
    }

    /// Frames that found no room in the guest.
    public var droppedFrames: UInt64 { dropped.load(ordering: .relaxed) }

    /// Begins to deliver the back-end's frames through `transport`, the slot that holds this card.
    public func start(through transport: VirtioTransport) throws(NetworkError) {
        self.transport = transport
        try backend.start { [weak self, weak transport] frame in
            guard let self, let transport, transport.isDriverReady else { return }
            self.lock.withLock { self.deliver(frame, through: transport) }
        }
    }

    /// Asks the guest to announce itself, if its driver can (§5.1.6.5.4). Only with the machine at rest or the machine
    /// lock held.
    public func requestGuestAnnounce() {
        guard let transport, transport.isDriverReady, transport.hasNegotiated(Feature.guestAnnounce) else { return }
        announcing = true
        transport.configurationChanged()
    }

    /// Forgets what the last driver left.
    public func reset() {
        announcing = false
        waiting = []
    }

    /// Tells whether the card is taken as a stand-in.
    public func driverChanged(of transport: VirtioTransport) {
        guard isStandby else { return }
        acceptanceChanged(transport.isDriverReady && transport.hasNegotiated(Feature.standby))
    }

    /// Serves the requests that wait in a queue.
    public func queueNotified(_ index: Int, of transport: VirtioTransport) {
        switch index {
        case Queue.transmit: transport.serve(index) { transmit($0, of: transport) }
        case Queue.control: transport.serve(index) { control($0, of: transport) }
        default: deliverWaiting(through: transport)
        }
    }

    private func transmit(_ chain: DescriptorChain, of transport: VirtioTransport) -> Int? {
        guard chain.readableCount >= Self.headerSize else {
            transport.fail("a frame to send has no room for its header")
            return nil
        }
        let length = chain.readableCount - Self.headerSize
        if length >= Self.smallestFrame, length <= VirtioLimit.frame {
            backend.send(chain.read(Self.headerSize..<chain.readableCount, transport.memory))
        } else {
            dropped.add(1, ordering: .relaxed)
        }
        return 0
    }

    /// Visits the address, which must be the same on both sides, and whether the guest is still to announce itself.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> Bool {
        var (address, announcing) = (mac, announcing)
        try fields.bytes("mac", &address, count: mac.count)
        try fields.flag("announcing", &announcing)
        try fields.check(
            address == mac, "virtio-net.mac", address.map { String($0, radix: 16) }.joined(separator: ":"))
        return announcing
    }

    /// Makes a loaded state current.
    public func restore(_ saved: Bool) {
        announcing = saved
        waiting = []
    }
}

/// Frames for the guest.
extension VirtioNetwork {
    /// Copies `frame` into as many receive buffers as it needs, or drops it. While pages of these buffers have not come yet it
    /// waits for them, with those that come behind it. With the machine lock held.
    func deliver(_ frame: [UInt8], through transport: VirtioTransport) {
        if !transport.isPutAside(Queue.receive) { deliverWaiting(through: transport) }
        let isWellSized = frame.count >= Self.smallestFrame && frame.count <= VirtioLimit.frame
        if isWellSized, waiting.isEmpty, place(frame, through: transport) { return }
        if isWellSized, transport.isPutAside(Queue.receive), hasRoomToWait(frame) {
            waiting.append(frame)
        } else {
            dropped.add(1, ordering: .relaxed)
        }
    }

    private func hasRoomToWait(_ frame: [UInt8]) -> Bool {
        waiting.reduce(frame.count) { $0 + $1.count } <= VirtioLimit.waitingFrames
    }

    private func deliverWaiting(through transport: VirtioTransport) {
        guard !waiting.isEmpty else { return }
        let frames = waiting
        waiting = []
        for frame in frames { deliver(frame, through: transport) }
    }

    /// False if there are no buffers for the frame.
    private func place(_ frame: [UInt8], through transport: VirtioTransport) -> Bool {
        // SAFETY: the frame is borrowed for the closure; slices of it are checked.
        guard takeBuffers(for: Self.headerSize + frame.count, of: transport) else { return false }
        defer { buffers.removeAll(keepingCapacity: true) }
        var sent = 0
        unsafe frame.withUnsafeBytes { bytes in
            for index in buffers.indices {
                let chain = buffers[index].chain
                let prefix = index == 0 ? Self.headerSize : 0
                if prefix > 0 { writeHeader(to: chain, transport.memory) }
                let count = min(chain.writableCount - prefix, bytes.count - sent)
                unsafe chain.write(
                    UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count]), at: prefix, transport.memory)
                sent += count
                buffers[index].written = prefix + count
            }
        }
        transport.complete(Queue.receive, buffers)
        return true
    }

    /// Writes the header of a frame that is in `buffers`: zeroes, and in its last two bytes how many these are.
    private func writeHeader(to chain: DescriptorChain, _ memory: GuestMemory) {
        let header = (UInt64(0), UInt32(truncatingIfNeeded: buffers.count << 16).littleEndian)
        // SAFETY: a tuple of eight and four bytes has its twelve in a row.
        unsafe withUnsafeBytes(of: header) {
            unsafe chain.write(UnsafeRawBufferPointer(rebasing: $0[..<Self.headerSize]), at: 0, memory)
        }
    }

    /// Takes receive buffers with room for `count` bytes; false, with nothing taken, if there are not enough.
    private func takeBuffers(for count: Int, of transport: VirtioTransport) -> Bool {
        var room = 0
        repeat {
            guard let chain = transport.pop(Queue.receive) else { return rewindBuffers(to: transport) }
            buffers.append((chain, 0))
            guard chain.writableCount >= Self.headerSize else {
                transport.fail("a receive buffer has no room for a header")
                buffers.removeAll(keepingCapacity: true)
                return false
            }
            room += chain.writableCount
            if room < count, !transport.hasNegotiated(Feature.mergeReceiveBuffers) {
                return rewindBuffers(to: transport)
            }
        } while room < count
        return true
    }

    /// As if no buffer had been taken.
    private func rewindBuffers(to transport: VirtioTransport) -> Bool {
        transport.rewind(Queue.receive, count: buffers.count)
        buffers.removeAll(keepingCapacity: true)
        return false
    }
}

/// The control queue (§5.1.6.5).
extension VirtioNetwork {
    private enum ControlClass {
        static let announce: UInt8 = 3
    }
    private enum ControlStatus {
        static let done: UInt8 = 0
        static let refused: UInt8 = 1
    }

    private func control(_ chain: DescriptorChain, of transport: VirtioTransport) -> Int? {
        guard chain.readableCount >= 2, chain.writableCount >= 1 else {
            transport.fail("a control request without command or status")
            return nil
        }
        let command = chain.read(0..<2, transport.memory)
        let isAcknowledge = command == [ControlClass.announce, 0]
        if isAcknowledge { announcing = false }
        chain.write([isAcknowledge ? ControlStatus.done : ControlStatus.refused], at: 0, transport.memory)
        return 1
    }
}
