import PairLab
import QMP

/// A recorded session: one or more machines, what a client sent to each, and what they said, in order.
struct Transcript {
    /// One thing to do or to expect.
    enum Step {
        /// A machine is started and its greeting read.
        case start(machine: String, StartOptions, connections: [String])
        /// A command, or anything else, is sent.
        case send(machine: String, text: String)
        /// The reply to the oldest call that has none.
        case reply(machine: String, JSONValue)
        /// The oldest call that has none gets no reply.
        case silence(machine: String)
        /// A query is asked until it answers this.
        case ask(machine: String, text: String, JSONValue)
        /// An event; `isWithinCall` if it came between a call and its reply.
        case event(machine: String, JSONValue, isWithinCall: Bool)
        /// The process is killed.
        case kill(machine: String)
        /// The process ends by itself with this status.
        case end(machine: String, Int32)

        /// Which machine it is about.
        var machine: String {
            switch self {
            case .start(let machine, _, _), .send(let machine, _), .reply(let machine, _), .silence(let machine),
                .ask(let machine, _, _), .event(let machine, _, _), .kill(let machine), .end(let machine, _):
                machine
            }
        }
    }

    /// Its name.
    let name: String
    /// What to do, in order.
    private(set) var steps: [Step] = []
    /// Why the recorded QEMU ended early, if it did: the rest cannot be replayed.
    private(set) var crash: String?

    /// Reads the transcript `name`; ends before the first call or start of a machine that contains `until`.
    init(name: String, until: String? = nil) throws {
        self.name = name
        var lines = try DataFolder.jsonLines("transcripts/\(name).jsonl").map(Line.init)
        if let until, let end = lines.firstIndex(where: { $0.direction != "<" && $0.raw.contains(until) }) {
            lines.removeSubrange(end...)
        }
        cutAtHang(&lines)
        cutAtCrash(&lines)
        var reader = TranscriptReader()
        for (index, line) in lines.enumerated() { try reader.take(line, at: index, of: lines) }
        steps = reader.steps
    }

    /// Whether somebody has to make TLS credentials for it first.
    var needsCredentials: Bool {
        steps.contains { if case .send(_, let text) = $0 { text.contains("SCRATCH/tls/") } else { false } }
    }

    /// One line of the file.
    struct Line {
        let machine: String
        let direction: String
        let raw: String

        init(_ json: JSONValue) throws {
            guard let machine = json["vm"]?.string, let direction = json["dir"]?.string, let raw = json["raw"]?.string
            else { throw LabError("transcript line \(json.text())") }
            (self.machine, self.direction, self.raw) = (machine, direction, raw)
        }

        /// The status in "exit code 1; stderr: …", a negative one being a signal.
        var exitStatus: Int32? {
            guard direction == "#", raw.hasPrefix("exit code ") else { return nil }
            return Int32(raw.dropFirst("exit code ".count).prefix { $0 != ";" })
        }
    }

    /// The client gave a call that hung some seconds; one that was not to be answered less.
    private mutating func cutAtHang(_ lines: inout [Line]) {
        let hang = lines.firstIndex { line in
            line.direction == "#" && ["within 3s", "within 20s"].contains { line.raw.contains($0) }
        }
        guard let hang else { return }
        let machine = lines[hang].machine
        guard let call = lines[..<hang].lastIndex(where: { $0.machine == machine && $0.direction == ">" }) else {
            return
        }
        crash = "QEMU hung at \(lines[call].raw.prefix(80))"
        lines.removeSubrange(call...)
    }

    private mutating func cutAtCrash(_ lines: inout [Line]) {
        guard let crashed = lines.firstIndex(where: { [-6, -11].contains($0.exitStatus ?? 0) }) else { return }
        let machine = lines[crashed].machine
        let closed = lines[..<crashed].lastIndex { $0.machine == machine && $0.raw == "[closed]" } ?? crashed
        guard let call = lines[..<closed].lastIndex(where: { $0.machine == machine && $0.direction == ">" }) else {
            return
        }
        crash = "QEMU crashed after \(lines[call].raw.prefix(80))"
        lines.removeSubrange(call...)
    }
}
