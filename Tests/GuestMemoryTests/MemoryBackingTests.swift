import Foundation
import PairLab
import SystemCalls
import Testing

@testable import GuestMemory

/// A folder of a test's own.
final class BackingFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "colod-ram-\(UUID())").path()

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, bytes: [UInt8]? = nil) throws -> String {
        let file = "\(path)/\(name)"
        if let bytes { try Data(bytes).write(to: URL(fileURLWithPath: file)) }
        return file
    }
}

/// Runs a program of the host; whether it ended well.
@discardableResult
func run(_ program: String, _ arguments: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}

private func length(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.size] as? NSNumber)?.intValue ?? -1
}

private func block(_ backing: MemoryBacking, pages: Int = 4) throws -> RAMBlock {
    try RAMBlock(name: "ram", guestAddress: 0, size: pages * targetPageSize, backing: backing)
}

/// What is refused, as the operator reads it.
private func refusal(_ backing: MemoryBacking, size: Int = 4 * targetPageSize) -> MemoryBackingError? {
    do throws(MemoryBackingError) {
        _ = try RAMBlock(name: "ram", guestAddress: 0, size: size, backing: backing)
        return nil
    } catch { return error }
}

/// RAM behaves the same whatever keeps it.
private func checkMemory(_ block: RAMBlock) throws {
    let memory = GuestMemory(blocks: [block])
    let last = UInt64(block.size - 8)
    #expect(memory.load(last, as: UInt64.self) == 0)
    for page in 0..<block.pageCount { memory.store(UInt64(page * targetPageSize), UInt64(page + 1)) }
    block.discard(page: 1, count: 2)
    #expect(memory.load(0, as: UInt64.self) == 1)
    #expect(memory.load(UInt64(targetPageSize), as: UInt64.self) == 0)
    #expect(memory.load(UInt64(2 * targetPageSize), as: UInt64.self) == 0)
    #expect(memory.load(UInt64(3 * targetPageSize), as: UInt64.self) == 4)
}

@Suite struct MemoryBackings {
    private let folder: BackingFolder

    init() throws { folder = try BackingFolder() }

    @Test func memoryIsZeroAtFirstAndAfterItWasDiscarded() throws {
        let backings: [MemoryBacking] = [
            .anonymous, .memfd, .file(path: "\(folder.path)/shared", isShared: true),
            .file(path: "\(folder.path)/private", isShared: false),
        ]
        for backing in backings {
            let block = try block(backing)
            #expect(block.backing == backing && block.hostPageSize == MemoryBacking.basePageSize)
            try checkMemory(block)
        }
    }

    @Test func whoeverMapsASharedFileHasTheSameMemory() throws {
        let backing = MemoryBacking.file(path: try folder.file("ram"), isShared: true)
        let (one, other) = (try block(backing), try block(backing))
        one.base.storeBytes(of: 42, toByteOffset: 5000, as: UInt8.self)
        #expect(other.base.load(fromByteOffset: 5000, as: UInt8.self) == 42)
        one.discard(page: 1, count: 1)
        #expect(other.base.load(fromByteOffset: 5000, as: UInt8.self) == 0)
    }

    @Test func aPrivateFileIsWhatMemoryBeginsWithAndStaysAsItIs() throws {
        let path = try folder.file("ram", bytes: [UInt8](repeating: 7, count: 4 * targetPageSize))
        let block = try block(.file(path: path, isShared: false))
        #expect(block.base.load(fromByteOffset: 9000, as: UInt8.self) == 7)
        block.base.storeBytes(of: 42, toByteOffset: 9000, as: UInt8.self)
        block.discard(page: 3, count: 1)
        #expect(block.base.load(fromByteOffset: 3 * targetPageSize, as: UInt8.self) == 0)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(bytes.allSatisfy { $0 == 7 })
    }

    @Test func aFileIsMadeOrExtendedAndALongerOneIsLeftAlone() throws {
        for (name, bytes) in [("none", nil), ("short", [1]), ("long", [UInt8](repeating: 1, count: 50_000))] {
            let path = try folder.file(name, bytes: bytes)
            _ = try block(.file(path: path, isShared: true))
            #expect(try length(path) == max(4 * targetPageSize, bytes?.count ?? 0))
        }
    }

