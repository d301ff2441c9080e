import QAPI
import QMP
import Testing

/// Calls of commands with the texts that a real QEMU answers.
@Suite struct ArgumentReaderTests {
    private func problem<Value: SchemaObject>(_ type: Value.Type, _ arguments: JSONObject) -> String {
        do throws(CommandError) {
            _ = try Value(.object(arguments), at: .root)
            return "none"
        } catch {
            return error.description
        }
    }

    @Test(
        arguments: [
            ([:], "none"),
            (["announce-step": 1.0], "Parameter 'announce-step' expects uint64"),
            (
                ["announce-step": -1, "max-bandwidth": 18_446_744_073_709_551_615.0],
                "Parameter 'max-bandwidth' expects uint64"
            ),
            (["max-bandwidth": -1], "none"),
            (["max-bandwidth": nil], "Parameter 'max-bandwidth' expects uint64"),
            (["compress-level": 256], "Parameter 'compress-level' expects uint8_t"),
            (["compress-level": -1], "Parameter 'compress-level' expects uint8_t"),
            (["compress-level": "1"], "Parameter 'compress-level' expects uint64"),
            (["x-checkpoint-delay": 4_294_967_296], "Parameter 'x-checkpoint-delay' expects uint32_t"),
            (["compress-wait-thread": 1], "Invalid parameter type for 'compress-wait-thread', expected: boolean"),
            (["tls-creds": 5], "Invalid parameter type for 'tls-creds', expected: StrOrNull"),
            (["tls-creds": nil], "none"),
            (["multifd-compression": 5], "Invalid parameter type for 'multifd-compression', expected: string"),
            (["multifd-compression": "ZLIB"], "Parameter 'multifd-compression' does not accept value 'ZLIB'"),
            (["block-bitmap-mapping": [[]]], "Invalid parameter type for 'block-bitmap-mapping[0]', expected: object"),
            (
                [
                    "block-bitmap-mapping": [
                        [
                            "node-name": "a", "alias": "b",
                            "bitmaps": [["name": "a", "alias": "b", "transform": ["x": 1]]],
                        ]
                    ]
                ], "Parameter 'block-bitmap-mapping[0].bitmaps[0].transform.x' is unexpected"
            ),
            (["zz": 1, "aa": 2], "Parameter 'aa' is unexpected"),
            (["announce-max": "x", "zz": 1, "announce-initial": 1.5], "Parameter 'announce-initial' expects uint64"),
        ] as [(JSONObject, String)])
    func parametersOfAMigration(arguments: JSONObject, text: String) {
        #expect(problem(MigrateSetParameters.self, arguments) == text)
    }

    @Test(
        arguments: [
            ([:], "Parameter 'qom-type' is missing"),
            (["id": 5], "Parameter 'qom-type' is missing"),
            (["qom-type": "nope", "id": "x"], "Parameter 'qom-type' does not accept value 'nope'"),
            (["qom-type": 5], "Invalid parameter type for 'qom-type', expected: string"),
            (["qom-type": "authz-simple"], "Parameter 'id' is missing"),
            (["qom-type": "authz-simple", "id": "x"], "Parameter 'identity' is missing"),
            (["qom-type": "authz-simple", "id": "x", "identity": "a", "foo": 1], "Parameter 'foo' is unexpected"),
            (["qom-type": "authz-simple", "id": "x", "identity": "a"], "none"),
            (
                ["qom-type": "authz-list", "id": "x", "rules": [5]],
                "Invalid parameter type for 'rules[0]', expected: object"
            ),
            (["qom-type": "authz-list", "id": "x", "rules": [[:]]], "Parameter 'rules[0].match' is missing"),
            (
                ["qom-type": "authz-list", "id": "x", "rules": [["match": "a", "policy": "b"]]],
                "Parameter 'policy' does not accept value 'b'"
            ),
            (
                ["qom-type": "memory-backend-ram", "id": "m", "prealloc-threads": -1, "size": 4096],
                "Parameter 'prealloc-threads' expects uint32_t"
            ),
            (
                ["qom-type": "memory-backend-ram", "id": "m", "host-nodes": [70000], "size": 4096],
                "Parameter 'null' expects uint16_t"
            ),
            (
                ["qom-type": "memory-backend-ram", "id": "m", "host-nodes": ["a"], "size": 4096],
                "Parameter 'host-nodes[0]' expects uint64"
            ),
        ] as [(JSONObject, String)])
    func objectsWithMembersByType(arguments: JSONObject, text: String) {
        #expect(problem(ObjectOptions.self, arguments) == text)
    }

