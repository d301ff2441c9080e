import Environment
import Testing

@testable import MigrationFormat

struct XBZRLEDeltaTests {
    private static func delta(_ old: [UInt8], _ new: [UInt8], room: Int = 4096) -> [UInt8]? {
        var known = old
        var bytes = [UInt8](repeating: 0, count: room)
        let count = Self.write(&known, new, &bytes)
        return count.map { Array(bytes.prefix($0)) }
    }

    private static func write(_ known: inout [UInt8], _ new: [UInt8], _ room: inout [UInt8]) -> Int? {
        known.withUnsafeMutableBytes { known in
            new.withUnsafeBytes { new in
                guard let known = known.baseAddress, let new = new.baseAddress else { return nil }
                return room.withUnsafeMutableBytes { XBZRLEDelta.write(from: known, to: new, into: $0) }
            }
        }
    }

    private static func applied(_ delta: [UInt8], to old: [UInt8]) throws(XBZRLEDelta.Failure) -> [UInt8] {
        var page = old
        var target = page.mutableSpan
        try XBZRLEDelta.apply(delta.span, to: &target)
        return page
    }

    @Test func runsAreCountedAsTheWireHasThem() throws {
        let old = [UInt8](repeating: 0, count: 4096)
        var new = old
        new[0] = 1
        new.replaceSubrange(300..<302, with: [2, 3])
        let bytes: [UInt8] = [0, 1, 1, 0xab, 0x02, 2, 2, 3]
        #expect(Self.delta(old, new) == bytes)
        #expect(try Self.applied(bytes, to: old) == new)
        #expect(Self.delta(old, old) == [])
        #expect(try Self.applied([], to: old) == old)
    }

    @Test func randomChangesComeBackOrAreTooMany() throws {
        var random = SeededGenerator(seed: 0xde17a)
        for _ in 0..<200 {
            let old = random.raw(4096)
            var new = old
            for _ in 0..<random.below(60) {
                let start = random.below(4096)
                let bytes = random.raw(1 + random.below(200))
                for (index, byte) in bytes.enumerated() where start + index < 4096 { new[start + index] = byte }
            }
            guard let delta = Self.delta(old, new) else { continue }
            #expect(try Self.applied(delta, to: old) == new)
            for _ in 0..<20 where !delta.isEmpty {
                let count = random.below(delta.count)
                var page = old
                var target = page.mutableSpan
                let short = Array(delta.prefix(count))
                do throws(XBZRLEDelta.Failure) { try XBZRLEDelta.apply(short.span, to: &target) } catch {
                    #expect(page == old, "a malformed delta changes nothing")
                }
            }
        }
        let old = [UInt8](repeating: 0, count: 4096)
        #expect(Self.delta(old, [UInt8](repeating: 1, count: 4096)) == nil)
    }

    /// A delta as the format says it, byte by byte.
    private static func plainDelta(_ old: [UInt8], _ new: [UInt8]) -> [UInt8] {
        func count(_ value: Int) -> [UInt8] {
            value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f | 0x80), UInt8(value >> 7)]
        }
        var (bytes, place, end) = ([UInt8](), 0, 0)
        while place < old.count {
            let start = place
            while place < old.count, old[place] != new[place] { place += 1 }
            if place > start {
                bytes += count(start - end) + count(place - start) + new[start..<place]
                end = place
            } else {
                place += 1
            }
        }
        return bytes
    }

    /// Pages that differ in a few bytes, words, stretches, or in almost all bytes.
    private static func changed(_ old: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var new = old
        for _ in 0..<[1, 4, 30, 300][random.below(4)] {
            let length = [1, 2, 8, 64, 130][random.below(5)]
            let start = random.below(4096)
            for place in start..<min(4096, start + length) where random.chance(7, in: 8) {
                new[place] ^= UInt8(1 + random.below(255))
            }
        }
        if random.chance(1, in: 4) { new[0] ^= 1 }
        if random.chance(1, in: 4) { new[4095] ^= 1 }
        return new
    }

    @Test func runsAreAsLongAsTheyCanBeAndTheOldPageBecomesTheNewOne() throws {
        var random = SeededGenerator(seed: 0x5e7)
        for _ in 0..<500 {
            let old = random.raw(4096)
            let new = Self.changed(old, &random)
            let plain = Self.plainDelta(old, new)
            var known = old
            var room = [UInt8](repeating: 0, count: plain.count + 1 + random.below(10))
            let length = Self.write(&known, new, &room)
            #expect(length == plain.count)
            #expect(Array(room.prefix(plain.count)) == plain)
            #expect(known == new)
            if !plain.isEmpty { #expect(Self.delta(old, new, room: plain.count - 1) == nil) }
        }
    }

    @Test(
        arguments: [
            [0], [0, 0], [1, 0, 5], [0, 1], [0, 2, 7], [0, 1, 1, 0, 1, 1], [0x80, 0x20, 1, 9], [0xff, 0x1f, 2, 1, 1],
            [0x80, 0x80, 1, 1],
        ] as [[UInt8]])
    func whatIsMalformedIsRefused(delta: [UInt8]) {
        #expect(throws: XBZRLEDelta.Failure.self) {
            try Self.applied(delta, to: [UInt8](repeating: 0, count: 4096))
        }
    }
}
