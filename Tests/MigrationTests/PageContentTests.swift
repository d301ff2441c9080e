import GuestMemory
import Testing

@testable import Migration

/// Finding pages of zeroes.
struct PageContentTests {
    /// Every bit of a page counts, wherever it is set.
    @Test func onlyAPageWithoutASetBitIsZero() {
        // A page that begins anywhere, between bytes that are set.
        var memory = [UInt8](repeating: 0xff, count: targetPageSize + 64)
        for start in [0, 1, 64] {
            for index in memory.indices { memory[index] = 0xff }
            for index in 0..<targetPageSize { memory[start + index] = 0 }
            #expect(Self.isZero(memory, from: start))
            for index in 0..<targetPageSize {
                memory[start + index] = 1 << UInt8(index % 8)
                #expect(!Self.isZero(memory, from: start), "byte \(index) is set")
                memory[start + index] = 0
            }
        }
    }

    private static func isZero(_ memory: [UInt8], from start: Int) -> Bool {
        memory.withUnsafeBytes { bytes in bytes.baseAddress.map { PageContent.isZero($0 + start) } ?? false }
    }
}
