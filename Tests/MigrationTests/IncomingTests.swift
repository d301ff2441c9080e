import ByteCoding
import Environment
import Glibc
import GuestMemory
import PairLab
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration
@testable import MigrationFormat

struct IncomingTests {
    /// The whole stream of a small machine.
    private static func stream() throws -> [UInt8] {
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 12)
        let peer = try RawPeer()
        try source.migrate(to: peer.uri)
        let bytes = RawPeer.drain(try peer.accept())
        #expect(source.awaits("completed"))
        return bytes
    }

    @Test func badURIsAreRefusedAndMayBeCorrected() throws {
        let machine = try TestMachine(incoming: true)
        #expect(throws: MigrationRefusal.listener(.unknownScheme(uri: "tcp"))) {
            try machine.controller.migrateIncoming(uri: "tcp")
        }
        #expect(throws: MigrationRefusal.listener(.badAddress("error parsing address '127.0.0.1'"))) {
            try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1")
        }
        try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        #expect(throws: MigrationRefusal.incomingAlreadyStarted) {
            try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        }
        #expect(machine.log.lines == ["setup", "setup", "setup"])
        let info = machine.controller.queryMigrate()
        let address = InetSocketAddress(host: "127.0.0.1", port: "\(machine.port)", ipv4: true)
        #expect(info.status == nil && info.socketAddress == [SocketAddress(variant: .inet(address))])
        machine.controller.cancelChannel()
        #expect(machine.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(machine.log.lines == ["setup", "setup", "setup"], "nobody came: nothing failed")
    }

    @Test func stopMeansThatTheGuestDoesNotStartByItself() throws {
        let source = try TestMachine(megabytes: 1)
        try source.machine.run()
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.machine.stopByCommand()
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(destination.awaits("completed"))
        #expect(destination.machine.runState == .paused)
        #expect(destination.log.lines == ["setup", "active", "completed"])
    }

    @Test func everyCutStreamIsAFailureAndNeverAGuest() throws {
        let whole = try Self.stream()
        let endOfSections = whole.count - 5 - Int(try Self.descriptionLength(whole)) - 1
        for cut in [0, 1, 8, 20, 4096, whole.count / 2, endOfSections] {
            let machine = try TestMachine(incoming: true, megabytes: 1)
            try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
            try RawPeer.connect(port: machine.port, sending: Array(whole.prefix(cut))).shutDownWriting()
            #expect(machine.awaits("incoming failed: load of migration failed: The peer closed the channel"))
            #expect(machine.machine.runState == .inmigrate)
            #expect(machine.controller.queryMigrate().status == .failed)
        }
        let machine = try TestMachine(incoming: true, megabytes: 1)
        try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try RawPeer.connect(port: machine.port, sending: Array(whole.prefix(endOfSections + 1))).shutDownWriting()
        #expect(machine.awaits("completed"), "all sections are there; the description may be missing")
    }

    private static func descriptionLength(_ stream: [UInt8]) throws -> UInt32 {
        // The text is the last thing in the stream; its length stands in front of its first brace.
        let brace = try #require(stream.indices.last { stream[$0...].starts(with: Array(#"{"page_size""#.utf8)) })
        return stream[(brace - 4)..<brace].reduce(0) { $0 << 8 | UInt32($1) }
    }

    @Test func theInitialStateOfColoIsCompleteOnlyWithItsLastByte() throws {
        var whole = try Self.stream()
        // ENABLE_COLO behind the configuration: magic, version, type, length, "none".
        whole.insert(contentsOf: [8, 0, 8, 0, 0], at: 17)
        let endOfSections = whole.count - 5 - Int(try Self.descriptionLength(whole))
        for cut in [endOfSections, endOfSections + 1, whole.count - 1] {
            let machine = try TestMachine(incoming: true, megabytes: 1)
            let secondary = SequentialSecondary()
            machine.controller.setCOLOHandler(secondary)
            try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
            try RawPeer.connect(port: machine.port, sending: Array(whole.prefix(cut))).shutDownWriting()
            #expect(machine.awaits("incoming failed: load of migration failed: "))
            #expect(machine.machine.runState == .inmigrate)
        }
        let machine = try TestMachine(incoming: true, megabytes: 1)
        machine.controller.setCOLOHandler(SequentialSecondary())
        try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try RawPeer.connect(port: machine.port, sending: whole).shutDownWriting()
        #expect(machine.awaits("colo"))
    }

    @Test func aFailedMachineMayWaitAgain() throws {
        let machine = try TestMachine(incoming: true, megabytes: 1)
        try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let garbage = try RawPeer.connect(port: machine.port, sending: Array("hello, world\n".utf8))
        #expect(machine.awaits("incoming failed: load of migration failed: Not a migration stream"))
        try machine.controller.prepareForIncoming(deadline: SystemClock().now() + .seconds(10))
        try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 3)
        try source.machine.run()
        try source.migrate(to: "tcp:127.0.0.1:\(machine.port)")
        #expect(machine.awaits("completed"))
        #expect(firstDifference(machine.ram, source.ram) == nil)
        _ = garbage
    }

    @Test func aRunningMachineMayGiveItsGuestUpAndWait() throws {
        let machine = try TestMachine(megabytes: 1)
        try machine.machine.run()
        try machine.controller.prepareForIncoming(deadline: SystemClock().now() + .seconds(10))
        #expect(machine.machine.runState == .inmigrate)
        try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        #expect(machine.port != 0)
        machine.controller.cancelChannel()
    }

    /// Damaged streams against a live destination: it ends in a failure or in a guest, and answers all the while.
    @Test func damagedStreamsNeverWedgeTheDestination() throws {
        let whole = try Self.stream()
        var random = SeededGenerator(seed: 77)
        for _ in 0..<60 {
            var bytes = whole
            for _ in 0...random.next() % 3 {
                let place = Int(random.next() % (random.chance(1, in: 2) ? 200 : UInt64(bytes.count)))
                bytes[place] = UInt8(truncatingIfNeeded: random.next())
            }
            let machine = try TestMachine(incoming: true, megabytes: 1)
            try machine.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
            let port = machine.port
            // A destination that has already refused closes the channel under the writer.
            (try? RawPeer.connect(port: port, sending: bytes))?.shutDownWriting()
            _ = machine.controller.queryMigrate()
            #expect(machine.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
            let status = machine.controller.queryMigrate().status
            #expect(status == .failed || status == .completed)
        }
    }

    @Test func aSourceThatIsSilentIsGivenUpAfterItsDeadline() throws {
        let machine = try TestMachine(incoming: true, megabytes: 1)
        let peer = try RawPeer()
        let silent = try RawPeer.connect(port: Self.port(peer), sending: [])
        let accepted = try peer.accept()
        accepted.stallDeadline = .milliseconds(20)
        let reader = StreamReader(
            channel: accepted, decoder: StreamDecoder(expectations: machine.machine.streamExpectations()))
        #expect {
            _ = try reader.next()
        } throws: {
            "\($0)".hasPrefix("Unable to read from socket: no progress")
        }
        _ = silent
    }

    private static func port(_ peer: RawPeer) -> UInt16 {
        guard case .tcp(_, let port) = peer.listener.address else { return 0 }
        return UInt16(port) ?? 0
    }
}

