import Glibc
import PairLab
import QMP

/// What clients ask of a guest.
enum ProtectionCase: Hashable {
    /// Redis SET of 100 bytes.
    case redis(connections: Int, pipeline: Int)
    /// Echo requests at a steady pace.
    case ping

    /// "SET, 10 connections, -P 16"
    var title: String {
        switch self {
        case .redis(let connections, let pipeline):
            "SET, \(connections) connection\(connections == 1 ? "" : "s"), -P \(pipeline)"
        case .ping: "ping"
        }
    }
}

/// One case with one kind of protection.
struct ProtectionRow {
    var setting: ProtectionSetting
    var load: ProtectionCase
    /// The time between checkpoints that colod goes by, in milliseconds; nil without a pair.
    var period: Int64?
    var measurement: ProtectedGuest.Measurement

    /// The members of a row; `base` is the same case unprotected.
    func json(beside base: ProtectionRow?) -> JSONObject {
        let (traffic, rates) = (measurement.traffic, measurement.rates)
        var members: JSONObject = [:]
        if case .redis(let connections, let pipeline) = load {
            members = ["connections": JSONValue(connections), "pipeline": JSONValue(pipeline)]
        }
        members["requests_per_s"] = .double(rounded(traffic.perSecond, 1))
        members["p50_ms"] = .double(rounded(traffic.latency.median))
        members["p99_ms"] = .double(rounded(traffic.latency.p99))
        members["max_ms"] = .double(rounded(traffic.latency.max))
        members["unanswered"] = JSONValue(traffic.unanswered)
        members["client_cores"] = .double(rounded(traffic.clientCores))
        members["primary_cores"] = .double(rounded(rates.primaryCores))
        members["wakeup_ms"] = measurement.wakeUp.json
        guard setting != .unprotected else { return members }
        members["period"] = .string(setting.title)
        members["period_ms"] = period.map { JSONValue($0) } ?? .null
        members["secondary_cores"] = .double(rounded(rates.secondaryCores))
        for member in rates.checkpointMembers.members { members[member.key] = member.value }
        if let base = base?.measurement.traffic {
            members["requests_ratio"] = .double(rounded(traffic.perSecond / base.perSecond))
            members["added_p50_ms"] = .double(rounded(traffic.latency.median - base.latency.median))
            members["added_p99_ms"] = .double(rounded(traffic.latency.p99 - base.latency.p99))
        }
        return members
    }

    /// The cells of the row, as `ProtectionReport` heads them.
    func cells(beside base: ProtectionRow?) -> [String] {
        let (traffic, rates) = (measurement.traffic, measurement.rates)
        let isPaired = setting != .unprotected
        func beside(_ text: (TrafficFigures) -> String) -> String {
            guard isPaired, let base else { return "" }
            return text(base.measurement.traffic)
        }
        return [
            setting.title, fixed(traffic.perSecond, 0), beside { "\(fixed(traffic.perSecond / $0.perSecond, 2))x" },
            fixed(traffic.latency.median, 3), beside { plus(traffic.latency.median - $0.latency.median) },
            fixed(traffic.latency.p99, 2), beside { plus(traffic.latency.p99 - $0.latency.p99) },
            fixed(traffic.latency.max, 1), "\(traffic.unanswered)",
        ] + (isPaired ? rates.checkpointCells : PairRates.noCheckpointCells)
            + [
                fixed(measurement.wakeUp.p99, 2), isPaired ? fixed(rates.linkBytesPerSecond / 1_000_000, 2) : "",
                fixed(rates.primaryCores, 2), isPaired ? fixed(rates.secondaryCores, 2) : "",
            ]
    }

    private func plus(_ value: Double) -> String { (value < 0 ? "" : "+") + fixed(value, 2) }
}

extension PairRates {
    /// What an object says of checkpoints; null stands for what was not there.
    var checkpointMembers: JSONObject {
        [
            "checkpoints_per_s": .double(rounded(checkpointsPerSecond)),
            "bytes_per_checkpoint": bytesPerCheckpoint.map { .double(rounded($0, 1)) } ?? .null,
            "pause_ms": pause?.json ?? .null, "bytes_per_s": .double(rounded(linkBytesPerSecond, 1)),
        ]
    }

    /// Checkpoints a second, KiB of each, and pause (median, p99, longest).
    var checkpointCells: [String] {
        [
            fixed(checkpointsPerSecond, 1), bytesPerCheckpoint.map { fixed($0 / 1024, 0) } ?? "-",
            pause.map { fixed($0.median, 3) } ?? "-", pause.map { fixed($0.p99, 2) } ?? "-",
            pause.map { fixed($0.max, 2) } ?? "-",
        ]
    }

    /// The place of those where there are no checkpoints.
    static let noCheckpointCells = ["", "", "", "", ""]
}

/// To so many digits after the point.
func rounded(_ value: Double, _ digits: Int = 3) -> Double {
    let scale = pow(10, Double(digits))
    return (value * scale).rounded() / scale
}

/// A number with exactly `digits` digits after the point, so that columns of them are easy to compare.
func fixed(_ value: Double, _ digits: Int) -> String {
    let text = decimal(value, digits)
    let fraction = text.firstIndex(of: ".").map { text.distance(from: $0, to: text.endIndex) - 1 } ?? digits
    return text + String(repeating: "0", count: max(0, digits - fraction))
}
