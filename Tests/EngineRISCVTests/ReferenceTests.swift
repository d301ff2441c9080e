import EngineRISCV
import Foundation
import Testing

/// Programs whose results must be the ones that QEMU's user-mode emulator gives.
@Suite(.buildsGuestPrograms) struct ReferenceTests {
    private func compare(
        _ sources: [GuestCompiler.Source], recordSize: Int, describe: (Int) -> String
    ) throws {
        let compiler = try GuestCompiler()
        defer { compiler.removeFiles() }
        let emulator = try #require(GuestCompiler.emulator)
        let run = try EngineRun(try compiler.build(sources, bare: true))
        #expect(run.outcome == .passed)
        let expected = try compiler.reference(
            try compiler.build(sources, bare: false), emulator: emulator)
        let results = try #require(run.results())
        try #require(results.count == expected.count)
        var differences: [String] = []
        for start in stride(from: 0, to: results.count, by: recordSize) where differences.count < 20 {
            let ours = results[start..<start + recordSize]
            let theirs = expected[start..<start + recordSize]
            if ours != theirs {
                differences.append("\(describe(start / recordSize)): \(hex(ours)), expected \(hex(theirs))")
            }
        }
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    private func hex(_ bytes: ArraySlice<UInt8>) -> String {
        var words: [String] = []
        var rest = bytes
        while !rest.isEmpty {
            let value = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            words.append(String(value, radix: 16))
            rest = rest.dropFirst(8)
        }
        return words.joined(separator: " ")
    }

    private static let isReferenceThere: ConditionTrait = .enabled(
        if: GuestCompiler.emulator != nil, "qemu-riscv64-static is not installed (Debian: qemu-user-static)")

    @Test(isReferenceThere)
    func floatingPointMatchesInEveryRoundingMode() throws {
        try compare([.init(name: "floats.c", text: FloatProgram.source)], recordSize: 16) { index in
            "operation \(index % 64), rounding mode \(index / 64 % 5), round \(index / 320)"
        }
    }

    @Test(isReferenceThere, arguments: 1...6 as ClosedRange<UInt64>)
    func randomIntegerProgramsMatch(seed: UInt64) throws {
        let source = GuestCompiler.Source(name: "random.S", text: RandomProgram.source(seed: seed))
        try compare([source], recordSize: 8) { "doubleword \($0 % 14) of block \($0 / 14)" }
    }
}
