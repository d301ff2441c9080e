import SystemCalls
import Testing

@Suite("Memory mappings")
struct MemoryMappingTests {
    @Test("memory is zero at first and again after it was discarded")
    func discards() throws {
        let mapping = try MemoryMapping(count: 3 * 4096)
        for offset in [0, 4096, 8192] { mapping.base.storeBytes(of: 0xa5, toByteOffset: offset, as: UInt8.self) }
        mapping.discard(offset: 4096, count: 4096)
        let values = [0, 4096, 8192].map { mapping.base.load(fromByteOffset: $0, as: UInt8.self) }
        #expect(values == [0xa5, 0, 0xa5])
    }

    @Test("a size that no address space holds is an error", arguments: [Int.max, Int.max - 4095, -1])
    func refusesSize(count: Int) {
        #expect(throws: SystemError.self) { try MemoryMapping(count: count) }
    }
}
