import Environment
import GuestMemory
import ManagedObjects
import MigrationFormat
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import MigrationCore
@testable import Transport

/// Recoveries that meet each other, late orders, and strangers.
@Suite(.serialized) struct PostcopyRecoveryTests {
    /// What was decided about channels that broke is carried out late, by a thread that had to wait.
    @Test func anOrderThatComesLateBreaksNoNewChannel() throws {
        let pair = try PostcopyMachines(postcopyLimit: 1)
        let source = try #require(pair.session)
        let destination = try #require(pair.destination.controller.withState { $0.incomingSession })
        let late = pair.source.controller.take(.pause, of: source)
        let controller = pair.destination.controller
        let lateThere = controller.withState { state in controller.ask(&state, destination) { $0.handle(.pause) } }
        #expect(late.actions == [.breakChannel])
        // Somebody else was faster.
        source.control.cut()
        try pair.awaitPause()
        try pair.recover()
        pair.source.controller.carryOut(late, of: source)
        controller.carryOut(lateThere, of: destination)
        for machine in [pair.source, pair.destination] {
            #expect(
                !machine.log.wait(for: "postcopy-paused", atLeast: 2, within: .milliseconds(500)),
                "\(machine.log.lines)")
        }
        _ = try GuestLook(atPage: 4000, of: pair.destination).bytes()
        try pair.complete()
    }

    /// A name server that answers when it is told to.
    private final class SlowNames: Sendable {
        private let gate = ThreadGate((isAsked: false, mayAnswer: false))

        var lookup: NameLookup {
            NameLookup(limit: 2) { [gate] _ in
                gate.withLock { $0.isAsked = true }
                _ = gate.wait(until: SystemClock().now() + .seconds(30)) { $0.mayAnswer ? true : nil }
                return .failure(.refused("no such name"))
            }
        }

        func waitUntilAsked() { _ = gate.wait(until: SystemClock().now() + .seconds(10)) { $0.isAsked ? true : nil } }
        func answer() { gate.withLock { $0.mayAnswer = true } }
    }

    @Test func ofTwoAddressesTheLastOneCounts() async throws {
        let names = SlowNames()
        defer { names.answer() }
        let pair = try PostcopyMachines { _, destination in
            destination.controller.setResources(MigrationResources(lookup: names.lookup))
        }
        try pair.source.controller.migratePause()
        try pair.awaitPause()
        let controller = pair.destination.controller
        // The first is still looking for a name when the second has its listener.
        let first = Task { try await controller.beginRecovery(uri: "tcp:slow.example:0") }
        await Task { names.waitUntilAsked() }.value
        try pair.recover()
        names.answer()
        await #expect(throws: MigrationRefusal.self) { try await first.value }
        #expect(!pair.destination.log.wait(for: "postcopy-paused", atLeast: 2, within: .milliseconds(300)))
        try pair.complete()
    }

    /// A postcopy that is paused, and the run of its destination.
    private func pausedPostcopy() throws -> (pair: PostcopyMachines, session: DestinationSession) {
        let pair = try PostcopyMachines()
        try pair.source.controller.migratePause()
        try pair.awaitPause()
        return (pair, try #require(pair.destination.controller.withState { $0.incomingSession }))
    }

    /// The second cannot listen where the first does already, so that the first one counts.
    @Test func anAddressThatCannotBeUsedReplacesNone() throws {
        let (pair, session) = try pausedPostcopy()
        let controller = pair.destination.controller
        let request = session.control.recovery.request()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        #expect(throws: MigrationRefusal.self) {
            try controller.migrateRecover(uri: listener.address.description)
        }
        try controller.end(request, of: session, with: listener)
        try pair.source.controller.migrate(uri: listener.address.description, resume: true).start()
        try #require(pair.source.awaits("postcopy-active", atLeast: 2), "\(pair.source.log.lines)")
        try pair.complete()
    }

    /// What a command brings comes once: it is waited for the next address, and not again for what is there no more.
    @Test func aCommandThatIsTurnedAwayEndsTheWait() throws {
        let credentials = try MigrationCredentials()
        let (server, client) = (try credentials.object(.psk, .server), try credentials.object(.psk, .client))
        let pair = try PostcopyMachines { source, destination in
            try source.use(client)
            try destination.use(server)
        }
        try pair.source.controller.migratePause()
        try pair.awaitPause()
        let controller = pair.destination.controller
        let session = try #require(controller.withState { $0.incomingSession })
        try controller.migrateRecover(uri: "exec:echo GET / HTTP/1.0; exec cat >/dev/null")
        try #require(pair.destination.awaits("recovery refused: "), "\(pair.destination.log.lines)")
        let deadline = SystemClock().now() + .seconds(10)
        while session.machine.withLock({ $0.phase }) != .postcopyPaused {
            try #require(SystemClock().now() < deadline, "it still waits for the command")
            _ = pair.destination.log.wait(for: "completed", within: .milliseconds(5))
        }
        try pair.destination.controller.migrateRecover(uri: "tcp:127.0.0.1:0")
        try pair.source.controller.migrate(uri: "tcp:127.0.0.1:\(pair.destination.port)", resume: true).start()
        try #require(pair.source.awaits("postcopy-active", atLeast: 2), "\(pair.source.log.lines)")
        try pair.complete()
    }

    /// The listener of a command that comes too late is not kept.
    @Test func anAddressThatComesTooLateIsRefused() throws {
        let (pair, session) = try pausedPostcopy()
        let controller = pair.destination.controller
        let request = session.control.recovery.request()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        let again = session.control.recovery.request()
        #expect(throws: MigrationRefusal.recoveryReplaced) { try controller.end(request, of: session, with: listener) }
        try pair.recover()
        let late = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        #expect(throws: MigrationRefusal.postcopyNotPaused) { try controller.end(again, of: session, with: late) }
        for closed in [listener, late] {
            #expect(throws: TransportError.self) {
                try Channel.connect(to: closed.address, cancellation: try Cancellation(), within: .seconds(2))
            }
        }
        try pair.complete()
    }

    /// A stranger who connects first and says nothing costs the source nothing: handshakes go on side by side.
    @Test(arguments: [[], [MigrationCapability.postcopyPreempt]])
    func aStrangerWhoStallsInTheHandshakeDelaysNoSource(capabilities: [MigrationCapability]) throws {
        let credentials = try MigrationCredentials()
        let (server, client) = (try credentials.object(.psk, .server), try credentials.object(.psk, .client))
        let pair = try PostcopyMachines(capabilities) { source, destination in
            try source.use(client)
            try destination.use(server)
        }
        try pair.source.controller.migratePause()
        try pair.awaitPause()
        try pair.destination.controller.migrateRecover(uri: "tcp:127.0.0.1:0")
        let port = pair.destination.port
        let strangers = try (0..<3).map { _ in try RawPeer.connect(port: port, sending: []) }
        let garbage = try RawPeer.connect(port: port, sending: Array("GET / HTTP/1.0\r\n\r\n".utf8))
        let begin = SystemClock().now()
        try pair.source.controller.migrate(uri: "tcp:127.0.0.1:\(port)", resume: true).start()
        for machine in [pair.source, pair.destination] {
            try #require(machine.awaits("postcopy-active", atLeast: 2), "\(machine.log.lines)")
        }
        // With two channels the order counts, so that those who came before are waited for; but for all three at once.
        let limit = Nanoseconds.milliseconds(Transport.serverHandshakeMilliseconds)
        #expect(SystemClock().now() - begin < limit + limit)
        try pair.complete()
        for channel in strangers + [garbage] { channel.shutDown() }
    }
}
