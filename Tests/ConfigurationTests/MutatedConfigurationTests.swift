import Testing

@testable import Configuration

/// SplitMix64: one seed, one run.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct MutatedConfigurations {
    private static let pieces = [
        "{", "}", "[", "]", ":", ": ", "\n", "  ", "- ", "\t", "\"", "'", "*a", "&a ", "!!int ", "---\n", "...\n", "|",
        ">", "?",
        "~", "null", "0x", "-1", "99999999999999999999", "\u{0}", "\u{feff}", "é", "<<: ", "%TAG", "#",
    ]

    private func mutated(_ text: String, _ generator: inout Generator) -> String {
        var letters = Array(text)
        for _ in 0...Int.random(in: 0..<6, using: &generator) {
            let place = Int.random(in: 0..<letters.count, using: &generator)
            let end = min(letters.count, place + Int.random(in: 0..<12, using: &generator))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: letters.removeSubrange(place..<end)
            case 1: letters.insert(contentsOf: Array(letters[place..<end]), at: place)
            case 2: letters.insert(contentsOf: Self.pieces.randomElement(using: &generator) ?? "", at: place)
            default: letters.swapAt(place, Int.random(in: 0..<letters.count, using: &generator))
            }
            if letters.isEmpty { letters = ["a"] }
        }
        return String(letters)
    }

    @Test(arguments: 1...8) func anyTextIsReadOrRefusedWithAPlaceAndAReason(seed: UInt64) {
        var generator = Generator(state: seed)
        for _ in 0..<200 {
            let text = mutated(pairText, &generator)
            do {
                let read = try ColodConfiguration.parse(yaml: text, file: "t.yaml")
                #expect(ConfigurationLimits.memory.contains(read.guest.memory))
                #expect(read.heartbeat.timeoutMilliseconds >= 4 * read.heartbeat.intervalMilliseconds)
            } catch {
                #expect(!error.problems.isEmpty, "\(text)")
                #expect(error.problems.allSatisfy { $0.place.hasPrefix("t.yaml") && !$0.message.isEmpty }, "\(text)")
            }
        }
    }
}
