import QAPI
import QMP
import Testing

@Suite struct ArgumentCheckerTests {
    private static let members: [ArgumentMember] = [
        .required("name", .string), .optional("count", .unsigned8), .optional("size", .unsigned64),
        .optional("kind", .enumeration(["one", "two"])), .optional("offset", .integer),
        .optional("list", .array(of: .object([.required("on", .boolean), .optional("word", .enumeration(["x"]))]))),
        .optional("words", .array(of: .enumeration(["oob"]))),
    ]

    private func problem(_ arguments: JSONObject) -> String {
        do throws(CommandError) {
            try ArgumentChecker.check(arguments, against: Self.members)
            return "none"
        } catch { return error.description }
    }

    @Test(
        arguments: [
            (["name": "a", "count": 255, "size": -1, "kind": "two", "offset": -3, "list": [["on": true]]], "none"),
            ([:], "Parameter 'name' is missing"),
            (["NAME": "a"], "Parameter 'name' is missing"),
            (["x": 1, "count": "2", "name": "a"], "Parameter 'count' expects uint64"),
            (["name": "a", "x": 1], "Parameter 'x' is unexpected"),
            (["name": nil], "Invalid parameter type for 'name', expected: string"),
            (["name": "a", "count": 256], "Parameter 'count' expects uint8_t"),
            (["name": "a", "count": 1.0], "Parameter 'count' expects uint64"),
            (["name": "a", "size": nil], "Parameter 'size' expects uint64"),
            (["name": "a", "kind": "ONE"], "Parameter 'kind' does not accept value 'ONE'"),
            (["name": "a", "kind": 1], "Invalid parameter type for 'kind', expected: string"),
            (["name": "a", "offset": 1.5], "Invalid parameter type for 'offset', expected: integer"),
            (["name": "a", "list": [:]], "Invalid parameter type for 'list', expected: array"),
            (["name": "a", "list": [1]], "Invalid parameter type for 'list[0]', expected: object"),
            (["name": "a", "list": [["on": true], [:]]], "Parameter 'list[1].on' is missing"),
            (["name": "a", "list": [["on": 1]]], "Invalid parameter type for 'list[0].on', expected: boolean"),
            (["name": "a", "list": [["on": true, "z": 1]]], "Parameter 'list[0].z' is unexpected"),
            (["name": "a", "list": [["on": true, "word": "y"]]], "Parameter 'word' does not accept value 'y'"),
            (["name": "a", "words": ["y"]], "Parameter 'null' does not accept value 'y'"),
        ] as [(JSONObject, String)])
    func reportsTheFirstMistakeInTheOrderOfTheSchema(arguments: JSONObject, text: String) {
        #expect(problem(arguments) == text)
    }
}
