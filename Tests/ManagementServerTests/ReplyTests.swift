import Environment
import QAPI
import QMP
import Testing

@testable import ManagementServer

/// The dispatcher with nothing around it.
@Suite struct ReplyTests {
    private static let records = recordedReplies.split(separator: "\n").map(String.init)

    private func run(_ request: Request) async -> JSONValue {
        let commands = FakeCommands(hub: EventHub())
        return await CommandDispatcher(commands: commands).run(request)
    }

    @Test(arguments: records)
    func answersLikeQEMU(record: String) async throws {
        let halves = record.split(separator: " => ", maxSplits: 1).map(String.init)
        let words = halves[0].split(separator: " ", maxSplits: 1).map(String.init)
        let arguments = try #require(try JSONStreamParser.parse(words[1]).object)
        let expected: JSONValue =
            halves[1] == "ok"
            ? Reply.success([:], id: nil)
            : Reply.failure(.generic(try #require(try JSONStreamParser.parse(halves[1]).string)), id: nil)
        #expect(await run(Request(words[0], arguments)) == expected)
    }

    @Test func tellsItsVersionAndCommands() async {
        #expect(
            await run(Request("query-version")) == [
                "return": ["qemu": ["major": 7, "minor": 2, "micro": 22], "package": "test"]
            ])
        let names = await run(Request("query-commands"))["return"]?.array?.compactMap { $0["name"]?.string } ?? []
        for name in ["migrate", "migrate_cancel", "query-colo-status", "qmp_capabilities", "x-colod-status"] {
            #expect(names.contains(name))
        }
        #expect(Set(names).count == names.count)
    }

    @Test func refusesWhatIsNotThere() async {
        #expect(
            await run(Request("QUERY-STATUS", id: 7)) == [
                "id": 7,
                "error": ["class": "CommandNotFound", "desc": "The command QUERY-STATUS has not been found"],
            ])
        #expect(
            await run(Request("query-status", outOfBand: true))["error"]?["desc"]
                == "The command query-status does not support OOB")
    }

    @Test func refusesLevelsThatTheCompressorsDoNotHave() async {
        #expect(
            await run(Request("migrate-set-parameters", ["multifd-zlib-level": 10]))["error"]?["desc"]
                == "Parameter 'multifd_zlib_level' expects a value between 0 and 9")
        #expect(await run(Request("migrate-set-parameters", ["multifd-zstd-level": 20]))["return"] == [:])
    }

    @Test func everyCommandAnswersWithEveryArgumentLeftOut() async {
        for entry in CommandTable.entries {
            let reply = await run(Request(entry.name, id: 1))
            #expect(reply["id"] == 1)
            #expect((reply["return"] == nil) != (reply["error"] == nil))
        }
    }

    @Test func anyArgumentsGetOneReply() async {
        var random = SeededGenerator(seed: 30)
        let members = (Introspection.reply.array ?? []).flatMap { $0["members"]?.array ?? [] }
        let names = Array(Set(members.compactMap { $0["name"]?.string })).sorted() + ["x"]
        for entry in CommandTable.entries {
            for _ in 0..<100 {
                var arguments = JSONObject()
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    arguments[names.randomElement(using: &random) ?? "x"] = Self.value(&random, depth: 0)
                }
                if arguments["uri"] == "hang" { arguments["uri"] = nil }
                let reply = await run(Request(entry.name, arguments, id: 1))
                #expect(reply["id"] == 1)
                #expect((reply["return"] == nil) != (reply["error"] == nil))
            }
        }
    }

    private static func value(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
        let words = ["", "on", "xbzrle", "zlib", "hang", "a b", "\u{0}"]
        switch random.next() % (depth < 4 ? 8 : 6) {
        case 0: return .null
        case 1: return .boolean(random.next() % 2 == 0)
        case 2: return .integer([-1, 0, 1, 9, 255, 256, 4096, .min, .max].randomElement(using: &random) ?? 0)
        case 3: return .unsigned(.max)
        case 4: return .double(1.5)
        case 5: return .string(words.randomElement(using: &random) ?? "")
        case 6: return .array((0..<2).map { _ in value(&random, depth: depth + 1) })
        default:
            return [
                "capability": value(&random, depth: depth + 1), "state": value(&random, depth: depth + 1),
                "node-name": "n", "alias": value(&random, depth: depth + 1), "bitmaps": [],
            ]
        }
    }
}
