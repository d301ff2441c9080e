import Diagnostics
import Glibc
public import Logging
import SystemCalls

/// Where log records go.
public enum LogDestination: Sendable, Equatable {
    /// The journal, with structured fields.
    case journal
    /// Lines on standard error.
    case standardError

    /// The journal if standard error is the journal's stream, as the variable JOURNAL_STREAM says (systemd.exec(5)).
    public static var ofThisProcess: LogDestination {
        guard let variable = unsafe getenv("JOURNAL_STREAM"), let status = try? FileStatus(of: STDERR_FILENO) else {
            return .standardError
        }
        // SAFETY: getenv returned a zero-terminated string, copied at once.
        return unsafe choose(stream: String(cString: variable), device: status.device, inode: status.inode)
    }

    /// `stream` is "DEVICE:INODE" of the journal's stream.
    static func choose(stream: String, device: UInt, inode: UInt) -> LogDestination {
        stream == "\(device):\(inode)" ? .journal : .standardError
    }
}

/// Sends the records of every logger to the journal or to standard error. Call it once, first of all.
@discardableResult
public func bootstrapLogging(
    level: Logger.Level = .info, destination: LogDestination = .ofThisProcess
) -> LogDestination {
    LoggingSystem.bootstrap { label in
        switch destination {
        case .journal: JournalLogHandler(label: label, level: level)
        case .standardError: StandardErrorLogHandler(label: label, level: level)
        }
    }
    return destination
}
