/// A number of frames and the sum of their lengths.
public struct FrameCount: Sendable, Equatable {
    /// How many frames.
    public private(set) var frames: UInt64 = 0
    /// Their bytes.
    public private(set) var bytes: UInt64 = 0

    /// No frames.
    public init() {}

    mutating func add(_ bytes: Int) { add(frames: 1, bytes: bytes) }

    mutating func add(frames: Int, bytes: Int) {
        self.frames &+= UInt64(frames)
        self.bytes &+= UInt64(bytes)
    }
}

/// What became of the frames that the guest sent, since the hold exists.
public struct OutputHoldCounters: Sendable, Equatable {
    /// Sent at once, while unprotected.
    public var passed = FrameCount()
    /// Held, and sent after their checkpoint was complete or protection ended in an orderly way.
    public var released = FrameCount()
    /// Of epochs that failed: never sent.
    public var discarded = FrameCount()
    /// Lost because the hold was full.
    public var dropped = FrameCount()
    /// Sent by the guest of a superseded primary: never sent.
    public var fenced = FrameCount()

    /// All zero.
    public init() {}
}
