import ByteCoding
import Testing

@testable import MigrationFormat

/// The bytes of each record as the wire format has them, written out by hand.
struct RecordBytesTests {
    private func same<Record: WireRecord>(
        _ record: Record, _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(record.bytes == bytes, sourceLocation: sourceLocation)
        #expect(try only(bytes) == record, sourceLocation: sourceLocation)
    }

    @Test func headerAndConfiguration() throws {
        try same(FileHeader(), [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3])
        try same(ConfigurationOpening(machineType: "none"), [7, 0, 0, 0, 4] + Array("none".utf8))
        try same(
            ConfigurationSubsection.targetPageBits(12),
            [5] + str8("configuration/target-page-bits") + be32(1) + be32(12))
        try same(
            ConfigurationSubsection.capabilities(["x-ignore-shared"]),
            [5] + str8("configuration/capabilities") + be32(1) + be32(1) + str8("x-ignore-shared"))
        try same(
            ConfigurationSubsection.uuid([UInt8](1...16)),
            [5] + str8("configuration/uuid") + be32(1) + [UInt8](1...16))
    }

    @Test func sections() throws {
        let header = SectionHeader(id: 2, name: "ram", instance: 0, version: 4)
        let opening = be32(2) + str8("ram") + be32(0) + be32(4)
        try same(StreamRecord.sectionStart(header), [1] + opening)
        try same(StreamRecord.sectionPart(2), [2, 0, 0, 0, 2])
        try same(StreamRecord.sectionEnd(2), [3, 0, 0, 0, 2])
        try same(StreamRecord.sectionFull(header), [4] + opening)
        try same(StreamRecord.footer(2), [0x7e, 0, 0, 0, 2])
        try same(StreamRecord.endOfFile, [0])
        try same(StreamRecord.description(length: 2), [6, 0, 0, 0, 2])
    }

