import Environment
import Glibc
import PairLab
import QMP
import SystemCalls

/// Plays a transcript again on machines of today, and notes each reply and event that differs.
///
/// The pace is not that of the recording. What the recorded client saw before it sent a call is awaited before the
/// call is sent here. A migration is held at a trickle from its start until the client has to see it make progress,
/// so that calls that were made while it was active are made while it is active.
final class TranscriptPlayer {
    /// One disagreement.
    struct Difference: Sendable {
        let call: String
        let expected: String
        let got: String

        /// The command, or what else it is about, for the list of deliberate differences.
        var subject: String {
            guard let start = call.firstIndex(of: "{"),
                let parsed = try? JSONStreamParser.parse(String(call[start...])),
                let command = (parsed["execute"] ?? parsed["exec-oob"])?.string
            else { return call }
            return command
        }
    }

    private let transcript: Transcript
    private let program: Program
    /// The guest's program; nil for a machine that is RAM only, and whose migration would be over at once.
    private let kernel: String?
    private let folder: TemporaryFolder
    private var machines: [String: PlayedMachine] = [:]
    /// All that ran, oldest first, for the comparison of events.
    private var all: [PlayedMachine] = []
    private var connections: [String: (server: Server, path: String)] = [:]
    /// The bandwidths to go back to, by the machine whose migration is held.
    private var held: [String: JSONObject] = [:]
    /// Whether the recorded client has let the guest move before its memory, while the migration is held.
    private var isInPostcopy = false
    private var calls: [String: [String]] = [:]
    /// Ports of the recording and those of today.
    private var ports: [(recorded: String, actual: String)] = []
    private var silentListener: SilentListener?
    /// Which step is next.
    private var position = 0
    /// How often something that was recorded did not come.
    private var waitedInVain = 0
    private(set) var differences: [Difference] = []
    /// How many replies agreed.
    private(set) var agreed = 0

    /// An event of disk exports, which colod does not have.
    private static let absent: JSONValue = "BLOCK_EXPORT_DELETED"
    /// Where the recorded client of the session about TLS had somebody listen who said nothing.
    private static let silentPort = "51345"
    private static let trickle: JSONValue = 40_000
    private static let bandwidths = ["max-bandwidth", "max-postcopy-bandwidth"]
    /// States that last only a moment.
    private static let brief = ["setup", "cancelling", "device", "postcopy-recover"]
    private static let askLimit: Nanoseconds = .seconds(6)
    private static let statusQueries = [
        "query-migrate", "query-status", "query-jobs", "query-dirty-rate", "query-colo-status",
    ]
    private static let silenceLimit: Duration = .milliseconds(300)

    init(_ transcript: Transcript, on program: Program, kernel: String? = nil) throws {
        self.transcript = transcript
        self.program = program
        self.kernel = kernel
        folder = try TemporaryFolder(prefix: "colod-transcript")
        if transcript.needsCredentials {
            try CertificateLab(at: folder.path("tls")).makeMigrationCredentials()
            let listener = try SilentListener()
            ports.append((Self.silentPort, "\(listener.port)"))
            silentListener = listener
        }
    }

    /// Plays all of it.
    func play() throws {
        for (index, step) in transcript.steps.enumerated() {
            position = index
            do {
                try take(step)
            } catch {
                note("step \(step)", expected: "", got: "\(error)")
                break
            }
            // One thing that goes wrong makes all that follows differ.
            if waitedInVain >= 1 { break }
        }
        for machine in all where !machine.isClosed && waitedInVain == 0 { try awaitEvents(of: machine) }
        compareEvents()
    }

    private func note(_ call: String, expected: String, got: String) {
        differences.append(Difference(call: call, expected: expected, got: got))
    }

