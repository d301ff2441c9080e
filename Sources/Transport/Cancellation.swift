import Synchronization
public import SystemCalls

/// Ends waits of other threads: raised once, seen by everyone who waits with it.
public final class Cancellation: Sendable {
    /// Raised once cancelled.
    let signal: EventSignal
    private let raised = Atomic<Bool>(false)

    /// A cancellation that is not raised.
    public init() throws(SystemError) { signal = try EventSignal() }

    /// Ends all waits, now and later.
    public func cancel() {
        raised.store(true, ordering: .releasing)
        signal.raise()
    }

    /// Whether `cancel` was called.
    public var isCancelled: Bool { raised.load(ordering: .acquiring) }

    /// Readable for poll(2) once cancelled; it is never lowered.
    var descriptor: Int32 { signal.descriptor }
}
