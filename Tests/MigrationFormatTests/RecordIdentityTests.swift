import ByteCoding
import Environment
import Testing

@testable import MigrationFormat

/// Random values of every record: identity, every truncation, random damage.
struct RecordIdentityTests {
    static func command(_ random: inout SeededGenerator) -> StreamCommand {
        switch random.below(11) {
        case 0: .openReturnPath
        case 1: .ping(random.word())
        case 2: .postcopyAdvise(nil)
        case 3: .postcopyAdvise(.init(pageSizes: random.next(), targetPageSize: random.next()))
        case 4: .postcopyListen
        case 5: .postcopyRun
        case 6:
            .postcopyDiscard(
                block: random.name(),
                ranges: (0...random.below(12)).map { _ in
                    .init(start: random.next() >> 1, length: random.next() >> 1)
                })
        case 7: .packaged(random.word() % UInt32(MigrationFormat.deviceBlobLimit))
        case 8: .enableCOLO
        case 9: .postcopyResume
        default: .receiveBitmap(block: random.name())
        }
    }

    static func header(_ random: inout SeededGenerator) -> SectionHeader {
        SectionHeader(id: random.word(), name: random.name(), instance: random.word(), version: random.word())
    }

    @Test func headerAndConfiguration() throws {
        try holds({ _ in FileHeader() }, rounds: 20)
        try holds({ ConfigurationOpening(machineType: $0.name()) })
        try holds({ random -> ConfigurationSubsection in
            switch random.below(3) {
            case 0: .targetPageBits(random.word())
            case 1: .capabilities((0..<random.below(9)).map { _ in random.name() })
            default: .uuid(random.raw(16))
            }
        })
    }

    @Test func recordsOfTheMainStream() throws {
        try holds({ random -> StreamRecord in
            switch random.below(8) {
            case 0: .endOfFile
            case 1: .sectionStart(Self.header(&random))
            case 2: .sectionPart(random.word())
            case 3: .sectionEnd(random.word())
            case 4: .sectionFull(Self.header(&random))
            case 5: .description(length: random.word() % MigrationFormat.descriptionLimit)
            case 6: .command(Self.command(&random))
            default: .footer(random.word())
            }
        })
        try holds(Self.command)
    }

    @Test func pagesOfEachKind() throws {
        try holds({ random -> RAMRecord in
            let offset = random.next() & ~RAMFlags.mask
            let block = random.chance(1, in: 2) ? random.name() : nil
            switch random.below(7) {
            case 0: return RAMRecord(.filled(UInt8(random.below(256))), offset: offset, block: block)
            case 1: return RAMRecord(.page, offset: offset, block: block)
            case 2: return RAMRecord(.xbzrle(length: UInt16(random.below(4097))), offset: offset, block: block)
            case 3: return RAMRecord(.compressed(length: UInt32(random.below(4111))), offset: offset, block: block)
            case 4: return RAMRecord(.memorySize, offset: offset)
            case 5: return RAMRecord(.hook, offset: offset)
            default: return RAMRecord(.endOfSection)
            }
        })
    }

    @Test func returnPath() throws {
        try holds({ random -> ReturnPathRecord in
            switch random.below(6) {
            case 0: .shut(random.word())
            case 1: .pong(random.word())
            case 2: .requestPages(start: random.next(), length: random.word(), block: nil)
            case 3: .requestPages(start: random.next(), length: random.word(), block: random.name())
            case 4: .receivedBitmap(block: random.name())
            default: .resumeAcknowledged(random.word())
            }
        })
    }

    @Test func disksAndBitmaps() throws {
        try holds({ random -> DiskRecord in
            switch random.below(4) {
            case 0: .data(sector: random.next() >> 9, device: random.name())
            case 1: .zeroes(sector: random.next() >> 9, device: random.name())
            case 2: .progress(random.next() >> 9)
            default: .endOfSection
            }
        })
        try holds({ random -> DirtyBitmapRecord in
            let content: DirtyBitmapRecord.Content
            switch random.below(5) {
            case 0: content = .none
            case 1:
                content = .start(
                    granularity: 512 << UInt32(random.below(12)), enabled: random.chance(1, in: 2),
                    persistent: random.chance(1, in: 2))
            case 2: content = .complete
            case 3: content = .bits(start: random.next(), count: random.word(), bytes: nil)
            default:
                content = .bits(start: random.next(), count: random.word(), bytes: random.raw(random.below(64)))
            }
            return DirtyBitmapRecord(
                content, node: random.chance(1, in: 2) ? random.name() : nil,
                bitmap: random.chance(1, in: 2) ? random.name() : nil, endsSection: random.chance(1, in: 2))
        })
    }

    @Test func multifdChannels() throws {
        try holds({ MultifdOpening(uuid: $0.raw(16), channel: UInt8($0.below(256))) }, rounds: 30)
        try holds(
            { random -> MultifdPacket in
                let count = random.below(129)
                var packet = MultifdPacket(number: random.next(), isSync: random.chance(1, in: 2))
                guard count > 0 else { return packet }
                packet.method = MultifdPacket.Method.allCases[random.below(3)]
                packet.block = random.name()
                packet.offsets = (0..<count).map { _ in random.next() & ~RAMFlags.mask }
                packet.payloadSize =
                    packet.method == .none ? UInt32(count * 4096) : random.word() % MultifdPacket.payloadLimit
                return packet
            }, rounds: 10)
    }

    @Test func theBitmapOfReceivedPages() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let pages = random.below(300)
            let received = (0..<pages).map { _ in random.chance(1, in: 2) }
            let bitmap = ReceivedBitmap(pages: pages) { received[$0] }
            var writer = ByteWriter()
            bitmap.write(to: &writer)
            for count in 0..<writer.count {
                var short = ByteWindow(Array(writer.bytes.prefix(count)))
                guard case .needBytes(let needed) = try ReceivedBitmap.take(from: &short, pages: pages) else {
                    Issue.record("complete after \(count) bytes")
                    continue
                }
                #expect(needed > count && needed <= writer.count)
            }
            var window = ByteWindow(writer.bytes)
            guard case .complete(let back, _) = try ReceivedBitmap.take(from: &window, pages: pages) else {
                Issue.record("does not come back")
                continue
            }
            #expect((0..<pages).allSatisfy { back[$0] == received[$0] } && !back[pages + 64])
            var other = ByteWindow(writer.bytes)
            #expect(throws: StreamError.self) { try ReceivedBitmap.take(from: &other, pages: pages + 64) }
        }
    }

    @Test func smallSections() throws {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<100 {
            let timer = TimerSection(
                ticksOffset: Int64(bitPattern: random.next()), clockOffset: Int64(bitPattern: random.next()))
            let state = GlobalStateSection(runState: random.name())
            let cpu = CPUCommonSection(halted: random.word(), interruptRequest: random.word())
            var writer = ByteWriter()
            timer.write(to: &writer)
            state.write(to: &writer)
            cpu.write(to: &writer)
            #expect(writer.count == 24 + 104 + 8)
            for count in 0..<writer.count {
                var reader = ByteReader(Array(writer.bytes.prefix(count)))
                #expect(throws: ByteCodingError.self) {
                    _ = try TimerSection(from: &reader)
                    _ = try GlobalStateSection(from: &reader)
                    _ = try CPUCommonSection(from: &reader)
                }
            }
            var reader = ByteReader(writer.bytes)
            #expect(try TimerSection(from: &reader) == timer)
            #expect(try GlobalStateSection(from: &reader) == state)
            #expect(try CPUCommonSection(from: &reader) == cpu)
        }
    }
}