    private func machine(_ name: String) throws -> PlayedMachine {
        if let machine = machines[name] { return machine }
        guard let connection = connections.values.first else { throw LabError("no machine \(name) was started") }
        let monitor = Monitor(try MonitorConnection(path: connection.path))
        guard try monitor.next()?["QMP"] != nil else { throw LabError("no greeting for \(name)") }
        let machine = PlayedMachine(name: name, server: nil, monitor: monitor)
        machines[name] = machine
        all.append(machine)
        return machine
    }

    private func take(_ step: Transcript.Step) throws {
        // A client noticed the end of a machine late and sent it something more.
        if machines[step.machine]?.isClosed == true {
            if case .start = step {} else { return }
        }
        switch step {
        case .start(let name, let options, let names): try start(name, options, connections: names)
        case .send(let name, let text): try send(text, to: try machine(name))
        case .reply(let name, let reply): try compareReply(reply, of: try machine(name))
        case .silence(let name): try compareSilence(of: try machine(name))
        case .ask(let name, let text, let reply): try ask(text, until: reply, try machine(name))
        case .event(let name, let event, let isWithinCall):
            if event != .null, event["event"] != Self.absent {
                try machine(name).expect(event, isWithinCall: isWithinCall)
            }
        case .kill(let name):
            let machine = try machine(name)
            try awaitEvents(of: machine)
            // Who has the guest without its memory depends on its peer.
            if isInPostcopy { for other in all where !other.isClosed { try awaitEvents(of: other) } }
            machine.server?.process.killAndWait()
            if machine.server == nil { machines[name] = nil }
        case .end(let name, let status): try end(try machine(name), status)
        }
    }

    // MARK: Starting and ending

    private func start(_ name: String, _ recorded: StartOptions, connections names: [String]) throws {
        var options = recorded
        options.kernel = program == .colod ? kernel : nil
        options.incoming = options.incoming.map(actual)
        let control = folder.path("\(name).\(all.count).control")
        options.moreMonitors = [control] + names.indices.map { folder.path("\(name).\(all.count).more\($0)") }
        let server = try Server(program, options)
        let machine = PlayedMachine(
            name: name, server: server, monitor: try server.connectSilently(),
            waitsForMigration: options.incoming != nil, isBusy: options.kernel != nil && options.incoming == nil)
        machines[name] = machine
        all.append(machine)
        // Each of colod's sockets serves any number of clients.
        let more = program == .colod ? server.monitorPath : options.moreMonitors.dropFirst().first
        if !names.isEmpty, let more { connections[name] = (server, more) }
    }

    private func end(_ machine: PlayedMachine, _ status: Int32) throws {
        guard let server = machine.server else { return }
        try machine.drain(within: PlayedMachine.eventLimit)
        let end = server.process.waitForExit(within: .seconds(8))
        if end != .exited(status) {
            note(
                "the end of \(machine.name)", expected: "exit status \(status)", got: end.map { "\($0)" } ?? "it lives")
        }
    }

    // MARK: Calls

    private func send(_ text: String, to machine: PlayedMachine) throws {
        try awaitEvents(of: machine)
        // Who is in COLO depends on its peer, and so does who has the guest without its memory.
        for other in all where (other.isInCOLO || isInPostcopy) && !other.isClosed { try awaitEvents(of: other) }
        if text.contains("\"quit\"") || text.contains("\"migrate-set-") { try awaitCoincidences(of: machine) }
        calls[machine.name, default: []].append(text)
        if kernel == nil, text.contains("\"migrate\""), held[machine.name] == nil { try hold(machine) }
        if text.contains("\"migrate-start-postcopy\""), !held.isEmpty { isInPostcopy = true }
        try machine.send(actual(keepingHold(text, machine)))
    }

    private func awaitEvents(of machine: PlayedMachine) throws {
        let words = machine.pendingWords
        if words.contains(where: isProgress) { try release() }
        if let missing = try machine.awaitPending() {
            waitedInVain += 1
            note("\(machine.name): an event", expected: EventOrder.word(missing), got: "none of it in time")
        }
        // A migration that has ended needs to be held no more.
        if words.contains(where: { $0.contains("failed") || $0.contains("cancelled") }) { try release() }
    }

