import ProgramSupport
import QMP

/// Prints a line and makes sure that it was written: a reader behind a pipe wants it when it happens, and a full
/// device is an error.
func say(_ line: String) throws(StandardOutput.Failure) {
    print(line)
    try StandardOutput.flush()
}

extension JSONValue {
    /// The value for people and scripts: fractions with as few digits as name them.
    func shown(pretty: Bool = false) -> String {
        text(pretty ? .pretty(newline: "\n") : .compact, fractions: .shortest)
    }
}
