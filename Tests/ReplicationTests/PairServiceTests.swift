import Environment
import Foundation
import PairLab
import ReplicationCore
import SystemCalls
import Testing

@testable import Replication
@testable import Transport

/// Two members of a pair in this process, with real heartbeats over loopback.
@Suite(.serialized)
struct PairServiceTests {
    /// A question that was withdrawn before the arbiter's own deadline would end the command that fences the peer.
    @Test(arguments: [5, 30, 60, 120] as [UInt64])
    func aQuestionStaysOpenLongerThanItsArbiterTakes(seconds: UInt64) {
        let settings = PairService.Settings(
            member: .first, pair: "web", keys: [[]], listen: [], peer: [], interval: .milliseconds(20),
            timeout: .seconds(3), failover: .automatic,
            arbiter: CommandArbiter(path: "/bin/true", arguments: [], timeout: .seconds(seconds)))
        let rules = PairService.rules(settings)
        #expect(rules.hasArbiter)
        #expect(rules.arbiterTimeout > .seconds(seconds) && rules.arbiterTimeout >= .seconds(30))
    }

    /// The level in the log does not hang on how a reason is worded.
    @Test func anEndThatWasAskedForIsNoWarning() {
        #expect(!PairNotice.endOfRun(.requested).isWarning)
        #expect(PairNotice.endOfRun(.machineFailed("no failover requested")).isWarning)
    }

    @Test func twoMembersFindEachOtherAndBecomeAPair() async throws {
        let members = try Members()
        _ = try await members.protect()
        let (first, second) = (members.first, members.second)
        #expect(first.service.snapshot.state == .protected)
        #expect(second.service.snapshot.state == .secondary)
        #expect(first.service.snapshot.term == Term(1))
        #expect(try first.record == PairRecord(term: Term(1), peerMayHaveTakenOver: true))
        #expect(try second.record == PairRecord(term: Term(1)))
        #expect(first.awaits(.starting(Term(1))) && first.awaits(.protected))
        #expect(!second.operations.calls.contains(.startGuest))
        #expect(first.service.snapshot.ignoredPeers == 0)
        await members.shutDown()
    }

    @Test func outputIsReleasedOnlyUpToConfirmedCheckpoints() async throws {
        let members = try Members()
        let run = try await members.protect()
        members.first.service.post(.checkpointConfirmed(run: run, checkpoint: 2))
        #expect(members.first.operations.awaits(.release(2)))
        members.first.service.post(.checkpointConfirmed(run: run + 1, checkpoint: 9))
        members.first.service.post(.checkpointConfirmed(run: run, checkpoint: 3))
        #expect(members.first.operations.awaits(.release(3)))
        #expect(!members.first.operations.calls.contains(.release(9)))
        await members.shutDown()
    }

    @Test func aPeerWithAnotherKeyIsIgnoredAndCounted() async throws {
        let folder = try TemporaryFolder()
        let (one, two) = try Member.freePorts()
        let member = try Member(.second, folder: folder, ports: (two, one))
        let outsider = try Member(.first, folder: folder, ports: (one, two), key: Array("another key".utf8))
        try await member.service.start()
        try await outsider.service.start()
        #expect(member.awaits { $0.ignoredPeers >= 2 })
        #expect(outsider.awaits { $0.ignoredPeers >= 2 })
        #expect(member.service.snapshot.peerReport == nil)
        #expect(!member.service.snapshot.peerIsAlive)
        #expect(member.operations.calls == [.listen(1)])
        await member.service.shutDown()
        await outsider.service.shutDown()
    }

    @Test func aMemberOfAnotherPairIsIgnored() async throws {
        let folder = try TemporaryFolder()
        let (one, two) = try Member.freePorts()
        let member = try Member(.second, folder: folder, ports: (two, one), pair: "web")
        let other = try Member(.first, folder: folder, ports: (one, two), pair: "database")
        try await member.service.start()
        try await other.service.start()
        #expect(member.awaits { $0.ignoredPeers >= 1 })
        #expect(member.service.snapshot.peerReport == nil)
        await member.service.shutDown()
        await other.service.shutDown()
    }

