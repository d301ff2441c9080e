import ArgumentParser
import PairLab

/// How a guest is protected while it is measured.
enum ProtectionSetting: Hashable {
    /// By nobody: no second host, no page tracked, no output held.
    case unprotected
    /// As colod does it when it is told nothing of checkpoints.
    case standard
    /// With a checkpoint every so many milliseconds.
    case period(Int)

    /// The periods that a configuration may ask for, in milliseconds.
    static let periods = 1...10_000

    /// "unprotected", "default", "20 ms"
    var title: String {
        switch self {
        case .unprotected: "unprotected"
        case .standard: "default"
        case .period(let milliseconds): "\(milliseconds) ms"
        }
    }

    /// The configuration of the hosts.
    func apply(to configuration: PairConfiguration) -> PairConfiguration {
        var result = configuration
        result.isPaired = self != .unprotected
        result.takesCheckpointsOnOutput = false
        result.checkpointDelay = if case .period(let milliseconds) = self { milliseconds } else { nil }
        return result
    }
}

/// What `--periods` takes: "default", or milliseconds.
struct ProtectionPeriod: ExpressibleByArgument {
    let setting: ProtectionSetting

    init?(argument: String) {
        if argument == "default" {
            setting = .standard
        } else if let milliseconds = Int(argument), ProtectionSetting.periods.contains(milliseconds) {
            setting = .period(milliseconds)
        } else {
            return nil
        }
    }

    init(_ setting: ProtectionSetting) { self.setting = setting }

    var defaultValueDescription: String {
        if case .period(let milliseconds) = setting { "\(milliseconds)" } else { setting.title }
    }
}

/// How the replication channel is encrypted.
enum ProtectionEncryption: String, ExpressibleByArgument, CaseIterable {
    case standard = "default"
    case none
}
