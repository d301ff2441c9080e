import Glibc
public import Logging

/// Writes records to standard error, one line each: `time level message key=value …`. What a guest says on its console
/// is `time console GUEST| text`: no level is called that, and all after the bar is the guest's.
public struct StandardErrorLogHandler: LogHandler {
    /// Added to every record of the logger.
    public var metadata: Logger.Metadata = [:]
    /// Records below it are dropped.
    public var logLevel: Logger.Level
    /// Metadata of the task that logs.
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let write: @Sendable (String) -> Void

    /// The handler of the logger `label`, which writes to standard error unless told otherwise.
    public init(
        label: String, level: Logger.Level = .info, write: @escaping @Sendable (String) -> Void = writeToStandardError
    ) {
        self.label = label
        self.logLevel = level
        self.write = write
    }

    /// One value of the logger's metadata.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one record.
    public func log(event: LogEvent) {
        if label == Diagnostics.consoleLabel {
            let guest = LogContext.identity.guest ?? ""
            return write("\(Self.timestamp()) console \(guest)| \(Diagnostics.oneLine(event.message.description))\n")
        }
        var line = "\(Self.timestamp()) \(event.level) \(Diagnostics.oneLine(event.message.description))"
        for (name, value) in LogContext.identity.fields { line += " \(name)=\(Self.quoted(value))" }
        for (name, value) in Self.merged(self, event) { line += " \(name)=\(Self.quoted(value))" }
        write(line + "\n")
    }

    /// All metadata of a record in the order of the names: the logger's, the task's over it, the record's over both.
    public static func merged(_ handler: some LogHandler, _ event: LogEvent) -> [(name: String, value: String)] {
        var all = handler.metadata
        for more in [handler.metadataProvider?.get(), event.metadata] {
            if let more { all.merge(more) { $1 } }
        }
        return all.map { ($0.key, $0.value.description) }.sorted { $0.0 < $1.0 }
    }

    private static func quoted(_ value: String) -> String {
        let line = Diagnostics.oneLine(value)
        let isPlain = !line.isEmpty && !line.contains { $0 == " " || $0 == "\"" || $0 == "=" }
        return isPlain
            ? line : "\"\(line.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\""))\""
    }

    /// The wall-clock time now.
    private static func timestamp() -> String {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return timestamp(now)
    }

    /// A wall-clock time in UTC: gmtime_r(3).
    static func timestamp(_ time: timespec) -> String {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var now = time
        var parts = unsafe tm()
        unsafe gmtime_r(&now.tv_sec, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let day = unsafe "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        let milliseconds = String(1000 + now.tv_nsec / 1_000_000).dropFirst()
        return unsafe "\(day)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(milliseconds)Z"
    }
}

/// Writes `line` to standard error in one call, so that lines of several threads do not mix: write(2).
@Sendable public func writeToStandardError(_ line: String) {
    var line = line
    // SAFETY: writes the bytes of a string that lives through the call. A log that cannot be written is lost.
    line.withUTF8 { _ = unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
