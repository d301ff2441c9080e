import QAPI
import QMP
import Testing

@testable import ManagementServer

/// The dispatcher with nothing around it.
@Suite struct ReplyTests {
    private static let records = recordedReplies.split(separator: "\n").map(String.init)

    private func run(_ request: Request) async -> JSONValue {
        let version = ServerVersion(major: 7, minor: 2, micro: 22, package: "test")
        let commands = FakeCommands(hub: EventHub())
        return await CommandDispatcher(commands: commands, version: version).run(request)
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
            let reply = await run(Request(entry.schema.name, id: 1))
            #expect(reply["id"] == 1)
            #expect((reply["return"] == nil) != (reply["error"] == nil))
        }
    }
}
