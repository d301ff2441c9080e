import ByteCoding
import Environment
import MigrationFormat
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

/// A source that has to wait for its bandwidth, longer than its destination waits for a byte.
@Suite(.serialized) struct PostcopyPaceTests {
    private static let stall = Nanoseconds.seconds(3)
    private static let word = Nanoseconds.milliseconds(200)

    private func adjust(_ source: TestMachine, _ destination: TestMachine) {
        source.controller.outgoingLimits.withLock { $0.word = Self.word }
        destination.controller.incomingLimits.withLock { $0.stall = Self.stall }
    }

    @Test(arguments: [[], [MigrationCapability.postcopyPreempt], [.multifd]])
    func theDestinationOfAPostcopyDoesNotTakeItForDead(capabilities: [MigrationCapability]) throws {
        let pair = try PostcopyMachines(capabilities, postcopyLimit: 1, adjust: adjust)
        #expect(
            !pair.destination.log.wait(for: "postcopy-paused", within: .seconds(6)), "\(pair.destination.log.lines)")
        // Pages overtake what is said meanwhile.
        _ = try GuestLook(atPage: 4000, of: pair.destination).bytes()
        try pair.pauseAndRecover(0)
        #expect(!pair.destination.log.wait(for: "postcopy-paused", atLeast: 2, within: .seconds(6)))
        try pair.complete()
    }

    /// The same before the guest moves.
    @Test(arguments: [[], [MigrationCapability.multifd]])
    func norDoesThatOfAMigration(capabilities: [MigrationCapability]) throws {
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        source.fill(seed: 12)
        try source.machine.run()
        for machine in [source, destination] {
            try machine.controller.setCapabilities(capabilities.map { .init($0, true) })
        }
        adjust(source, destination)
        try source.controller.updateParameters { $0.maxBandwidth = 1 }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("active"), "\(source.log.lines)")
        #expect(!destination.log.wait(for: "failed", within: .seconds(6)), "\(destination.log.lines)")
        try source.controller.updateParameters { $0.maxBandwidth = 0 }
        #expect(source.awaits("completed"), "\(source.log.lines)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    /// One that stands still takes what little is sent, and would be waited for as long as that lasts.
    @Test func aDestinationThatAnswersNothingIsGivenUp() throws {
        let postcopy = try PostcopyToNobody(word: .milliseconds(100), limit: 1)
        postcopy.source.controller.outgoingLimits.withLock { $0.answer = .seconds(1) }
        #expect(try postcopy.awaitPause().hasPrefix("The destination has answered nothing for "))
        try postcopy.recoverAndComplete()
    }

    /// A QEMU reads commands between two sections only.
    @Test func whatItSaysStandsBetweenTwoParts() throws {
        let postcopy = try PostcopyToNobody(word: .milliseconds(100), limit: 1)
        var end = ByteWriter()
        StreamEncoder.writeRAMClosing(id: postcopy.source.machine.ramSectionID, to: &end)
        let ping = StreamCommand.ping(SourceRun.pingWhilePaced).alone
        #expect(postcopy.collector.awaits(end.bytes + ping), "no end of the part before the command")
        #expect(postcopy.collector.awaits(ping + ping), "a second one begins no part")
        var part = ByteWriter()
        StreamEncoder.writeRAMOpening(.sectionPart, id: postcopy.source.machine.ramSectionID, to: &part)
        try postcopy.complete()
        #expect(postcopy.collector.awaits(ping + part.bytes), "no part behind the command")
    }
}
