import Environment
import GuestMemory

/// Rates in whole megabytes (2^20 bytes) a second, rounded to the nearest.
enum MegabyteRate {
    /// The rate at which `pages` pages came in `duration`.
    static func of(pages: UInt64, in duration: Nanoseconds) -> Int64 {
        of(bytes: Double(pages) * Double(targetPageSize), in: duration)
    }

    /// The rate if `changed` of `sampled` pages, which stand for `total` bytes, changed in `duration`.
    static func of(changed: Int, sampled: Int, total: Int, in duration: Nanoseconds) -> Int64 {
        precondition(sampled > 0)
        return of(bytes: Double(total) * Double(changed) / Double(sampled), in: duration)
    }

    private static func of(bytes: Double, in duration: Nanoseconds) -> Int64 {
        let seconds = max(duration.inMilliseconds / 1000, 0.001)
        return Int64((bytes / Double(1 << 20) / seconds).rounded())
    }

    /// How many pages a second make `megabytes` a second; as many as can be counted if it is beyond that.
    static func pages(_ megabytes: UInt64) -> UInt64 {
        let (pages, overflow) = megabytes.multipliedReportingOverflow(by: UInt64((1 << 20) / targetPageSize))
        return overflow ? .max : pages
    }
}
