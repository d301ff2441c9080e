import Environment
import QMP
import Testing

@testable import ManagementServer

/// Clients that send anything, in any pieces, and leave when they like. The seed decides all of it.
@Suite struct GarbageTests {
    private static let pieces = [
        #"{"execute":"query-name"}"#, #"{"execute":"migrate-set-parameters","arguments":{"max-bandwidth":-1}}"#,
        #"{"exec-oob":"query-yank","id":1}"#, #"{"execute":"stop"}{"execute":"cont"}"#, "[[[", "}}]", "\"\\ud800\"",
        "{\"execute\":", "\u{1}", "'", "nul", "\u{fffd}", "1e999 ", #"{"execute":"query-qmp-schema","id":[{}]}"#, "\n",
        #"{"execute":"qmp_capabilities"}"#, #"{"execute":"nope","arguments":{"a":[1,2.5]}}"#,
    ]

    @Test func theServerOutlivesWhateverClientsSend() async throws {
        try await withServer { server, _, path in
            try await onThread {
                var random = SeededGenerator(seed: 40)
                for round in 0..<300 {
                    let client = try TestClient(path, negotiate: random.chance(9, in: 10), outOfBand: round % 2 == 0)
                    for _ in 0..<Int.random(in: 1...12, using: &random) {
                        var bytes = Array((Self.pieces.randomElement(using: &random) ?? "").utf8)
                        if random.chance(1, in: 3), !bytes.isEmpty {
                            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8(random.next() % 8)
                        }
                        client.send(bytes: bytes)
                    }
                    guard random.chance(1, in: 2) else { continue }
                    // A control character ends whatever was begun.
                    client.send("\u{1}\u{1}" + #"{"execute":"query-uuid","id":"end"}"#)
                    while true {
                        switch try client.next() {
                        case .success(_, id: "end"), .failure(_, id: "end"): break
                        default: continue
                        }
                        break
                    }
                }
                let last = try TestClient(path)
                #expect(try last.answer(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                #expect(server.connectionCount >= 1)
            }
        }
    }
}
