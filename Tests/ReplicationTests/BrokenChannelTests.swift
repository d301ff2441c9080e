import Environment
import GuestMemory
import Migration
import PacketPath

import PairLab
import QAPI
import ReplicationCore
import Testing
import Transport
import VirtualMachine

@testable import Replication

/// A channel that breaks in the middle of a checkpoint: the secondary has exactly one whole checkpoint, and the primary
/// serves on without one packet too many.
struct BrokenChannelTests {
    private static let dirtyPages = [3, 4, 5, 77, 200]

    /// A pair behind a proxy with one complete checkpoint, and how long the next one will be.
    struct Prepared {
        let pair: COLOPair
        let proxy: ChannelProxy
        /// RAM of the last complete checkpoint.
        let before: [UInt8]
        /// RAM of the one that is taken next.
        let after: [UInt8]
        /// Bytes of the next checkpoint, and where its VMSTATE_SIZE begins.
        let length: Int
        let sizeOffset: Int

        init(limits: ReplicationService.Limits = ReplicationService.Limits()) throws {
            pair = try COLOPair(.proxy, limits: limits)
            proxy = try #require(pair.proxy)
            let primary = pair.primary
            primary.write(pages: dirtyPages, seed: 50)
            proxy.arm(.none, .toSecondary)
            #expect(primary.checkpoint())
            length = proxy.count(.toSecondary)
            sizeOffset = length - 12 - primary.machine.saveDeviceBlob().count
            before = primary.ram
            primary.hold.send([1])
            primary.write(pages: dirtyPages, seed: 51)
            after = primary.ram
        }

        /// Takes the checkpoint that fails, waits until both sides have noticed, and checks what has to hold then.
        func fail(complete: Bool = false, mayRelease: Bool = false, reason: String? = nil) {
            let (primary, secondary) = (pair.primary, pair.secondary)
            primary.replication.holdLimitReached()
            #expect(primary.log.awaits("COLO_EXIT primary error"), "\(primary.log.events)")
            #expect(secondary.log.awaits("COLO_EXIT secondary error"), "\(secondary.log.events)")
            if let reason { #expect(primary.log.notes.joined().contains(reason), "\(primary.log.notes)") }
            // The guest runs on, and its output waits for a decision.
            primary.hold.send([2])
            #expect(primary.machine.runState == .running)
            let released = primary.network.sent
            #expect(released == [] || mayRelease && released == [[1]])
            #expect(firstDifference(secondary.ram, complete ? after : before) == nil)
            #expect(secondary.replication.leaveByCommand())
            #expect(firstDifference(secondary.ram, complete ? after : before) == nil)
            #expect(secondary.machine.runState == .running)
            #expect(primary.network.sent == released)
            #expect(primary.replication.leaveByCommand())
            #expect(primary.network.sent == [[1], [2]])
        }
    }

    /// Places of a checkpoint's bytes: in every message, header and kind of payload.
    private static func places(_ prepared: Prepared) -> [Int] {
        let (length, size) = (prepared.length, prepared.sizeOffset)
        let head = [0, 1, 4, 6, 8, 9, 13, 15, 21, 40, 5000, size / 2]
        return head + [
            size - 6, size - 1, size, size + 3, size + 4, size + 11, size + 12, size + 13, length - 2, length - 1,
        ]
    }

    @Test(arguments: 0..<22)
    func aCutLeavesTheLastCompleteCheckpoint(place: Int) throws {
        let prepared = try Prepared()
        prepared.proxy.arm(.cut(after: Self.places(prepared)[place]), .toSecondary)
        prepared.fail()
    }

    @Test func aCutAfterTheLastByteLeavesTheNewCheckpoint() throws {
        let prepared = try Prepared()
        prepared.proxy.arm(.cut(after: prepared.length), .toSecondary)
        // The last answer may have come through.
        prepared.fail(complete: true, mayRelease: true)
    }

    /// REPLY is lost, then RECEIVED, then LOADED: once VMSTATE_RECEIVED was sent the checkpoint is complete.
    @Test(arguments: [(0, false), (3, false), (5, true), (7, true), (8, true), (11, true)])
    func aCutOfTheAnswersReleasesNothing(place: Int, complete: Bool) throws {
        let prepared = try Prepared()
        prepared.proxy.arm(.cut(after: place), .toPrimary)
        prepared.fail(complete: complete)
    }

    /// Bytes that have a meaning of their own; a wrong byte inside a page cannot be seen.
    @Test(arguments: 0..<14)
    func aWrongByteIsRefusedAndChangesNothing(place: Int) throws {
        let prepared = try Prepared()
        let size = prepared.sizeOffset
        let places = [0, 3, 4, 7, 8, 12, 13, 14, size - 6, size - 2, size - 1, size, size + 3, size + 4]
        prepared.proxy.arm(.garble(at: places[place]), .toSecondary)
        prepared.fail()
        #expect(prepared.pair.secondary.log.notes.count == 1)
    }

