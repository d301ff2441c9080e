import Environment
import Foundation
import Testing

@testable import EngineRISCV

/// ELF files, good and bad.
@Suite struct ProgramImageTests {
    private func file() throws -> [UInt8] {
        let compiler = try GuestCompiler()
        defer { compiler.removeFiles() }
        let source = GuestCompiler.Source(name: "privileged.S", text: PrivilegedProgram.source)
        return [UInt8](try Data(contentsOf: try compiler.build([source], bare: true, ownEntry: true)))
    }

    @Test(.buildsGuestPrograms) func entryAndSymbolsAreFound() throws {
        let image = try ProgramImage(elf: try file())
        #expect(image.entry == 0x8000_0000)
        #expect(image.symbol("tohost") != nil)
        #expect(image.symbol("nothing of that name") == nil)
    }

    @Test(.buildsGuestPrograms) func damagedFilesAreRefusedOrReadWithinBounds() throws {
        let good = try file()
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            var bad = good
            for _ in 0..<(1 + random.next() % 4) {
                // Mostly headers, where each byte counts.
                let limit = random.chance(3, in: 4) ? UInt64(256) : UInt64(bad.count)
                bad[Int(random.next() % limit)] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.chance(1, in: 4) { bad = Array(bad.prefix(Int(random.next() % UInt64(bad.count)))) }
            guard let image = try? ProgramImage(elf: bad) else { continue }
            #expect(image.segments.allSatisfy { $0.bytes.count <= bad.count })
        }
    }

    @Test func segmentsOutsideOfMemoryAreRefused() {
        let image = ProgramImage(words: [0x13], address: 0x1000)
        #expect(throws: ProgramImageError.outsideMemory(address: 0x1000, size: 4)) { try TestProgram(image) }
    }
}