    @Test func garbageIsIgnoredAndDisturbsNobody() async throws {
        let members = try Members()
        _ = try await members.protect()
        var random = SeededGenerator(seed: 9)
        let port = members.second.service.settings.listen[0].port
        for length in [1, 4, 5, 64, 4000] {
            let channel = try Channel.connect(
                to: .tcp(host: "127.0.0.1", port: "\(port)"), cancellation: try Cancellation())
            let garbage = (0..<length).map { _ in UInt8.random(in: 1...255, using: &random) }
            try channel.write(garbage)
            try channel.flush()
            if length < 5 { channel.shutDownWriting() }
            #expect(Self.isClosed(channel))
        }
        #expect(members.second.awaits { $0.ignoredPeers >= 3 })
        #expect(members.second.service.snapshot.isProtected)
        #expect(members.first.service.snapshot.isProtected)
        #expect(!members.first.raised.contains { if case .peerLost = $0 { true } else { false } })
        await members.shutDown()
    }

    /// Reads the other side's greeting until it closes the connection.
    private static func isClosed(_ channel: Channel) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let deadline = SystemClock().now() + COLOMachine.patience
        while true {
            var failure: TransportError?
            let count = buffer.withUnsafeMutableBytes { raw -> Int in
                do throws(TransportError) { return try channel.read(into: raw, deadline: deadline) } catch {
                    failure = error
                    return 0
                }
            }
            if case .stalled = failure { return false }
            if count == 0 { return true }
        }
    }

    @Test func theSecondaryOfADeadPrimaryAsksTheArbiterAndTakesOver() async throws {
        let arbiter = RecordingArbiter(.granted)
        let members = try Members(arbiters: (nil, arbiter))
        _ = try await members.protect()
        #expect(arbiter.questions == [])
        await members.first.service.shutDown()
        let second = members.second
        #expect(arbiter.awaits("take-over web 2"))
        #expect(second.operations.awaits(.takeOver))
        #expect(second.awaits { $0.state == .unprotected && $0.term == Term(2) })
        #expect(second.awaits(.peerLost(.refused)) && second.awaits(.takingOver(Term(2))))
        #expect(try second.record == PairRecord(term: Term(2)))
        await second.service.shutDown()
    }

    @Test func aSecondaryThatIsRefusedDoesNotTakeOver() async throws {
        let arbiter = RecordingArbiter(.refused("the peer answers its power switch"))
        let members = try Members(arbiters: (nil, arbiter))
        _ = try await members.protect()
        await members.first.service.shutDown()
        let second = members.second
        #expect(second.awaits(.arbiterRefused(Term(2), .takeOver, .no("the peer answers its power switch"))))
        #expect(
            second.service.snapshot.lastFailure == "arbiter refused term 2: the peer answers its power switch")
        #expect(second.service.snapshot.state == .secondary)
        #expect(!second.operations.calls.contains(.takeOver))
        // What it asks for is on record, and nothing more.
        #expect(try second.record == PairRecord(term: Term(1), claimed: Term(2)))
        await second.service.shutDown()
    }

    @Test func thePrimaryOfADeadSecondaryAsksTheArbiterBeforeItReleases() async throws {
        let arbiter = RecordingArbiter(.granted)
        let members = try Members(arbiters: (arbiter, nil))
        let run = try await members.protect()
        await members.second.service.shutDown()
        let first = members.first
        #expect(arbiter.awaits("continue-alone web 3"))
        #expect(first.operations.awaits(.releaseAll))
        let calls = first.operations.calls
        let stopped = try #require(calls.firstIndex(of: .stopReplication(run)))
        #expect(stopped < (calls.firstIndex(of: .releaseAll) ?? 0))
        #expect(first.awaits { $0.state == .unprotected && $0.term == Term(3) })
        #expect(try first.record?.term == Term(3))
        await first.service.shutDown()
    }

    @Test func aPrimaryThatIsRefusedKeepsHolding() async throws {
        let arbiter = RecordingArbiter(.refused("no"))
        let members = try Members(arbiters: (arbiter, nil))
        _ = try await members.protect()
        await members.second.service.shutDown()
        let first = members.first
        #expect(first.awaits(.arbiterRefused(Term(3), .continueAlone, .no("no"))))
        #expect(first.service.snapshot.state == .holding)
        #expect(!first.operations.calls.contains(.releaseAll))
        #expect(!first.operations.calls.contains(.fence))
        await first.service.shutDown()
    }

    @Test func manualFailoverWaitsForTheCommand() async throws {
        let members = try Members(failover: .manual)
        _ = try await members.protect()
        await members.first.service.shutDown()
        let second = members.second
        #expect(second.awaits(.failoverNeeded))
        #expect(!second.operations.calls.contains(.takeOver))
        #expect(second.service.refusal(of: .failover) == nil)
        second.service.post(.failoverCommanded)
        #expect(second.operations.awaits(.takeOver))
        await second.service.shutDown()
    }

    @Test func aDrillMovesTheGuestAndFencesTheOldSide() async throws {
        let members = try Members()
        _ = try await members.protect()
        members.first.service.post(.drillCommanded)
        #expect(members.second.operations.awaits(.takeOver))
        #expect(members.first.operations.calls.contains(.fence))
        #expect(members.first.awaits(.handedOver(Term(2))))
        #expect(members.second.awaits { $0.report.isServing && $0.term == Term(2) })
        #expect(!members.first.operations.calls.contains(.releaseAll))
        await members.shutDown()
    }

    @Test func aRefusedCommandIsToldToTheOneWhoWaits() async throws {
        let members = try Members()
        try await members.second.service.start()
        let known = members.second.service.failedCommands
        members.second.service.post(.failoverCommanded)
        let end = SystemClock().now() + COLOMachine.patience
        let outcome = members.second.service.wait(until: end, known: known) { $0.report.isServing }
        guard case .failed(let why) = outcome else {
            Issue.record("the command was not refused: \(outcome)")
            return
        }
        #expect(why == "there is no complete checkpoint to take over from")
        await members.second.service.shutDown()
    }

    /// The first member served in term 1, was lost, and comes back after the second one took over in term 2.
    @Test func aSupersededMemberDoesNotStartItsGuest() async throws {
        let members = try Members(
            records: (PairRecord(term: Term(1), peerMayHaveTakenOver: true), PairRecord(term: Term(2))))
        try await members.second.service.start()
        try await members.first.service.start()
        #expect(members.first.awaits(.superseded(by: Term(2))))
        #expect(members.first.awaits { $0.supersededBy == Term(2) })
        #expect(!members.first.operations.calls.contains(.startGuest))
        // It is the second member's turn to boot the guest, in a term that the first one grants.
        #expect(members.second.operations.awaits(.startGuest))
        #expect(members.first.awaits { $0.term == Term(4) && $0.supersededBy == Term(2) })
        #expect(try members.first.record?.supersededBy == Term(2))
        await members.shutDown()
    }

    /// A folder in the place of the new record stands in the way, also of the superuser.
    private func spoil(_ member: Member) throws {
        try? FileManager.default.removeItem(atPath: member.file.path + ".new")
        try FileManager.default.createDirectory(atPath: member.file.path + ".new", withIntermediateDirectories: true)
    }

    private func mend(_ member: Member) throws { try FileManager.default.removeItem(atPath: member.file.path + ".new") }

    @Test func aMemberThatCannotWriteItsRecordDoesNotServeUntilItCan() async throws {
        let members = try Members()
        let first = members.first
        try spoil(first)
        try await members.second.service.start()
        try await first.service.start()
        #expect(first.awaits { $0.report.impairments.contains(.record) })
        #expect(first.awaits { $0.impairments.contains { $0.contains("cannot be written") } })
        #expect(first.awaitsEvent { if case .recordUnwritable = $0 { true } else { false } })
        // A command that vouches for a silent peer is withdrawn as soon as that is heard.
        #expect(first.awaits { $0.peerIsAlive })
        first.service.post(.startCommanded)
        #expect(first.awaits { $0.report.isEntering })
        #expect(!first.operations.calls.contains(.startGuest))
        let report = members.second.service.snapshot.peerReport ?? PairReport(term: .none, state: .starting)
        #expect(report.term == .none && !report.isServing)
        try mend(first)
        #expect(first.operations.awaits(.startGuest))
        #expect(first.awaits(.recordWritten))
        await members.shutDown()
    }

    @Test func aSecondaryWithAFullDiskKeepsItsCheckpointAndTakesOverOnceItCanWrite() async throws {
        let members = try Members()
        _ = try await members.protect()
        let (first, second) = (members.first, members.second)
        try spoil(second)
        // The record is written now and then only to know that it can be.
        #expect(second.awaits { $0.report.impairments.contains(.record) })
        #expect(first.awaits { !$0.isProtected })
        #expect(first.awaitsEvent { if case .notProtected = $0 { true } else { false } })
        await first.service.shutDown()
        #expect(second.awaits { $0.report.isEntering })
        #expect(second.service.snapshot.report.hasCheckpoint)
        #expect(!second.operations.calls.contains(.takeOver))
        try mend(second)
        #expect(second.operations.awaits(.takeOver))
        #expect(second.awaits { $0.report.isServing && $0.term == Term(2) })
        await second.service.shutDown()
    }

    @Test func aPrimaryWithAFullDiskGoesOnServing() async throws {
        let members = try Members()
        _ = try await members.protect()
        let (first, second) = (members.first, members.second)
        try spoil(first)
        #expect(first.awaits { $0.report.impairments.contains(.record) && !$0.isProtected })
        await second.service.shutDown()
        #expect(first.awaits { $0.state == .holding && $0.report.isEntering })
        #expect(!first.operations.calls.contains(.fence))
        #expect(!first.operations.calls.contains(.releaseAll))
        try mend(first)
        #expect(first.operations.awaits(.releaseAll))
        #expect(first.awaits { $0.state == .unprotected && $0.term == Term(3) })
        await first.service.shutDown()
    }

    @Test func aMemberThatIsStoppedHandsItsGuestOverAndNobodyIsAsked() async throws {
        let arbiter = RecordingArbiter(.granted)
        let members = try Members(arbiters: (arbiter, arbiter))
        _ = try await members.protect()
        let (first, second) = (members.first, members.second)
        #expect(first.service.leave(slack: COLOMachine.patience))
        await first.service.shutDown()
        #expect(second.awaits { $0.report.isServing && $0.term == Term(2) })
        #expect(second.awaits(.peerLeft(.stop)))
        #expect(arbiter.questions == [])
        await second.service.shutDown()
    }

    @Test func aSecondaryThatIsStoppedLetsItsPeerGoOnAndNobodyIsAsked() async throws {
        let arbiter = RecordingArbiter(.granted)
        let members = try Members(arbiters: (arbiter, arbiter))
        _ = try await members.protect()
        let (first, second) = (members.first, members.second)
        #expect(second.service.leave(slack: COLOMachine.patience))
        await second.service.shutDown()
        #expect(first.operations.awaits(.releaseAll))
        #expect(first.awaits { $0.report.isServing && $0.term == Term(3) })
        #expect(arbiter.questions == [])
        await first.service.shutDown()
    }

    @Test func aGuestThatPowersItselfOffEndsTheServiceOnBothSides() async throws {
        let arbiter = RecordingArbiter(.granted)
        let members = try Members(arbiters: (arbiter, arbiter))
        _ = try await members.protect()
        let (first, second) = (members.first, members.second)
        first.service.post(.guestPoweredOff)
        #expect(first.operations.awaits(.left(.powerOff)))
        #expect(try first.record == PairRecord(term: Term(1)))
        await first.service.shutDown()
        #expect(second.operations.awaits(.left(.powerOff)))
        #expect(!second.operations.calls.contains(.takeOver))
        #expect(arbiter.questions == [])
        await second.service.shutDown()
    }

    @Test func anAddressThatIsTakenIsTold() async throws {
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        guard case .tcp(_, let port) = listener.address, let port = Int(port) else { return }
        let folder = try TemporaryFolder()
        let member = try Member(.first, folder: folder, ports: (port, port))
        await #expect {
            try await member.service.start()
        } throws: {
            "\($0)".contains("cannot listen for heartbeats on 127.0.0.1:\(port)")
        }
        await member.service.shutDown()
    }
}