    @Test(
        arguments: [
            (5, "Invalid parameter type for 'instances', expected: array"),
            ([5], "Invalid parameter type for 'instances[0]', expected: object"),
            ([[:]], "Parameter 'instances[0].type' is missing"),
            ([["x": 1]], "Parameter 'instances[0].type' is missing"),
            ([["type": "x"]], "Parameter 'type' does not accept value 'x'"),
            ([["type": "block-node"]], "Parameter 'instances[0].node-name' is missing"),
            (
                [["type": "block-node", "node-name": 5]],
                "Invalid parameter type for 'instances[0].node-name', expected: string"
            ),
            ([["type": "migration", "x": 1]], "Parameter 'instances[0].x' is unexpected"),
            (
                [["type": "migration"], ["type": "chardev", "id": "a", "zz": 1]],
                "Parameter 'instances[1].zz' is unexpected"
            ),
            ([["type": "migration"], ["type": "chardev", "id": "a"]], "none"),
        ] as [(JSONValue, String)])
    func listsOfUnions(instances: JSONValue, text: String) {
        var reader = ArgumentReader(["instances": instances])
        do throws(CommandError) {
            let value: [YankInstance] = try reader.required("instances")
            try reader.finish()
            #expect(text == "none" && value.json == instances)
        } catch {
            #expect(error.description == text)
        }
    }

    @Test(
        arguments: [
            (["b": 2, "a": 1, "c": 1, "d": 3], "b"), (["foo": 1, "bar": 2], "bar"), (["bar": 2, "foo": 1], "bar"),
            (["x1": 1, "x2": 1, "x3": 1, "x4": 1, "x5": 1, "x6": 1, "x7": 1, "x8": 1, "x9": 1], "x6"),
            (["é_": 0, "announce-max": 1, "only": 2], "only"), (["déjà": 1, "vu": 1], "vu"),
        ] as [(JSONObject, String)])
    func ofSeveralUnknownMembersTheOneThatQEMUNames(arguments: JSONObject, name: String) {
        #expect(problem(MigrateSetParameters.self, arguments) == "Parameter '\(name)' is unexpected")
    }

    /// So many unknown members `key-0`, `key-7`, … beside the first so many of these.
    @Test(
        arguments: [
            (2, 0, 7), (2, 1, 7), (2, 5, 7), (2, 19, 0), (3, 12, 14), (1, 19, 0), (4, 19, 14), (9, 0, 35), (9, 7, 7),
            (13, 2, 84), (30, 19, 84), (60, 3, 63), (200, 19, 707), (1000, 1, 567), (5000, 19, 30429),
        ])
    func amongManyUnknownMembersToo(unknown: Int, known: Int, number: Int) {
        let names = [
            "announce-initial", "announce-max", "announce-rounds", "announce-step", "compress-level",
            "compress-threads", "decompress-threads", "throttle-trigger-threshold", "cpu-throttle-initial",
            "cpu-throttle-increment", "max-bandwidth", "downtime-limit", "x-checkpoint-delay", "multifd-channels",
            "xbzrle-cache-size", "max-postcopy-bandwidth", "max-cpu-throttle", "multifd-zlib-level",
            "multifd-zstd-level",
        ]
        let members = (0..<unknown).map { "key-\($0 * 7)" } + names.prefix(known)
        let arguments = JSONObject(members.map { JSONObject.Member(key: $0, value: 100) })
        #expect(problem(MigrateSetParameters.self, arguments) == "Parameter 'key-\(number)' is unexpected")
    }

    @Test func aHugeObjectIsReadInLinearTime() {
        let members = (0..<1_000_000).map { JSONObject.Member(key: "m\($0)", value: 0) }
        let arguments = JSONObject(members + [.init(key: "max-bandwidth", value: "x")])
        #expect(problem(MigrateSetParameters.self, arguments) == "Parameter 'max-bandwidth' expects uint64")
        #expect(problem(MigrateSetParameters.self, JSONObject(members)).hasSuffix("' is unexpected"))
        let list = JSONValue.array(Array(repeating: ["capability": "events", "state": true], count: 100_000))
        var reader = ArgumentReader(["capabilities": list])
        #expect(throws: Never.self) {
            let value: [MigrationCapabilityStatus] = try reader.required("capabilities")
            #expect(value.count == 100_000)
        }
    }

    /// `Ez` and `FY` have the same hash, and so have all names that are made of as many of them: looking each one up
    /// among the others would take longer than anybody waits.
    @Test(.timeLimit(.minutes(1))) func namesThatWereMadeToCollideHoldNothingUp() {
        let members = (0..<1 << 18).map { number in
            let name = (0..<18).map { number >> $0 & 1 == 0 ? "Ez" : "FY" }.joined()
            return JSONObject.Member(key: name, value: 0)
        }
        let first = String(repeating: "Ez", count: 18)
        let known = JSONObject.Member(key: "max-bandwidth", value: 1)
        #expect(
            problem(MigrateSetParameters.self, JSONObject([known] + members)) == "Parameter '\(first)' is unexpected")
    }

    @Test func aDeepValueIsRefusedWhereItBegins() {
        var node: JSONValue = ["match": "x", "policy": "allow"]
        for _ in 0..<1000 { node = [node] }
        #expect(
            problem(ObjectOptions.self, ["qom-type": "authz-list", "id": "x", "rules": node])
                == "Invalid parameter type for 'rules[0]', expected: object")
    }
}
