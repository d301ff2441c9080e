import Environment

/// Makes JSON texts that are almost right.
struct JSONMutator {
    /// Where the choices come from.
    var random: SeededGenerator

    private static let originals = [
        #"{"execute":"query-status"}"#, #"{"execute": "query-name", "id": 7}"#, #"{'execute':'query-status','id':'x'}"#,
        #"{"execute":"query-status","arguments":{},"id":[1,{"a":2.5e1},null,true]}"#,
        #"{"execute":"migrate-set-capabilities","arguments":{"capabilities":[]},"id":{"k":"\u00e9\ud83d\ude00"}}"#,
        #"{"execute":"migrate-set-parameters","arguments":{"downtime-limit":300}}{"execute":"query-status"}"#,
        #"{"exec-oob":"migrate-pause","id":-12345678901234567890}"#, #"[1,2,{"execute":"query-status"}]"#,
        #"{"id":"a\"b\\c\/d\b\f\n\r\t","execute":"nope"}"#, #"{"execute":"query-status","id":0.1}"#,
        #"{"execute":"query-status","extra":1,"id":1e3}"#, #"{"QMP":{}}"#, #"{"execute":"query-status","id":-0.0}"#,
    ]
    private static let bytes: [UInt8] =
        Array(
            "{}[]:,\"'\\/-+.eE0123456789abfnrtu nulltruefalse%\t\n\r\0\u{1}_#&".utf8) + [
            0x7f, 0x80, 0xc0, 0xc3, 0xe9, 0xf4, 0xff,
        ]
    private static let snippets = [
        "null", "true", "{}", "[]", "{\"a\":1}", "\"s\"", "'s'", "1", "01", "-", "1.", ".5", "1e", "0x10", "nul",
        "True",
        "//", "/**/", ",,", "::", "\\u", "\\u12", "\\ud800", "\\udc00", "\\u0000", "%d", "%s", "\u{feff}", "\u{e9}",
        "Infinity", "NaN",
        "99999999999999999999", "1e999", "-9223372036854775809", "\"execute\":\"query-status\",", "\"id\":1,",
    ]

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// A text with one to three faults; without any in one of sixteen.
    mutating func text() -> [UInt8] {
        var text = Array((Self.originals.randomElement(using: &random) ?? "").utf8)
        let faults = Int.random(in: 0..<16, using: &random) == 0 ? 0 : Int.random(in: 1...3, using: &random)
        for _ in 0..<faults { mutate(&text) }
        return text
    }

    private mutating func mutate(_ text: inout [UInt8]) {
        let place = Int.random(in: 0...text.count, using: &random)
        let end = min(text.count, place + Int.random(in: 1...4, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: text.removeSubrange(place..<end)
        case 1: text.insert(contentsOf: text[place..<end], at: place)
        case 2: text.insert(Self.bytes.randomElement(using: &random) ?? 0, at: place)
        case 3: text.insert(contentsOf: (Self.snippets.randomElement(using: &random) ?? "").utf8, at: place)
        case 4: text.removeSubrange(place...)
        default: if place < text.count { text[place] = Self.bytes.randomElement(using: &random) ?? 0 }
        }
    }
}
