import QAPI

/// All commands of the monitor for people.
enum HumanCommands {
    static let all = (general + migration).sorted { $0.title < $1.title }
    static let info = (machineInfo + migrationInfo).sorted { $0.title < $1.title }

    static func find(_ name: String, in list: [HumanCommand]) -> HumanCommand? {
        list.first { $0.names.contains(name) }
    }

    private static let general: [HumanCommand] = [
        HumanCommand("help", short: "?", takes: [.rest("topic")], usage: "[cmd]", does: "say what a command does") {
            arguments, _ in
            help(on: arguments["topic"])
        },
        HumanCommand("info", usage: "[subcommand]", does: "show something about the guest or the process") { _, _ in
            infoHelp
        },
        HumanCommand("stop", short: "s", does: "let the guest stand still") { _, commands in
            try await commands.stop()
            return ""
        },
        HumanCommand("cont", short: "c", does: "let the guest run on") { _, commands in
            try await commands.cont()
            return ""
        },
        HumanCommand("quit", short: "q", does: "end the process") { _, commands in
            try await commands.quit()
            return ""
        },
        HumanCommand("system_reset", does: "boot the guest anew") { _, commands in
            try await commands.systemReset()
            return ""
        },
        HumanCommand("system_powerdown", does: "press the guest's power button") { _, commands in
            try await commands.systemPowerdown()
            return ""
        },
        HumanCommand("system_wakeup", does: "wake a suspended guest") { _, commands in
            try await commands.systemWakeup()
            return ""
        },
        HumanCommand("announce_self", does: "tell the network where the guest is") { _, commands in
            let parameters = try await commands.queryMigrateParameters()
            try await commands.announceSelf(
                AnnounceParameters(
                    initial: Int64(parameters.announceInitial ?? 50), max: Int64(parameters.announceMax ?? 550),
                    rounds: Int64(parameters.announceRounds ?? 5), step: Int64(parameters.announceStep ?? 100)))
            return ""
        },
    ]

    private static let machineInfo: [HumanCommand] = [
        HumanCommand("status", does: "whether the guest runs") { _, commands in
            HumanText.status(try await commands.queryStatus())
        },
        HumanCommand("version", does: "which version this is") { _, commands in
            let version = try await commands.queryVersion()
            return "\(version.qemu.major).\(version.qemu.minor).\(version.qemu.micro)\(version.package)\n"
        },
        HumanCommand("name", does: "the guest's name") { _, commands in
            try await commands.queryName().name.map { "\($0)\n" } ?? ""
        },
        HumanCommand("uuid", does: "the guest's UUID") { _, commands in
            "\(try await commands.queryUuid().uuid)\n"
        },
        HumanCommand("kvm", does: "whether KVM is used") { _, commands in
            let kvm = try await commands.queryKvm()
            return "kvm support: \(kvm.present ? kvm.enabled ? "enabled" : "disabled" : "not compiled")\n"
        },
        HumanCommand("cpus", does: "the vCPUs and their threads") { _, commands in
            HumanText.processors(try await commands.queryCpusFast())
        },
        HumanCommand("chardev", does: "the monitors and consoles") { _, commands in
            try await commands.queryChardev().map { "\($0.label): filename=\($0.filename)\n" }.joined()
        },
        HumanCommand("balloon", does: "how much memory the guest was left") { _, commands in
            "balloon: actual=\(try await commands.queryBalloon().actual >> 20)\n"
        },
        HumanCommand("memory_size_summary", does: "how much memory the guest has") { _, commands in
            let memory = try await commands.queryMemorySizeSummary()
            let plugged = memory.pluggedMemory.map { "plugged memory: \($0)\n" } ?? ""
            return "base memory: \(memory.baseMemory)\n" + plugged
        },
        HumanCommand("memdev", does: "where the guest's memory is") { _, commands in
            try await commands.queryMemdev().map(HumanText.memoryBackend).joined() + "\n"
        },
        HumanCommand("iothreads", does: "the threads for I/O") { _, commands in
            try await commands.queryIothreads().map { "\($0.id):\n  thread_id=\($0.threadId)\n" }.joined()
        },
    ]

    static func help(on topic: String) -> String {
        let words = topic.split(separator: " ").map(String.init)
        guard let name = words.first else { return all.map(\.help).joined() }
        guard let command = find(name, in: all) else { return "unknown command: '\(name)'\n" }
        guard command.isInfo else { return command.help }
        guard words.count > 1 else { return infoHelp }
        guard let topic = find(words[1], in: info) else { return "unknown command: '\(name) \(words[1])'\n" }
        return "info \(topic.help)"
    }

    private static var infoHelp: String { info.map { "info \($0.help)" }.joined() }
}
