/// A source of randomness (virtio 1.2 §5.4).
public final class VirtioEntropy: VirtioDevice, Sendable {
    /// The device ID (virtio 1.2 §5).
    public let deviceID: UInt32 = 4
    /// The name of its section in a stream.
    public let sectionName = "virtio-rng"
    /// It offers no feature of its own.
    public let features: UInt64 = 0
    /// The largest size of each queue.
    public let queueSizes: [UInt16] = [8]
    /// The configuration space.
    public let configuration: [UInt8] = []
    private let random: @Sendable () -> UInt64

    /// A device that gives what `random` returns.
    public init(random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }) {
        self.random = random
    }

    /// Serves the requests that wait in a queue.
    public func queueNotified(_ index: Int, of transport: VirtioTransport) {
        transport.serve(index) { request in
            let count = min(request.writableCount, VirtioLimit.entropy)
            var bytes: [UInt8] = []
            while bytes.count < count {
                // SAFETY: reads the bytes of a local integer.
                unsafe withUnsafeBytes(of: random()) { unsafe bytes.append(contentsOf: $0.prefix(count - bytes.count)) }
            }
            request.write(bytes, at: 0, transport.memory)
            return count
        }
    }
}
