public import Environment

/// Why a side that was frozen and wakes up releases nothing, although it reads no clock but its own.
///
/// The secondary promises in each message not to act on its own before the primary was silent for the heartbeat
/// timeout, and echoes the send time of the newest message it has read from the primary. It read that message no
/// earlier than the primary sent it, so it stays passive at least until that send time plus the timeout. Until a margin
/// before then the primary may release output of complete checkpoints. While the echo stands still, because either side
/// is frozen or a direction of the network is cut, the lease runs out before the secondary acts.
///
/// Each side compares readings of its own clock only; the margin covers what the two clocks drift apart within
/// one timeout and the time between the last check and the packet. A freeze in just that time lets one frame of each
/// card leave late: it belongs to a checkpoint that the secondary had loaded, so it says nothing that the survivor does
/// not know, and a network may delay a frame.
public enum OutputLease {
    /// The end of the lease that an echoed send time gives, for the timeout that the promising peer uses.
    public static func end(echo: Nanoseconds, timeout: Nanoseconds) -> Nanoseconds {
        echo == .zero ? .zero : echo + Nanoseconds(timeout.count / 4 * 3)
    }
}

/// That output of complete checkpoints of a run may leave for now.
public struct OutputPermit: Sendable, Equatable {
    /// The run.
    public var run: UInt64
    /// The end of the lease.
    public var until: Nanoseconds

    /// Until when a thread of run `run` may let output out that a complete checkpoint contains, by what was last
    /// published; nil if it may not. However old that is: the lease was promised by the clock.
    public static func end(of published: OutputPermit?, forRun run: UInt64) -> Nanoseconds? {
        published.flatMap { $0.run == run ? $0.until : nil }
    }

    /// A permission that ends by itself.
    public init(run: UInt64, until: Nanoseconds) {
        self.run = run
        self.until = until
    }
}
