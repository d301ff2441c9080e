/// Frames in the order they came, each with the epoch it belongs to. A ring, so that taking from the front costs
/// nothing and a queue that has reached its working size allocates no more.
struct FrameQueue: Sendable {
    private var epochs: [UInt64] = []
    private var frames: [[UInt8]] = []
    private var head = 0
    /// How many frames are queued.
    private(set) var count = 0
    /// The sum of the lengths of all queued frames, in bytes.
    private(set) var bytes = 0

    /// The epoch of the frame at the front.
    var firstEpoch: UInt64? { count == 0 ? nil : epochs[head] }

    /// The frame at the front, which stays queued.
    var first: [UInt8]? { count == 0 ? nil : frames[head] }

    mutating func append(_ frame: [UInt8], epoch: UInt64 = 0) {
        if count == frames.count { grow() }
        let slot = (head + count) & (frames.count - 1)
        frames[slot] = frame
        epochs[slot] = epoch
        count += 1
        bytes += frame.count
    }

    mutating func popFirst() -> [UInt8]? {
        guard count > 0 else { return nil }
        var frame: [UInt8] = []
        swap(&frame, &frames[head])
        head = (head + 1) & (frames.count - 1)
        count -= 1
        bytes -= frame.count
        return frame
    }

    /// Forgets all frames and gives their memory back.
    mutating func removeAll() { self = FrameQueue() }

    /// Doubles the ring; its size stays a power of two.
    private mutating func grow() {
        let size = max(16, frames.count * 2)
        var newFrames: [[UInt8]] = []
        var newEpochs: [UInt64] = []
        newFrames.reserveCapacity(size)
        newEpochs.reserveCapacity(size)
        for index in 0..<count {
            let slot = (head + index) & (frames.count - 1)
            newFrames.append(frames[slot])
            newEpochs.append(epochs[slot])
        }
        newFrames.append(contentsOf: repeatElement([], count: size - count))
        newEpochs.append(contentsOf: repeatElement(0, count: size - count))
        frames = newFrames
        epochs = newEpochs
        head = 0
    }
}
