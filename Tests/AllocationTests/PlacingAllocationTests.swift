import ByteCoding
import GuestMemory
import MigrationFormat
import SystemCalls
import Testing

extension Allocations {
    /// Pages that come in postcopy.
    @Suite struct OfMissingPages {
        @Test(arguments: [MemoryBacking.anonymous, .memfd])
        func placingAPageTakesNone(backing: MemoryBacking) throws {
            let pages = 512
            let memory = GuestMemory(blocks: [
                try RAMBlock(name: "ram", guestAddress: 0, size: pages * targetPageSize, backing: backing)
            ])
            let missing = try memory.makePageSets()
            missing[0].insertAll()
            let residency = try PageResidency(of: memory, missing: missing) { _ in }
            let watch = try MissingPages(memory)
            try watch.begin(residency, missing: missing)
            defer { watch.end() }
            let bytes = [UInt8](repeating: 7, count: 2 * targetPageSize)
            let count = try bytes.withUnsafeBytes { bytes in
                let first = try #require(bytes.baseAddress)
                return try allocationsHere {
                    for page in stride(from: 0, to: pages, by: 4) {
                        try watch.place(first, page..<page + 2, ofBlock: 0)
                        try watch.placeZero(page + 2..<page + 4, ofBlock: 0)
                        // One that is there already.
                        try watch.place(first, page + 1..<page + 3, ofBlock: 0)
                    }
                }
            }
            #expect(count == 0)
            #expect(residency.missingCount == 0)
        }

        @Test func readingAPageInPostcopyTakesNone() throws {
            let layout = [BlockLayout(name: "ram", size: 64 << 20)]
            var writer = ByteWriter()
            var encoder = RAMRecordEncoder(layout: layout)
            for page in 0..<10_000 { encoder.writeZeroPage(PageLocation(block: 0, page: page), to: &writer) }
            var window = ByteWindow(writer.bytes)
            var decoder = PostcopyChannelDecoder(layout: layout)
            // The first record names its block.
            guard case .filledPage = try decoder.next(&window) else { throw Unexpected() }
            let count = try allocationsHere {
                for _ in 1..<10_000 {
                    guard case .filledPage = try decoder.next(&window) else { throw Unexpected() }
                }
            }
            #expect(count == 0)
        }
    }

    private struct Unexpected: Error {}
}
