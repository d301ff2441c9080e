import Environment
import MigrationFormat
import ReplicationCore
import SystemCalls
import Testing

@testable import Replication

/// A secondary that sends without end.
@Suite struct PrimaryInboxTests {
    @Test func aFloodOfMessagesWaitsOutside() throws {
        let inbox = PrimaryInbox()
        let sent = ThreadGate(0)
        _ = try Thread(name: "flood") {
            for _ in 0..<5000 {
                _ = inbox.offer(.message(.checkpointReply))
                sent.withLock { $0 += 1 }
            }
        }
        let deadline = SystemClock().now() + .seconds(10)
        #expect(sent.wait(until: deadline) { $0 >= PrimaryInbox.limit ? true : nil } == true)
        // What comes from this side has room, and goes first.
        inbox.post(.failoverRequested)
        #expect(inbox.count <= PrimaryInbox.limit + 1)
        #expect(inbox.next(until: deadline) == .failoverRequested)
        var largest = 0
        for _ in 0..<5000 {
            largest = max(largest, inbox.count)
            guard inbox.next(until: deadline) == .message(.checkpointReply) else {
                Issue.record("a message was lost")
                return
            }
        }
        #expect(largest <= PrimaryInbox.limit)
        #expect(inbox.next(until: .zero) == nil)
    }

    @Test func whoWaitsForRoomGoesWhenTheRunIsOver() throws {
        let inbox = PrimaryInbox()
        for _ in 0..<PrimaryInbox.limit { #expect(inbox.offer(.message(.checkpointReply))) }
        let taken = ThreadGate<Bool?>(nil)
        _ = try Thread(name: "late") {
            let isTaken = inbox.offer(.message(.checkpointReply))
            taken.withLock { $0 = isTaken }
        }
        inbox.close()
        #expect(taken.wait(until: SystemClock().now() + .seconds(10)) { $0 } == false)
    }

    /// A secondary may have sent many more messages than a run looks at, and nobody comes for them any more.
    @Test func theReaderOfARunThatIsOverNeverWaits() throws {
        let inbox = PrimaryInbox()
        inbox.close()
        let refused = ThreadGate(0)
        _ = try Thread(name: "reader") {
            for _ in 0...PrimaryInbox.limit where !inbox.offer(.message(.checkpointReady)) {
                refused.withLock { $0 += 1 }
            }
        }
        let deadline = SystemClock().now() + .seconds(10)
        #expect(refused.wait(until: deadline) { $0 == PrimaryInbox.limit + 1 ? true : nil } == true)
        inbox.post(.timer)
        #expect(inbox.count == 0)
    }
}