struct StagingArenaTests {
    private static func memory() throws -> GuestMemory {
        GuestMemory(blocks: [
            try RAMBlock(name: "ram", guestAddress: 0, size: 16 << 20),
            try RAMBlock(name: "rom", guestAddress: 1 << 32, size: 8192),
        ])
    }

    private static func put(_ arena: StagingArena, _ block: Int, _ page: Int, _ byte: UInt8) throws {
        try arena.pagePointer(PageLocation(block: block, page: page))
            .initializeMemory(as: UInt8.self, repeating: byte, count: targetPageSize)
    }

    @Test func stagedPagesReachRAMOnlyWhenApplied() throws {
        let memory = try Self.memory()
        let arena = try StagingArena(memory: memory, initialPages: 1)
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        for page in 0..<3000 { try Self.put(arena, 0, page, UInt8(page & 255)) }
        try Self.put(arena, 1, 1, 7)
        try Self.put(arena, 0, 5, 99)
        #expect(arena.pageCount == 3001)
        #expect(memory.load(5 * 4096, as: UInt8.self) == 0)
        arena.apply()
        #expect(memory.load(5 * 4096, as: UInt8.self) == 99, "the later record of a page wins")
        #expect(memory.load(2999 * 4096 + 4095, as: UInt8.self) == UInt8(2999 & 255))
        #expect(memory.load((1 << 32) + 4096, as: UInt8.self) == 7)
        #expect(arena.pageCount == 0)
        #expect(tracker.count == 3001, "they are marked as written")
    }

