import ByteCoding
import Environment
import GuestMemory
import MigrationFormat
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// A destination of a postcopy, and what a source sends that it should not.
@Suite(.serialized) struct PostcopyHostileSourceTests {
    /// What comes before the guest may run: the migration has failed, and the source has the guest.
    enum Before: CaseIterable {
        case packageTooLong, packageTooShort, packageWithoutRun, packageWithPage, packageInPackage, packageOfNothing
        case packageOfFourGiB, noAdvice, adviceTwice, otherPageSize, discardOfUnknownBlock, discardBeyond, runAlone

        func bytes(_ source: PostcopyFromNobody) -> [UInt8] {
            typealias Wire = PostcopyFromNobody
            let good = Wire.package()
            let listen = StreamCommand.postcopyListen.alone
            let advice = StreamCommand.postcopyAdvise(.init(pageSizes: 4096, targetPageSize: 4096))
            switch self {
            case .packageTooLong: return source.beginning() + Wire.package(count: Wire.content.count + 64)
            case .packageTooShort: return source.beginning() + Wire.package(count: Wire.content.count - 3)
            case .packageWithoutRun: return source.beginning() + Wire.package(listen)
            case .packageWithPage:
                return source.beginning() + Wire.package(listen + Wire.part([(3, 9)]) + StreamCommand.postcopyRun.alone)
            case .packageInPackage: return source.beginning() + Wire.package(good)
            case .packageOfNothing: return source.beginning() + Wire.package([])
            case .packageOfFourGiB: return source.beginning() + Wire.package(count: 0xffff_ffff)
            case .noAdvice: return source.beginning([]) + good
            case .adviceTwice: return source.beginning([advice, advice]) + good
            case .otherPageSize:
                return source.beginning([.postcopyAdvise(.init(pageSizes: 4096, targetPageSize: 8192))]) + good
            case .discardOfUnknownBlock: return source.beginning() + Wire.discard(0..<1, of: "nobody") + good
            case .discardBeyond: return source.beginning() + Wire.discard(200..<300) + good
            case .runAlone: return source.beginning() + StreamCommand.postcopyRun.alone
            }
        }
    }

    @Test(arguments: Before.allCases) func whatComesBeforeTheGuestMayRunFails(wrong: Before) throws {
        let source = try PostcopyFromNobody()
        let before = try ResidentMemory.bytes()
        try source.connect(wrong.bytes(source))
        source.channel?.shutDownWriting()
        let prefix = "incoming failed: load of migration failed: "
        #expect(source.destination.awaits(prefix), "\(source.destination.log.lines)")
        let failure = source.destination.log.lines.last { $0.hasPrefix(prefix) } ?? ""
        #expect(failure.count > prefix.count + 10, "it does not say what is wrong: \(failure)")
        #expect(source.destination.machine.runState == .inmigrate)
        #expect(!source.destination.log.lines.contains("resume"))
        #expect(try ResidentMemory.bytes() < before + 32 << 20)
        #expect(source.destination.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
    }

    /// What comes once it runs: the postcopy is paused, and goes on with the next source.
    enum After: CaseIterable {
        case unknownSection, unknownBlock, withoutName, beyond, delta, compressed, otherSection, endTooSoon, noMore
        case tornPage, packageAgain, discardAgain, listenAgain, header

