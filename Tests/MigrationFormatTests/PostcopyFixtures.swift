import ByteCoding

@testable import MigrationFormat

/// Streams of a postcopy of two blocks: `ram` with four pages, and `huge` with two host pages of two.
struct PostcopyStream {
    static let layout = [
        BlockLayout(name: "ram", size: 0x4000), BlockLayout(name: "huge", size: 0x4000, hostPageSize: 0x2000),
    ]
    static let device = StreamBuilder(header: false).device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1]).bytes

    static var decoder: StreamDecoder {
        StreamDecoder(
            expectations: StreamExpectations(
                machineType: "none", layout: layout, handlers: FixtureHandlers(), acceptsPostcopy: true))
    }

    var builder = StreamBuilder()

    var bytes: [UInt8] { builder.bytes }

    func adding(_ body: (inout ByteWriter) -> Void) -> PostcopyStream { PostcopyStream(builder: builder.adding(body)) }

    func adding(_ command: StreamCommand) -> PostcopyStream { adding { command.write(to: &$0) } }

    /// Advice, and the list of blocks.
    static var advised: PostcopyStream {
        PostcopyStream().adding(.openReturnPath).adding(.ping(1)).adding(.postcopyAdvise(.init(of: layout))).adding {
            StreamEncoder.writeRAMStart(id: 2, layout: layout, inPostcopy: true, to: &$0)
        }
    }

    /// Up to the end of the package.
    static var running: PostcopyStream {
        advised.adding {
            StreamEncoder.writeDiscards([1..<3], of: layout[0], to: &$0)
            StreamEncoder.writeDiscards([1..<2], of: layout[1], to: &$0)
        }.adding(.ping(2)).adding {
            do { try StreamEncoder.writePackage(devices: device, to: &$0) } catch { fatalError("\(error)") }
        }.adding(.ping(4))
    }

    func section(_ type: RecordType, _ body: (inout ByteWriter, inout RAMRecordEncoder) -> Void) -> PostcopyStream {
        adding { writer in
            var encoder = RAMRecordEncoder(layout: Self.layout)
            StreamEncoder.writeRAMOpening(type, id: 2, to: &writer)
            body(&writer, &encoder)
            StreamEncoder.writeRAMClosing(id: 2, to: &writer)
        }
    }

    /// A part of pages, whole ones with that byte or filled with 0.
    func pages(
        _ pages: [(block: Int, page: Int, byte: UInt8)], in type: RecordType = .sectionPart
    ) -> PostcopyStream {
        section(type) { writer, encoder in
            for page in pages { Self.write(page, to: &writer, &encoder) }
        }
    }

    static func write(
        _ page: (block: Int, page: Int, byte: UInt8), to writer: inout ByteWriter, _ encoder: inout RAMRecordEncoder
    ) {
        let location = PageLocation(block: page.block, page: page.page)
        guard page.byte != 0 else { return encoder.writeZeroPage(location, to: &writer) }
        encoder.writePageHeader(location, to: &writer)
        writer.write([UInt8](repeating: page.byte, count: MigrationFormat.pageSize))
    }

    /// A package with these bytes.
    func package(_ bytes: [UInt8]) -> PostcopyStream {
        adding(.packaged(UInt32(bytes.count))).adding { $0.write(bytes) }
    }

    /// The bytes of commands one behind the other.
    static func commands(_ commands: StreamCommand...) -> [UInt8] { commands.flatMap(\.bytes) }

    func end() -> PostcopyStream { PostcopyStream(builder: builder.end(description: false)) }
}
