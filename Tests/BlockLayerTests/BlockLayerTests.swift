import Foundation
import SystemCalls
import Testing

@testable import BlockLayer

/// A file in the temporary directory with `count` bytes 0, 1, 2, …; gone with its owner.
final class ScratchFile {
    let path: String

    init(count: Int) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("colod-\(UUID()).raw").path
        try Data((0..<count).map { UInt8(truncatingIfNeeded: $0) }).write(to: URL(fileURLWithPath: path))
    }

    func cut(to count: UInt64) throws {
        try FileHandle(forWritingTo: URL(fileURLWithPath: path)).truncate(atOffset: count)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

extension RawDisk {
    func put(_ bytes: [UInt8], at offset: UInt64) throws {
        try bytes.withUnsafeBytes { try write(at: offset, from: $0) }
    }

    func get(_ count: Int, at offset: UInt64) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: count)
        try bytes.withUnsafeMutableBytes { try read(at: offset, into: $0) }
        return bytes
    }
}

@Suite struct RawDiskTests {
    @Test func whatIsWrittenIsReadAgainAlsoByAnotherOpening() throws {
        let file = try ScratchFile(count: 4096)
        let disk = try RawDisk(path: file.path, readOnly: false)
        try disk.put([9, 8, 7], at: 512)
        try disk.flush()
        #expect(try RawDisk(path: file.path, readOnly: true).get(5, at: 511) == [255, 9, 8, 7, 3])
    }

    @Test(arguments: [(UInt64(4096), 1), (4095, 2), (UInt64.max, 1), (UInt64.max - 1, 4096), (0, 4097)])
    func accessBeyondTheEndIsRefusedAndNamed(offset: UInt64, count: Int) throws {
        let file = try ScratchFile(count: 4096)
        let disk = try RawDisk(path: file.path, readOnly: false)
        let expected = BlockError.outOfBounds(disk: file.path, offset: offset, count: count, size: 4096)
        #expect(throws: expected) { try disk.get(count, at: offset) }
        #expect(throws: expected) { try disk.put([UInt8](repeating: 1, count: count), at: offset) }
    }

    @Test func requestsAreCountedByKindAndOutcome() throws {
        let file = try ScratchFile(count: 4096)
        let disk = try RawDisk(path: file.path, readOnly: false)
        #expect(disk.statistics.idleTime == nil)
        try disk.put([1, 2, 3], at: 512)
        try disk.put([1], at: 0)
        _ = try disk.get(10, at: 0)
        try disk.flush()
        _ = try? disk.get(1, at: 5000)
        let (read, written) = (disk.statistics.read, disk.statistics.written)
        #expect((written.operations, written.bytes, written.failures) == (2, 4, 0))
        #expect((read.operations, read.bytes, read.failures) == (1, 10, 1))
        #expect(disk.statistics.flushed.operations == 1)
        #expect(disk.statistics.highestWrittenOffset == 515)
        #expect(disk.statistics.idleTime != nil)
        #expect(disk.allocatedSize >= 4096)
    }

    @Test func aReadOnlyDiskRefusesWritesAndKeepsItsContent() throws {
        let file = try ScratchFile(count: 512)
        let disk = try RawDisk(path: file.path, readOnly: true)
        #expect(throws: BlockError.readOnly(disk: file.path)) { try disk.put([77], at: 0) }
        try disk.flush()
        #expect(try disk.get(1, at: 0) == [0])
    }

    @Test func aFileThatIsCutWhileInUseGivesAnErrorNotZeroes() throws {
        let file = try ScratchFile(count: 1024)
        let disk = try RawDisk(path: file.path, readOnly: false)
        try file.cut(to: 600)
        #expect(throws: BlockError.endOfFile(disk: file.path, offset: 600)) { try disk.get(512, at: 512) }
    }

    @Test func aMissingFileNamesItself() {
        #expect(throws: BlockError.self) { try RawDisk(path: "/nonexistent/disk", readOnly: true) }
    }

    @Test(arguments: [0, 513]) func aLengthThatIsNoWholeNumberOfSectorsIsRefused(count: Int) throws {
        let file = try ScratchFile(count: count)
        #expect(throws: BlockError.self) { try RawDisk(path: file.path, readOnly: true) }
    }

    @Test func whatIsNoFileIsRefused() {
        #expect(throws: BlockError.unusable(disk: "/dev/null", why: "is neither a regular file nor a block device")) {
            try RawDisk(path: "/dev/null", readOnly: true)
        }
    }
}
