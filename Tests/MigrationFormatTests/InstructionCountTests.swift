import ByteCoding
import Environment
import Testing

@testable import MigrationFormat

/// "timer" of machines whose clock counts instructions.
struct InstructionCountTests {
    private func section(_ count: InstructionCount?) -> TimerSection {
        TimerSection(ticksOffset: 0x4b51_443a, clockOffset: 0x1d02_f2da, instructionCount: count)
    }

    private func bytes(_ section: TimerSection) -> [UInt8] {
        var writer = ByteWriter()
        section.write(to: &writer)
        return writer.bytes
    }

    private func header(_ name: String, version: UInt8 = 1) -> [UInt8] { [5] + str8(name) + [0, 0, 0, version] }

    /// Recorded of QEMU 7.2 with `-icount auto`: all parts.
    @Test func aClockWhoseSpeedFollowsTheHostHasAllParts() throws {
        let recorded: [UInt8] =
            [0, 0, 0, 0, 0x4b, 0x51, 0x44, 0x3a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1d, 0x02, 0xf2, 0xda]
            + header("timer/icount") + [0, 0, 0, 0, 5, 0xf8, 0x9e, 0x47] + [0, 0, 0, 0, 0, 0, 0, 0]
            + header("timer/icount/warp_timer") + [UInt8](repeating: 0xff, count: 16)
            + header("timer/icount/timers") + [0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0] + [0, 0, 0, 0, 5, 0xf5, 0xe1, 0]
            + header("timer/icount/shift", version: 2) + [0, 3] + [0, 0, 0, 0, 0, 0, 0, 0]
        var count = InstructionCount(bias: 0x05f8_9e47, instructions: 0)
        count.warp = InstructionCount.Warp(start: -1, expiry: nil)
        count.adjustment = InstructionCount.Adjustment(hostExpiry: 1_000_000_000, guestExpiry: 100_000_000)
        count.speed = InstructionCount.Speed(shift: 3, lastDelta: 0)
        #expect(bytes(section(count)) == recorded)
        var reader = ByteReader(recorded)
        #expect(try TimerSection(from: &reader) == section(count))
        #expect(reader.isAtEnd)
    }

    /// The parts follow the options: a fixed speed has no adjustment, and without sleep there is no warp either.
    @Test func everyChoiceOfPartsComesBackAndEveryPrefixIsRefusedOrShorter() throws {
        var random = SeededGenerator(seed: 17)
        for choice in 0..<8 {
            var count = InstructionCount(
                bias: Int64(bitPattern: random.next()), instructions: Int64(bitPattern: random.next()))
            if choice & 1 != 0 { count.warp = .init(start: Int64(bitPattern: random.next()), expiry: 7) }
            if choice & 2 != 0 { count.adjustment = .init(hostExpiry: nil, guestExpiry: random.next() >> 1) }
            if choice & 4 != 0 { count.speed = .init(shift: -2, lastDelta: Int64(bitPattern: random.next())) }
            let whole = bytes(section(count))
            var reader = ByteReader(whole)
            #expect(try TimerSection(from: &reader) == section(count))
            #expect(reader.isAtEnd)
            for size in 0..<whole.count {
                var reader = ByteReader(Array(whole.prefix(size)))
                guard let back = try? TimerSection(from: &reader) else { continue }
                #expect(reader.isAtEnd && bytes(back).count == size, "\(size) bytes pass for a whole section")
            }
        }
    }

    @Test func partsThatNobodyKnowsAreLeftOver() throws {
        let start = bytes(section(InstructionCount(bias: 1, instructions: 2)))
        let shift = header("timer/icount/shift", version: 2) + [UInt8](repeating: 0, count: 10)
        let strange = [
            header("timer/icount/mystery"), header("timer/icount/shift"), header("timer/other"), shift + shift,
            header("timer/icount/timers", version: 2),
        ]
        for bytes in strange {
            var reader = ByteReader(start + bytes)
            let section = try TimerSection(from: &reader)
            #expect(section.instructionCount?.instructions == 2)
            #expect(!reader.isAtEnd)
        }
        var reader = ByteReader(bytes(section(nil)) + header("timer/icount", version: 9))
        #expect(try TimerSection(from: &reader) == section(nil))
        #expect(!reader.isAtEnd)
    }
}