        var bytes: [UInt8] {
            typealias Wire = PostcopyFromNobody
            var opening = ByteWriter()
            StreamEncoder.writeRAMOpening(.sectionPart, id: Wire.section, to: &opening)
            let part = opening.bytes
            switch self {
            case .unknownSection: return [0x55]
            case .unknownBlock: return part + RAMRecord(.page, offset: 0, block: "nobody").alone
            case .withoutName: return part + RAMRecord(.page, offset: 0, block: nil).alone
            case .beyond: return part + RAMRecord(.page, offset: 1 << 20, block: Wire.block).alone
            case .delta: return part + RAMRecord(.xbzrle(length: 3), offset: 0, block: Wire.block).alone + [0, 1, 1]
            case .compressed: return part + RAMRecord(.compressed(length: 20), offset: 0, block: Wire.block).alone
            case .otherSection: return [RecordType.sectionPart.rawValue, 0, 0, 0, 9]
            case .endTooSoon: return Wire.end
            case .noMore: return []
            case .tornPage: return part + Wire.record(130, 2).dropLast(100)
            case .packageAgain: return Wire.package()
            case .discardAgain: return Wire.discard(0..<4)
            case .listenAgain: return StreamCommand.postcopyListen.alone
            case .header: return Array("QEVM".utf8)
            }
        }

        var reason: String {
            switch self {
            case .endTooSoon: "the stream has ended, and 128 pages of the guest are missing"
            case .unknownBlock: "nobody"
            default: ""
            }
        }
    }

    @Test(arguments: After.allCases) func whatComesBehindTheGuestPausesIt(wrong: After) throws {
        let source = try PostcopyFromNobody()
        try source.moveGuest()
        let look = try GuestLook(atPage: 200, of: source.destination)
        source.send(wrong.bytes)
        source.channel?.shutDownWriting()
        let reason = try source.awaitPause()
        #expect(reason.contains(wrong.reason) && reason.count > 10, "\(reason)")
        #expect(!look.isOver, "it saw a page that was not there")
        try source.recover()
        try source.complete()
        #expect(try look.bytes().allSatisfy { $0 == 2 })
        #expect(firstDifference(source.destination.ram, Self.pages(1, below: 128, then: 2)) == nil)
    }

    private static func pages(_ byte: UInt8, below first: Int, then other: UInt8) -> [UInt8] {
        [UInt8](repeating: byte, count: first * 4096) + [UInt8](repeating: other, count: (256 - first) * 4096)
    }

    @Test func whatIsThereAlreadyIsNeverOverwritten() throws {
        let source = try PostcopyFromNobody()
        try source.moveGuest()
        source.send(PostcopyFromNobody.part([(128, 3), (128, 4), (5, 9)]))
        #expect(try GuestLook(atPage: 128, of: source.destination).bytes().allSatisfy { $0 == 3 })
        source.destination.machine.memory.write(128 * 4096, bytes: [77])
        try source.complete()
        let ram = source.destination.ram
        #expect(ram[128 * 4096] == 77 && ram[128 * 4096 + 1] == 3)
        #expect(ram[5 * 4096] == 1, "a page that was never missing was written")
    }

    @Test func aPageThatWasTornComesAgainWhole() throws {
        let source = try PostcopyFromNobody()
        try source.moveGuest()
        var opening = ByteWriter()
        StreamEncoder.writeRAMOpening(.sectionPart, id: PostcopyFromNobody.section, to: &opening)
        source.send(opening.bytes + PostcopyFromNobody.record(140, 8).dropLast(1))
        try source.destination.controller.migratePause()
        #expect(try source.awaitPause() == "it was paused")
        try source.recover()
        // It is told as missing.
        let bitmap = ReceivedBitmap(pages: 256) { $0 < 128 }
        var writer = ByteWriter()
        bitmap.write(to: &writer)
        #expect(source.collector?.awaits(writer.bytes) == true)
        try source.complete()
        #expect(source.destination.ram[140 * 4096] == 2)
    }

    /// Who comes instead of the source.
    enum Stranger: CaseIterable {
        case plainMigration, garbage, silence, leaves, asksForUnknownBlock, sendsPages

        func bytes(_ source: PostcopyFromNobody) -> [UInt8] {
            switch self {
            case .plainMigration: source.beginning() + PostcopyFromNobody.part([(200, 66)])
            case .garbage: Array("GET / HTTP/1.0\r\n\r\n".utf8)
            case .silence, .leaves: []
            case .asksForUnknownBlock: StreamCommand.receiveBitmap(block: "nobody").alone
            case .sendsPages: PostcopyFromNobody.part([(200, 66)])
            }
        }
    }

