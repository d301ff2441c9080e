import ByteCoding
import Environment
import Testing

@testable import MigrationFormat

/// Streams with random damage: the decoder must end with elements or an error, stay inside the layout, and not collect
/// what it is told to skip.
struct StreamMutationTests {
    private static let page = [UInt8](repeating: 0x5a, count: MigrationFormat.pageSize)

    private static func seedStream(_ random: inout SeededGenerator) -> [UInt8] {
        var encoder = RAMRecordEncoder(layout: StreamBuilder.layout)
        var builder = StreamBuilder().adding { MigrationCommand.openReturnPath.write(to: &$0) }.ramStart()
        for _ in 0..<random.next() % 4 {
            let numbers = (0..<3).map { _ in Int(random.next() % 4) }
            builder = builder.ramSection(.sectionPart) { writer in
                for number in numbers {
                    if number == 0 {
                        encoder.writePageHeader(PageLocation(block: 0, page: number), to: &writer)
                        writer.write(page)
                    } else {
                        encoder.writeZeroPage(PageLocation(block: 0, page: number), to: &writer)
                    }
                }
            }
        }
        return builder.device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1])
            .device("text", version: 1, data: [0, 0, 0, 2, 65, 66])
            .device("optional", version: 1, data: [1]).end().bytes
    }

    static func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let interesting: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0x20, 0x7e, 0x7f, 0x80, 0xff]
        for _ in 0...random.next() % 4 where !bytes.isEmpty {
            // Most damage goes to what is not payload of a page.
            let limit = random.chance(1, in: 2) ? min(bytes.count, 120) : bytes.count
            let place = Int(random.next() % UInt64(limit))
            switch random.next() % 6 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes[place] = interesting[Int(random.next() % UInt64(interesting.count))]
            case 2: bytes[place] ^= 1 << UInt8(random.next() % 8)
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int(random.next() % 9)))
            case 4:
                bytes.insert(
                    contentsOf: [UInt8](repeating: UInt8(place & 255), count: Int(random.next() % 9)), at: place)
            default: bytes.removeSubrange(place...)
            }
        }
    }

    @Test(arguments: 0..<8)
    func damagedStreamsEndInAnErrorOrInElements(lane: UInt64) {
        var random = SeededGenerator(seed: 0x5eed + lane)
        for _ in 0..<4000 {
            var bytes = Self.seedStream(&random)
            Self.damage(&bytes, &random)
            let step = Int(1 + random.next() % 5000)
            do throws(StreamError) {
                let elements = try decode(bytes, step: step)
                #expect(elements.count <= bytes.count + 2)
            } catch {
                #expect(error.offset <= UInt64(bytes.count))
                #expect(!error.problem.isEmpty)
            }
        }
    }

    @Test(arguments: 0..<4)
    func damagedBlobsAreReadOrRefused(lane: UInt64) {
        var random = SeededGenerator(seed: 0xb10b + lane)
        for _ in 0..<2000 {
            var bytes = StreamBuilder(header: false).device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1])
                .device("text", version: 1, data: [0, 0, 0, 2, 65, 66]).adding { $0.write(UInt8(0)) }.bytes
            Self.damage(&bytes, &random)
            do throws(StreamError) {
                #expect(try DeviceBlob.decode(bytes, handlers: FixtureHandlers()).count <= 2)
            } catch {
                #expect(error.offset <= UInt64(bytes.count))
            }
        }
    }

    @Test func aLongDescriptionIsSkippedWithoutBeingStored() throws {
        var decoder = StreamDecoder(expectations: StreamBuilder.expectations)
        var window = ByteWindow(StreamBuilder().end(description: false).bytes + [6, 1, 0, 0, 0])
        let chunk = [UInt8](repeating: 32, count: 4096)
        var fed = 0
        loop: while true {
            switch try decoder.next(&window) {
            case .needBytes(let count):
                #expect(count <= 16 && window.available < 16)
                window.append(chunk)
                fed += chunk.count
            case .endOfStream: break loop
            default: break
            }
        }
        #expect(fed == 1 << 24)
    }
}
