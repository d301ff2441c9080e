import QAPI
import Testing

@testable import QMP
@testable import coloctl

private func event(_ name: String, at milliseconds: Int64, _ data: JSONObject = [:]) -> ClientSession.Event {
    ClientSession.Event(name: name, data: data, microseconds: milliseconds * 1000, json: .null)
}

@Suite struct EventDigestTests {
    @Test func checkpointsAreLeftOut() {
        var digest = EventDigest()
        for time in stride(from: Int64(0), to: 10_000, by: 50) {
            #expect(digest.take(event("STOP", at: time)) == [])
            #expect(digest.take(event("MIGRATION_PASS", at: time + 1, ["pass": 7])) == [])
            #expect(digest.take(event("RESUME", at: time + 2)) == [])
        }
        #expect(!digest.waits)
    }

    @Test func aStopThatLastsIsShown() {
        var digest = EventDigest()
        #expect(digest.take(event("STOP", at: 0)) == [])
        #expect(digest.waits)
        #expect(digest.expire().map { $0.hasSuffix(" STOP") } == [true])
        #expect(digest.take(event("RESUME", at: 5000)).map { $0.hasSuffix(" RESUME") } == [true])
    }

    @Test func whatHappensAfterAStopComesAfterIt() {
        var digest = EventDigest()
        _ = digest.take(event("STOP", at: 0))
        let lines = digest.take(event("COLO_EXIT", at: 1, ["reason": "request"]))
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix(" STOP") == true)
        #expect(lines.last?.hasSuffix(#" COLO_EXIT {"reason": "request"}"#) == true)
    }

    @Test func ofTheStatusOnlyChangesAreShown() {
        var digest = EventDigest()
        var side = status(state: .protected, protected: true, serving: true, connected: true)
        func next() -> [String] { digest.take(event("X_COLOD_STATUS", at: 0, side.json.object ?? [:])) }
        #expect(next().map { $0.hasSuffix("status: primary, protected, serving, term 4, peer connected") } == [true])
        side.checkpoints += 100
        side.lastCheckpointAgeMs = 3
        #expect(next() == [])
        side.impairments = ["the last checkpoint is 900 ms old"]
        #expect(next().count == 1)
        side.impairments = ["the last checkpoint is 950 ms old"]
        #expect(next() == [])
        side.lastFailure = "peer lost"
        #expect(next().map { $0.hasSuffix("last failure: peer lost") } == [true])
        side.peer.connected = false
        #expect(next().map { $0.contains("peer NOT connected") && !$0.contains("peer lost") } == [true])
    }

    @Test func aStatusOfAnotherVersionIsShownAsItCame() {
        var digest = EventDigest()
        #expect(digest.take(event("X_COLOD_STATUS", at: 0, ["role": "x"])).count == 1)
    }
}
