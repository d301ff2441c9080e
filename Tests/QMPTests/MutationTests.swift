import Environment
import QMP
import Testing

/// Thousands of requests with bytes changed, cut, doubled and spliced; the seed decides all of them.
@Suite struct MutationTests {
    private static let seeds = [
        #"{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}"#,
        #"{"execute":"migrate-set-parameters","arguments":{"max-bandwidth":-1,"tls-creds":null},"id":[1,{"a":2.5e3}]}"#,
        #"{'execute':'migrate','arguments':{'uri':'tcp:[::1]:4444','blk':false}}[[[{"k":[true,null,0.125]}]]]"#,
        "{\"id\":\"\\ud83d\\ude00 \u{e9}\u{1F600}\\u0000\",\"exec-oob\":\"x\"}\r\n{} 01 -0 1e5",
    ].map { Array($0.utf8) }

    private static func mutate(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 0...12, using: &random))
            switch random.next() % 5 {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            case 1: bytes.insert(contentsOf: Array("{}[]:,\"'\\u0-".utf8).shuffled(using: &random).prefix(3), at: at)
            case 2: bytes.removeSubrange(at..<end)
            case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
            default: if at < bytes.count { bytes[at] ^= 1 << UInt8(random.next() % 8) }
            }
        }
        return bytes
    }

    @Test func everyInputIsAnsweredTheSameHoweverItIsCut() {
        var random = SeededGenerator(seed: 20)
        for _ in 0..<20_000 {
            let bytes = Self.mutate(&random)
            var whole = MonitorSession()
            var pieces = MonitorSession()
            var rest = bytes[...]
            var answers: [MonitorSession.Action] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...rest.count, using: &random)
                answers += pieces.receive(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(whole.receive(bytes) == answers)
        }
    }

    @Test func aControlCharacterAlwaysResynchronises() {
        var random = SeededGenerator(seed: 21)
        let request = Array("\u{1}\n{\"execute\":\"qmp_capabilities\"}".utf8)
        for _ in 0..<20_000 {
            var session = MonitorSession()
            let garbage = Self.mutate(&random)
            _ = session.receive(garbage)
            _ = session.receive(request)
            #expect(session.isNegotiated, "after \(garbage)")
        }
    }

    @Test func whatIsReadCanBeWrittenAndReadAgain() throws {
        var random = SeededGenerator(seed: 22)
        for _ in 0..<20_000 {
            var parser = JSONStreamParser()
            for case .success(let value) in parser.consume(Self.mutate(&random)) {
                // By its text, because a double without a fraction reads back as a whole number.
                let text = value.text()
                #expect(try JSONStreamParser.parse(text).text() == text)
                #expect(try JSONStreamParser.parse(value.text(.pretty(newline: "\r\n"))).text() == text)
            }
        }
    }
}