    @Test(arguments: Stranger.allCases) func aStrangerChangesNothing(stranger: Stranger) throws {
        let source = try PostcopyFromNobody(stall: .seconds(2))
        try source.moveGuest()
        let look = try GuestLook(atPage: 200, of: source.destination)
        try source.destination.controller.migratePause()
        _ = try source.awaitPause()
        try source.listenAgain()
        let channel = try source.connect(stranger.bytes(source))
        if stranger == .leaves { channel.shutDown() }
        #expect(source.destination.awaits("recovery refused: "), "\(source.destination.log.lines)")
        #expect(source.destination.controller.queryMigrate().status == .postcopyPaused)
        #expect(!look.isOver, "a stranger's page was taken")
        try source.recover()
        try source.complete()
        #expect(try look.bytes().allSatisfy { $0 == 2 })
    }

    /// A recovery waits for two channels with postcopy-preempt; whoever makes one only is sent away.
    @Test func aStrangerWithoutASecondChannelIsNotWaitedForForEver() throws {
        let source = try PostcopyFromNobody([.postcopyPreempt])
        let first = try RawPeer.connect(port: source.destination.port, sending: source.beginning())
        let reason = "postcopy-preempt: no channel for pages that are asked for came within"
        #expect(
            source.destination.awaits("incoming failed: load of migration failed: \(reason)"),
            "\(source.destination.log.lines)")
        first.shutDown()
    }

    @Test func anotherAddressForgetsWhoCameToTheFormerOne() throws {
        let source = try PostcopyFromNobody([.postcopyPreempt])
        let destination = source.destination
        let port = destination.port
        try source.connect([])
        let urgent = try RawPeer.connect(port: port, sending: [])
        source.send(
            source.beginning() + PostcopyFromNobody.part((0..<256).map { ($0, 1) })
                + PostcopyFromNobody.discard(128..<256) + PostcopyFromNobody.package())
        #expect(destination.awaits("resume"), "\(destination.log.lines)")
        try destination.controller.migratePause()
        _ = try source.awaitPause()
        destination.controller.incomingLimits.withLock { $0.dataChannels = .seconds(10) }
        try source.listenAgain()
        let stranger = try RawPeer.connect(port: destination.port, sending: [])
        try source.listenAgain()
        let resume =
            StreamCommand.receiveBitmap(block: PostcopyFromNobody.block).alone + StreamCommand.postcopyResume.alone
        let main = try source.connect(resume)
        let urgentAgain = try RawPeer.connect(port: destination.port, sending: [])
        #expect(destination.awaits("postcopy-active", atLeast: 2), "\(destination.log.lines)")
        try urgentAgain.write(PostcopyFromNobody.record(200, 5) + RAMRecord(.endOfSection).alone)
        try urgentAgain.flush()
        #expect(try GuestLook(atPage: 200, of: destination).bytes().allSatisfy { $0 == 5 })
        try source.complete()
        #expect(destination.ram[200 * 4096] == 5)
        for channel in [urgent, stranger, main, urgentAgain] { channel.shutDown() }
    }

    /// The channel for pages that are asked for fails, and the main one does not.
    @Test func whatIsWrongOnTheUrgentChannelIsNamed() throws {
        let source = try PostcopyFromNobody([.postcopyPreempt])
        let port = source.destination.port
        try source.connect([])
        let urgent = try RawPeer.connect(port: port, sending: [])
        source.send(
            source.beginning() + PostcopyFromNobody.part((0..<256).map { ($0, 1) })
                + PostcopyFromNobody.discard(128..<256) + PostcopyFromNobody.package())
        #expect(source.destination.awaits("resume"), "\(source.destination.log.lines)")
        try urgent.write(RAMRecord(.page, offset: 0, block: "nobody").alone)
        try urgent.flush()
        #expect(try source.awaitPause().contains("nobody"))
        urgent.shutDown()
    }
}
