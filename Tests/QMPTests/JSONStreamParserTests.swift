import Testing

@testable import QMP

/// What a fresh parser makes of `text`: values as text, errors as their words.
private func outcome(_ text: String, limits: JSONLimits = .standard) -> [String] {
    outcome(Array(text.utf8), limits: limits)
}

private func outcome(_ bytes: [UInt8], limits: JSONLimits = .standard) -> [String] {
    var parser = JSONStreamParser(limits: limits)
    return parser.consume(bytes).map { result in
        switch result {
        case .success(let value): value.text()
        case .failure(let error): "! " + error.description
        }
    }
}

@Suite struct JSONStreamParserTests {
    @Test func readsValuesWithoutAnySeparator() {
        #expect(outcome(#"{"a":1}{"b":[2]} [ ] "x""#) == [#"{"a": 1}"#, #"{"b": [2]}"#, "[]", "\"x\""])
    }

    @Test func readsAValueThatComesByteByByte() {
        var parser = JSONStreamParser()
        let text = Array(#"{"execute": "query-status", 'id': -12.5e1}"#.utf8)
        for byte in text.dropLast() { #expect(parser.consume([byte]).isEmpty) }
        #expect(parser.consume([0x7d]) == [.success(["execute": "query-status", "id": -125.0])])
    }

    @Test func blankLinesAreNoValues() { #expect(outcome(" \r\n\t\n").isEmpty) }

    @Test func keepsWholeNumbersExact() {
        let text = "[-9223372036854775808,9223372036854775807,18446744073709551615,-0,12345678901234567890123]"
        #expect(
            outcome(text) == [
                "[-9223372036854775808, 9223372036854775807, 18446744073709551615, 0, 1.2345678901234568e+22]"
            ])
    }

    @Test(arguments: [
        (#""\u00e9\ud83d\ude00""#, "\u{e9}\u{1F600}"), (#"'it"s'"#, "it\"s"),
        (#""\"\'\\\/\b\f\n\r\t""#, "\"'\\/\u{8}\u{c}\n\r\t"),
        (#""\u0000""#, "\u{0}"), ("\"\u{e9}\"", "\u{e9}"),
    ])
    func decodesStrings(text: String, decoded: String) throws {
        #expect(try JSONStreamParser.parse(text) == .string(decoded))
    }

    @Test(
        arguments: [
            (#"{"execute": }"#, ["expecting value"]),
            (#"{"execute":"query-status",}"#, ["expecting value"]),
            ("{1:2}", ["key is not a string in object"]),
            ("{bad}", ["invalid keyword 'bad'"]),
            (#"{"a" 1}"#, ["missing : in object pair"]),
            (#"{"a":{"b"}}"#, ["missing : in object pair"]),
            (#"{"a":1 "b":2}"#, ["expected separator in dict"]),
            ("[1 2]", ["expected separator in list"]),
            (#"{"a":1,"a":2}"#, ["duplicate key"]),
            (#"{"id":01}"#, ["stray '01'", "expecting value"]),
            (#"{"id":%d}"#, ["stray '%'", "expecting value"]),
            (#"{"id":Infinity}"#, ["stray 'I'", "expecting value"]),
            (#"{"id":"a\#tb"}"#, ["stray '\"a\t'", "expecting value"]),
            ("// comment", ["stray '/'"]),
            ("{\"a\":1\u{0}}", ["stray ''", "expecting value"]),
            (#"["\ud800"]"#, [#"\ud800 is not a valid Unicode character"#]),
            (#"["\ud83d\u0041"]"#, [#"\ud83d is not a valid Unicode character"#]),
            (#"["\ud83f\udfff"]"#, [#"\ud83f\udfff is not a valid Unicode character"#]),
            (#"["\ufdd0"]"#, [#"\ufdd0 is not a valid Unicode character"#]),
            (#"["\u12g4"]"#, [#"\u12g4 is not a valid Unicode character"#]),
            (#"["\u1"]"#, [#"\u1" is not a valid Unicode character"#]),
            (#"["\q"]"#, ["invalid escape sequence in string"]),
            ("[\"\u{ffff}\"]", ["invalid UTF-8 sequence in string"]),
            ("}", ["expecting value"]),
            (#"{[1,2,]}"#, ["expecting value"]),
            (#"{{"a":1}:2}"#, ["key is not a string in object"]),
            ("[0e1]", ["expected separator in list"]),
            ("[0E1]", ["stray 'E'", "expecting value"]),
            ("%\"\tx\" :", ["stray '%'", "expecting value"]),
        ] as [(String, [String])])
    func saysWhatIsWrong(text: String, problems: [String]) {
        #expect(outcome(text + "\n") == problems.map { "! JSON parse error, " + $0 })
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        #expect(outcome([0x22, 0xc3, 0x28, 0x22]) == ["! JSON parse error, invalid UTF-8 sequence in string"])
        #expect(outcome([0x5b, 0xff, 0x0a, 0x31, 0x0a]) == ["! JSON parse error, stray '\u{FFFD}'", "1"])
    }

    @Test func aSequenceOfSeveralBytesThatStandsForNoCharacterIsOneMark() {
        #expect(
            outcome([0x22, 0xfc, 0x80, 0x80, 0x80, 0x80, 0x80, 0x0a]) == ["! JSON parse error, stray '\"\u{FFFD}\n'"])
        #expect(outcome([0x22, 0xe2, 0x82, 0x41, 0x0a]) == ["! JSON parse error, stray '\"\u{FFFD}A\n'"])
    }

    @Test func ofTwoMistakesInAStringTheFirstIsTold() {
        #expect(outcome([0x22, 0xc3, 0x5c, 0x71, 0x22]) == ["! JSON parse error, invalid UTF-8 sequence in string"])
        #expect(outcome([0x22, 0x5c, 0x71, 0xc3, 0x22]) == ["! JSON parse error, invalid escape sequence in string"])
    }

    @Test func aZeroMayBeTwoBytes() {
        #expect(outcome([0x22, 0xc0, 0x80, 0x22]) == [#""\u0000""#])
        #expect(outcome([0x22, 0xc0, 0x81, 0x22]) == ["! JSON parse error, invalid UTF-8 sequence in string"])
    }

    @Test func aNumberBeyondTheRangeIsInfinite() throws {
        #expect(outcome("[1e999,-1e999,1e-999]") == ["[1e999, -1e999, 0]"])
        #expect(try JSONStreamParser.parse("1e999") == .double(.infinity))
    }

    @Test func goesOnAfterAMistake() {
        #expect(
            outcome(#"{"execute":"a"}x {"execute":"b"}"#) == [
                #"{"execute": "a"}"#, "! JSON parse error, invalid keyword 'x'", #"{"execute": "b"}"#,
            ])
    }

    @Test func nestsToTheLimitAndNotBeyond() {
        let deep = String(repeating: "[", count: 1024) + String(repeating: "]", count: 1024)
        #expect(outcome(deep) == [outcome(deep).first].compactMap { $0 })
        let first = outcome("[" + deep).first
        #expect(first == "! JSON nesting depth limit exceeded")
    }

    @Test func boundsTextAndTokens() {
        let limits = JSONLimits(textBytes: 20, tokens: 5, nesting: 4)
        #expect(outcome("\"aaaaaaaaaaaaaaaaaaaaaaaa", limits: limits).first == "! JSON token size limit exceeded")
        #expect(outcome("[\"aaaaaaaaa\", \"aaaaaaaaa\"", limits: limits).first == "! JSON token size limit exceeded")
        #expect(outcome("\"aaaaaaaaaaaaaaaaa\"", limits: limits) == ["\"aaaaaaaaaaaaaaaaa\""])
        #expect(outcome("\"aaaaaaaaaaaaaaaaaa\"", limits: limits) == ["! JSON token size limit exceeded"])
        #expect(outcome("[1,1,1,1]", limits: limits).first == "! JSON token count limit exceeded")
        #expect(outcome("[1,1]", limits: limits) == ["[1, 1]"])
    }

    @Test func manyKeysAreCheckedForDuplicatesToo() {
        let keys = (0..<1000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        #expect(outcome("{\(keys)}").count == 1)
        #expect(outcome("{\(keys),\"k7\":1}") == ["! JSON parse error, duplicate key"])
    }

    @Test func oneTextIsOneValue() {
        #expect(throws: JSONError.self) { try JSONStreamParser.parse("{} {}") }
        #expect(throws: JSONError.self) { try JSONStreamParser.parse("{") }
        #expect(throws: JSONError.self) { try JSONStreamParser.parse("") }
    }
}
