import ByteCoding
import Testing

@testable import MigrationFormat

/// What the capabilities `block` and x-ignore-shared add to a stream.
struct OptionalSectionTests {
    private static func withDisks(_ word: UInt64 = DiskFlags.endOfSection) -> [UInt8] {
        StreamBuilder()
            .adding { StreamEncoder.writeEmptyDiskSection(.sectionStart, id: 1, to: &$0) }
            .ramStart()
            .adding { writer in
                writer.write(RecordType.sectionPart.rawValue)
                writer.write(UInt32(1))
                writer.write((100 << 9) | DiskFlags.progress)
                writer.write(word)
                SectionHeader.writeFooter(id: 1, to: &writer)
            }
            .adding { StreamEncoder.writeEmptyDiskSection(.sectionEnd, id: 1, to: &$0) }
            .end().bytes
    }

    private static func ignoringShared(names: [String], pages: Bool = false) -> [UInt8] {
        StreamBuilder().adding { writer in
            writer.write(RecordType.subsection.rawValue)
            writer.writeString8("configuration/capabilities")
            writer.write(UInt32(1))
            writer.write(UInt32(names.count))
            for name in names { writer.writeString8(name) }
            StreamEncoder.writeRAMStart(
                id: 2, layout: StreamBuilder.layout, guestAddresses: [0x8000_0000], to: &writer)
            guard pages else { return }
            StreamEncoder.writeRAMOpening(.sectionPart, id: 2, to: &writer)
            var encoder = RAMRecordEncoder(layout: StreamBuilder.layout)
            encoder.writeZeroPage(PageLocation(block: 0, page: 1), to: &writer)
            StreamEncoder.writeRAMClosing(id: 2, to: &writer)
        }.end().bytes
    }

    private static var sharing: StreamDecoder { sharing(StreamBuilder.layout) }

    private static func sharing(_ layout: [BlockLayout]) -> StreamDecoder {
        StreamDecoder(
            expectations: StreamExpectations(
                machineType: "none", layout: layout, handlers: FixtureHandlers(), ignoresShared: true))
    }

    private static func sharedBlock(at address: UInt64) -> StreamDecoder {
        sharing([BlockLayout(name: "ram", size: 0x4000, guestAddress: address, isShared: true)])
    }

    @Test(arguments: [1, 5, Int.max])
    func disksOfAMachineThatSendsNoneAreNothing(step: Int) throws {
        #expect(try decode(Self.withDisks(), step: step) == ["configured", "sectionStart", "end", "done"])
    }

    @Test func blocksOfDisksAreRefused() throws {
        #expect {
            _ = try decode(Self.withDisks(0x201))
        } throws: {
            "\($0)".hasPrefix("Blocks of disks are not supported (flags 0x1)")
        }
    }

    @Test(arguments: [1, 5, Int.max])
    func aBlockListWithGuestAddressesIsRead(step: Int) throws {
        let elements = try decode(Self.ignoringShared(names: ["x-ignore-shared"]), step: step, decoder: Self.sharing)
        #expect(elements == ["configured", "sectionStart", "end", "done"])
    }

    @Test func aSharedBlockMustBeTheSameMemoryOnBothSides() throws {
        let stream = Self.ignoringShared(names: ["x-ignore-shared"])
        let elements = try decode(stream, decoder: Self.sharedBlock(at: 0x8000_0000))
        #expect(elements == ["configured", "sectionStart", "end", "done"])
        #expect {
            _ = try decode(stream, decoder: Self.sharedBlock(at: 0))
        } throws: {
            "\($0)".hasPrefix("Block ram is at 0x80000000 in the source and at 0x0 here")
        }
    }

    @Test func aPageOfASharedBlockIsRefused() throws {
        let stream = Self.ignoringShared(names: ["x-ignore-shared"], pages: true)
        #expect(try decode(stream, decoder: Self.sharing).contains { $0.hasPrefix("fill") }, "of another it is not")
        #expect {
            _ = try decode(stream, decoder: Self.sharedBlock(at: 0x8000_0000))
        } throws: {
            "\($0)".hasPrefix("A page of block ram, which is shared and stays out of the stream")
        }
    }

    @Test func bothSidesMustIgnoreSharedRAMOrNeither() throws {
        #expect {
            _ = try decode(Self.ignoringShared(names: ["x-ignore-shared"]))
        } throws: {
            "\($0)".hasPrefix("Capability x-ignore-shared is off, but received capability is on")
        }
        #expect {
            _ = try decode(StreamBuilder().ramStart().end().bytes, decoder: Self.sharing)
        } throws: {
            "\($0)".hasPrefix("Capability x-ignore-shared is on, but received capability is off")
        }
    }

    @Test func capabilitiesThatNobodyKnowsAreRefused() throws {
        #expect {
            _ = try decode(Self.ignoringShared(names: ["mystery"]), decoder: Self.sharing)
        } throws: {
            "\($0)".hasPrefix("Received unknown capability mystery")
        }
        #expect {
            _ = try decode(Self.ignoringShared(names: ["x-ignore-shared", "mystery"]), decoder: Self.sharing)
        } throws: {
            "\($0)".hasPrefix("The source announces 2 capabilities")
        }
    }
}
