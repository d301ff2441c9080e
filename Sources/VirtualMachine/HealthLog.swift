import Environment

/// One line about a change of a machine's health.
public struct HealthReport: Equatable, Sendable {
    /// Whether the guest cannot serve because of it; else it can again.
    public let isTrouble: Bool
    /// What happened, for a log.
    public let text: String
}

/// What to write down of a machine's health, looked at again and again: what begins, what ends, and a disk that goes on
/// keeping a request each time the time has doubled. A plain value.
public struct HealthLog: Sendable {
    private var network: String?
    private var disk: MachineHealth.StalledDisk?
    private var nextDuration = Nanoseconds.zero

    /// A log of a machine that was well.
    public init() {}

    /// Takes a new look in, and returns what is to be told.
    public mutating func note(_ health: MachineHealth) -> [HealthReport] {
        noteNetwork(health.networkFailure) + noteDisk(health.stalledDisk)
    }

    private mutating func noteNetwork(_ failure: String?) -> [HealthReport] {
        defer { network = failure }
        guard failure != network else { return [] }
        guard let failure else { return [HealthReport(isTrouble: false, text: "the guest has its network again")] }
        return [HealthReport(isTrouble: true, text: "the guest reaches no network: \(failure)")]
    }

    private mutating func noteDisk(_ stalled: MachineHealth.StalledDisk?) -> [HealthReport] {
        var reports: [HealthReport] = []
        if let before = disk, stalled?.name != before.name || (stalled?.duration ?? .zero) < before.duration {
            let milliseconds = UInt64(before.duration.inMilliseconds)
            reports.append(
                HealthReport(
                    isTrouble: false, text: "\(before.name) answers again, after more than \(milliseconds) ms"))
            nextDuration = .zero
        }
        disk = stalled
        guard let stalled, stalled.duration >= nextDuration else { return reports }
        nextDuration = stalled.duration + stalled.duration
        return reports + [HealthReport(isTrouble: true, text: "\(stalled): the guest waits for it and does not go on")]
    }
}
