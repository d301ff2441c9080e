import Environment
import Foundation
import Glibc
import PairLab
import QMP
import SystemCalls

/// Two colods without vCPUs between which a guest moves before its memory, each with a client that asks in and out of band.
final class PostcopyPair {
    /// One of them.
    final class Side {
        let server: Server
        let monitor: Monitor

        init(_ options: StartOptions) throws {
            server = try Server(.colod, options)
            monitor = try server.connect(outOfBand: true)
            try setCapability("events")
        }

        func setCapability(_ name: String) throws {
            try succeed("migrate-set-capabilities", ["capabilities": [["capability": .string(name), "state": true]]])
        }

        /// The reply to a command.
        func ask(_ command: String, _ arguments: JSONObject = [:], outOfBand: Bool = false) throws -> JSONValue {
            var call: JSONObject = [outOfBand ? "exec-oob" : "execute": .string(command), "id": "x"]
            if !arguments.isEmpty { call["arguments"] = .object(arguments) }
            return try monitor.ask(JSONValue.object(call).text())
        }

        /// What it returns; an error is thrown.
        @discardableResult
        func succeed(_ command: String, _ arguments: JSONObject = [:], outOfBand: Bool = false) throws -> JSONValue {
            let reply = try ask(command, arguments, outOfBand: outOfBand)
            guard let value = reply["return"] else { throw LabError("\(command): \(reply.text())") }
            return value
        }

        func migrationStatus() throws -> String { try succeed("query-migrate")["status"]?.string ?? "none" }

        /// Where it waits for a migration.
        func listeningURI() throws -> String {
            let address = try succeed("query-migrate")["socket-address"]?.array?.first
            guard let port = address?["port"]?.string else { throw LabError("it listens nowhere") }
            return "tcp:127.0.0.1:\(port)"
        }

        /// Waits for the event of that status.
        func awaitStatus(_ status: String) throws {
            try awaitEvent(status) { $0["data"]?["status"]?.string == status }
        }

        private func awaitEvent(_ name: String, _ isWanted: (JSONValue) -> Bool) throws {
            let deadline = SystemClock().now() + .seconds(20)
            while true {
                if let index = monitor.events.firstIndex(where: isWanted) {
                    monitor.events.removeFirst(index + 1)
                    return
                }
                guard SystemClock().now() < deadline, let message = try monitor.next() else {
                    throw LabError("no \(name): \(monitor.events.map { $0.text() }), \(server.process.output)")
                }
                monitor.events.append(message)
            }
        }

        /// Waits until the guest runs here.
        func awaitStart() throws { try awaitEvent("RESUME") { $0["event"] == "RESUME" } }

        func freeze() { server.process.send(SIGSTOP) }

        /// The same, and waits until no thread of it runs any more.
        func freezeWholly() throws {
            freeze()
            let folder = "/proc/\(server.process.identifier)/task"
            let deadline = SystemClock().now() + .seconds(10)
            while SystemClock().now() < deadline {
                let threads = try FileManager.default.contentsOfDirectory(atPath: folder)
                let states = threads.map {
                    (try? String(contentsOfFile: "\(folder)/\($0)/stat", encoding: .utf8)) ?? ""
                }
                if states.allSatisfy({ $0.contains(") T ") }) { return }
            }
            throw LabError("it goes on although it was stopped")
        }
        func thaw() { server.process.send(SIGCONT) }

        /// Gives the command to end, and waits for that.
        func quit() throws -> ProcessEnd? {
            try succeed("quit")
            return server.process.waitForExit(within: .seconds(5))
        }
    }

    let source: Side
    let destination: Side
    let folder: TemporaryFolder
    private let megabytes = 64
    /// Bytes a second with which most pages are missing for minutes.
    private static let trickle: JSONValue = 100_000

    /// `runner`: what runs the destination.
    init(_ capabilities: [String] = [], runner: [String] = []) throws {
        folder = try TemporaryFolder(prefix: "colod-postcopy")
        var options = StartOptions()
        options.megabytes = megabytes
        // No page is zero, or a socket would hold all of them.
        try folder.write([UInt8](repeating: 0x5a, count: megabytes << 20), to: "ram")
        options.memoryFile = folder.path("ram")
        source = try Side(options)
        options.memoryFile = nil
        options.incoming = "defer"
        options.runner = runner
        destination = try Side(options)
        for side in [source, destination] {
            for capability in ["postcopy-ram"] + capabilities {
                try side.setCapability(capability)
            }
        }
        try source.succeed(
            "migrate-set-parameters", ["max-bandwidth": Self.trickle, "max-postcopy-bandwidth": Self.trickle])
    }

    /// The guest is about to be there: `relay` holds the package.
    func beginMove(holding place: SwitchRelay.Place) throws -> SwitchRelay {
        try destination.succeed("migrate-incoming", ["uri": "tcp:127.0.0.1:0"])
        let relay = try SwitchRelay(to: destination.listeningURI(), holding: place)
        try source.succeed("migrate", ["uri": .string(relay.uri)])
        try source.awaitStatus("active")
        try source.succeed("migrate-start-postcopy")
        try source.awaitStatus("postcopy-active")
        try relay.awaitHold()
        return relay
    }

    /// The guest is at the destination, and nearly all of its pages are missing there.
    func moveGuest() throws {
        try destination.succeed("migrate-incoming", ["uri": "tcp:127.0.0.1:0"])
        try source.succeed("migrate", ["uri": .string(destination.listeningURI())])
        try source.awaitStatus("active")
        try source.succeed("migrate-start-postcopy")
        try source.awaitStatus("postcopy-active")
        try destination.awaitStart()
    }

    func pause() throws {
        try source.succeed("migrate-pause", outOfBand: true)
        try source.awaitStatus("postcopy-paused")
        try destination.awaitStatus("postcopy-paused")
    }

    /// The postcopy goes on over another address, and ends.
    func recoverAndComplete() throws {
        try destination.succeed("migrate-recover", ["uri": "tcp:127.0.0.1:0"], outOfBand: true)
        try source.succeed("migrate", ["uri": .string(destination.listeningURI()), "resume": true])
        try source.awaitStatus("postcopy-active")
        try source.succeed("migrate-set-parameters", ["max-postcopy-bandwidth": 0])
        try source.awaitStatus("completed")
        try destination.awaitStatus("completed")
    }
}
