public import Diagnostics
public import Environment
import Synchronization
import SystemCalls

/// What is counted about checkpoints, for status and benchmarks.
public final class CheckpointStatistics: Sendable {
    private struct Counts {
        var completed: UInt64 = 0
        var bytes: UInt64 = 0
        var lastCompletedAt: Nanoseconds?
    }
    private let counts = Mutex(Counts())
    private let clock = SystemClock()
    /// How long the guest stood still for each checkpoint.
    public let pauses = PauseHistogram()

    /// Nothing counted.
    public init() {}

    /// Checkpoints completed on the secondary (or held, on the secondary itself).
    public var completed: UInt64 { counts.withLock { $0.completed } }

    /// Bytes of a checkpoint on average; nil before the first.
    public var bytesPerCheckpoint: UInt64? {
        counts.withLock { $0.completed > 0 ? $0.bytes / $0.completed : nil }
    }

    /// Time since the last one was complete; nil before the first.
    public var lastAge: Nanoseconds? {
        counts.withLock { $0.lastCompletedAt }.map { clock.now() - $0 }
    }

    /// One more is complete, of that many bytes on the wire.
    func complete(bytes: UInt64) {
        let now = clock.now()
        counts.withLock { counts in
            counts.completed += 1
            counts.bytes &+= bytes
            counts.lastCompletedAt = now
        }
    }
}
