import Environment
import SystemCalls
import PairLab
import QMP

/// One machine of a session that is played again, seen over the connection of the recorded client.
final class PlayedMachine {
    let name: String
    /// The process; nil for a further connection to another machine.
    let server: Server?
    let monitor: Monitor
    /// What the recorded one said until now.
    private(set) var expectedEvents: [JSONValue] = []
    /// All that this one said.
    private(set) var events: [JSONValue] = []
    /// Whether the connection is closed.
    private(set) var isClosed = false
    /// How many of `events` are before the place up to which the expected ones were awaited.
    private var awaited = 0
    /// Expected events that were not yet awaited, and whether they came between a call and its reply.
    private var pending: [(event: JSONValue, isWithinCall: Bool)] = []

    /// Events that have come before the recorded machine is there.
    private var early: [String] = []

    /// Whether it was started to wait for a migration.
    let waitsForMigration: Bool
    /// Whether its guest writes, so that a migration makes one pass after the other.
    private let isBusy: Bool

    static let eventLimit: Duration = .seconds(15)

    init(name: String, server: Server?, monitor: Monitor, waitsForMigration: Bool = false, isBusy: Bool = false) {
        (self.name, self.server, self.monitor) = (name, server, monitor)
        (self.waitsForMigration, self.isBusy) = (waitsForMigration, isBusy)
    }

    /// The recorded machine said this.
    func expect(_ event: JSONValue, isWithinCall: Bool) {
        expectedEvents.append(event)
        if let index = early.firstIndex(of: EventOrder.word(event)) {
            early.remove(at: index)
        } else {
            pending.append((event, isWithinCall))
        }
    }

    /// The events that must come before the next call, without those that a call itself brings about.
    var pendingWords: [String] {
        pending.map { (EventOrder.word($0.event), $0.isWithinCall) }.filter { word, isWithinCall in
            !isWithinCall || (word != "STOP" && word != "RESUME")
        }.map(\.0)
    }

    /// Waits for the events that the recorded client had seen by now; returns the first that did not come.
    func awaitPending() throws -> JSONValue? {
        defer { pending = [] }
        var wasPass = false
        for (event, _) in pending where !isCheckpoint(event) {
            // How many passes there are is a matter of speed; that there is a further one is not, if the guest writes.
            let isPass = EventOrder.word(event) == "MIGRATION_PASS"
            defer { wasPass = isPass }
            if isPass, wasPass || !isBusy { continue }
            guard try hasCome(event) else { return event }
        }
        return nil
    }

    /// Whether the guest is only stopped for a checkpoint, or goes on after one; the first time it goes on counts.
    private func isCheckpoint(_ event: JSONValue) -> Bool {
        let word = EventOrder.word(event)
        guard isInCOLO, word == "STOP" || word == "RESUME" else { return false }
        let known = events[..<awaited].map(EventOrder.word)
        return word == "STOP" || known.last != "MIGRATION status=\"colo\""
    }

    /// Whether checkpoints stop and start the guest as far as the recorded machine is.
    var isInCOLO: Bool {
        for event in expectedEvents.reversed() {
            switch EventOrder.word(event) {
            case "MIGRATION status=\"colo\"": return true
            case let word where word.hasPrefix("MIGRATION status="): return false
            default: continue
            }
        }
        return false
    }

    /// Waits for an event that is expected only later.
    func awaitEarly(_ event: JSONValue) throws { if try hasCome(event) { early.append(EventOrder.word(event)) } }

    /// Waits for one event; false if it does not come in time.
    private func hasCome(_ event: JSONValue) throws -> Bool {
        let word = EventOrder.word(event)
        let deadline = SystemClock().now() + .seconds(15)
        var index = awaited
        while true {
            while index < events.count {
                index += 1
                if EventOrder.word(events[index - 1]) == word {
                    awaited = index
                    return true
                }
            }
            let left = deadline - SystemClock().now()
            guard !isClosed, left > .zero else { return false }
            guard let message = try? monitor.next(within: .nanoseconds(Int64(clamping: left.count))) else {
                return false
            }
            take(message)
        }
    }

    private func take(_ message: JSONValue) { if message["event"] != nil { events.append(message) } }

    /// The next reply, and how many events came before it since `mark`.
    func reply(within limit: Duration = Monitor.patience) throws -> JSONValue {
        while let message = try monitor.next(within: limit) {
            guard message["event"] != nil else { return message }
            events.append(message)
        }
        isClosed = true
        throw LabError("\(name) closed the connection")
    }

    /// Sends what the recorded client sent.
    func send(_ text: String) throws { try monitor.connection.send(text) }

    /// Reads until the connection is closed.
    func drain(within limit: Duration) throws {
        while !isClosed {
            do {
                guard let message = try monitor.next(within: limit) else { break }
                take(message)
            } catch let error as LabError where error.description.contains("reset by peer") {
                break
            }
        }
        isClosed = true
    }

    /// Reads the events that have come, without waiting for more.
    func takeWaiting() {
        while !isClosed, let message = try? monitor.next(within: .milliseconds(1)) { take(message) }
    }
}
