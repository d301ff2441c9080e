import Foundation

/// How far a long series of runs is, in a small text file: the series, the seeds done and how many of them failed.
struct Progress {
    let file: String
    /// Names the series; another one begins anew.
    let run: String

    /// What was done before; nothing if the file tells of another series.
    func read() -> (done: UInt64, failures: Int) {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return (0, 0) }
        let lines = text.split(separator: "\n").map(String.init)
        guard lines.count == 3, lines[0] == run, let done = UInt64(lines[1]), let failures = Int(lines[2]) else {
            return (0, 0)
        }
        return (done, failures)
    }

    func write(done: UInt64, failures: Int) throws {
        try "\(run)\n\(done)\n\(failures)\n".write(toFile: file, atomically: true, encoding: .utf8)
    }
}