    @Test func aShortFileThatMayNotBeWrittenIsRefused() throws {
        let path = try folder.file("ram", bytes: [1, 2, 3])
        let long = try folder.file("long", bytes: [UInt8](repeating: 9, count: 4 * targetPageSize))
        // Nothing but this flag keeps root from writing.
        let flag = geteuid() == 0
        for file in [path, long] { chmod(file, 0o444) }
        let isProtected = !flag || (run("chattr", "+i", path) && run("chattr", "+i", long))
        defer { if flag { for file in [path, long] { run("chattr", "-i", file) } } }
        try #require(isProtected, "the file system of \(folder.path) keeps no file from root")
        let error = try #require(refusal(.file(path: path, isShared: false)))
        #expect(
            error.description
                == "memory-backing file:\(path): the file has 3 bytes, RAM needs 16384, and colod may not "
                + "write it; extend it (truncate -s 16384), or let the user of colod write it")
        #expect(error.isLasting)
        #expect(try length(path) == 3)
        let shared = try #require(refusal(.file(path: long, isShared: true)))
        #expect(shared.why.hasSuffix("let the user of colod read and write it, and pass the directories above it"))
        #expect(refusal(.file(path: long, isShared: false)) == nil, "to begin with it, it need not be written")
    }

    @Test func whatCannotKeepMemoryIsRefusedWithWhatToDo() throws {
        let pipe = try folder.file("pipe")
        mkfifo(pipe, 0o600)
        let plain = "\(folder.path)/plain"
        let cases: [(MemoryBacking, String)] = [
            (.file(path: folder.path, isShared: true), "open \(folder.path): Is a directory; name a file in it"),
            (.file(path: pipe, isShared: true), "it is no regular file; name one"),
            (
                .file(path: "\(folder.path)/no/ram", isShared: false),
                "open \(folder.path)/no/ram: No such file or directory; make its directory, or correct the path"
            ),
            (
                .hugePages(path: plain),
                "it is not on a hugetlbfs; mount one (mount -t hugetlbfs none DIRECTORY) and name a file in it"
            ),
        ]
        for (backing, why) in cases {
            let error = try #require(refusal(backing))
            #expect(error.description == "memory-backing \(backing): \(why)")
            #expect(error.isLasting)
        }
        #expect(access(plain, F_OK) != 0, "nothing is left behind")
    }

    @Test(arguments: [0, -4096, 4097, 8191, Int.max])
    func aSizeThatIsNoMultipleOfTheHostsPageIsRefused(size: Int) throws {
        for backing in [MemoryBacking.anonymous, .memfd, .file(path: "\(folder.path)/ram", isShared: true)] {
            let error = try #require(refusal(backing, size: size))
            let start = "\(size) bytes of RAM are no multiple of the \(MemoryBacking.basePageSize) bytes of a host page"
            #expect(error.why.hasPrefix(start))
            if size == 4097 { #expect(error.why == start + "; the next one is 8192") }
        }
    }

    @Test func aFileSystemWithoutRoomIsSeenBeforeTheGuestWrites() throws {
        let error = try #require(refusal(.file(path: "\(folder.path)/ram", isShared: true), size: 1 << 52))
        #expect(error.why.hasPrefix("RAM needs 4503599627370496 bytes more on its file system, which has "))
        #expect(error.why.hasSuffix(" free; make room, or choose another place"))
        #expect(!error.isLasting)
        #expect(try length("\(folder.path)/ram") == 0)
    }
}

@Suite(.serialized, .enabled(if: HugePages.canBeHad, "this host lets nobody here set huge pages aside"))
struct HugePageBackings {
    @Test func hugePagesKeepMemory() throws {
        let pages = try #require(HugePages(4))
        defer { withExtendedLifetime(pages) {} }
        let block = try RAMBlock(
            name: "ram", guestAddress: 0, size: 2 * HugePages.pageSize, backing: .hugePages(path: nil))
        #expect(block.hostPageSize == HugePages.pageSize)
        try checkMemory(block)
    }

    @Test func aSizeThatIsNoMultipleOfAHugePageIsRefused() throws {
        let error = try #require(refusal(.hugePages(path: nil), size: 3 << 20))
        #expect(
            error.description
                == "memory-backing hugetlb: 3145728 bytes of RAM are no multiple of the 2097152 bytes of a "
                + "host page; the next one is 4194304")
    }

    @Test func whatIsMissingAndHowToReserveItIsTold() throws {
        let pages = try #require(HugePages(1))
        defer { withExtendedLifetime(pages) {} }
        let error = try #require(refusal(.hugePages(path: nil), size: 100_000 * HugePages.pageSize))
        #expect(error.why.hasPrefix("RAM needs 100000 huge pages of 2097152 bytes and the host has "))
        #expect(error.why.contains(" free; reserve more: echo "))
        #expect(error.why.hasSuffix(" > \(HugePages.pool)"))
        #expect(!error.isLasting)
    }

    @Test func aFileOnAHugetlbfsKeepsMemoryThatOthersShare() throws {
        let pages = try #require(HugePages(4))
        defer { withExtendedLifetime(pages) {} }
        let folder = try BackingFolder()
        try #require(run("mount", "-t", "hugetlbfs", "none", folder.path), "nothing can be mounted here")
        defer { run("umount", folder.path) }
        let backing = MemoryBacking.hugePages(path: "\(folder.path)/ram")
        do {
            let size = 2 * HugePages.pageSize
            let one = try RAMBlock(name: "ram", guestAddress: 0, size: size, backing: backing)
            let other = try RAMBlock(
                name: "ram", guestAddress: 0, size: size, backing: .file(path: "\(folder.path)/ram", isShared: true))
            try checkMemory(one)
            #expect(one.hostPageSize == HugePages.pageSize && other.hostPageSize == HugePages.pageSize)
            #expect(other.base.load(fromByteOffset: 3 * targetPageSize, as: UInt64.self) == 4)
        }
        unlink("\(folder.path)/ram")
    }
}
