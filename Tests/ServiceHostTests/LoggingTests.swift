import Environment
import Glibc
import Logging
import Synchronization
import Testing

@testable import Diagnostics
@testable import ServiceHost

final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

// The identity belongs to the whole process: one after the other.
@Suite(.serialized) struct Records {
    private let lines = Lines()

    private func identify() {
        LogContext.update { $0 = LogIdentity(guest: "web", role: "primary", term: 3, epoch: nil) }
    }

    @Test func aLineNamesTimeLevelMessageAndFields() throws {
        identify()
        var logger = Logger(label: "t") { [lines] in StandardErrorLogHandler(label: $0) { lines.add($0) } }
        logger[metadataKey: "peer"] = "10.0.0.2"
        logger.warning("heartbeat late", metadata: ["ms": "120", "why": "no answer"])
        let line = try #require(lines.all.first)
        #expect(
            line.hasSuffix(
                "Z warning heartbeat late guest=web role=primary term=3 ms=120 peer=10.0.0.2 why=\"no answer\"\n"))
    }

    @Test func textFromOutsideCannotForgeALine() throws {
        identify()
        let logger = Logger(label: "t") { [lines] in StandardErrorLogHandler(label: $0) { lines.add($0) } }
        logger.info("guest says: a\nb\u{1b}[2J", metadata: ["x": "1 y=2\"\n"])
        let line = try #require(lines.all.first)
        #expect(line.filter { $0 == "\n" }.count == 1)
        #expect(line.contains("a\\nb\\x1b[2J"))
        #expect(line.contains("x=\"1 y=2\\\"\\n\""))
    }

    @Test(
        arguments: [
            ("\u{9b}2J", "\\x9b2J"), ("a\u{2028}b", "a\\u{2028}b"), ("\u{202e}x", "\\u{202e}x"), ("\u{7f}", "\\x7f"),
            ("é", "é"),
        ])
    func whatATerminalTakesForAnOrderIsEscaped(text: String, line: String) {
        #expect(Diagnostics.oneLine(text) == line)
    }

    @Test func aGuestsConsoleCannotPassForTheDaemonOnStandardError() throws {
        identify()
        func logger(_ label: String) -> Logger {
            Logger(label: label) { [lines] in StandardErrorLogHandler(label: $0) { lines.add($0) } }
        }
        logger("colod").notice("protected")
        let genuine = try #require(lines.all.first)
        logger(Diagnostics.consoleLabel).info("\(genuine)\n\(genuine)")
        let forged = try #require(lines.all.last)
        // The second word of a daemon's record is a level, and none is called that.
        #expect(genuine.split(separator: " ")[1] == "notice")
        #expect(forged.split(separator: " ")[1] == "console")
        #expect(Logger.Level(rawValue: "console") == nil)
        #expect(forged.split(separator: " ")[2] == "web|")
        #expect(forged.filter { $0 == "\n" }.count == 1)
    }

    @Test func aGuestsConsoleHasItsOwnIdentifierInTheJournal() {
        identify()
        let logger = Logger(label: Diagnostics.consoleLabel) { [lines] label in
            JournalLogHandler(label: label) { fields in for field in fields { lines.add(field) } }
        }
        logger.critical("PRIORITY=0\nSYSLOG_IDENTIFIER=colod")
        #expect(
            lines.all == [
                "MESSAGE=PRIORITY=0\\nSYSLOG_IDENTIFIER=colod", "PRIORITY=6", "SYSLOG_IDENTIFIER=colod-console",
                "COLOD_GUEST=web",
            ])
    }

    @Test func recordsBelowTheLevelAreDropped() {
        let logger = Logger(label: "t") { [lines] in StandardErrorLogHandler(label: $0, level: .error) { lines.add($0) }
        }
        logger.info("quiet")
        #expect(lines.all == [])
    }

    @Test func theJournalGetsStructuredFields() throws {
        identify()
        let logger = Logger(label: "colod.heartbeat") { [lines] label in
            JournalLogHandler(label: label) { fields in for field in fields { lines.add(field) } }
        }
        logger.error("peer lost", metadata: ["peer-address": "tcp:10.0.0.2:1"])
        let fields = lines.all
        for expected in [
            "MESSAGE=peer lost", "PRIORITY=3", "SYSLOG_IDENTIFIER=colod", "COLOD_LOGGER=colod.heartbeat",
            "COLOD_GUEST=web", "COLOD_ROLE=primary", "COLOD_TERM=3", "COLOD_PEER_ADDRESS=tcp:10.0.0.2:1",
        ] {
            #expect(fields.contains(expected))
        }
        #expect(fields.contains { $0.hasPrefix("CODE_LINE=") })
    }

    @Test func sendingWithoutAJournalDoesNoHarm() { sendToJournal(["MESSAGE=test of the log path", "PRIORITY=7"]) }

    @Test func theJournalIsChosenOnlyForItsOwnStream() {
        #expect(LogDestination.choose(stream: "9:1234", device: 9, inode: 1234) == .journal)
        #expect(LogDestination.choose(stream: "9:1234", device: 9, inode: 1235) == .standardError)
        #expect(LogDestination.choose(stream: "", device: 9, inode: 1235) == .standardError)
    }
}

