import ArgumentParser
import QAPI
import QMP

/// `coloctl status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show role, protection, peer and checkpoints.",
        discussion: "What each state means is in OPERATING.md; the last line says what to do, if anything.")

    @OptionGroup var options: ConnectionOptions
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let connection = try options.connect()
        let status = try connection.status()
        let name = try connection.run("query-name")["name"]?.string
        let runState = try connection.run("query-status")["status"]?.string
        if json {
            var object: JSONObject = [:]
            object["name"] = name.map { .string($0) }
            object["run-state"] = runState.map { .string($0) }
            for member in status.json.object?.members ?? [] { object[member.key] = member.value }
            try say(JSONValue.object(object).shown(pretty: true))
        } else {
            try say(StatusTable(status: status, name: name, runState: runState).text)
        }
    }
}

extension Connection {
    /// Asks how the pair is.
    func status() throws(Failure) -> ColodStatus {
        let reply: JSONValue
        do { reply = try run("x-colod-status") } catch {
            guard error.kind == .unclear, error.text.contains("has not been found") else { throw error }
            throw Failure(
                .unclear, "this QMP server does not know x-colod-status", next: "check that the socket is colod's")
        }
        guard let status = ColodStatus(reply: reply) else {
            throw Failure(
                .unclear, "colod answers a status that this coloctl does not know",
                next: "install coloctl and colod of the same version")
        }
        return status
    }
}
