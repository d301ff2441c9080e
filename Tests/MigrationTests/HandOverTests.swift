import Environment
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// A primary to which something happens between the last byte of the initial state and its run.
private final class InterruptedPrimary: COLOHandler {
    let interrupt: @Sendable () -> Void
    let waited = Mutex<Nanoseconds?>(nil)

    init(interrupt: @escaping @Sendable () -> Void) { self.interrupt = interrupt }

    func maySwitchOver() -> Bool { true }
    func incomingAccepted() {}
    func willRunCOLO(asPrimary: Bool) { interrupt() }

    func runPrimary(_ session: COLOPrimarySession) -> COLOOutcome {
        let clock = SystemClock()
        let start = clock.now()
        _ = try? session.messages.receive(until: start + .seconds(10))
        waited.withLock { $0 = clock.now() - start }
        return .peerLost("it says nothing")
    }
    func runSecondary(_ session: COLOSecondarySession) -> COLOOutcome { .peerLost("not a secondary") }
}

struct HandOverTests {
    private func source(
        interrupt: @escaping @Sendable (TestMachine) -> Void
    ) throws -> (TestMachine, InterruptedPrimary) {
        let source = try TestMachine(megabytes: 1)
        let primary = InterruptedPrimary { [weak source] in if let source { interrupt(source) } }
        source.controller.setCOLOHandler(primary)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.xColo, true)])
        try source.machine.run()
        // It takes everything and never answers.
        let sink = try RawPeer()
        try source.migrate(to: sink.uri)
        let channel = try sink.accept()
        defer { channel.shutDown() }
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(20)))
        return (source, primary)
    }

    @Test func aCancellationInTheCommittedPartEndsTheWaitForTheSecondary() throws {
        let (source, primary) = try source { $0.controller.migrateCancel() }
        let waited = try #require(primary.waited.withLock { $0 })
        #expect(waited < .seconds(2), "the guest stands as long as the primary waits")
        #expect(source.machine.runState == .running)
    }

    @Test func aStopInTheCommittedPartLeavesTheGuestStopped() throws {
        let (source, _) = try source { source in
            try? source.machine.stopByCommand()
            source.controller.migrateCancel()
        }
        #expect(source.machine.runState == .paused)
        #expect(source.log.lines.filter { $0 == "resume" }.count == 1, "only that of its first start")
        try source.machine.continueByCommand()
        #expect(source.machine.runState == .running)
    }
}
