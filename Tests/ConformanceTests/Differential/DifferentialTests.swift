import PairLab
import QMP
import Testing

extension ConformanceTests {
    /// Calls that nobody recorded: a colod and a real QEMU 7.2 are asked the same.
    ///
    /// COLOD_CONFORMANCE_CALLS and COLOD_TEST_SEED make other and longer runs.
    @Suite("Beside a real QEMU", needsQEMU())
    struct DifferentialTests {
        @Test("generated calls are answered the same", arguments: [nil, "defer"])
        func generatedCalls(incoming: String?) throws {
            let pair = LockStep(StartOptions(incoming: incoming, name: "guest"))
            let model = try SchemaModel(try pair.ask(Call.text("query-qmp-schema")).qemu["return"] ?? .null)
            let offered = try pair.ask(Call.text("query-commands")).colod["return"]?.array ?? []
            let commands = offered.compactMap { $0["name"]?.string }.filter { model.arguments[$0] != nil }
            let seed = UInt64(setting("COLOD_TEST_SEED", default: 7)) &* 2 &+ (incoming == nil ? 0 : 1)
            var generator = CallGenerator(
                model, commands: commands, unlike: DeliberateDifferences.commands.map(\.name), seed: seed)
            var table = DifferenceTable(
                "generated calls, seed \(seed)", deliberate: DeliberateDifferences.generatedCalls)
            for entry in DeliberateDifferences.commands {
                table.leaveOut(entry.name, why: "only with wrong arguments: \(entry.reason)")
            }
            for name in LockStep.unstored { table.leaveOut(name, why: "QEMU 7.2 takes it and then forgets it") }
            for _ in 0..<setting("COLOD_CONFORMANCE_CALLS", default: 1000) {
                let call = generator.next()
                let text = String(decoding: call.bytes, as: UTF8.self)
                do {
                    let answers = try pair.exchange(call.bytes, isWellFormed: call.isWellFormed)
                    guard !answers.agree else {
                        table.agree()
                        continue
                    }
                    table.differ(
                        call.subject, call: text, expected: JSONValue.array(answers.qemu).text(),
                        got: JSONValue.array(answers.colod).text())
                } catch {
                    if !pair.hasQEMUEnded {
                        table.differ(call.subject, call: text, expected: "an answer", got: "\(error)")
                    }
                }
                pair.restart()
            }
            // Not every run makes up a call of each kind.
            table.report(checkingForStaleReasons: false)
        }
    }
}