    /// Waits for what came between a call and its reply although the call has no part in it: had it come later, the
    /// call would have been answered otherwise.
    private func awaitCoincidences(of machine: PlayedMachine) throws {
        for step in transcript.steps[(position + 1)...] where step.machine == machine.name {
            guard case .event(_, let event, true) = step, event["event"] != "SHUTDOWN" else { return }
            if event["event"] == "MIGRATION" || event["event"] == "RESUME" { try machine.awaitEarly(event) }
        }
    }

    /// Whether a machine gets there only by a migration that goes on. In postcopy the guest has moved before that.
    private func isProgress(_ text: String) -> Bool {
        let before = ["pre-switchover", "colo", "STOP", "RESUME", "finish-migrate"]
        return (["completed", "postmigrate"] + (isInPostcopy ? [] : before)).contains { text.contains($0) }
    }

    private func compareReply(_ expected: JSONValue, of machine: PlayedMachine) throws {
        let call = calls[machine.name]?.first ?? "?"
        if calls[machine.name]?.isEmpty == false { calls[machine.name]?.removeFirst() }
        let got = withoutHold(try machine.reply(), of: call, machine)
        compare(call, of: machine, expected: expected, got: got)
    }

    private func compareSilence(of machine: PlayedMachine) throws {
        let call = calls[machine.name]?.first ?? "?"
        if calls[machine.name]?.isEmpty == false { calls[machine.name]?.removeFirst() }
        do {
            let got = try machine.reply(within: Self.silenceLimit)
            note("\(machine.name): \(call)", expected: "no reply", got: got.text())
        } catch is LabError {
            agreed += 1
        }
    }

    private func compare(_ call: String, of machine: PlayedMachine, expected: JSONValue, got: JSONValue) {
        if areEqual(expected, got, machine) {
            agreed += 1
        } else {
            note("\(machine.name): \(call)", expected: comparable(expected).text(), got: comparable(got).text())
        }
    }

    private func areEqual(_ expected: JSONValue, _ got: JSONValue, _ machine: PlayedMachine) -> Bool {
        if comparable(expected) == comparable(got) { return true }
        // Whether a query comes within a checkpoint is a matter of time.
        let runs: Set<String> = ["running", "colo"]
        guard machine.isInCOLO, let one = expected["return"], let other = got["return"], one["singlestep"] != nil,
            other["singlestep"] != nil
        else { return false }
        return runs.contains(one["status"]?.string ?? "") && runs.contains(other["status"]?.string ?? "")
    }

    /// Asks until the answer is the recorded one; a state that lasts only a moment is not waited for.
    private func ask(_ text: String, until expected: JSONValue, _ machine: PlayedMachine) throws {
        let status = expected["return"]?["status"]?.string ?? ""
        if Self.brief.contains(status) || isInPostcopy && status == "active" { return }
        if isProgress(status) || (status == "running" && machine.waitsForMigration && !isInPostcopy) {
            try release()
        }
        try awaitEvents(of: machine)
        let changesByItself = Self.statusQueries.contains { text.contains("\"\($0)\"") }
        let deadline = SystemClock().now() + (changesByItself ? Self.askLimit : .zero)
        while true {
            try machine.send(actual(text))
            let got = withoutHold(try machine.reply(), of: text, machine)
            let isInTime = SystemClock().now() < deadline
            if areEqual(expected, got, machine) || !isInTime {
                // A machine that got elsewhere gets nowhere from there; a wrong answer is only that.
                if !isInTime, changesByItself { waitedInVain += 1 }
                rememberPorts(expected, got)
                return compare(text, of: machine, expected: expected, got: got)
            }
            pause(.milliseconds(10))
        }
    }

    // MARK: Holding a migration

