/// Log, counters, pause histograms and the flight recorder: what an operator reads to learn what happened.
///
/// - Modules log through swift-log. Every record carries the fields of `LogContext` (guest, role, term, epoch), so that
///   the journals of two hosts can be laid side by side. `ServiceHost.bootstrapLogging` chooses where records go.
/// - `Counter` and `PauseHistogram` are cheap enough for every checkpoint and packet, and are read to answer a
///   status request.
/// - What a guest says on its console goes to the log under `consoleLabel`, in a form that no record of the daemon has.
/// - `RepeatLimiter` keeps what would be said again and again from filling the log.
/// - `FlightRecorder` keeps the last events in memory and is written to the log only when something failed or an operator
///   asks (SIGUSR1), so that nothing has to be logged at every checkpoint.
///
/// Nothing here waits for a peer, and nothing here is on the path of a guest's store.
public enum Diagnostics {
    /// Letters of a text in a log record or note; what is longer is cut. A guest's console is among those who write.
    public static let textLimit = 4096

    /// The label of the logger that carries what a guest writes to its console: not the daemon's words.
    public static let consoleLabel = "colod-console"

    /// `text` on one line, with control characters escaped and cut at `textLimit` characters.
    public static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars.prefix(textLimit) {
            switch scalar {
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                line += scalar.value < 256 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    /// Whether a terminal or viewer may take the character for an order: the C0 and C1 controls, separators of lines
    /// and paragraphs, and what turns the direction of writing.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
