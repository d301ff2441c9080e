public import Environment

/// What a channel carries, over the last moments that are long enough to tell.
public struct BandwidthMeter: Sendable {
    /// The shortest time over which it is measured.
    public static let interval = Nanoseconds.milliseconds(100)

    /// Bytes in a millisecond; 0 until it was measured for the first time.
    public private(set) var bytesPerMillisecond: Double = 0
    /// Pages in a second.
    public private(set) var pagesPerSecond: UInt64 = 0
    private var start = Nanoseconds.zero
    private var bytesBefore: UInt64 = 0
    private var pagesBefore: UInt64 = 0

    /// Begins at `now`, when `bytes` had left already.
    mutating func begin(bytes: UInt64, now: Nanoseconds) {
        self = BandwidthMeter()
        start = now
        bytesBefore = bytes
    }

    /// In total, `bytes` and `pages` have left.
    mutating func note(bytes: UInt64, pages: UInt64, now: Nanoseconds) {
        guard now >= start + Self.interval else { return }
        let milliseconds = (now - start).inMilliseconds
        // A count that shrinks tells nothing.
        bytesPerMillisecond = Double(max(bytes, bytesBefore) - bytesBefore) / milliseconds
        pagesPerSecond = UInt64(Double(max(pages, pagesBefore) - pagesBefore) / milliseconds * 1000)
        start = now
        bytesBefore = bytes
        pagesBefore = pages
    }
}
