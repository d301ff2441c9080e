import Environment
import MigrationCore
import QAPI

extension SourceMachine.Status {
    /// The guest is the destination's, and what it lacks is here.
    var isPostcopy: Bool {
        switch self {
        case .postcopyActive, .postcopyPaused, .postcopyRecover: true
        default: false
        }
    }

    /// The status by its name in the schema.
    var inSchema: MigrationStatus {
        switch self {
        case .none: .none
        case .setup: .setup
        case .waitUnplug: .waitUnplug
        case .active: .active
        case .preSwitchover: .preSwitchover
        case .device: .device
        case .completed: .completed
        case .failed: .failed
        case .cancelling: .cancelling
        case .cancelled: .cancelled
        case .colo: .colo
        case .postcopyActive: .postcopyActive
        case .postcopyPaused: .postcopyPaused
        case .postcopyRecover: .postcopyRecover
        }
    }
}

extension DestinationMachine.Status {
    /// The status by its name in the schema.
    var inSchema: MigrationStatus {
        switch self {
        case .none: .none
        case .active: .active
        case .completed: .completed
        case .failed: .failed
        case .colo: .colo
        case .postcopyActive: .postcopyActive
        case .postcopyPaused: .postcopyPaused
        case .postcopyRecover: .postcopyRecover
        }
    }
}

extension SourceMachine {
    /// The reply of `query-migrate` (members by status, qmp.md §3).
    func info(_ counters: MigrationCounters, now: Nanoseconds) -> MigrationInfo {
        var info = MigrationInfo(status: status.inSchema)
        switch status {
        case .active, .cancelling, .device, .preSwitchover, .postcopyActive, .postcopyPaused, .postcopyRecover:
            info.totalTime = milliseconds(from: startedAt, to: now)
            info.expectedDowntime = Int64(clamping: expectedDowntime)
            info.setupTime = Int64(setupTime.inMilliseconds)
            info.ram = stats(counters)
            info.xbzrleCache = counters.xbzrle?.stats
            info.compression = counters.compression?.stats
            if throttlePercentage > 0 { info.cpuThrottlePercentage = Int64(throttlePercentage) }
            // Where its operator may have to decide what becomes of the guest.
            if status == .postcopyPaused, let pause, pause.place == .unknown { info.errorDesc = pause.description }
        case .completed:
            let end = endedAt ?? now
            info.totalTime = milliseconds(from: startedAt, to: end)
            // In postcopy the guest goes on long before the end.
            info.downtime = haltedAt.map { milliseconds(from: $0, to: switchedAt ?? end) } ?? snapshotDowntime
            info.setupTime = Int64(setupTime.inMilliseconds)
            info.ram = stats(counters)
            info.xbzrleCache = counters.xbzrle?.stats
            info.compression = counters.compression?.stats
        case .failed: info.errorDesc = failure
        case .none, .setup, .waitUnplug, .cancelled, .colo: break
        }
        return info
    }

    private func stats(_ counters: MigrationCounters) -> MigrationStats {
        var stats = MigrationStats.nothing
        stats.total = Int64(clamping: counters.total)
        stats.remaining = Int64(clamping: counters.remaining)
        stats.transferred = Int64(clamping: counters.transferred)
        stats.precopyBytes = counters.precopyBytes
        stats.downtimeBytes = counters.downtimeBytes
        stats.postcopyBytes = counters.postcopyBytes
        stats.postcopyRequests = Int64(clamping: counters.postcopyRequests)
        stats.dirtySyncMissedZeroCopy = counters.missedZeroCopy
        stats.multifdBytes = counters.multifdBytes
        stats.normal = Int64(clamping: counters.normalPages)
        stats.normalBytes = stats.normal * stats.pageSize
        stats.duplicate = Int64(clamping: counters.zeroPages)
        stats.dirtySyncCount = Int64(clamping: passes)
        stats.dirtyPagesRate = Int64(clamping: convergence.dirtyPagesRate)
        stats.pagesPerSecond = bandwidth.pagesPerSecond
        stats.mbps = bandwidth.bytesPerMillisecond * 8 / 1000
        // At the end it is that of the whole run.
        if let endedAt {
            let seconds = (endedAt - startedAt).inMilliseconds / 1000
            if seconds > 0 { stats.mbps = Double(counters.transferred) * 8 / 1_000_000 / seconds }
        }
        return stats
    }

    /// A snapshot of a guest that stood for less than a millisecond has not stopped it for none.
    private var snapshotDowntime: Int64 { snapshotPause.map { Int64($0.inMilliseconds.rounded(.up)) } ?? 0 }

    private func milliseconds(from start: Nanoseconds, to end: Nanoseconds) -> Int64 {
        Int64((end - start).inMilliseconds)
    }
}
