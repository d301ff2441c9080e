import Synchronization

/// A back-end in memory, for tests: keeps what the guest sends and lets the test play the network.
public final class RecordingBackend: NetworkBackend {
    private struct State {
        var sent: [[UInt8]] = []
        var receiver: (@Sendable ([UInt8]) -> Void)?
    }

    private let state = Mutex(State())

    /// A back-end that has seen nothing.
    public init() {}

    /// Every frame the guest sent, in order.
    public var sent: [[UInt8]] { state.withLock { $0.sent } }

    /// Keeps the frame.
    public func send(_ frame: [UInt8]) { state.withLock { $0.sent.append(frame) } }

    /// Remembers where frames for the guest go.
    public func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {
        state.withLock { $0.receiver = receiver }
    }

    /// Forgets the receiver.
    public func stop() { state.withLock { $0.receiver = nil } }

    /// Plays the network: a frame arrives for the guest, on the thread of the caller. Returns whether somebody
    /// received it.
    @discardableResult
    public func deliver(_ frame: [UInt8]) -> Bool {
        guard let receiver = state.withLock({ $0.receiver }) else { return false }
        receiver(frame)
        return true
    }
}
