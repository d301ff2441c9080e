// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let migration: [CommandEntry] = [
        CommandEntry("query-migrate", run: queryMigrate),
        CommandEntry("migrate-set-capabilities", run: migrateSetCapabilities),
        CommandEntry("query-migrate-capabilities", run: queryMigrateCapabilities),
        CommandEntry("migrate-set-parameters", run: migrateSetParameters),
        CommandEntry("query-migrate-parameters", run: queryMigrateParameters),
        CommandEntry("migrate", run: migrate),
        CommandEntry("migrate-incoming", run: migrateIncoming),
        CommandEntry("migrate_cancel", run: migrateCancel),
        CommandEntry("migrate-continue", run: migrateContinue),
        CommandEntry("migrate-start-postcopy", run: migrateStartPostcopy),
        CommandEntry("migrate-pause", allowsOutOfBand: true, run: migratePause),
        CommandEntry("migrate-recover", allowsOutOfBand: true, run: migrateRecover),
        CommandEntry("query-migrationthreads", run: queryMigrationthreads),
        CommandEntry("query-colo-status", run: queryColoStatus),
        CommandEntry("x-colo-lost-heartbeat", run: xColoLostHeartbeat),
        CommandEntry("calc-dirty-rate", run: calcDirtyRate),
        CommandEntry("query-dirty-rate", run: queryDirtyRate),
        CommandEntry("set-vcpu-dirty-limit", run: setVcpuDirtyLimit),
        CommandEntry("cancel-vcpu-dirty-limit", run: cancelVcpuDirtyLimit),
        CommandEntry("query-vcpu-dirty-limit", run: queryVcpuDirtyLimit),
        CommandEntry("xen-save-devices-state", run: xenSaveDevicesState),
        CommandEntry("xen-load-devices-state", run: xenLoadDevicesState),
        CommandEntry("xen-set-global-dirty-log", run: xenSetGlobalDirtyLog),
        CommandEntry("xen-set-replication", run: xenSetReplication),
        CommandEntry("query-xen-replication-status", run: queryXenReplicationStatus),
        CommandEntry("xen-colo-do-checkpoint", run: xenColoDoCheckpoint),
        CommandEntry("snapshot-save", run: snapshotSave),
        CommandEntry("snapshot-load", run: snapshotLoad),
        CommandEntry("snapshot-delete", run: snapshotDelete),
    ]
}

extension CommandTable {
    private static func queryMigrate(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryMigrate().json
    }

    private static func migrateSetCapabilities(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: [MigrationCapabilityStatus] = try reader.required("capabilities")
        try reader.finish()
        try await commands.migrateSetCapabilities(capabilities: value0)
        return .object([:])
    }

    private static func queryMigrateCapabilities(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryMigrateCapabilities().json
    }

    private static func migrateSetParameters(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value = try MigrateSetParameters(reading: &reader)
        try reader.finish()
        try await commands.migrateSetParameters(value)
        return .object([:])
    }

    private static func queryMigrateParameters(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryMigrateParameters().json
    }

    private static func migrate(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("uri")
        let value1: Bool? = try reader.optional("blk")
        let value2: Bool? = try reader.optional("inc")
        let value3: Bool? = try reader.optional("detach")
        let value4: Bool? = try reader.optional("resume")
        try reader.finish()
        try await commands.migrate(uri: value0, blk: value1, inc: value2, detach: value3, resume: value4)
        return .object([:])
    }

    private static func migrateIncoming(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("uri")
        try reader.finish()
        try await commands.migrateIncoming(uri: value0)
        return .object([:])
    }

    private static func migrateCancel(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.migrateCancel()
        return .object([:])
    }

    private static func migrateContinue(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: MigrationStatus = try reader.required("state")
        try reader.finish()
        try await commands.migrateContinue(state: value0)
        return .object([:])
    }

    private static func migrateStartPostcopy(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.migrateStartPostcopy()
        return .object([:])
    }

    private static func migratePause(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.migratePause()
        return .object([:])
    }

    private static func migrateRecover(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("uri")
        try reader.finish()
        try await commands.migrateRecover(uri: value0)
        return .object([:])
    }

    private static func queryMigrationthreads(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryMigrationthreads().json
    }

    private static func queryColoStatus(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryColoStatus().json
    }

    private static func xColoLostHeartbeat(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.xColoLostHeartbeat()
        return .object([:])
    }

    private static func calcDirtyRate(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: Int64 = try reader.required("calc-time")
        let value1: Int64? = try reader.optional("sample-pages")
        let value2: DirtyRateMeasureMode? = try reader.optional("mode")
        try reader.finish()
        try await commands.calcDirtyRate(calcTime: value0, samplePages: value1, mode: value2)
        return .object([:])
    }

    private static func queryDirtyRate(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryDirtyRate().json
    }

    private static func setVcpuDirtyLimit(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: Int64? = try reader.optional("cpu-index")
        let value1: UInt64 = try reader.required("dirty-rate")
        try reader.finish()
        try await commands.setVcpuDirtyLimit(cpuIndex: value0, dirtyRate: value1)
        return .object([:])
    }

    private static func cancelVcpuDirtyLimit(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: Int64? = try reader.optional("cpu-index")
        try reader.finish()
        try await commands.cancelVcpuDirtyLimit(cpuIndex: value0)
        return .object([:])
    }

    private static func queryVcpuDirtyLimit(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryVcpuDirtyLimit().json
    }
}

extension CommandTable {
    private static func xenSaveDevicesState(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("filename")
        let value1: Bool? = try reader.optional("live")
        try reader.finish()
        try await commands.xenSaveDevicesState(filename: value0, live: value1)
        return .object([:])
    }

    private static func xenLoadDevicesState(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("filename")
        try reader.finish()
        try await commands.xenLoadDevicesState(filename: value0)
        return .object([:])
    }

    private static func xenSetGlobalDirtyLog(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: Bool = try reader.required("enable")
        try reader.finish()
        try await commands.xenSetGlobalDirtyLog(enable: value0)
        return .object([:])
    }

    private static func xenSetReplication(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: Bool = try reader.required("enable")
        let value1: Bool = try reader.required("primary")
        let value2: Bool? = try reader.optional("failover")
        try reader.finish()
        try await commands.xenSetReplication(enable: value0, primary: value1, failover: value2)
        return .object([:])
    }

    private static func queryXenReplicationStatus(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryXenReplicationStatus().json
    }

    private static func xenColoDoCheckpoint(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.xenColoDoCheckpoint()
        return .object([:])
    }

    private static func snapshotSave(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("job-id")
        let value1: String = try reader.required("tag")
        let value2: String = try reader.required("vmstate")
        let value3: [String] = try reader.required("devices")
        try reader.finish()
        try await commands.snapshotSave(jobId: value0, tag: value1, vmstate: value2, devices: value3)
        return .object([:])
    }

    private static func snapshotLoad(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("job-id")
        let value1: String = try reader.required("tag")
        let value2: String = try reader.required("vmstate")
        let value3: [String] = try reader.required("devices")
        try reader.finish()
        try await commands.snapshotLoad(jobId: value0, tag: value1, vmstate: value2, devices: value3)
        return .object([:])
    }

    private static func snapshotDelete(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("job-id")
        let value1: String = try reader.required("tag")
        let value2: [String] = try reader.required("devices")
        try reader.finish()
        try await commands.snapshotDelete(jobId: value0, tag: value1, devices: value2)
        return .object([:])
    }
}