    private func hold(_ machine: PlayedMachine) throws {
        guard let control = try control(of: machine) else { return }
        let parameters = try control.ask(Call.text("query-migrate-parameters"))["return"]
        var (before, trickles) = (JSONObject(), JSONObject())
        for name in Self.bandwidths {
            before[name] = parameters?[name]
            trickles[name] = Self.trickle
        }
        held[machine.name] = before
        _ = try control.ask(Call.text("migrate-set-parameters", trickles))
    }

    private func release() throws {
        for (name, bandwidths) in held {
            held[name] = nil
            guard let machine = machines[name], let control = try? control(of: machine) else { continue }
            _ = try control.ask(Call.text("migrate-set-parameters", bandwidths))
        }
    }

    /// A connection of its own, so that the recorded client's is not disturbed.
    private func control(of machine: PlayedMachine) throws -> Monitor? {
        guard let path = machine.server?.controlPath else { return nil }
        let monitor = Monitor(try MonitorConnection(path: path))
        guard try monitor.next()?["QMP"] != nil else { return nil }
        _ = try monitor.ask(Call.negotiate(outOfBand: false))
        return monitor
    }

    /// `text` without a change of a bandwidth that would end the hold; it comes into effect after it.
    private func keepingHold(_ text: String, _ machine: PlayedMachine) -> String {
        guard var bandwidths = held[machine.name], text.contains("-bandwidth\""),
            var call = try? JSONStreamParser.parse(text).object, var arguments = call["arguments"]?.object
        else { return text }
        for name in Self.bandwidths where arguments[name]?.unsigned != nil {
            bandwidths[name] = arguments[name]
            arguments[name] = nil
        }
        held[machine.name] = bandwidths
        call["arguments"] = .object(arguments)
        return JSONValue.object(call).text() + "\n"
    }

    /// A reply with the parameters that a client would see without the hold.
    private func withoutHold(_ reply: JSONValue, of call: String, _ machine: PlayedMachine) -> JSONValue {
        guard let bandwidths = held[machine.name], call.contains("\"query-migrate-parameters\""),
            var outer = reply.object, var parameters = outer["return"]?.object
        else { return reply }
        for name in Self.bandwidths { parameters[name] = bandwidths[name] }
        outer["return"] = .object(parameters)
        return .object(outer)
    }

    // MARK: Paths and ports

    /// What the recorded client sent, with the paths and ports of today.
    private func actual(_ text: String) -> String {
        var text = text.replacing("SCRATCH", with: folder.root)
        for port in ports.reversed() { text = text.replacing(":\(port.recorded)", with: ":\(port.actual)") }
        return text
    }

    /// A value of today with the paths of the recording, without what differs from run to run.
    private func comparable(_ value: JSONValue) -> JSONValue {
        let text = value.text().replacing(folder.root, with: "SCRATCH")
        return Normalisation.normalise((try? JSONStreamParser.parse(text)) ?? value)
    }

    private func rememberPorts(_ expected: JSONValue, _ got: JSONValue) {
        guard let recorded = expected["return"]?["socket-address"]?.array?.first?["port"]?.string,
            let actual = got["return"]?["socket-address"]?.array?.first?["port"]?.string
        else { return }
        ports.removeAll { $0.recorded == recorded }
        ports.append((recorded, actual))
    }

    // MARK: Events

    private func compareEvents() {
        for machine in all {
            if (try? machine.awaitPending()) != nil {}
            machine.takeWaiting()
            let expected = EventOrder.canonical(machine.expectedEvents)
            var got = EventOrder.canonical(machine.events)
            // The recorded client of a further connection left before the machine ended.
            if machine.server == nil { got = Array(got.prefix(expected.count)) }
            if expected != got {
                note(
                    "\(machine.name): events", expected: expected.joined(separator: ", "),
                    got: got.joined(separator: ", "))
            }
        }
    }
}
