import ArgumentParser
import Glibc
import QAPI

/// `coloctl check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the pair, as a monitoring plugin.",
        discussion: """
            Prints one line with performance data and exits with
              0  protected
              1  the guest runs, but unprotected
              2  not serving
              3  unknown
            """)

    @OptionGroup var options: ConnectionOptions

    func run() throws {
        let verdict = judge()
        print(verdict.line)
        throw ExitCode(verdict.severity.rawValue)
    }

    private func judge() -> Verdict {
        do throws(Failure) {
            let connection = try options.connect()
            return Verdict(try connection.status())
        } catch {
            return Verdict(error)
        }
    }
}

/// What a status means to a monitoring system.
struct Verdict: Equatable {
    /// With the exit status that plugins have for it.
    enum Severity: Int32 {
        case ok = 0
        case warning = 1
        case critical = 2
        case unknown = 3

        var word: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }
    }

    let severity: Severity
    /// What the plugin prints.
    let line: String

    init(_ status: ColodStatus) {
        let what: String
        if status.protected {
            (severity, what) = (.ok, "protected")
        } else if status.serving {
            (severity, what) = (.warning, "running unprotected (\(status.state.rawValue))")
        } else if status.state == .synchronising && status.peer.connected {
            // The first copy comes from a primary that runs.
            (severity, what) = (.warning, "the peer runs unprotected (\(status.state.rawValue))")
        } else {
            (severity, what) = (.critical, "not serving (\(status.state.rawValue))")
        }
        var text = "\(status.role.rawValue), \(what), term \(status.term)"
        if let age = status.lastCheckpointAgeMs { text += ", last checkpoint \(age) ms ago" }
        if severity != .ok, let failure = status.lastFailure { text += ", \(failure)" }
        line = Self.line(severity, text) + " | " + Self.performanceData(status)
    }

    init(_ failure: Failure) {
        severity = failure.kind == .unreachable ? .critical : .unknown
        line = Self.line(severity, failure.text)
    }

    /// One line without the bar that begins the performance data.
    private static func line(_ severity: Severity, _ text: String) -> String {
        let clean = text.map { $0 == "|" ? "/" : $0.isNewline ? " " : $0 }
        return "COLOD \(severity.word) - " + String(clean)
    }

    private static func performanceData(_ status: ColodStatus) -> String {
        var data = ["term=\(status.term)", "checkpoints=\(status.checkpoints)c"]
        if let pause = status.pauseMs {
            data.append("pause_median=\(decimal(pause.median, digits: 3))ms")
            data.append("pause_p99=\(decimal(pause.p99, digits: 3))ms")
            data.append("pause_max=\(decimal(pause.max, digits: 3))ms")
        }
        if let size = status.bytesPerCheckpoint { data.append("checkpoint_size=\(size)B") }
        if let age = status.lastCheckpointAgeMs { data.append("checkpoint_age=\(age)ms") }
        data.append("held_packets=\(status.heldPackets)")
        data.append("held_bytes=\(status.heldBytes)B")
        return data.joined(separator: " ")
    }
}
