import QAPI

extension HumanCommands {
    static let migration: [HumanCommand] = [
        HumanCommand(
            "migrate", takes: [.flag("d"), .flag("b"), .flag("i"), .flag("r"), .word("uri")],
            usage: "[-d] [-b] [-i] [-r] uri",
            does:
                "send the guest to URI (-d: come back at once; -b: disks too, whole; -i: disks too, without their base images;\n"
                + "\t\t\t -r: go on with a paused migration)"
        ) { arguments, commands in
            func given(_ flag: Character) -> Bool? { arguments.flags.contains(flag) ? true : nil }
            try await commands.migrate(
                uri: arguments["uri"], blk: given("b"), inc: given("i"), detach: nil, resume: given("r"))
            // A call through the management socket is answered once; there is no line to hold until the end.
            return given("d") == true
                ? "" : "terminal does not allow synchronous migration, continuing detached\n"
        },
        HumanCommand("migrate_incoming", takes: [.word("uri")], usage: "uri", does: "listen for a guest at URI") {
            arguments, commands in
            try await commands.migrateIncoming(uri: arguments["uri"])
            return ""
        },
        HumanCommand("migrate_cancel", does: "give up the migration") { _, commands in
            try await commands.migrateCancel()
            return ""
        },
        HumanCommand(
            "migrate_continue", takes: [.word("state")], usage: "state",
            does: "go on from STATE, where the migration pauses"
        ) { arguments, commands in
            try await commands.migrateContinue(state: try word(arguments["state"]))
            return ""
        },
        HumanCommand("migrate_start_postcopy", does: "let the guest run over there at once") { _, commands in
            try await commands.migrateStartPostcopy()
            return ""
        },
        HumanCommand("migrate_pause", does: "pause a postcopy migration") { _, commands in
            try await commands.migratePause()
            return ""
        },
        HumanCommand(
            "migrate_recover", takes: [.word("uri")], usage: "uri",
            does: "listen at URI for a paused postcopy migration"
        ) { arguments, commands in
            try await commands.migrateRecover(uri: arguments["uri"])
            return ""
        },
        HumanCommand(
            "migrate_set_capability", takes: [.word("capability"), .onOff("state")], usage: "capability state",
            does: "switch a capability on or off"
        ) { arguments, commands in
            try await commands.migrateSetCapabilities(capabilities: [
                MigrationCapabilityStatus(
                    capability: try word(arguments["capability"]), state: arguments["state"] == "on")
            ])
            return ""
        },
        HumanCommand(
            "migrate_set_parameter", takes: [.word("parameter"), .word("value")], usage: "parameter value",
            does: "set a parameter of migration"
        ) { arguments, commands in
            let value = try HumanParameter.value(arguments["parameter"], arguments["value"])
            try await commands.migrateSetParameters(value)
            return ""
        },
        HumanCommand("x_colo_lost_heartbeat", does: "take over: the peer is lost") { _, commands in
            try await commands.xColoLostHeartbeat()
            return ""
        },
    ]

    static let migrationInfo: [HumanCommand] = [
        HumanCommand("migrate", does: "how the migration goes") { _, commands in
            HumanText.migration(try await commands.queryMigrate())
        },
        HumanCommand("migrate_capabilities", does: "which capabilities are on") { _, commands in
            try await commands.queryMigrateCapabilities().map {
                "\($0.capability.rawValue): \($0.state ? "on" : "off")\n"
            }.joined()
        },
        HumanCommand("migrate_parameters", does: "the parameters of migration") { _, commands in
            HumanText.parameters(try await commands.queryMigrateParameters())
        },
        HumanCommand("dirty_rate", does: "how fast the guest changes its memory") { _, commands in
            HumanText.dirtyRate(try await commands.queryDirtyRate())
        },
        HumanCommand("vcpu_dirty_limit", does: "the limits on the vCPUs' writing") { _, commands in
            let limits = try await commands.queryVcpuDirtyLimit()
            guard !limits.isEmpty else { return "Dirty page limit not enabled!\n" }
            return limits.map {
                "vcpu[\($0.cpuIndex)], limit rate \($0.limitRate) (MB/s), current rate \($0.currentRate) (MB/s)\n"
            }.joined()
        },
    ]

    private static func word<Word: RawRepresentable<String>>(_ text: String) throws(HumanParameterError) -> Word {
        guard let word = Word(rawValue: text) else { throw .invalidValue(text) }
        return word
    }
}
