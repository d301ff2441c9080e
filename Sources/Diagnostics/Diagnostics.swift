/// Log, counters, pause histograms and the flight recorder: what an operator reads to learn what happened.
///
/// - Modules log through swift-log. Every record carries the fields of `LogContext` (guest, role, term, epoch), so that
///   the journals of two hosts can be laid side by side. `ServiceHost.bootstrapLogging` chooses where records go.
/// - `Counter` and `PauseHistogram` are cheap enough for every checkpoint and packet, and are read by whoever answers a
///   status request.
/// - `FlightRecorder` keeps the last events in memory and is written to the log only when something failed or an operator
///   asks (SIGUSR1), so that nothing has to be logged at every checkpoint.
///
/// Nothing here waits for a peer, and nothing here is on the path of a guest's store.
public enum Diagnostics {
    /// Letters of a text in a log record or note; what is longer is cut. A guest's console is among those who write.
    public static let textLimit = 4096

    /// `text` on one line, with control characters escaped and cut at `textLimit` characters.
    public static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars.prefix(textLimit) {
            switch scalar {
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where scalar.value < 32 || scalar.value == 127:
                line += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
