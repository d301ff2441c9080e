import Testing

@testable import QMP

@Suite struct JSONTextTests {
    /// The smallest numbers have the most digits, hundreds each. With whole numbers of that size this takes minutes.
    @Test(.timeLimit(.minutes(1))) func aMillionTinyNumbersHoldNothingUp() {
        let tiny = (1...1_000_000).map { JSONValue.double(Double(bitPattern: UInt64($0))) }
        #expect(JSONValue.array(tiny).text().hasPrefix("[4.9406564584124654e-324, 9.8813129168249309e-324, "))
    }

    @Test func writesASCIIWithEscapes() {
        let value: JSONValue = [
            "k\u{e9}": "a\"\\\n\t\u{0}\u{1F600}", "n": .null, "l": [1, 2.5, true], "e": [], "o": [:],
        ]
        #expect(
            value.text()
                == #"{"k\u00E9": "a\"\\\n\t\u0000\uD83D\uDE00", "n": null, "l": [1, 2.5, true], "e": [], "o": {}}"#)
    }

    @Test func indentsWhenPretty() {
        let value: JSONValue = ["return": [:], "id": [1]]
        #expect(
            value.text(.pretty(newline: "\n")) == "{\n    \"return\": {\n    },\n    \"id\": [\n        1\n    ]\n}")
    }

    @Test(
        arguments: [
            (40.05648, "40.056480000000001"), (1.0, "1"), (100, "100"),
            (1.2345678901234568e+22, "1.2345678901234568e+22"),
            (0.1, "0.10000000000000001"), (2.5, "2.5"), (-0.5, "-0.5"), (1e-5, "1.0000000000000001e-05"),
            (0.0001, "0.0001"), (1e17, "1e+17"), (1e16, "10000000000000000"),
            (.leastNonzeroMagnitude, "4.9406564584124654e-324"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (123456789.125, "123456789.125"),
            (9.9999999999999999e22, "9.9999999999999992e+22"), (0, "0"),
        ] as [(Double, String)])
    func writesDoublesWithSeventeenDigits(value: Double, text: String) {
        #expect(JSONValue.double(value).text() == text)
        #expect(Double(text) == value)
    }

    @Test(
        arguments: [
            (0.132, "0.132"), (0.1, "0.1"), (12, "12"), (-2.5, "-2.5"), (1e20, "1e+20"), (.infinity, "1e999"),
        ] as [(Double, String)])
    func writesFractionsForPeopleWithAsFewDigitsAsNameThem(value: Double, text: String) {
        #expect(JSONValue.double(value).text(fractions: .shortest) == text)
    }

    @Test func objectsAreEqualWhateverTheirOrder() {
        let one: JSONObject = ["a": 1, "b": 2]
        let other: JSONObject = ["b": 2, "a": 1]
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(one != ["a": 1, "c": 2])
    }

    @Test func membersAreReplacedInPlaceAndRemovedByNil() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = 4
        object["b"] = nil
        #expect(JSONValue.object(object).text() == #"{"a": 3, "c": 4}"#)
    }
}
