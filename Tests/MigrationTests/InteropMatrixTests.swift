import Environment
import Foundation
import PairLab
import Testing

@testable import Migration

/// Every feature over every transport in every direction, with a real QEMU 7.2 at the other end or another colod.
///
/// A test run takes a sample; COLOD_TEST_SEED makes the same one again, COLOD_INTEROP=all tries every cell, and
/// COLOD_INTEROP with other text those whose names contain it.
@Suite(.serialized, .enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"))
struct InteropMatrixTests {
    private static let sampleSize = 40

    private static func variable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    private let seed = variable("COLOD_TEST_SEED").flatMap { UInt64($0) } ?? .random(in: 1...999_999)

    /// The cells of this run, in the order of the matrix.
    private var cells: [InteropCell] {
        switch Self.variable("COLOD_INTEROP") {
        case "all": return InteropCell.all
        case let text? where !text.isEmpty: return InteropCell.all.filter { $0.description.contains(text) }
        default:
            var random = SeededGenerator(seed: seed)
            let chosen = Set(InteropCell.all.indices.shuffled(using: &random).prefix(Self.sampleSize))
            return InteropCell.all.enumerated().filter { chosen.contains($0.offset) }.map(\.element)
        }
    }

    @Test func everyCellIsAsItShouldBe() throws {
        let credentials = try MigrationCredentials()
        var table = InteropTable()
        for cell in cells {
            do {
                let run = try InteropRun(cell, credentials, seed: seed)
                table.note(cell, try run.perform())
            } catch {
                table.noteFailure(cell)
                Issue.record("\(cell): \(error)")
            }
        }
        print("The matrix of migrations, COLOD_TEST_SEED=\(seed):\n\(table.text)")
    }
}

/// What became of the cells, a line a feature.
struct InteropTable {
    private var words: [String: String] = [:]
    private var reasons: [String] = []

    mutating func note(_ cell: InteropCell, _ outcome: InteropRun.Outcome) {
        let word: String
        switch outcome {
        case .passed: word = "ok"
        case .refused(let reason): word = "ref" + number(of: "refused by colod before any byte: \(reason)")
        case .impossible(let reason): word = "n/a" + number(of: "not applicable: \(reason)")
        }
        words[cell.description] = word
    }

    mutating func noteFailure(_ cell: InteropCell) { words[cell.description] = "FAIL" }

    private mutating func number(of reason: String) -> String {
        if !reasons.contains(reason) { reasons.append(reason) }
        return "\((reasons.firstIndex(of: reason) ?? 0) + 1)"
    }

    var text: String {
        let columns = InteropDirection.allCases.flatMap { direction in
            InteropTransport.allCases.map { (direction, $0) }
        }
        let width = InteropFeature.all.map(\.description.count).max() ?? 0
        func line(_ name: String, _ fields: [String]) -> String {
            name.padding(toLength: width, withPad: " ", startingAt: 0)
                + fields.map { " " + $0.padding(toLength: 5, withPad: " ", startingAt: 0) }.joined()
        }
        let directions = InteropDirection.allCases.map {
            " " + $0.rawValue.padding(toLength: 23, withPad: " ", startingAt: 0)
        }
        var lines = [line("", []) + directions.joined(), line("", columns.map(\.1.rawValue))]
        for feature in InteropFeature.all {
            let fields = columns.map { direction, transport in
                words["\(InteropCell(feature: feature, direction: direction, transport: transport))"] ?? "·"
            }
            if fields.contains(where: { $0 != "·" }) { lines.append(line("\(feature)", fields)) }
        }
        return (lines + reasons.enumerated().map { "  \($0.offset + 1) \($0.element)" }).joined(separator: "\n")
    }
}
