import CLinux
import Glibc
import Testing

@testable import SystemCalls

struct AddressSpaceTests {
    private static let size = 8 << 20

    private static func isUntouched(_ mapping: MemoryMapping, _ offset: Int) -> Bool {
        AddressSpace.untouchedParts(of: mapping.base, count: size).contains { $0.contains(offset) }
    }

    @Test func memoryIsUntouchedUntilItIsWrittenAndWhenItIsGivenBack() throws {
        let mapping = try MemoryMapping(count: Self.size)
        #expect(AddressSpace.untouchedParts(of: mapping.base, count: Self.size) == [0..<Self.size])
        mapping.base.storeBytes(of: 0, toByteOffset: 5000, as: UInt8.self)
        #expect(!Self.isUntouched(mapping, 4096), "also if it was written with zero")
        #expect(Self.isUntouched(mapping, Self.size - 1))
        mapping.discard(offset: 0, count: Self.size)
        #expect(AddressSpace.untouchedParts(of: mapping.base, count: Self.size) == [0..<Self.size])
    }

    @Test func whatIsMadePresentIsNotUntouched() throws {
        let mapping = try MemoryMapping(count: Self.size)
        try #require(AddressSpace.makePresent(mapping.base, count: Self.size), "the kernel is older than 5.14")
        #expect(AddressSpace.untouchedParts(of: mapping.base, count: Self.size) == [])
    }

    /// Others may have written there.
    @Test(arguments: [MAP_SHARED, MAP_PRIVATE])
    func memoryOfAFileIsNeverUntouched(flags: Int32) throws {
        let file = Descriptor(owning: clinux_memfd_create("test", 0))
        try #require(ftruncate(file.number, off_t(Self.size)) == 0)
        let address = try #require(mmap(nil, Self.size, PROT_READ | PROT_WRITE, flags, file.number, 0))
        try #require(address != MAP_FAILED)
        defer { munmap(address, Self.size) }
        #expect(AddressSpace.untouchedParts(of: address, count: Self.size) == [])
    }

    @Test func whatIsNotMappedIsNotUntouched() throws {
        let mapping = try MemoryMapping(count: Self.size)
        munmap(mapping.base + Self.size / 2, 4096)
        #expect(AddressSpace.untouchedParts(of: mapping.base, count: Self.size) == [])
    }
}