    @Test func commands() throws {
        func bytes(_ number: UInt16, _ payload: [UInt8] = []) -> [UInt8] {
            [8] + be16(number) + be16(UInt16(payload.count)) + payload
        }
        try same(StreamCommand.openReturnPath, bytes(1))
        try same(StreamCommand.ping(1), bytes(2, be32(1)))
        try same(
            StreamCommand.postcopyAdvise(.init(pageSizes: 0x201000, targetPageSize: 4096)),
            bytes(3, be64(0x201000) + be64(4096)))
        try same(StreamCommand.postcopyAdvise(nil), bytes(3))
        try same(StreamCommand.postcopyListen, bytes(4))
        try same(StreamCommand.postcopyRun, bytes(5))
        try same(
            StreamCommand.postcopyDiscard(block: "pc.ram", ranges: [.init(start: 0x1000, length: 0x3000)]),
            bytes(6, [0] + str8("pc.ram") + [0] + be64(0x1000) + be64(0x3000)))
        try same(StreamCommand.packaged(5000), bytes(7, be32(5000)))
        try same(StreamCommand.enableCOLO, bytes(8))
        try same(StreamCommand.postcopyResume, bytes(9))
        try same(StreamCommand.receiveBitmap(block: "pc.ram"), bytes(10, str8("pc.ram")))
        #expect(
            refusal(bytes(3, [1, 2]), as: StreamCommand.self)
                == "POSTCOPY_ADVISE received with bad length - expecting 16 or 0, got 2")
        #expect(refusal(bytes(11), as: StreamCommand.self) == "MIG_CMD 0xb unknown (len 0x0)")
        #expect(refusal(bytes(6, [0] + str8("a") + [0] + be64(0)), as: StreamCommand.self) != nil)
        #expect(
            refusal(bytes(6, [0] + str8("a") + [0] + be64(.max) + be64(2)), as: StreamCommand.self)
                == "POSTCOPY_RAM_DISCARD of a range without an end")
        #expect(refusal(bytes(7, be32(.max)), as: StreamCommand.self) != nil)
        #expect(refusal(bytes(10, [9, 65]), as: StreamCommand.self) != nil)
    }

    @Test func pages() throws {
        try same(RAMRecord(.filled(0), offset: 0x1000, block: "ram"), be64(0x1002) + str8("ram") + [0])
        try same(RAMRecord(.filled(7), offset: 0x1000), be64(0x1022) + [7])
        try same(RAMRecord(.page, offset: 0x2000, block: "ram"), be64(0x2008) + str8("ram"))
        try same(RAMRecord(.page, offset: 0x2000), be64(0x2028))
        try same(RAMRecord(.xbzrle(length: 9), offset: 0x3000), be64(0x3060) + [1, 0, 9])
        try same(RAMRecord(.compressed(length: 20), offset: 0x3000), be64(0x3120) + be32(20))
        try same(RAMRecord(.memorySize, offset: 0x100_0000), be64(0x100_0004))
        try same(RAMRecord(.hook), be64(0x80))
        try same(RAMRecord(.endOfSection), be64(0x10))
        #expect(RAMRecord(.page).payloadSize() == 4096 && RAMRecord(.page).payloadSize(pageSize: 16384) == 16384)
        #expect(refusal(be64(0x200), as: RAMRecord.self) == "Unknown combination of migration flags: 0x200")
        #expect(
            refusal(be64(0x60) + [1, 0x10, 0x01], as: RAMRecord.self) == "An XBZRLE page of 4097 bytes in encoding 1")
        #expect(refusal(be64(0x60) + [2, 0, 1], as: RAMRecord.self) == "An XBZRLE page of 1 bytes in encoding 2")
        #expect(try only(be64(0x120) + be32(4110), as: RAMRecord.self).payloadSize() == 4110)
        #expect(refusal(be64(0x120) + be32(4111), as: RAMRecord.self) == "A compressed page of 4111 bytes")
    }

    @Test func blockLists() throws {
        let plain = str8("pc.ram") + be64(0x100_0000)
        for (pageSize, address) in [(nil, nil), (0x20_0000, nil), (nil, 0x8000_0000), (0x1000, 0)]
            as [(UInt64?, UInt64?)]
        {
            let entry = RAMBlockEntry(name: "pc.ram", length: 0x100_0000, pageSize: pageSize, guestAddress: address)
            let bytes = plain + (pageSize.map(be64) ?? []) + (address.map(be64) ?? [])
            var writer = ByteWriter()
            entry.write(to: &writer)
            #expect(writer.bytes == bytes)
            for count in 0...bytes.count {
                let reading = RAMBlockEntry.read(
                    ByteWindow(Array(bytes.prefix(count))), at: 0, pageSize: pageSize != nil,
                    guestAddress: address != nil)
                switch reading {
                case .needBytes(let needed): #expect(needed > count && needed <= bytes.count)
                case .complete(let back, let end): #expect(back == entry && end == count && count == bytes.count)
                }
            }
        }
    }

    @Test func returnPath() throws {
        try same(ReturnPathRecord.shut(0), [0, 1, 0, 4, 0, 0, 0, 0])
        try same(ReturnPathRecord.pong(2), [0, 2, 0, 4, 0, 0, 0, 2])
        try same(
            ReturnPathRecord.requestPages(start: 0x5000, length: 0x1000, block: "ram"),
            [0, 3, 0, 16] + be64(0x5000) + be32(0x1000) + str8("ram"))
        try same(
            ReturnPathRecord.requestPages(start: 0x5000, length: 0x1000, block: nil),
            [0, 4, 0, 12] + be64(0x5000) + be32(0x1000))
        try same(ReturnPathRecord.receivedBitmap(block: "ram"), [0, 5, 0, 4] + str8("ram"))
        try same(ReturnPathRecord.resumeAcknowledged(1), [0, 6, 0, 4, 0, 0, 0, 1])
        var bitmap = ByteWriter()
        ReceivedBitmap(pages: 10) { $0 == 0 || $0 == 9 }.write(to: &bitmap)
        #expect(bitmap.bytes == be64(8) + [1, 2, 0, 0, 0, 0, 0, 0] + be64(0x0123_4567_89ab_cdef))
        #expect(
            refusal([0, 7, 0, 0], as: ReturnPathRecord.self) == "RP: Received invalid message 0x7 length 0x0")
        #expect(refusal([0, 3, 2, 1], as: ReturnPathRecord.self) == "RP: Received invalid message 0x3 length 0x201")
        #expect(
            refusal([0, 4, 0, 13], as: ReturnPathRecord.self)
                == "RP: Received 'REQ_PAGES' message (0x4) with incorrect length 13 expecting 12")
    }

    @Test func disks() throws {
        try same(DiskRecord.data(sector: 2048, device: "drv0"), be64(2048 << 9 | 1) + str8("drv0"))
        try same(DiskRecord.zeroes(sector: 2048, device: "drv0"), be64(2048 << 9 | 9) + str8("drv0"))
        try same(DiskRecord.progress(100), be64(100 << 9 | 4))
        try same(DiskRecord.endOfSection, be64(2))
        #expect(DiskRecord.data(sector: 0, device: "").payloadSize == 1 << 20)
        #expect(refusal(be64(0x10), as: DiskRecord.self) == "Unknown flags 0x10 of a disk's block")
    }

    @Test func dirtyBitmaps() throws {
        try same(
            DirtyBitmapRecord(
                .start(granularity: 65536, enabled: true, persistent: false), node: "drv0", bitmap: "b0"),
            [0x1c] + str8("drv0") + str8("b0") + be32(65536) + [1])
        try same(
            DirtyBitmapRecord(.bits(start: 128, count: 1024, bytes: [1, 2, 3, 4]), bitmap: "b1"),
            [0x44] + str8("b1") + be64(128) + be32(1024) + be64(4) + [1, 2, 3, 4])
        try same(
            DirtyBitmapRecord(.bits(start: 0, count: 8, bytes: nil)), [0x42] + be64(0) + be32(8))
        try same(DirtyBitmapRecord(.complete), [0x20])
        try same(DirtyBitmapRecord.endOfSection, [1])
        #expect(refusal([0x81], as: DirtyBitmapRecord.self) == "Unknown combination of dirty bitmap flags: 0x81")
        #expect(
            refusal([0x40] + be64(0) + be32(8) + be64(10241), as: DirtyBitmapRecord.self)
                == "A chunk of 10241 bytes of a dirty bitmap")
        #expect(refusal([0x10] + be32(0) + [1], as: DirtyBitmapRecord.self) != nil)
    }

    @Test func multifd() throws {
        let uuid = [UInt8](0x10...0x1f)
        try same(
            MultifdOpening(uuid: uuid, channel: 1),
            [0x11, 0x22, 0x33, 0x44, 0, 0, 0, 1] + uuid + [1] + [UInt8](repeating: 0, count: 39))
        func head(_ flags: UInt32, _ count: UInt32, _ size: UInt32, _ number: UInt64) -> [UInt8] {
            be32(0x1122_3344) + be32(1) + be32(flags) + be32(128) + be32(count) + be32(size) + be64(number)
                + [UInt8](repeating: 0, count: 32)
        }
        let name = Array("pc.ram".utf8) + [UInt8](repeating: 0, count: 250)
        let table = be64(0x1000) + be64(0x5000) + [UInt8](repeating: 0, count: 8 * 126)
        let packet = MultifdPacket(number: 7, block: "pc.ram", offsets: [0x1000, 0x5000], payloadSize: 8192)
        try same(packet, head(0, 2, 8192, 7) + name + table)
        #expect(packet.bytes.count == 1344)
        var synchronising = packet
        (synchronising.isSync, synchronising.method, synchronising.payloadSize) = (true, .zstd, 55)
        try same(synchronising, head(5, 2, 55, 7) + name + table)
        // Without pages the rest of the header is left from an earlier packet.
        #expect(
            try only(head(1, 0, 8192, 9) + name + table, as: MultifdPacket.self)
                == MultifdPacket(number: 9, isSync: true))
        for bad in [head(8, 1, 4096, 0), head(0x10, 1, 4096, 0), head(0, 129, 4096, 0), head(0, 1, 4097, 0)] {
            #expect(refusal(bad + name + table, as: MultifdPacket.self)?.hasPrefix("multifd: ") == true)
        }
        let endless = [UInt8](repeating: 65, count: 256)
        #expect(
            refusal(head(0, 1, 4096, 0) + endless + table, as: MultifdPacket.self)
                == "multifd: the name of the block has no end")
        #expect(refusal([0x51, 0x45, 0x56, 0x4d], as: MultifdOpening.self)?.hasPrefix("multifd: ") == true)
    }

    @Test func smallSections() throws {
        var writer = ByteWriter()
        GlobalStateSection(runState: "prelaunch").write(to: &writer)
        #expect(
            writer.bytes == be32(10) + Array("prelaunch".utf8) + [UInt8](repeating: 0, count: 91))
        var reader = ByteReader(be32(101) + [UInt8](repeating: 65, count: 100))
        #expect(throws: ByteCodingError.self) { try GlobalStateSection(from: &reader) }
    }
}
