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
              1  the guest runs unprotected, or is protected with something to mend
              2  not serving
              3  unknown: also if this user may not ask
            """)

    @OptionGroup var options: ConnectionOptions

    func run() throws {
        let verdict = judge()
        do { try say(verdict.line) } catch {
            // The line is lost: the monitoring knows nothing.
            throw ExitCode(Verdict.Severity.unknown.rawValue)
        }
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
        if status.protected, status.stopped == true {
            (severity, what) = (.warning, "protected, but the guest is stopped")
        } else if status.protected, let network = status.peer.downNetworks {
            (severity, what) = (.warning, "protected, but \(network)")
        } else if status.protected, let warning = status.warnings?.first {
            (severity, what) = (.warning, "protected, but \(warning)")
        } else if status.protected {
            (severity, what) = (.ok, "protected")
        } else if status.serving {
            (severity, what) = (.warning, "running unprotected (\(status.state.rawValue))")
        } else if status.role == .secondary, status.peer.connected, status.peer.serving == true,
            !status.cannotWriteItsRecord
        {
            // The guest is served; what is missing is this side's readiness to take over.
            (severity, what) = (.warning, "the peer runs unprotected (\(status.state.rawValue))")
        } else {
            (severity, what) = (.critical, "not serving (\(status.state.rawValue))")
        }
        var text = "\(status.role.rawValue), \(what), term \(status.term)"
        if let age = status.lastCheckpointAgeMs { text += ", last checkpoint \(ago(milliseconds: age))" }
        if !status.protected {
            for what in status.warnings ?? [] { text += ", \(what)" }
            for why in status.impairments ?? [] { text += ", \(why)" }
            if let what = status.waitsFor { text += ", waits for \(what)" }
            if let failure = status.lastFailure {
                let age = status.lastFailureAgeMs.map { "\(ago(milliseconds: $0)): " } ?? ""
                text += ", last failure: \(age)\(failure)"
            }
        }
        line = Self.line(severity, text) + " | " + Self.performanceData(status)
    }

    init(_ failure: Failure) {
        severity = failure.kind == .unreachable ? .critical : .unknown
        line = Self.line(severity, failure.text + (failure.next.map { "; \($0)" } ?? ""))
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
        if let count = status.droppedPackets { data.append("dropped_packets=\(count)c") }
        return data.joined(separator: " ")
    }
}

extension ColodStatus {
    /// This side can neither take over nor go on in a new term.
    var cannotWriteItsRecord: Bool {
        impairments?.contains { $0.hasPrefix("here the state directory cannot be written") } ?? false
    }
}