@Suite struct Measuring {
    @Test func pausesAreSummedUpInMilliseconds() throws {
        let histogram = PauseHistogram()
        #expect(histogram.summary == nil)
        for microseconds in 1...100 { histogram.record(microseconds: UInt64(microseconds) * 100) }
        let summary = try #require(histogram.summary)
        #expect(summary.count == 100)
        #expect(abs(summary.median - 5) < 0.05)
        #expect(abs(summary.p99 - 9.9) < 0.05)
        #expect(abs(summary.max - 10) < 0.05)
        histogram.reset()
        #expect(histogram.summary == nil)
    }

    @Test func pausesAreCountedByTheirLength() {
        let histogram = PauseHistogram()
        #expect(histogram.counts.isEmpty)
        for microseconds: UInt64 in [84, 1200, 84, 5000] { histogram.record(microseconds: microseconds) }
        #expect(histogram.counts.map(\.microseconds) == [84, 1200, 5003])
        #expect(histogram.counts.map(\.count) == [2, 1, 1])
    }

    @Test func aPausePastAllBoundsCountsAsTheLongest() throws {
        let histogram = PauseHistogram()
        histogram.record(.never)
        let summary = try #require(histogram.summary)
        #expect(abs(summary.max - 60_000) < 100)
    }

    @Test func countersCountFromManyThreads() async {
        let set = CounterSet()
        let counter = set.counter("packets")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { for _ in 0..<1000 { counter.add() } } }
        }
        set.counter("bytes").add(5)
        #expect(set.counter("packets").value == 4000)
        #expect(set.values.map(\.name) == ["bytes", "packets"])
    }

    @Test func theFlightRecorderKeepsTheLastNotesInOrder() {
        let clock = HandClock()
        let recorder = FlightRecorder(capacity: 3, clock: clock)
        for index in 0..<5 {
            clock.advance(.milliseconds(10))
            recorder.note("sealed", ["epoch": "\(index)"])
        }
        let (kept, total) = recorder.notes
        #expect(total == 5)
        #expect(kept.compactMap { $0.fields["epoch"] } == ["2", "3", "4"])
        #expect(kept.map(\.time) == [.milliseconds(30), .milliseconds(40), .milliseconds(50)])
    }

    @Test func aDumpTellsTheTimeOfEveryNote() throws {
        let (clock, lines) = (HandClock(), Lines())
        let recorder = FlightRecorder(capacity: 8, clock: clock)
        recorder.note("peer lost", ["epoch": "9"])
        clock.advance(.milliseconds(250))
        recorder.dump(
            to: Logger(label: "t") { StandardErrorLogHandler(label: $0) { lines.add($0) } }, reason: "takeover")
        #expect(lines.all.count == 2)
        #expect(lines.all.first?.contains("the last 1 of 1 notes follow in 1 lines") == true)
        let note = try #require(lines.all.last)
        let form = /flight recorder: -0\.250 s \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z peer lost epoch=9/
        #expect(note.contains(form), "\(note)")
    }

    @Test func aDumpFoldsWhatRepeats() {
        let clock = HandClock()
        let recorder = FlightRecorder(cycles: [["STOP", "MIGRATION_PASS", "RESUME"]: "checkpoint"], clock: clock)
        recorder.note("pair", ["event": "protected"])
        for pass in 0..<412 {
            for event in ["STOP", "MIGRATION_PASS", "RESUME"] {
                recorder.note(event, event == "MIGRATION_PASS" ? ["pass": "\(pass)"] : [:])
                clock.advance(.milliseconds(event == "RESUME" ? 48 : 1))
            }
        }
        recorder.note("pair", ["event": "peer lost"])
        let dump = FlightRecorderDump(
            recorder.notes.kept, cycles: [["STOP", "MIGRATION_PASS", "RESUME"]: "checkpoint"], now: clock.now(),
            wallClock: WallClock(time: .init(tv_sec: 1_800_000_000, tv_nsec: 0)))
        #expect(
            dump.lines == [
                "-20.600 s 2027-01-15T07:59:39.400Z pair event=protected",
                "-20.600 s 2027-01-15T07:59:39.400Z checkpoint x 412 in 20.6 s",
                "-0.000 s 2027-01-15T08:00:00.000Z pair event=peer lost",
            ])
    }

    @Test func aDumpIsBounded() {
        let clock = HandClock()
        let recorder = FlightRecorder(capacity: 1000, clock: clock)
        for index in 0..<1000 {
            let letters = [index / 676, index / 26 % 26, index % 26].compactMap { UnicodeScalar(97 + UInt8($0)) }
            recorder.note("event \(String(String.UnicodeScalarView(letters)))")
        }
        let dump = FlightRecorderDump(recorder.notes.kept, now: clock.now(), wallClock: .now)
        #expect(dump.lines.count == FlightRecorderDump.lineLimit)
        #expect(dump.lines.first?.hasSuffix("older lines are left out)") == true)
    }

    @Test func whatIsSaidAgainIsSaidOnceAMinuteWithItsCount() {
        let clock = HandClock()
        let limiter = RepeatLimiter(clock: clock)
        #expect(limiter.tell("key", "it failed: 1") == "it failed: 1")
        for number in 2...6 { #expect(limiter.tell("key", "it failed: \(number)") == nil) }
        #expect(limiter.tell("other", "another") == "another")
        clock.advance(.seconds(60))
        #expect(limiter.tell("key", "it failed: 7") == "it failed: 7 (5 more since this was last told)")
        #expect(limiter.tell("key", "it failed: 8") == nil)
        limiter.forget("key")
        #expect(limiter.tell("key", "it failed: 9") == "it failed: 9")
        for index in 0..<1000 { #expect(limiter.tell("client \(index)", "no") == "no") }
    }
}
