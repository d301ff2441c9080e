import Environment
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
                inbox.offer(.message(.checkpointReply))
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
        let isDone = ThreadGate(false)
        for _ in 0..<PrimaryInbox.limit { inbox.offer(.message(.checkpointReply)) }
        _ = try Thread(name: "late") {
            inbox.offer(.message(.checkpointReply))
            isDone.withLock { $0 = true }
        }
        inbox.clear()
        #expect(isDone.wait(until: SystemClock().now() + .seconds(10)) { $0 ? true : nil } == true)
    }
}
