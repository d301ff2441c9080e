import ArgumentParser
import Environment
import Glibc
import QMP
import SystemCalls

/// `coloctl events`.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Follow what happens, one line an event, until interrupted.",
        discussion: """
            STOP, MIGRATION_PASS and RESUME of checkpoints are left out, and of the status only what changed is \
            shown; --all and --json show everything. Goes on when colod begins anew, as the old primary does in a drill.
            """)

    @OptionGroup var options: ConnectionOptions
    @Flag(help: "Print each event as one line of JSON, as it came.") var json = false
    @Flag(help: "Leave nothing out.") var all = false
    @Option(help: ArgumentHelp("Leave out events of this name; may be repeated.", valueName: "event"))
    var without: [String] = []

    /// How long a STOP waits for its RESUME, a little longer than the longest pause of a checkpoint.
    private static let patience = Nanoseconds(UInt64(EventDigest.longestPause) * 1000) + .milliseconds(200)
    /// Between two tries to connect again.
    private static let retryMicroseconds: UInt32 = 200_000
    private static let clock = SystemClock()

    func run() throws {
        let path = try options.path()
        var connection = try options.connect(to: path)
        var digest = EventDigest()
        try tellStatus(connection, &digest)
        while true {
            do throws(Failure) { try follow(connection, &digest) } catch {
                guard error.kind == .closed else { throw error }
                for line in digest.expire() { try say(line) }
                try notice("the connection to \(path) ended: colod ends or begins anew; waiting for it")
                connection = try reconnect(path)
                try notice("connected again")
                try tellStatus(connection, &digest)
            }
        }
    }

    /// Prints events until the connection ends.
    private func follow(_ connection: Connection, _ digest: inout EventDigest) throws(Failure) {
        while true {
            let deadline = digest.waits ? Self.clock.now() + Self.patience : .never
            guard let event = try connection.nextEvent(until: deadline) else {
                try print(digest.expire())
                continue
            }
            if without.contains(event.name) { continue }
            if json {
                try print([event.json.text()])
            } else {
                try print(all ? [EventLine.text(event)] : digest.take(event))
            }
        }
    }

    private func print(_ lines: [String]) throws(Failure) {
        for line in lines {
            do { try say(line) } catch { throw Failure(.usage, "\(error)") }
        }
    }

    /// How things are at the beginning, and after what was missed.
    private func tellStatus(_ connection: Connection, _ digest: inout EventDigest) throws {
        // Another QMP server has no such status, and its events are followed all the same.
        guard !json, let status = try? connection.status(), let text = digest.take(status) else { return }
        try say(EventLine.now(text))
    }

    /// What is no event; it does not belong among lines of JSON.
    private func notice(_ text: String) throws {
        let line = EventLine.now("coloctl: \(text)")
        guard json else { return try say(line) }
        // SAFETY: writes the bytes of a local array.
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }

    private func reconnect(_ path: String) throws(Failure) -> Connection {
        while true {
            do throws(Failure) { return try options.connect(to: path) } catch {
                guard error.kind == .unreachable || error.kind == .closed else { throw error }
                usleep(Self.retryMicroseconds)
            }
        }
    }
}