    @Test func discardedPagesAreForgotten() throws {
        let memory = try Self.memory()
        let arena = try StagingArena(memory: memory, initialPages: 8)
        try Self.put(arena, 0, 1, 1)
        arena.discard()
        try Self.put(arena, 0, 2, 2)
        arena.apply()
        #expect(memory.load(4096, as: UInt8.self) == 0)
        #expect(memory.load(8192, as: UInt8.self) == 2)
    }
}

struct StagingArenaMemoryTests {
    @Test func itTakesWhatRecentCheckpointsNeededAndNeverMoreThanRAM() throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 64 << 20)])
        let pages = memory.totalSize / targetPageSize
        let arena = try StagingArena(memory: memory, initialPages: 1)
        #expect(arena.reserve.presentPages == 1)
        for round in 0..<3 {
            for page in 0..<pages {
                try arena.pagePointer(PageLocation(block: 0, page: page)).storeBytes(of: UInt8(round), as: UInt8.self)
            }
            arena.apply()
            #expect(memory.load(UInt64(memory.totalSize - targetPageSize), as: UInt8.self) == UInt8(round))
        }
        let deadline = SystemClock().now() + .seconds(20)
        while arena.reserve.presentPages < pages, SystemClock().now() < deadline { usleep(1000) }
        #expect(arena.reserve.presentPages == pages)
    }
}

struct CheckpointDamageTests {
    /// A secondary that is given a checkpoint with damage keeps its RAM, whatever the damage is.
    @Test func aDamagedCheckpointLeavesRAMAlone() throws {
        var random = SeededGenerator(seed: 5)
        for round in 0..<40 {
            let target = try TestMachine(incoming: true, megabytes: 1)
            let peer = try RawPeer()
            guard case .tcp(_, let port) = peer.listener.address else { return }
            let writer = try RawPeer.connect(
                port: UInt16(port) ?? 0, sending: Self.checkpoint(damaged: round > 0, &random))
            writer.shutDownWriting()
            let reader = StreamReader(
                channel: try peer.accept(),
                decoder: StreamDecoder(expectations: target.machine.streamExpectations()))
            reader.decoder.assumeStarted(SectionHeader(id: 2, name: "ram", instance: 0, version: 4))
            let session = COLOSecondarySession(machine: target.machine, reader: reader)
            let arena = try StagingArena(memory: target.machine.memory, initialPages: 1)
            let deadline = SystemClock().now() + .seconds(10)
            let complete = (try? session.receiveLiveState(into: arena, until: deadline)) != nil
            #expect(complete || round > 0)
            #expect(target.ram.allSatisfy { $0 == 0 })
        }
    }

    private static func checkpoint(damaged: Bool, _ random: inout SeededGenerator) -> [UInt8] {
        var writer = ByteWriter()
        var encoder = RAMRecordEncoder(layout: [BlockLayout(name: "ram", size: 1 << 20)])
        StreamEncoder.writeRAMOpening(.sectionEnd, id: 2, to: &writer)
        for page in 0..<4 {
            encoder.writePageHeader(PageLocation(block: 0, page: page), to: &writer)
            writer.write([UInt8](repeating: 0xee, count: 4096))
        }
        StreamEncoder.writeRAMClosing(id: 2, to: &writer)
        StreamEncoder.writeEndOfSections(to: &writer)
        var bytes = writer.bytes
        if damaged {
            let headers = [0, 4, 5, 12, 13, 17, 4112, 4119, bytes.count - 14, bytes.count - 6, bytes.count - 1]
            let place = headers[Int(random.next() % UInt64(headers.count))]
            bytes[place] = UInt8(truncatingIfNeeded: random.next())
        }
        return bytes
    }
}
