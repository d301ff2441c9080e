import ByteCoding
import Environment
import MigrationFormat
import QAPI
import SystemCalls
import Testing

@testable import Compression
@testable import Migration

/// Pages as differences and compressed, of a source that does what it should not.
@Suite(.serialized) struct PageEncodingHostileTests {
    enum Bad: CaseIterable {
        case deltaBeyondPage, deltaCut, deltaTooLong, deltaOfOtherEncoding, deltaBeyondBlock, bomb, tooShort, noStream
        case trailing, tooLong, beyondBlock, unknownBlock, withoutName, cutStream

        func write(_ source: HostileSource, to writer: inout ByteWriter) {
            func record(_ content: RAMRecord.Content, _ offset: UInt64 = 4096, _ bytes: [UInt8]) {
                RAMRecord(content, offset: offset, block: source.blockName).write(to: &writer)
                writer.write(bytes)
            }
            func compressed(_ bytes: [UInt8], _ offset: UInt64 = 4096) {
                record(.compressed(length: UInt32(bytes.count)), offset, bytes)
            }
            func delta(_ bytes: [UInt8], _ offset: UInt64 = 4096) {
                record(.xbzrle(length: UInt16(bytes.count)), offset, bytes)
            }
            switch self {
            case .deltaBeyondPage: delta([0xff, 0x1f, 2, 1, 1])
            case .deltaCut: delta([0, 9, 1])
            case .deltaTooLong: record(.xbzrle(length: 4097), 4096, [])
            case .deltaOfOtherEncoding:
                record(.page, 0, [UInt8](repeating: 0, count: 4096))
                writer.write(UInt64(4096 | 0x40 | 0x20))
                writer.write([UInt8]([2, 0, 3, 0, 1, 1]))
            case .deltaBeyondBlock: delta([0, 1, 1], 1 << 20)
            case .bomb: compressed(Self.deflate([UInt8](repeating: 0, count: 3 << 20)))
            case .tooShort: compressed(Self.deflate([UInt8](repeating: 1, count: 4095)))
            case .noStream: compressed([1, 2, 3])
            case .trailing: compressed(Self.deflate([UInt8](repeating: 1, count: 4096)) + [0])
            case .tooLong: record(.compressed(length: 4111), 4096, [])
            case .beyondBlock: compressed(Self.deflate([UInt8](repeating: 1, count: 4096)), 1 << 20)
            case .unknownBlock:
                RAMRecord(.compressed(length: 20), offset: 0, block: "nobody").write(to: &writer)
            case .withoutName: RAMRecord(.xbzrle(length: 3), offset: 0).write(to: &writer)
            case .cutStream:
                record(.compressed(length: 2000), 0, [])
            }
        }

        private static func deflate(_ bytes: [UInt8]) -> [UInt8] {
            var output = [UInt8](repeating: 0, count: PageDeflater.bound(bytes.count))
            let count = bytes.withUnsafeBytes { input in
                output.withUnsafeMutableBytes { place in
                    (try? PageDeflater(level: 9).compress(input, into: place)) ?? 0
                }
            }
            return Array(output[..<count])
        }

        var failure: String {
            switch self {
            case .deltaBeyondPage, .deltaCut: "the XBZRLE page is malformed at its byte"
            case .deltaTooLong, .deltaOfOtherEncoding, .tooLong: "(section 'ram', byte "
            case .deltaBeyondBlock, .beyondBlock: "Illegal RAM offset 100000 (section 'ram', byte "
            case .bomb, .trailing: ": the compressed data holds more than it may (page 1 of block 0)"
            case .tooShort: ": the compressed data ends too soon (page 1 of block 0)"
            case .noStream: ": the compressed data is damaged (zlib: "
            case .unknownBlock: "Can't find block nobody (section 'ram', byte "
            case .withoutName: "Ack, bad migration stream! (section 'ram', byte "
            case .cutStream: ""
            }
        }
    }

    @Test(arguments: Bad.allCases) func whatIsWrongIsNamedWithItsPlace(bad: Bad) throws {
        let source = try HostileSource([.compress])
        source.connect(source.stream { bad.write(source, to: &$0) })
        let failure = try #require(try source.outcome())
        #expect(failure.contains(bad.failure), "\(failure)")
        if failure.contains("page 1 of block 0") {
            #expect(failure.hasPrefix("section 'ram' at offset "), "\(failure)")
        }
        #expect(source.destination.ram[4096...].allSatisfy { $0 == 0 } || bad == .tooShort || bad == .trailing)
    }

    @Test func compressedPagesAreRefusedByWhoDidNotAskForThem() throws {
        let source = try HostileSource([])
        source.connect(source.stream { Bad.bomb.write(source, to: &$0) })
        let failure = try #require(try source.outcome())
        #expect(failure.hasPrefix("Received an unexpected compressed page (section 'ram', byte "), "\(failure)")
    }
}
