import ByteCoding
import Environment
import Glibc
import GuestMemory
import MigrationFormat
import PairLab
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// How pages get from a channel to their places.
struct PagePlacementTests {
    /// A record of a stream.
    private enum Record {
        case page(Int)
        case zero(Int)
        case newSection
    }

    /// Pieces that a stream is sent in.
    enum Pieces: CaseIterable {
        case whole, random, tiny

        func next(_ random: inout SeededGenerator) -> Int {
            switch self {
            case .whole: 1 << 20
            case .random: 1 + Int(random.next() % 20_000)
            case .tiny: 1 + Int(random.next() % 40)
            }
        }
    }

    private static let section: UInt32 = 2

    /// The bytes of page `page` when it is sent for the `version`th time.
    private static func content(_ page: Int, _ version: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(page * 1000 + version + 1))
        return (0..<targetPageSize / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }

    /// The stream of `records`, and what the memory holds afterwards.
    private static func stream(_ records: [Record], _ machine: TestMachine) -> (bytes: [UInt8], memory: [UInt8]) {
        let layout = machine.machine.layout
        var memory = [UInt8](repeating: 0, count: machine.machine.memory.totalSize)
        var writer = ByteWriter(capacity: 1 << 20)
        var encoder = RAMRecordEncoder(layout: layout)
        StreamEncoder.writeFileHeader(
            machineType: machine.machine.parts.machineType, uuid: nil, ignoresShared: false, to: &writer)
        StreamEncoder.writeRAMStart(id: section, layout: layout, guestAddresses: nil, to: &writer)
        StreamEncoder.writeRAMOpening(.sectionPart, id: section, to: &writer)
        for (version, record) in records.enumerated() {
            switch record {
            case .page(let page):
                let bytes = content(page, version)
                encoder.writePageHeader(PageLocation(block: 0, page: page), to: &writer)
                writer.write(bytes)
                memory.replaceSubrange(page * targetPageSize..<(page + 1) * targetPageSize, with: bytes)
            case .zero(let page):
                encoder.writeZeroPage(PageLocation(block: 0, page: page), to: &writer)
                for index in page * targetPageSize..<(page + 1) * targetPageSize { memory[index] = 0 }
            case .newSection:
                StreamEncoder.writeRAMClosing(id: section, to: &writer)
                StreamEncoder.writeRAMOpening(.sectionPart, id: section, to: &writer)
            }
        }
        StreamEncoder.writeRAMClosing(id: section, to: &writer)
        StreamEncoder.writeEndOfSections(to: &writer)
        return (writer.bytes, memory)
    }

    /// Sends `bytes` in pieces over a socket and loads them, as an incoming migration does. Returns the reader.
    private static func load(_ bytes: [UInt8], _ pieces: Pieces, into machine: TestMachine) throws -> StreamReader {
        let listener = try Listener(.unix(path: "/tmp/colod-pages-\(getpid())-\(UInt32.random(in: 0 ... .max))"))
        let source = try Channel.connect(to: listener.address, cancellation: try Cancellation())
        let channel = try listener.accept(cancellation: try Cancellation())
        let writer = try Thread(name: "source") {
            var random = SeededGenerator(seed: 5)
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + pieces.next(&random))
                do throws(TransportError) {
                    try source.write(Array(bytes[start..<end]))
                    try source.flush()
                } catch {
                    break
                }
                start = end
            }
            source.shutDownWriting()
        }
        defer { writer.join() }
        let reader = StreamReader(
            channel: channel, decoder: StreamDecoder(expectations: machine.machine.streamExpectations()))
        let arrivals = try PageArrivals(memory: machine.machine.memory)
        defer { arrivals.end() }
        reader.vacancies = arrivals
        while let element = try reader.next() {
            switch element {
            case .page(let location):
                try reader.takePage(into: arrivals.place(of: location))
                arrivals.noteWritten(location)
            case .filledPage(let location, let byte):
                if byte == 0, arrivals.noteZero(location) { break }
                arrivals.place(of: location).initializeMemory(as: UInt8.self, repeating: byte, count: targetPageSize)
                arrivals.noteWritten(location)
            default: break
            }
            if case .endOfSections = element { break }
        }
        return reader
    }

    @Test func consecutivePagesAreReadStraightToTheirPlaces() throws {
        let machine = try TestMachine(incoming: true)
        let count = machine.machine.memory.totalSize / targetPageSize
        let (bytes, memory) = Self.stream((0..<count).map { .page($0) }, machine)
        let reader = try Self.load(bytes, .whole, into: machine)
        #expect(firstDifference(machine.ram, memory) == nil)
        let all = reader.directBytes + reader.copiedBytes
        #expect(all == UInt64(count * targetPageSize))
        #expect(Double(reader.directBytes) >= 0.95 * Double(all), "\(reader.copiedBytes) bytes were copied twice")
    }

    @Test(arguments: Pieces.allCases, 0..<4)
    func whateverComesInsteadOfAnExpectedPageIsNotLost(pieces: Pieces, seed: Int) throws {
        let machine = try TestMachine(incoming: true, megabytes: pieces == .tiny ? 1 : 4)
        let count = machine.machine.memory.totalSize / targetPageSize
        var random = SeededGenerator(seed: UInt64(seed) + 1)
        // Every page once, in runs with gaps, zeroes and new sections between them; then some of them again.
        var records: [Record] = []
        var skipped: [Int] = []
        for page in 0..<count {
            switch random.next() % 40 {
            case 0: skipped.append(page)
            case 1, 2: records.append(.zero(page))
            case 3: records += [.newSection, .page(page)]
            default: records.append(.page(page))
            }
        }
        records += skipped.reversed().map { .page($0) }
        for _ in 0..<count / 4 {
            let start = Int(random.next() % UInt64(count))
            for page in start..<min(count, start + Int(random.next() % 12)) {
                records.append(random.chance(1, in: 5) ? .zero(page) : .page(page))
            }
        }
        let (bytes, memory) = Self.stream(records, machine)
        let reader = try Self.load(bytes, pieces, into: machine)
        #expect(firstDifference(machine.ram, memory) == nil)
        #expect(reader.directBytes > 0)
        #expect(reader.window.offset == UInt64(bytes.count))
    }

    @Test func aStreamThatIsCutInAnExpectedPageIsAFailure() throws {
        let machine = try TestMachine(incoming: true, megabytes: 1)
        let (bytes, _) = Self.stream((0..<100).map { .page($0) }, machine)
        for cut in [bytes.count / 2, bytes.count / 2 + 4090, bytes.count / 2 + 4096, bytes.count / 2 + 4100] {
            #expect(throws: MigrationFailure.channel(.closedByPeer)) {
                _ = try Self.load(Array(bytes[..<cut]), .random, into: machine)
            }
        }
    }

    @Test func zeroPagesTakeNoMemoryAndAreNotLookedAt() throws {
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        let memory = destination.machine.memory
        let block = memory.blocks[0]
        try #require(AddressSpace.untouchedParts(of: block.base, count: block.size) == [0..<block.size])
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(destination.awaits("completed"))
        #expect(AddressSpace.untouchedParts(of: block.base, count: block.size) == [0..<block.size])
    }
}
