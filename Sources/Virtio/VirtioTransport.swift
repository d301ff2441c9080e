public import GuestMemory
public import MachineModel
import Synchronization

/// One slot of the virtio MMIO transport, version 2 (virtio 1.2 §4.2), with the device that sits in it.
public final class VirtioTransport: MemoryMappedDevice, SavedDevice, @unchecked Sendable {
    // SAFETY: every `var` is touched only with the machine lock held or the machine paused; `ready` is atomic.
    struct State: Equatable {
        var deviceFeaturesSelect: UInt32 = 0
        var driverFeaturesSelect: UInt32 = 0
        var driverFeatures: UInt64 = 0
        var queueSelect: UInt32 = 0
        var interruptStatus: UInt32 = 0
        var status: UInt32 = 0
        var configurationGeneration: UInt32 = 0
        var queues: [Virtqueue]
    }

    /// The guest-physical addresses of its registers.
    public let range: Range<UInt64>
    /// The section of its state.
    public let identity: DeviceIdentity
    /// The device in the slot.
    public let device: any VirtioDevice
    /// The guest's RAM.
    public let memory: GuestMemory
    private let line: InterruptLine
    let deferred: DeferredRequests?
    private let log: @Sendable (String) -> Void
    private let ready = Atomic<Bool>(false)
    var state: State
    /// Queues whose next request waits for pages; nothing of theirs is taken before these have come.
    var putAside: [Int: PutAsideRequest] = [:]
    /// Room for the requests that are served, kept from one time to the next.
    private var served: [(chain: DescriptorChain, written: Int)] = []

    /// The length of the register range in bytes.
    public static let size: UInt64 = 0x1000

    enum Status {
        static let featuresOK: UInt32 = 8
        static let driverOK: UInt32 = 4
        static let needsReset: UInt32 = 0x40
        static let all: UInt32 = 0xcf
    }
    enum Interrupt {
        static let usedBuffer: UInt32 = 1
        static let configuration: UInt32 = 2
    }

    /// A slot with its registers from `base` on that holds `device`. `deferred` has it look again at requests whose pages
    /// have not come; only memory that is always whole can do without. `log` gets a line when the driver breaks the rules,
    /// with the machine lock held.
    public init(
        base: UInt64, instance: UInt32 = 0, device: any VirtioDevice, memory: GuestMemory, line: InterruptLine,
        deferred: DeferredRequests? = nil, log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        range = base..<base + Self.size
        identity = DeviceIdentity(name: device.sectionName, instance: instance)
        self.device = device
        self.memory = memory
        self.line = line
        self.deferred = deferred
        self.log = log
        state = State(queues: device.queueSizes.map { Virtqueue(maximumSize: $0) })
    }

    /// Every feature the slot offers.
    public var offeredFeatures: UInt64 {
        device.features | TransportFeature.version1 | TransportFeature.indirectDescriptors
    }

    /// Whether the driver negotiated all bits of `feature`.
    public func hasNegotiated(_ feature: UInt64) -> Bool { state.driverFeatures & feature == feature }

    /// Whether a driver serves the device. May be asked without the machine lock.
    public var isDriverReady: Bool { ready.load(ordering: .acquiring) }

    func updateReadiness() {
        let running = Status.driverOK | Status.featuresOK
        ready.store(state.status & (running | Status.needsReset) == running, ordering: .releasing)
        device.driverChanged(of: self)
    }

    func driveLine() { line.set(state.interruptStatus != 0) }

    func raise(_ interrupt: UInt32) {
        state.interruptStatus |= interrupt
        driveLine()
    }

    func resetDevice() {
        state = State(queues: device.queueSizes.map { Virtqueue(maximumSize: $0) })
        forgetPutAside()
        updateReadiness()
        device.reset()
        driveLine()
    }

    /// Puts device and registers back to power-on. Only while the machine is paused.
    public func resetToPowerOn() { resetDevice() }
}

/// What a device does with its queues. With the machine lock held.
extension VirtioTransport: QueuedDevice {
    /// Notifies the device of each queue.
    public func lookAtQueues() {
        for index in state.queues.indices { notifyDevice(ofQueue: index) }
    }

    /// Has the device serve queue `index`, if the driver is ready with both.
    func notifyDevice(ofQueue index: Int) {
        guard isDriverReady, state.queues[index].isReady else { return }
        device.queueNotified(index, of: self)
    }

    /// Takes the next request of queue `index`; nil if there is none, if it waits for pages (then the device is notified of
    /// the queue again when they have come), or if the driver broke a rule (the device then stands until it is reset).
    public func pop(_ index: Int) -> DescriptorChain? {
        guard isDriverReady, state.queues[index].isReady, !isPutAside(index) else { return nil }
        while true {
            do throws(VirtqueueError) {
                return try state.queues[index].pop(
                    memory, indirectAllowed: hasNegotiated(TransportFeature.indirectDescriptors))
            } catch {
                if case .pagesMissing(let places) = error, let deferred {
                    if putAside(index, until: places, deferred) { return nil }
                    continue
                }
                fail("queue \(index): \(error)")
                return nil
            }
        }
    }

    /// Gives the last `count` requests taken from queue `index` back.
    public func rewind(_ index: Int, count: Int) { state.queues[index].rewind(count) }

    /// Hands requests back to the driver with the number of bytes written into each, all at once, and interrupts it if
    /// it wants to know.
    public func complete(_ index: Int, _ requests: [(chain: DescriptorChain, written: Int)]) {
        guard isDriverReady, !requests.isEmpty else { return }
        do throws(VirtqueueError) {
            for request in requests {
                try state.queues[index].push(
                    memory, head: request.chain.head, written: UInt32(truncatingIfNeeded: request.written))
            }
            if try state.queues[index].publish(memory) { raise(Interrupt.usedBuffer) }
        } catch {
            fail("queue \(index): \(error)")
        }
    }

    /// Serves all requests that wait in queue `index`: `serve` returns the bytes it wrote, or nil to stop.
    ///
    /// At most a queue's length at a time, so that another vCPU which keeps adding cannot hold the lock for ever: what
    /// it adds it also notifies.
    public func serve(_ index: Int, _ serve: (DescriptorChain) -> Int?) {
        var served: [(chain: DescriptorChain, written: Int)] = []
        swap(&served, &self.served)
        defer {
            served.removeAll(keepingCapacity: true)
            swap(&served, &self.served)
        }
        for _ in 0..<state.queues[index].size {
            guard let chain = pop(index), let written = serve(chain) else { break }
            served.append((chain, written))
        }
        complete(index, served)
    }

    /// Tells the driver that the configuration space changed.
    public func configurationChanged() {
        state.configurationGeneration &+= 1
        if isDriverReady { raise(Interrupt.configuration) }
    }

    /// Stops the device until the driver resets it (§2.1.2), because of what the driver did.
    public func fail(_ reason: String) {
        log("\(identity.name) \(identity.instance): \(reason); the device waits for a reset")
        state.status |= Status.needsReset
        updateReadiness()
        raise(Interrupt.configuration)
    }
}
