import Environment
import Foundation
import ReplicationCore
import Testing

// Scenario tests are texts: a line at the margin is an event, the indented lines below it are the actions that must
// follow, in order. With COLOD_REWRITE_SCRIPTS=1 in the environment a run writes what really followed into the
// source file instead of failing; read the difference before committing it. Suites of scripts are serialized, because
// all of them write to one file then.

/// A machine that understands the events of a script.
protocol ScriptMachine {
    /// Carries out one line and returns the lines that follow from it.
    mutating func run(_ words: [String], now: Nanoseconds) throws -> [String]
}

struct ScriptError: Error { var what: String }

/// Runs a script and compares, or rewrites, what follows each event.
func check(
    _ script: String, on machine: some ScriptMachine, file: String = #filePath,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var machine = machine
    var now = Nanoseconds.zero
    var result: [String] = []
    for line in script.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("  ") { continue }
        result.append(String(line))
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first, first != "#" else { continue }
        if first == "at" {
            now = try milliseconds(words[1])
            continue
        }
        result += try machine.run(words, now: now).map { "  " + $0 }
    }
    let text = result.joined(separator: "\n")
    guard text != script else { return }
    guard ProcessInfo.processInfo.environment["COLOD_REWRITE_SCRIPTS"] != nil else {
        Issue.record("the trace differs; it is now\n\(text)", sourceLocation: sourceLocation)
        return
    }
    try rewrite(script, to: text, in: file)
}

/// The literals in the source are indented by twelve columns.
private func rewrite(_ old: String, to new: String, in file: String) throws {
    let source = try String(contentsOfFile: file, encoding: .utf8)
    let indented = { (text: String) in
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "            " + $0 }.joined(separator: "\n")
    }
    guard source.contains(indented(old)) else { throw ScriptError(what: "the script is not in \(file)") }
    try source.replacingOccurrences(of: indented(old), with: indented(new))
        .write(toFile: file, atomically: true, encoding: .utf8)
}

func milliseconds(_ text: String) throws -> Nanoseconds {
    guard text.hasSuffix("ms"), let count = UInt64(text.dropLast(2)) else { throw ScriptError(what: text) }
    return .milliseconds(count)
}

func number(_ text: String) throws -> UInt64 {
    guard let value = UInt64(text) else { throw ScriptError(what: text) }
    return value
}
