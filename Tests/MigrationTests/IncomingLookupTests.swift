import Environment
import QAPI
import SystemCalls
import Testing

@testable import Migration
@testable import Transport

struct IncomingLookupTests {
    @Test func aNameServerThatDoesNotAnswerKeepsNoCallerOfMigrateIncomingFromItsThread() async throws {
        let gate = ThreadGate(false)
        defer { gate.withLock { $0 = true } }
        let destination = try TestMachine(incoming: true, megabytes: 1)
        destination.controller.setResources(
            MigrationResources(
                lookup: NameLookup(limit: 1) { _ in
                    _ = gate.wait(until: SystemClock().now() + .seconds(30)) { $0 ? true : nil }
                    return .failure(.refused("no such name"))
                }))
        let attempt = Task { try await destination.controller.beginIncoming(uri: "tcp:slow.example:0") }
        // The task waits, and everybody else goes on: whoever asks meanwhile is told that one is under way.
        while destination.log.lines.isEmpty { await Task.yield() }
        #expect(throws: MigrationRefusal.incomingAlreadyStarted) {
            try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        }
        gate.withLock { $0 = true }
        let failure = TransportError.resolution(address: "slow.example:0", reason: "no such name")
        await #expect(throws: MigrationRefusal.listener(failure)) { try await attempt.value }
        try await destination.controller.beginIncoming(uri: "tcp:127.0.0.1:0")
        destination.controller.cancelChannel()
    }
}
