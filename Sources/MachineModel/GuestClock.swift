public import Environment
import Synchronization
import SystemCalls

/// The guest's time: follows the host's monotonic clock while the guest runs, stands while it does not, and goes on
/// from the same value on another host. So a takeover is, for the guest, a moment in which no time passed.
public final class GuestClock: @unchecked Sendable {
    // SAFETY: both fields are changed only while no vCPU runs; vCPU threads see them through the resume handshake.
    private let host: SystemClock
    private var offset: UInt64 = 0
    private var frozenAt: UInt64? = 0

    /// Ticks per second of the clock that the guest reads.
    public static let frequency: UInt64 = 10_000_000
    private static let nanosecondsPerTick: UInt64 = 1_000_000_000 / frequency

    /// A clock that stands at zero.
    public init() { host = SystemClock() }

    /// Guest time in nanoseconds.
    @inline(__always)
    public var nanoseconds: UInt64 { frozenAt ?? (host.now().count &- offset) }

    /// Guest time in ticks.
    @inline(__always)
    public var ticks: UInt64 { nanoseconds / Self.nanosecondsPerTick }

    /// The host time at which the guest clock reaches `ticks`; `.never` for a time past all bounds. The guest may be
    /// older than the host, so the offset between the two clocks can be negative.
    public func hostTime(ofTicks ticks: UInt64) -> Nanoseconds {
        let (guest, overflow) = ticks.multipliedReportingOverflow(by: Self.nanosecondsPerTick)
        guard !overflow, frozenAt == nil, let time = Int64(exactly: guest) else { return .never }
        let (sum, tooLate) = time.addingReportingOverflow(Int64(bitPattern: offset))
        return tooLate ? .never : Nanoseconds(UInt64(max(0, sum)))
    }

    /// Lets time pass from where it stands. Only while no vCPU runs.
    public func start() {
        guard let value = frozenAt else { return }
        offset = host.now().count &- value
        frozenAt = nil
    }

    /// Freezes time. Only while no vCPU runs.
    public func stop() { if frozenAt == nil { frozenAt = host.now().count &- offset } }

    /// Sets a standing clock, when state is loaded.
    public func set(nanoseconds: UInt64) {
        precondition(frozenAt != nil, "the guest clock is set only while the guest stands")
        frozenAt = nanoseconds
    }
}
