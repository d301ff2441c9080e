import Environment
import QAPI

/// An outgoing migration's status, times and counters. A plain value: time comes in, and only legal steps are taken.
struct OutgoingState: Sendable {
    private(set) var status = MigrationStatus.none
    private(set) var errorDescription: String?
    private(set) var passes: UInt64 = 0
    private(set) var downtime: Int64?
    private(set) var setupTime: Int64 = 0
    private(set) var totalTime: Int64 = 0
    var expectedDowntime: UInt64 = 0
    /// Hundredths of its time that the guest rests so that the migration converges.
    var throttlePercentage: Int64 = 0
    var ram = MigrationStats.nothing
    private var started = Nanoseconds.zero
    private var stopped: Nanoseconds?
    private var committed = false
    /// Whether the last bytes of a migration that is under way may have left.
    var isCommitted: Bool { committed && status.isRunning }
    /// What `migrate` itself switched on, for this run only.
    var options = Options()

    /// The options blk and inc of `migrate`.
    struct Options: Sendable {
        var block = false
        var incremental = false
    }

    private static let successors: [MigrationStatus: Set<MigrationStatus>] = [
        .setup: [.active, .failed, .cancelling],
        .active: [.completed, .failed, .cancelling, .colo, .preSwitchover],
        .preSwitchover: [.device, .failed, .cancelling],
        .device: [.completed, .failed, .cancelling, .colo],
        .cancelling: [.cancelled],
        .colo: [.completed],
    ]

    /// Begins a new migration, which forgets the one before. False while one is under way.
    mutating func begin(now: Nanoseconds, totalBytes: UInt64, downtimeLimit: UInt64) -> Bool {
        guard !status.isRunning, status != .colo else { return false }
        self = OutgoingState()
        status = .setup
        started = now
        expectedDowntime = downtimeLimit
        ram.total = Int64(clamping: totalBytes)
        ram.remaining = ram.total
        return true
    }

    /// Takes a step; false, with nothing changed, if it is not a legal one.
    mutating func step(to next: MigrationStatus, now: Nanoseconds) -> Bool {
        guard Self.successors[status, default: []].contains(next) else { return false }
        guard next != .cancelling || !committed else { return false }
        if status == .setup { setupTime = milliseconds(from: started, to: now) }
        status = next
        switch next {
        case .completed, .failed, .cancelled:
            totalTime = milliseconds(from: started, to: now)
            downtime = stopped.map { milliseconds(from: $0, to: now) } ?? 0
            let seconds = (now - started).inMilliseconds / 1000
            if seconds > 0 { ram.mbps = Double(ram.transferred) * 8 / 1_000_000 / seconds }
        case .colo:
            // The times of a run that ends in COLO tell nothing about the run; clients know them as zero.
            started = .never
            stopped = nil
        default: break
        }
        return true
    }

    /// The last bytes are about to leave, after which the destination may run the guest: from here on the migration can
    /// no longer be cancelled. False if it was cancelled before.
    mutating func commit() -> Bool {
        committed = status == .active || status == .device
        return committed
    }

    /// This process ends, whatever becomes of what was sent: also the last bytes may be cut off now.
    mutating func abandonCommitment() { committed = false }

    /// Remembers why it failed.
    mutating func setError(_ text: String?) { errorDescription = text }

    /// Counts a pass over the dirty log and returns its number.
    mutating func countPass() -> UInt64 {
        passes += 1
        ram.dirtySyncCount = Int64(clamping: passes)
        return passes
    }

    /// The guest stands for the switchover from `now` on.
    mutating func beginDowntime(now: Nanoseconds) { stopped = now }

    /// The reply of `query-migrate` (members by status).
    func info(now: Nanoseconds) -> MigrationInfo {
        var info = MigrationInfo(status: status)
        switch status {
        case .active, .cancelling, .device, .preSwitchover:
            info.totalTime = milliseconds(from: started, to: now)
            info.expectedDowntime = Int64(clamping: expectedDowntime)
            info.setupTime = setupTime
            info.ram = ram
            if throttlePercentage > 0 { info.cpuThrottlePercentage = throttlePercentage }
        case .completed:
            info.totalTime = totalTime
            info.downtime = downtime
            info.setupTime = setupTime
            info.ram = ram
        case .failed: info.errorDesc = errorDescription
        default: break
        }
        return info
    }

    private func milliseconds(from start: Nanoseconds, to end: Nanoseconds) -> Int64 {
        Int64((end - start).inMilliseconds)
    }
}