    @Test(arguments: [(0, false), (3, false), (4, true), (8, true), (11, true)])
    func aWrongAnswerReleasesNothing(place: Int, complete: Bool) throws {
        let prepared = try Prepared()
        prepared.proxy.arm(.garble(at: place), .toPrimary)
        prepared.fail(complete: complete, reason: "malformed")
    }

    // MARK: A peer that stands still

    /// So short that the tests need not wait.
    private static let short = Nanoseconds.milliseconds(500)

    private static var shortPrimary: ReplicationService.Limits {
        var limits = ReplicationService.Limits()
        limits.primary.replyTimeout = short
        limits.primary.transferTimeout = short
        limits.primary.loadTimeout = short
        return limits
    }

    private static var shortSecondary: ReplicationService.Limits {
        var limits = ReplicationService.Limits()
        limits.secondary.sendTimeout = short
        limits.secondary.liveStateTimeout = short
        limits.secondary.sizeTimeout = short
        limits.secondary.deviceStateTimeout = short
        return limits
    }

    enum Place: Sendable { case afterRequest, afterSend, inPage, beforeSize, inDeviceState }

    /// Nothing more comes from the primary, and nobody closes the connection: the secondary gives up by its deadlines.
    @Test(arguments: [
        (Place.afterRequest, "sendTimeout"), (.afterSend, "liveStateTimeout"), (.inPage, "liveStateTimeout"),
        (.beforeSize, "sizeTimeout"), (.inDeviceState, "deviceStateTimeout"),
    ])
    func aSilentPrimaryIsGivenUp(place: Place, deadline: String) throws {
        let prepared = try Prepared(limits: Self.shortSecondary)
        let limit =
            switch place {
            case .afterRequest: 4
            case .afterSend: 8
            case .inPage: 5000
            case .beforeSize: prepared.sizeOffset
            case .inDeviceState: prepared.length - 1
            }
        prepared.proxy.arm(.stall(after: limit), .toSecondary)
        prepared.fail()
        #expect(prepared.pair.secondary.log.notes.joined().contains("peer exceeded \(deadline)"))
    }

    /// The secondary's answers do not arrive: REPLY, RECEIVED, LOADED.
    @Test(arguments: [(0, "replyTimeout"), (4, "transferTimeout"), (8, "loadTimeout")])
    func aSilentSecondaryIsGivenUp(answers: Int, deadline: String) throws {
        let prepared = try Prepared(limits: Self.shortPrimary)
        let (primary, secondary) = (prepared.pair.primary, prepared.pair.secondary)
        prepared.proxy.arm(.stall(after: answers), .toPrimary)
        primary.replication.holdLimitReached()
        #expect(primary.log.awaits("COLO_EXIT primary error"))
        #expect(primary.log.notes.joined().contains("peer exceeded \(deadline)"))
        #expect(primary.network.sent == [])
        #expect(secondary.replication.leaveByCommand())
        #expect(firstDifference(secondary.ram, answers == 0 ? prepared.before : prepared.after) == nil)
    }

    /// A secondary that stops reading in the middle of more bytes than the sockets take.
    @Test func aSecondaryThatReadsNothingIsGivenUp() throws {
        let pair = try COLOPair(.proxy, pages: 4096, limits: Self.shortPrimary)
        let proxy = try #require(pair.proxy)
        pair.primary.write(pages: 0..<4096, seed: 3)
        proxy.arm(.stall(after: 1 << 20), .toSecondary)
        pair.primary.replication.holdLimitReached()
        #expect(pair.primary.log.awaits("COLO_EXIT primary error"))
        #expect(pair.primary.log.notes.joined().contains("peer exceeded transferTimeout"))
        #expect(pair.primary.machine.runState == .running)
    }

    /// Failover commands end every wait at once, also those that have no deadline.
    @Test func aFailoverIsPossibleWhileThePeerStandsStill() throws {
        let prepared = try Prepared()
        let (primary, secondary) = (prepared.pair.primary, prepared.pair.secondary)
        prepared.proxy.arm(.stall(after: 6000), .toSecondary)
        primary.replication.holdLimitReached()
        #expect(secondary.log.awaits("RESUME") && primary.awaits { prepared.proxy.count(.toSecondary) > 6000 })
        #expect(secondary.replication.leaveByCommand())
        #expect(firstDifference(secondary.ram, prepared.before) == nil)
        #expect(secondary.log.events.suffix(3) == ["MIGRATION completed", "COLO_EXIT secondary request", "RESUME"])
        #expect(primary.replication.leaveByCommand())
        #expect(primary.network.sent == [[1]])
    }
}
