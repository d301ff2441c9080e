import Environment
import QMP
import SystemCalls

extension MovingGuest {
    /// No migration of a small guest takes longer.
    private static let deadline: Duration = .seconds(60)
    /// How often a source that is held back is asked how it stands; no event tells what is waited for.
    private static let lookInterval: Duration = .milliseconds(20)
    private static let port = 4444
    /// Bytes that are little.
    private static let little = 12 << 20

    /// Moves the guest to the other host. Throws if it does not arrive, or if either side tells a wrong state.
    public func move(by migration: GuestMigration) throws -> GuestMigrationReport {
        guard let source = station else { throw LabError("the guest was not booted") }
        let destination = try start(side.other, arguments: ["--incoming", "defer"])
        do {
            return try move(by: migration, from: source, to: destination)
        } catch {
            throw LabError(
                "\(migration.name): \(error)\n--- source:\n\(log(source))\n--- destination:\n\(log(destination))")
        }
    }

    private func move(
        by migration: GuestMigration, from source: Station, to destination: Station
    ) throws -> GuestMigrationReport {
        try prepare(source.monitor, migration, "client")
        try prepare(destination.monitor, migration, "server")
        let (incoming, outgoing) = uris(of: migration)
        let isFile = migration.way != .socket
        if !isFile { try destination.monitor.execute("migrate-incoming", ["uri": .string(incoming)]) }

        let begin = SystemClock().now()
        if let hold = migration.hold {
            try source.monitor.execute(
                "migrate-set-parameters", ["max-bandwidth": JSONValue(hold.bandwidth), "downtime-limit": 0])
        }
        if migration.postcopy != nil {
            try source.monitor.execute(
                "migrate-set-parameters",
                ["max-bandwidth": JSONValue(PostcopyMove.headBandwidth), "downtime-limit": 1])
        }
        try source.monitor.execute("migrate", ["uri": .string(outgoing)])
        let moved = try migration.postcopy.map { move in
            try follow(move, from: source.monitor, to: destination.monitor)
        }
        let wasSeen = try holdBack(source.monitor, migration)
        if migration.capabilities.contains("pause-before-switchover") {
            try awaitState(source.monitor, "pre-switchover")
            try source.monitor.execute("migrate-continue", ["state": "pre-switchover"])
        }
        try awaitState(source.monitor, "completed")
        let status = try source.monitor.execute("query-migrate")
        try check(source.monitor, isRunning: false, state: "postmigrate")
        if isFile { try destination.monitor.execute("migrate-incoming", ["uri": .string(incoming)]) }
        try awaitState(destination.monitor, "completed")
        try check(destination.monitor, isRunning: true, state: "running")
        let end = SystemClock().now()

        try source.monitor.execute("quit")
        guard source.process.waitForExit(within: Self.endDeadline) == .exited(0) else {
            throw LabError("the source did not end as it should")
        }
        (station, side) = (destination, side.other)
        if isFile { Paths.remove(streamPath) }
        return GuestMigrationReport(
            name: migration.name, span: begin...end, following: moved.map { $0...end },
            downtime: Int(status["downtime"]?.integer ?? 0),
            downtimeLimit: downtimeLimit, passes: Int(status["ram"]?["dirty-sync-count"]?.integer ?? 0),
            wasUsed: wasSeen || migration.wasUsed(status), status: status)
    }

    private var streamPath: String { folder.path("stream") }

    private func uris(of migration: GuestMigration) -> (incoming: String, outgoing: String) {
        switch migration.way {
        case .socket:
            let uri = "tcp:\(PairNetwork.address(of: side.other, on: .replication)):\(Self.port)"
            return (uri, uri)
        case .file(let into, let outOf):
            func command(_ text: String) -> String {
                "exec:" + text.split(separator: "FILE", omittingEmptySubsequences: false).joined(separator: streamPath)
            }
            return (command(outOf), command(into))
        }
    }

    private func prepare(_ monitor: QMPClient, _ migration: GuestMigration, _ endpoint: String) throws {
        // First away with what the guest's arrival here left behind: not every parameter suits every capability.
        try set(Set(GuestMigration.all.flatMap(\.capabilities)).sorted(), to: false, monitor)
        var parameters = GuestMigration.usualParameters
        for member in migration.parameters.members { parameters[member.key] = member.value }
        parameters["downtime-limit"] = JSONValue(downtimeLimit)
        parameters["max-bandwidth"] = 0
        parameters["tls-creds"] = .string(migration.isEncrypted ? "tls-\(endpoint)" : "")
        if migration.isEncrypted {
            try monitor.execute(
                "object-add",
                [
                    "qom-type": "tls-creds-psk", "id": .string("tls-\(endpoint)"), "endpoint": .string(endpoint),
                    "dir": .string(folder.path("key")),
                ])
        }
        try monitor.execute("migrate-set-parameters", parameters)
        try set(["events"] + migration.capabilities, to: true, monitor)
    }

    private func set(_ capabilities: [String], to isOn: Bool, _ monitor: QMPClient) throws {
        let states = capabilities.map { ["capability": .string($0), "state": .boolean(isOn)] as JSONValue }
        try monitor.execute("migrate-set-capabilities", ["capabilities": .array(states)])
    }

    /// Lets the source go on once what it is held back for has happened; whether it has.
    private func holdBack(_ monitor: QMPClient, _ migration: GuestMigration) throws -> Bool {
        guard let hold = migration.hold else { return false }
        let deadline = SystemClock().now() + Nanoseconds(Self.deadline)
        var last = hold.lastBandwidth
        while true {
            let status = try monitor.execute("query-migrate")
            if hold.isOver(status) { break }
            if let bandwidth = last, status["ram"]?["remaining"]?.integer ?? .max < Self.little {
                try monitor.execute("migrate-set-parameters", ["max-bandwidth": JSONValue(bandwidth)])
                last = nil
            }
            guard ["setup", "active"].contains(status["status"]?.string) else { return false }
            guard SystemClock().now() < deadline else {
                throw LabError("it was held back for nothing: \(status.text())")
            }
            pause(Self.lookInterval)
        }
        try monitor.execute(
            "migrate-set-parameters", ["max-bandwidth": 0, "downtime-limit": JSONValue(downtimeLimit)])
        return true
    }

    private func awaitState(_ monitor: QMPClient, _ wanted: String) throws {
        _ = try monitor.waitForEvent("MIGRATION", within: Self.deadline) { event in
            let status = event["data"]?["status"]?.string
            guard status == wanted || status != "failed" else { throw LabError("the migration failed") }
            return status == wanted
        }
    }

    private func check(_ monitor: QMPClient, isRunning: Bool, state: String) throws {
        // The guest runs a moment after the stream's end.
        let deadline = SystemClock().now() + .seconds(5)
        while true {
            let status = try monitor.execute("query-status")
            if status["running"]?.boolean == isRunning, status["status"]?.string == state { return }
            guard SystemClock().now() < deadline else { throw LabError("the guest is not \(state): \(status.text())") }
            pause(Self.lookInterval)
        }
    }
}
