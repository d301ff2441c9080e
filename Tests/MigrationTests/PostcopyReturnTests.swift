import Environment
import GuestMemory
import MigrationFormat
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

/// A guest that was sent away in postcopy, and has never run at its destination: the one thing that matters is that it runs at
/// one side at most.
@Suite(.serialized) struct PostcopyReturnTests {
    private func expectBack(_ source: TestMachine, _ why: String) {
        #expect(source.awaits("outgoing failed: \(why)"), "\(source.log.lines)")
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.machine.runState == .running)
        #expect(source.controller.queryMigrate().status == .failed)
        #expect(source.controller.queryMigrate().errorDesc == why)
    }

    private static let refusal = "The destination failed before it ran the guest (SHUT 1)"

    @Test func aDestinationThatSaysSoGivesItBack() throws {
        let postcopy = try PostcopyToNobody(runs: false)
        let content = postcopy.source.ram
        postcopy.say(.requestPages(start: 1 << 19, length: 4096, block: PostcopyToNobody.block))
        postcopy.say(.shut(1))
        expectBack(postcopy.source, Self.refusal)
        #expect(firstDifference(postcopy.source.ram, content) == nil)
        #expect(postcopy.collector.awaitsEnd())
    }

    /// What it asked for before cannot be sent any more.
    @Test func itsWordIsHeardBehindRequestsThatComeToNothing() throws {
        let postcopy = try PostcopyToNobody(runs: false)
        let requests = (200..<250).flatMap { page in
            ReturnPathRecord.requestPages(start: UInt64(page) << 12, length: 4096, block: PostcopyToNobody.block).alone
        }
        postcopy.say(requests + ReturnPathRecord.shut(1).alone)
        postcopy.channel.shutDown()
        expectBack(postcopy.source, Self.refusal)
    }

    /// The last thing that is waited for is its word.
    @Test func soDoesOneThatHasEverything() throws {
        let postcopy = try PostcopyToNobody(runs: false)
        try postcopy.source.controller.updateParameters { $0.maxPostcopyBandwidth = 0 }
        try #require(postcopy.awaitsEndOfStream())
        postcopy.say(.shut(3))
        expectBack(postcopy.source, "The destination failed before it ran the guest (SHUT 3)")
    }

    @Test func oneThatHasRunItDoesNot() throws {
        let postcopy = try PostcopyToNobody()
        postcopy.say(.shut(1))
        #expect(try postcopy.awaitPause() == "The destination said SHUT 1 before it had all pages")
        #expect { try postcopy.source.controller.takeGuestBack() } throws: {
            "\($0)".contains("has answered that it takes the guest over")
        }
        #expect(postcopy.source.controller.queryMigrate().errorDesc == nil, "nobody has to decide anything")
        try postcopy.recoverAndComplete()
    }

    /// Whoever answers at the new address may be anybody.
    @Test func aStrangerInARecoveryDoesNot() throws {
        let postcopy = try PostcopyToNobody(runs: false)
        try postcopy.source.controller.migratePause()
        _ = try postcopy.awaitPause()
        try postcopy.resume()
        postcopy.say(.shut(1))
        #expect(try postcopy.awaitPause(2) == "The destination said SHUT 1 before it went on")
        try postcopy.recoverAndComplete()
    }

    @Test func whatWasReleasedCannotComeBack() throws {
        let postcopy = try PostcopyToNobody([.releaseRam], runs: false)
        postcopy.say(.shut(1))
        _ = try postcopy.awaitPause()
        #expect { try postcopy.source.controller.takeGuestBack() } throws: { "\($0)".contains("release-ram") }
        let session = postcopy.source.controller.withState { $0.outgoing }
        #expect(session?.machine.withLock { $0.pause }?.place == .lost(isKnown: false), "it was not heard of")
    }

    /// It runs the guest, and the source hears that only when it has found the channel broken.
    @Test(arguments: [false, true]) func itsAnswerIsHeardBehindRequestsThatComeToNothing(isPausedHere: Bool) throws {
        let postcopy = try PostcopyToNobody(runs: false)
        let requests = (0..<1500).flatMap { index in
            ReturnPathRecord.requestPages(
                start: UInt64(index % 256) << 12, length: 4096, block: PostcopyToNobody.block
            ).alone
        }
        postcopy.say(requests + ReturnPathMessage.pong(4).bytes)
        if isPausedHere { try postcopy.source.controller.migratePause() } else { postcopy.channel.shutDown() }
        _ = try postcopy.awaitPause()
        #expect(throws: MigrationRefusal.guestRunsElsewhere) { try postcopy.source.controller.takeGuestBack() }
        #expect(postcopy.source.machine.runState == .finishMigrate)
        #expect(postcopy.source.controller.queryMigrate().errorDesc == nil, "nobody has to decide anything")
        try postcopy.recoverAndComplete()
    }

    /// It has told what it has, so it has taken the guest over, whatever becomes of the recovery.
    @Test func aDestinationThatAnswersInARecoveryHasIt() throws {
        let postcopy = try PostcopyToNobody(runs: false)
        postcopy.channel.shutDown()
        _ = try postcopy.awaitPause()
        try postcopy.resume()
        postcopy.say(PostcopyToNobody.bitmap())
        try #require(postcopy.collector.awaits(StreamCommand.postcopyResume.alone), "\(postcopy.source.log.lines)")
        postcopy.channel.shutDown()
        _ = try postcopy.awaitPause(2)
        #expect(throws: MigrationRefusal.guestRunsElsewhere) { try postcopy.source.controller.takeGuestBack() }
        #expect(postcopy.source.machine.runState == .finishMigrate)
        try postcopy.recoverAndComplete()
    }

    /// The operator knows that the destination is dead.
    @Test func whatNobodyHasHeardOfIsTakenBackByCommand() throws {
        let postcopy = try PostcopyToNobody(runs: false)
        let content = postcopy.source.ram
        try postcopy.source.controller.takeGuestBack()
        #expect(postcopy.source.machine.runState == .finishMigrate, "it is not paused")
        postcopy.channel.shutDown()
        let reason = try postcopy.awaitPause()
        let advice = postcopy.source.controller.queryMigrate().errorDesc ?? ""
        #expect(
            advice.contains(reason) && advice.contains("only if the destination is dead for certain, 'cont'"),
            "\(advice)")
        try postcopy.source.controller.takeGuestBack()
        #expect(postcopy.source.machine.runState == .running)
        expectBack(
            postcopy.source, "The guest was taken back by command from a postcopy that was paused (\(reason))")
        #expect(firstDifference(postcopy.source.ram, content) == nil)
        #expect { try postcopy.source.controller.migrate(uri: "tcp:127.0.0.1:1", resume: true).start() } throws: {
            "\($0)" == "Cannot resume if there is no paused migration"
        }
        // It may move again.
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.controller.setCapabilities([.init(.postcopyRam, true)])
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try postcopy.source.controller.updateParameters { $0.maxBandwidth = 0 }
        try postcopy.source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, content) == nil)
    }

    /// A destination that has the package, and cannot start the guest.
    @Test(arguments: [[], [MigrationCapability.postcopyPreempt]])
    func aColodThatCannotStartItSaysSo(capabilities: [MigrationCapability]) throws {
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        source.fill(seed: 13)
        let content = source.ram
        try source.machine.run()
        for machine in [source, destination] {
            try machine.controller.setCapabilities(([.postcopyRam] + capabilities).map { .init($0, true) })
        }
        try source.controller.updateParameters { ($0.maxBandwidth, $0.maxPostcopyBandwidth) = (400_000, 400_000) }
        // Nothing starts its engine any more.
        destination.machine.retire()
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        try #require(source.awaits("active"), "\(source.log.lines)")
        try source.controller.migrateStartPostcopy()
        #expect(destination.awaits("incoming failed: load of migration failed: "), "\(destination.log.lines)")
        expectBack(source, Self.refusal)
        #expect(destination.machine.runState != .running)
        #expect(firstDifference(source.ram, content) == nil)
    }
}
