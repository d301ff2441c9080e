import Configuration
import Environment
import Glibc
import Synchronization
import SystemCalls
import Testing

@testable import ColodKit

@Suite struct ConsoleTests {
    @Test func aGuestMayBootButNotCrowdTheLogOut() {
        var budget = LineBudget(now: .zero)
        for _ in 0..<LineBudget.burst { #expect(budget.admit(now: .zero) == 0) }
        for _ in 0..<500 { #expect(budget.admit(now: .milliseconds(1)) == nil) }
        #expect(budget.admit(now: .seconds(1)) == 500)
        var admitted = 0
        for _ in 0..<1000 where budget.admit(now: .seconds(1)) != nil { admitted += 1 }
        #expect(admitted == Int(LineBudget.perSecond) - 1)
        // An idle guest regains no more than the burst.
        admitted = 0
        for _ in 0..<5000 where budget.admit(now: .seconds(100_000)) != nil { admitted += 1 }
        #expect(admitted == Int(LineBudget.burst))
    }

    @Test func linesGoToTheLogWhole() async throws {
        let lines = Mutex<[String]>([])
        try await confirmation(expectedCount: 3) { confirm in
            let console = try ConsoleLink(
                .log, receive: { _ in },
                log: { line in
                    lines.withLock { $0.append(line) }
                    confirm()
                }, notice: { _ in })
            console.send(Array("one\r\ntwo\u{1b}[2J\nthr".utf8))
            console.send(Array("ee".utf8))
            console.shutDown()
            let deadline = ContinuousClock.now + .seconds(10)
            while lines.withLock({ $0.count }) < 3, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        let text = lines.withLock { $0 }
        #expect(text == ["one", "two\u{1b}[2J", "three"])
    }

    /// The guest's lines carry the guest's name; what colod says about them does not.
    @Test func whatIsLeftOutIsToldInColodsOwnLog() throws {
        let notices = ThreadGate<[String]>([])
        let lines = ThreadGate<[String]>([])
        let console = try ConsoleLink(
            .log, receive: { _ in }, log: { line in lines.withLock { $0.append(line) } },
            notice: { text in notices.withLock { $0.append(text) } })
        let deadline = SystemClock().now() + .seconds(20)
        // Too many at once, and one after the log has room again.
        for _ in 0..<2 * Int(LineBudget.burst) { console.send([UInt8(ascii: "\n")]) }
        while notices.withLock({ $0.isEmpty }), SystemClock().now() < deadline {
            console.send([UInt8(ascii: "\n")])
            _ = notices.wait(until: SystemClock().now() + .milliseconds(5)) { $0.isEmpty ? nil : true }
        }
        #expect(notices.withLock { $0.first?.hasSuffix("it writes too fast for the log") } == true)
        #expect(lines.withLock { $0.allSatisfy { $0.isEmpty } })
        console.shutDown()
    }
}
