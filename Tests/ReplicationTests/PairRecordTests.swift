import Foundation
import PairLab
import ReplicationCore
import SystemCalls
import Testing

@testable import Replication

struct PairRecordTests {
    @Test(arguments: [
        PairRecord(term: Term(0)), PairRecord(term: Term(7)), PairRecord(term: Term(.max)),
        PairRecord(term: Term(7), peerMayHaveTakenOver: true), PairRecord(term: Term(8), supersededBy: Term(8)),
        PairRecord(term: Term(9), peerMayHaveTakenOver: true, supersededBy: Term(10)),
    ])
    func whatIsWrittenIsRead(record: PairRecord) throws {
        #expect(try PairRecord(bytes: record.bytes) == record)
    }

    @Test func aRecordThatIsCutOffAnywhereIsRefused() throws {
        let whole = PairRecord(term: Term(1234), peerMayHaveTakenOver: true, supersededBy: Term(1236)).bytes
        // Only the line feed at the end may be missing.
        for length in 0..<whole.count - 1 {
            #expect(throws: PairRecord.Malformed.self, "cut off after \(length) bytes") {
                try PairRecord(bytes: Array(whole[..<length]))
            }
        }
    }

    @Test(arguments: [
        "", "\n", "term 5\n", "colod-pair-record 2\nterm 5\nend\n", "colod-pair-record 1\nend\n",
        "colod-pair-record 1\nterm\nend\n", "colod-pair-record 1\nterm five\nend\n",
        "colod-pair-record 1\nterm -5\nend\n", "colod-pair-record 1\nterm 99999999999999999999\nend\n",
        "colod-pair-record 1\nterm 5 6\nend\n", "colod-pair-record 1\nterm 5\nterm 7\nend\n",
        "colod-pair-record 1\nterm 5\nsuperseded-by x\nend\n",
        "colod-pair-record 1\nterm 5\npeer-may-have-taken-over\nend\n", "{\"term\": 5}",
    ])
    func aForeignOrDamagedRecordIsRefused(text: String) {
        #expect(throws: PairRecord.Malformed.self) { try PairRecord(bytes: Array(text.utf8)) }
    }

    @Test func aFlippedBitNeverGivesALowerTerm() throws {
        let whole = PairRecord(term: Term(8), supersededBy: Term(8)).bytes
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 0x80
            #expect(throws: PairRecord.Malformed.self, "byte \(index)") { try PairRecord(bytes: bytes) }
        }
    }

    @Test func namesOfLaterVersionsAreIgnored() throws {
        let text = "colod-pair-record 1\nterm 5\nwitness 10.0.0.1\nend\n"
        #expect(try PairRecord(bytes: Array(text.utf8)) == PairRecord(term: Term(5)))
    }
}

struct DurableRecordTests {
    @Test func aReplacementIsWholeOrNotThere() throws {
        let folder = try TemporaryFolder()
        let file = DurableFile(path: folder.path("record"))
        #expect(try file.read() == nil)
        try file.replace(with: PairRecord(term: Term(3)).bytes)
        try file.replace(with: PairRecord(term: Term(5)).bytes)
        #expect(try PairRecord(bytes: try file.read() ?? []) == PairRecord(term: Term(5)))
    }

    /// What a crash in the middle of a replacement leaves behind is a torn neighbour.
    @Test func aTornNeighbourChangesNothingAndIsReplaced() throws {
        let folder = try TemporaryFolder()
        let file = DurableFile(path: folder.path("record"))
        try file.replace(with: PairRecord(term: Term(3)).bytes)
        try "colod-pair-rec".write(toFile: folder.path("record.new"), atomically: false, encoding: .utf8)
        #expect(try PairRecord(bytes: try file.read() ?? []) == PairRecord(term: Term(3)))
        try file.replace(with: PairRecord(term: Term(4)).bytes)
        #expect(try PairRecord(bytes: try file.read() ?? []) == PairRecord(term: Term(4)))
    }

    @Test func aReplacementThatCannotBeMadeThrowsAndKeepsTheOldContent() throws {
        let folder = try TemporaryFolder()
        let file = DurableFile(path: folder.path("record"))
        try file.replace(with: PairRecord(term: Term(3)).bytes)
        // A folder in the place of the neighbour stands in the way, also of the superuser.
        try FileManager.default.removeItem(atPath: folder.path("record.new"))
        try FileManager.default.createDirectory(atPath: folder.path("record.new"), withIntermediateDirectories: true)
        #expect {
            try file.replace(with: PairRecord(term: Term(4)).bytes)
        } throws: {
            "\($0)".contains("record.new")
        }
        #expect(try PairRecord(bytes: try file.read() ?? []) == PairRecord(term: Term(3)))
    }
}
