import Foundation
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

    /// Text made of pieces that mean something to YAML, nested and repeated at random.
    private func grown(_ generator: inout Generator) -> String {
        var text = ""
        let length = Int.random(in: 1...2000, using: &generator)
        while text.utf8.count < length {
            let piece = (Self.pieces + ["guest: ", "a", "*a ", "&b ", ",", " "]).randomElement(using: &generator) ?? ""
            text += String(repeating: piece, count: max(1, (1 << Int.random(in: 0..<8, using: &generator)) >> 2))
        }
        return text
    }

    @Test(arguments: 1...8) func piecesOfYAMLInAnyOrderAreReadOrRefusedInTime(seed: UInt64) {
        var generator = Generator(state: seed)
        let time = ContinuousClock().measure {
            for _ in 0..<300 {
                let text = grown(&generator)
                let found = problems(text)
                #expect(!found.isEmpty, "\(text)")
                #expect(found.allSatisfy { $0.hasPrefix("t.yaml") && $0.utf8.count < 2000 }, "\(text)")
            }
        }
        #expect(time < .seconds(30), "300 texts took \(time)")
    }

    @Test(arguments: 1...8) func anyBytesInAFileAreReadOrRefused(seed: UInt64) throws {
        var generator = Generator(state: seed)
        let path = FileManager.default.temporaryDirectory.appending(path: "colod-\(UUID().uuidString).yaml").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        for _ in 0..<25 {
            var bytes = Array(pairText.utf8)
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                _ = try ColodConfiguration.load(file: path)
            } catch {
                #expect(error.problems.allSatisfy { $0.place.hasPrefix(path) && !$0.message.isEmpty })
            }
        }
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
