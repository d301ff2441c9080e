public import MachineModel

/// A console with one port (virtio 1.2 §5.3).
public final class VirtioConsole: VirtioDevice, @unchecked Sendable {
    // SAFETY: `waiting` is touched only with the machine lock held or the machine paused.
    /// The device ID (virtio 1.2 §5).
    public let deviceID: UInt32 = 3
    /// The name of its section in a stream.
    public let sectionName = "virtio-console"
    /// It offers no feature of its own.
    public let features: UInt64 = 0
    /// The largest size of each queue.
    public let queueSizes: [UInt16] = [64, 64]
    /// The configuration space.
    public let configuration = [UInt8](repeating: 0, count: 12)
    private let sink: @Sendable ([UInt8]) -> Void
    private var waiting: [UInt8] = []

    private enum Queue {
        static let receive = 0
        static let transmit = 1
    }
    /// The most bytes taken from one request of the guest.
    private static let outputLimit = 64 << 10

    /// A console whose output goes to `sink`, which is called with the machine lock held and must not block.
    public init(sink: @escaping @Sendable ([UInt8]) -> Void) { self.sink = sink }

    /// Takes input for the guest and returns how many bytes found room. With the machine lock held.
    @discardableResult
    public func receive(_ bytes: [UInt8], through transport: VirtioTransport) -> Int {
        let accepted = min(bytes.count, VirtioLimit.consoleInput - waiting.count)
        waiting.append(contentsOf: bytes.prefix(accepted))
        fillBuffers(of: transport)
        return accepted
    }

    /// Serves the requests that wait in a queue.
    public func queueNotified(_ index: Int, of transport: VirtioTransport) {
        if index == Queue.receive { return fillBuffers(of: transport) }
        transport.serve(Queue.transmit) { request in
            sink(request.read(0..<min(request.readableCount, Self.outputLimit), transport.memory))
            return 0
        }
    }

    private func fillBuffers(of transport: VirtioTransport) {
        var filled: [(chain: DescriptorChain, written: Int)] = []
        for _ in 0..<queueSizes[Queue.receive] {
            guard !waiting.isEmpty, let chain = transport.pop(Queue.receive) else { break }
            let count = min(chain.writableCount, waiting.count)
            chain.write(Array(waiting.prefix(count)), at: 0, transport.memory)
            waiting.removeFirst(count)
            filled.append((chain, count))
        }
        transport.complete(Queue.receive, filled)
    }

    /// Forgets what the last driver left.
    public func reset() { waiting = [] }

    /// Visits the input that waits.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> [UInt8] {
        var input = waiting
        try fields.countedBytes("input", &input, limit: VirtioLimit.consoleInput, "virtio-console.input")
        return input
    }

    /// Makes a loaded state current.
    public func restore(_ saved: [UInt8]) { waiting = saved }
}
