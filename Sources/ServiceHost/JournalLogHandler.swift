import CSystemd
import Diagnostics
import Glibc
public import Logging

/// Sends records to the journal with structured fields: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, CODE_FILE, CODE_LINE, and
/// COLOD_GUEST, COLOD_ROLE, COLOD_TERM, COLOD_EPOCH and one COLOD_ field for each piece of metadata.
///
/// What a guest says on its console has an identifier of its own, colod-console, a fixed priority, and of the COLOD_
/// fields only COLOD_GUEST.
///
/// `journalctl COLOD_GUEST=web -o verbose` shows them.
public struct JournalLogHandler: LogHandler {
    /// Added to every record of the logger.
    public var metadata: Logger.Metadata = [:]
    /// Records below it are dropped.
    public var logLevel: Logger.Level
    /// Metadata of the task that logs.
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let send: @Sendable ([String]) -> Void

    /// The handler of the logger `label`. `send` gets the fields as NAME=value; by default they go to the journal.
    public init(
        label: String, level: Logger.Level = .info, send: @escaping @Sendable ([String]) -> Void = sendToJournal
    ) {
        self.label = label
        self.logLevel = level
        self.send = send
    }

    /// One value of the logger's metadata.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Sends one record.
    public func log(event: LogEvent) {
        if label == Diagnostics.consoleLabel { return logConsole(event) }
        var fields = [
            "MESSAGE=\(Diagnostics.oneLine(event.message.description))", "PRIORITY=\(Self.priority(event.level))",
            "SYSLOG_IDENTIFIER=colod", "COLOD_LOGGER=\(label)", "CODE_FILE=\(event.file)", "CODE_LINE=\(event.line)",
        ]
        let values = LogContext.identity.fields + StandardErrorLogHandler.merged(self, event)
        for (name, value) in values { fields.append("COLOD_\(Self.fieldName(name))=\(Diagnostics.oneLine(value))") }
        send(fields)
    }

    private func logConsole(_ event: LogEvent) {
        let guest = LogContext.identity.guest.map { ["COLOD_GUEST=\(Diagnostics.oneLine($0))"] } ?? []
        send(
            [
                "MESSAGE=\(Diagnostics.oneLine(event.message.description))", "PRIORITY=\(Self.priority(.info))",
                "SYSLOG_IDENTIFIER=\(Diagnostics.consoleLabel)",
            ] + guest)
    }

    /// The levels of syslog(3).
    static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }

    /// The journal takes upper-case letters, digits and underscores, 64 at most with the prefix.
    static func fieldName(_ name: String) -> String {
        let letters = name.uppercased().utf8.map { byte -> Character in
            let isFit = (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
            return isFit ? Character(UnicodeScalar(byte)) : "_"
        }
        return String(letters.prefix(64 - "COLOD_".count))
    }
}

/// Sends the fields of one record, each as NAME=value: sd_journal_sendv(3).
@Sendable public func sendToJournal(_ fields: [String]) {
    var bytes: [UInt8] = []
    var ranges: [Range<Int>] = []
    for field in fields {
        let start = bytes.count
        bytes.append(contentsOf: field.utf8)
        ranges.append(start..<bytes.count)
    }
    unsafe bytes.withUnsafeMutableBytes { buffer in
        // SAFETY: every range lies in the buffer, which lives through the call and is only read by it.
        let vectors = unsafe ranges.map { range in
            unsafe iovec(iov_base: buffer.baseAddress.map { unsafe $0 + range.lowerBound }, iov_len: range.count)
        }
        // A journal that does not take the record leaves nobody to tell.
        _ = unsafe sd_journal_sendv(vectors, Int32(vectors.count))
    }
}
