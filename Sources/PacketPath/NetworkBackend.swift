/// Where a guest's network device ends on the host: a tap interface, a user-mode network stack, a hold in front of
/// one of these.
///
/// A frame is a whole Ethernet frame without preamble and frame check sequence, and without a virtio-net header.
public protocol NetworkBackend: AnyObject, Sendable {
    /// Takes a frame that the guest sends. Never blocks, may be called with the machine lock held and from any thread,
    /// also before `start` and after `stop`. A network may lose frames: what cannot be taken now is dropped and counted.
    func send(_ frame: [UInt8])

    /// Begins to deliver frames for the guest. `receiver` is called from the back-end's own thread, one frame at a time,
    /// with no lock of the back-end held, so it may take the machine lock. Called once at most.
    func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError)

    /// Ends delivery and gives back what the back-end holds on the host (descriptors, a created interface, listeners).
    /// Returns once `receiver` will not be called again; so it must not be called with a lock held that `receiver`
    /// takes, nor from `receiver` itself. Calling it again does nothing.
    func stop()

    /// Why no frame reaches the network now; nil while all is well. From any thread, without waiting for a system call.
    var failure: NetworkError? { get }
}

extension NetworkBackend {
    /// Nothing that could fail.
    public var failure: NetworkError? { nil }
}
