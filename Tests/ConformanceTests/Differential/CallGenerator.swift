import Environment

/// One thing to send, and what it is about.
struct GeneratedCall {
    /// The command or the kind of text, for the table.
    let subject: String
    let bytes: [UInt8]
    /// Whether it is one or more JSON values.
    let isWellFormed: Bool

    init(_ subject: String, _ text: String) {
        self.init(subject, Array(text.utf8), isWellFormed: true)
    }

    init(_ subject: String, _ bytes: [UInt8], isWellFormed: Bool) {
        (self.subject, self.bytes, self.isWellFormed) = (subject, bytes, isWellFormed)
    }
}

/// Makes calls of all kinds, the same ones for the same seed.
struct CallGenerator {
    private let model: SchemaModel
    private var arguments: ArgumentGenerator
    private var mutator: JSONMutator
    private let commands: [String]
    /// Commands that are answered otherwise on purpose when their arguments are right.
    private let unlike: Set<String>
    private var nextCommand = 0

    /// Commands that may be executed at random: they change nothing, or nothing but what the same calls read back.
    /// All others get wrong arguments only.
    static let harmless: Set<String> = [
        "migrate-set-capabilities", "migrate-set-parameters", "migrate_cancel", "migrate-continue",
        "migrate-start-postcopy", "migrate-pause", "migrate-recover", "x-colo-lost-heartbeat", "set-vcpu-dirty-limit",
        "cancel-vcpu-dirty-limit", "xen-set-global-dirty-log", "xen-set-replication", "xen-colo-do-checkpoint",
        "job-dismiss", "job-cancel", "job-complete", "job-finalize", "job-pause", "job-resume", "object-del",
        "getfd", "closefd", "yank", "qom-list", "qom-get", "announce-self", "qmp_capabilities",
    ]

    init(_ model: SchemaModel, commands: [String], unlike: [String], seed: UInt64) {
        self.unlike = Set(unlike)
        self.model = model
        self.commands = commands.sorted()
        arguments = ArgumentGenerator(model, seed: seed)
        mutator = JSONMutator(seed: seed &+ 1)
    }

    /// The next call.
    mutating func next() -> GeneratedCall {
        switch Int.random(in: 0..<20, using: &arguments.random) {
        case 0..<9: command()
        case 9..<12: capabilities()
        case 12..<15: parameters()
        case 15..<18: GeneratedCall("JSON text", mutator.text(), isWellFormed: false)
        default: envelope()
        }
    }

    private mutating func command() -> GeneratedCall {
        let command = commands[nextCommand % commands.count]
        nextCommand += 1
        let isHarmless =
            !unlike.contains(command) && (Self.harmless.contains(command) || command.hasPrefix("query-"))
        let isFaulty = !isHarmless || Int.random(in: 0..<3, using: &arguments.random) > 0
        let text = arguments.arguments(model.arguments[command] ?? "", faulty: isFaulty)
        return GeneratedCall(command, #"{"execute": "\#(command)", "arguments": \#(text)}"#)
    }

    private mutating func capabilities() -> GeneratedCall {
        let all = capabilityNames
        let list = (0..<Int.random(in: 1...3, using: &arguments.random)).map { _ in
            let state = Int.random(in: 0..<4, using: &arguments.random) > 0
            return #"{"capability": "\#(arguments.pick(all))", "state": \#(state)}"#
        }
        let off = all.map { #"{"capability": "\#($0)", "state": false}"# }
        let isFromNothing = Bool.random(using: &arguments.random)
        return GeneratedCall(
            "migrate-set-capabilities",
            (isFromNothing ? setCapabilities(off) : "") + setCapabilities(list)
                + #"{"execute": "query-migrate-capabilities"}"#)
    }

    private var capabilityNames: [String] {
        guard case .enumeration(let names)? = capabilityType.flatMap({ model.shapes[$0] }) else { return [] }
        return names
    }

    private var capabilityType: String? {
        var type = model.arguments["migrate-set-capabilities"]
        for member in ["capabilities", "capability"] {
            if case .array(let element)? = type.flatMap({ model.shapes[$0] }) { type = element }
            guard case .object(let members, _)? = type.flatMap({ model.shapes[$0] }) else { return nil }
            type = members.first { $0.name == member }?.type
        }
        return type
    }

    private func setCapabilities(_ list: [String]) -> String {
        #"{"execute": "migrate-set-capabilities", "arguments": {"capabilities": [\#(list.joined(separator: ", "))]}}"#
    }

    private mutating func parameters() -> GeneratedCall {
        let isFaulty = Int.random(in: 0..<4, using: &arguments.random) == 0
        let text = arguments.arguments(model.arguments["migrate-set-parameters"] ?? "", faulty: isFaulty)
        return GeneratedCall(
            "migrate-set-parameters",
            #"{"execute": "migrate-set-parameters", "arguments": \#(text)}{"execute": "query-migrate-parameters"}"#)
    }

    /// What is around the arguments: identifiers, members that do not belong there, out of band.
    private mutating func envelope() -> GeneratedCall {
        let verb = arguments.pick(["execute", "execute", "exec-oob", "exec-oob", "Execute", "exec_oob"])
        let command = arguments.pick(
            ["query-status", "migrate-pause", "query-yank", "no-such", "qmp_capabilities", ""]
                + commands.filter { $0.hasPrefix("query-") && !unlike.contains($0) })
        var members = [
            #""\#(verb)": \#(Int.random(in: 0..<8, using: &arguments.random) == 0 ? arguments.pick(Literals.anything) : "\"\(command)\"")"#
        ]
        if Bool.random(using: &arguments.random) { members.append(#""id": \#(arguments.pick(Literals.anything))"#) }
        switch Int.random(in: 0..<8, using: &arguments.random) {
        case 0: members.append(#""arguments": \#(arguments.pick(Literals.anything))"#)
        case 1: members.append(#""execute": "query-status""#)
        case 2:
            members.append(
                #""\#(arguments.pick(["extra", "Id", "", "event"]))": \#(arguments.pick(Literals.anything))"#)
        default: break
        }
        members.shuffle(using: &arguments.random)
        return GeneratedCall("envelope", "{\(members.joined(separator: ", "))}")
    }
}
