public import Environment

/// Keeps a sender below a bandwidth: tells how long to wait after each batch. A pure value; the time comes in.
public struct RateLimiter: Sendable {
    /// Bytes per second; 0 means no limit. May change at any time; what was due under the old limit is forgotten.
    public var bytesPerSecond: UInt64 {
        didSet {
            guard bytesPerSecond != oldValue else { return }
            windowStart = .zero
            bytesInWindow = 0
        }
    }
    private var windowStart: Nanoseconds
    private var bytesInWindow: UInt64 = 0

    /// The length of a window, after which unused bandwidth is forgotten.
    public static let window = Nanoseconds.milliseconds(100)

    /// A limiter that begins at `now`.
    public init(bytesPerSecond: UInt64, now: Nanoseconds) {
        self.bytesPerSecond = bytesPerSecond
        windowStart = now
    }

    /// How many bytes a window has; nil without a limit.
    public var bytesPerWindow: UInt64? {
        bytesPerSecond == 0 ? nil : max(1, bytesPerSecond / (1_000_000_000 / Self.window.count))
    }

    /// Counts `bytes` that were sent and returns until when to wait before the next ones; nil if there is no need to.
    public mutating func pause(afterSending bytes: UInt64, now: Nanoseconds) -> Nanoseconds? {
        bytesInWindow &+= bytes
        guard let budget = bytesPerWindow else {
            bytesInWindow = 0
            windowStart = now
            return nil
        }
        if now >= windowStart + Self.window, bytesInWindow < budget {
            windowStart = now
            bytesInWindow = 0
            return nil
        }
        guard bytesInWindow >= budget else { return nil }
        // A batch larger than a window's budget pays for as many windows as it took.
        let windows = bytesInWindow / budget
        let (length, overflow) = Self.window.count.multipliedReportingOverflow(by: windows)
        let end = windowStart + Nanoseconds(overflow ? .max : length)
        bytesInWindow -= windows * budget
        windowStart = max(end, now)
        return end > now ? end : nil
    }
}
