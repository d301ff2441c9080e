import PairLab
import QMP

/// Turns the lines of a transcript into steps: pairs calls with replies, and makes one of a query that was repeated
/// until it answered what the client waited for.
struct TranscriptReader {
    /// The steps so far.
    private(set) var steps: [Transcript.Step] = []
    /// The calls that have no reply yet, oldest first, by machine: where they are in `steps`, and their text.
    private var open: [String: [(step: Int, text: String)]] = [:]
    /// The last query that was answered, if the machine got no other call since: where it is in `steps`.
    private var lastQuery: [String: (step: Int, text: String)] = [:]
    /// Whether the machine was told to end.
    private var isQuitting: Set<String> = []

    /// Takes line `index` of `lines`.
    mutating func take(_ line: Transcript.Line, at index: Int, of lines: [Transcript.Line]) throws {
        switch line.direction {
        case "#": try takeRemark(line, at: index, of: lines)
        case ">": takeCall(line)
        default: try takeMessages(line, at: index, of: lines)
        }
    }

    private mutating func takeRemark(_ line: Transcript.Line, at index: Int, of lines: [Transcript.Line]) throws {
        if line.raw.hasPrefix("argv: ") {
            var options = RecordedCommandLine(String(line.raw.dropFirst("argv: ".count)))
            options.start.name = options.start.name ?? line.machine
            steps.append(.start(machine: line.machine, options.start, connections: options.connections))
            isQuitting.remove(line.machine)
        } else if line.raw.hasPrefix("[no reply"), open[line.machine]?.isEmpty == false {
            open[line.machine]?.removeFirst()
            steps.append(.silence(machine: line.machine))
        }
    }

    private mutating func takeCall(_ line: Transcript.Line) {
        if line.raw.contains("\"quit\"") { isQuitting.insert(line.machine) }
        open[line.machine, default: []].append((steps.count, line.raw))
        steps.append(.send(machine: line.machine, text: line.raw))
    }

    /// That of the process that a connection which closed at `index` belonged to; its end may have been noted before.
    private func exitStatus(of machine: String, at index: Int, of lines: [Transcript.Line]) -> Int32? {
        func isStart(_ line: Transcript.Line) -> Bool { line.machine == machine && line.raw.hasPrefix("argv: ") }
        let start = lines[..<index].lastIndex(where: isStart) ?? lines.startIndex
        let end = lines[index...].firstIndex(where: isStart) ?? lines.endIndex
        return lines[start..<end].first { $0.machine == machine && $0.exitStatus != nil }?.exitStatus
    }

    private mutating func takeMessages(_ line: Transcript.Line, at index: Int, of lines: [Transcript.Line]) throws {
        if line.raw == "[closed]" {
            let status = exitStatus(of: line.machine, at: index, of: lines)
            // Without a remark, the recorded machine was killed, or the connection was that of one more client.
            if let status, status >= 0 {
                steps.append(.end(machine: line.machine, status))
            } else {
                steps.append(.kill(machine: line.machine))
            }
            open[line.machine] = nil
            return
        }
        for text in line.raw.split(separator: "\r\n") {
            let message = try JSONStreamParser.parse(String(text))
            if message["QMP"] != nil { continue }
            if message["event"] != nil {
                let isWithinCall = open[line.machine]?.isEmpty == false
                steps.append(.event(machine: line.machine, message, isWithinCall: isWithinCall))
            } else {
                takeReply(message, machine: line.machine)
            }
        }
    }

    private mutating func takeReply(_ reply: JSONValue, machine: String) {
        guard let call = open[machine]?.first else {
            steps.append(.reply(machine: machine, reply))
            return
        }
        open[machine]?.removeFirst()
        let isQuery = call.text.contains("\"query-") && reply["return"] != nil && reply["id"] == nil
        guard isQuery, open[machine]?.isEmpty == true else {
            steps.append(.reply(machine: machine, reply))
            lastQuery[machine] = nil
            return
        }
        // Of a query that was repeated only the last time counts.
        if let last = lastQuery[machine], last.text == call.text, isLastCall(last.step, before: call.step) {
            steps[last.step] = .event(machine: machine, .null, isWithinCall: true)
        }
        steps[call.step] = .ask(machine: machine, text: call.text, reply)
        lastQuery[machine] = call
    }

    /// Whether nothing but events lies between.
    private func isLastCall(_ step: Int, before end: Int) -> Bool {
        steps[(step + 1)..<end].allSatisfy { if case .event = $0 { true } else { false } }
    }
}

/// What a recorded QEMU command line says in terms of any program.
struct RecordedCommandLine {
    /// How to start.
    var start = StartOptions()
    /// Names of further management sockets.
    private(set) var connections: [String] = []

    init(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        var isFirstMonitor = true
        for (index, word) in words.enumerated() {
            let value = index + 1 < words.count ? words[index + 1] : ""
            switch word {
            case "-m": start.megabytes = Int(value) ?? 128
            case "-name": start.name = value
            case "-uuid": start.uuid = value
            case "-incoming": start.incoming = value
            case "-S": start.paused = true
            case "-qmp":
                if !isFirstMonitor { connections.append(value) }
                isFirstMonitor = false
            default: break
            }
        }
    }
}
