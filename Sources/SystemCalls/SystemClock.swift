public import Environment
import Glibc

/// The host's monotonic clock: clock_gettime(2) CLOCK_MONOTONIC.
public struct SystemClock: MonotonicClock {
    /// The clock.
    public init() {}

    /// The time since the host started.
    @inline(__always)
    public func now() -> Nanoseconds {
        var time = timespec()
        // SAFETY: clock_gettime fills the structure it is given; CLOCK_MONOTONIC cannot fail on Linux.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Nanoseconds(UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }
}

/// The host's calendar time: clock_gettime(2) CLOCK_REALTIME.
public struct SystemWallClock: WallClock {
    /// The clock.
    public init() {}

    /// The time since 1970-01-01 00:00 UTC.
    public func sinceEpoch() -> Nanoseconds {
        var time = timespec()
        // SAFETY: clock_gettime fills the structure it is given; CLOCK_REALTIME cannot fail on Linux.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Nanoseconds(UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }
}
