import ArgumentParser
import Glibc
import QMP

/// `coloctl events`.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Follow what happens, one line an event, until interrupted.",
        discussion: "STOP and RESUME come with every checkpoint; leave them out with --without STOP --without RESUME.")

    @OptionGroup var options: ConnectionOptions
    @Flag(help: "Print each event as one line of JSON.") var json = false
    @Option(help: ArgumentHelp("Leave out events of this name; may be repeated.", valueName: "event"))
    var without: [String] = []

    func run() throws {
        let connection = try options.connect()
        while true {
            let event = try connection.nextEvent()
            if without.contains(event.name) { continue }
            print(json ? event.json.text() : Self.line(event))
            // Whoever reads this through a pipe wants each line when it happens.
            fflush(nil)
        }
    }

    private static func line(_ event: ClientSession.Event) -> String {
        var seconds = time_t(event.microseconds / 1_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%d %H:%M:%S", &parts)
        let date = String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let fraction = String(event.microseconds % 1_000_000)
        let padding = String(repeating: "0", count: max(0, 6 - fraction.count))
        let data = event.data.isEmpty ? "" : " " + JSONValue.object(event.data).text()
        return "\(date).\(padding)\(fraction) \(event.name)\(data)"
    }
}
