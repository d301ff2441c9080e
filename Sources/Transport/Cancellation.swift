import SystemCalls

/// Ends waits of other threads: raised once, seen by everyone who waits with it.
public final class Cancellation: Sendable {
    private let signal: EventSignal

    /// A cancellation that is not raised.
    public init() throws(SystemError) { signal = try EventSignal() }

    /// Ends all waits, now and later.
    public func cancel() { signal.raise() }

    /// Readable for poll(2) once cancelled; it is never lowered.
    var descriptor: Int32 { signal.descriptor }
}
