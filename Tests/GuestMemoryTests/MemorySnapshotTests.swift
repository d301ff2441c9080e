import Environment
import Foundation
import Glibc
import Synchronization
import PairLab
import SystemCalls
import Testing

@testable import GuestMemory

/// What asks a snapshot, and what keeps the memory.
enum SnapshotKind: CaseIterable, Sendable {
    case marks, faultsOfAnonymousMemory, faultsOfPresentMemory, faultsOfMemfd, faultsOfHugePages, marksOfHugePages

    /// Whether this host has it.
    var isPossible: Bool { !hasHugePages || HugePages.canBeHad }

    var hasHugePages: Bool { self == .faultsOfHugePages || self == .marksOfHugePages }

    static let possible = allCases.filter(\.isPossible)

    func memory(pages: Int) throws -> GuestMemory {
        let backing: MemoryBacking =
            switch self {
            case .marks, .faultsOfAnonymousMemory, .faultsOfPresentMemory: .anonymous
            case .faultsOfMemfd: .memfd
            case .faultsOfHugePages, .marksOfHugePages: .hugePages(path: nil)
            }
        return GuestMemory(blocks: [
            try RAMBlock(name: "ram", guestAddress: 0, size: pages * targetPageSize, backing: backing)
        ])
    }

    func barrier(_ memory: GuestMemory) throws -> any WriteBarrier {
        switch self {
        case .marks, .marksOfHugePages: MarkBarrier(memory)
        // As with a kernel that knows only of present ones.
        case .faultsOfPresentMemory: try FaultBarrier(memory, coveringAbsentPages: false)
        default: try FaultBarrier(memory)
        }
    }
}

@Suite(.serialized) struct MemorySnapshotTests {
    private static let pages = 1024

    /// The bytes of each page that the snapshot gives, by page; a page that comes twice is recorded as an issue.
    private func takeAll(_ snapshot: MemorySnapshot, atMost limit: Int = 100) -> [Int: UInt64] {
        var content: [Int: UInt64] = [:]
        while true {
            let copies = snapshot.take(atMost: limit)
            if copies.isEmpty { return content }
            for copy in copies {
                let word = snapshot.bytes(of: copy).load(fromByteOffset: 8, as: UInt64.self)
                if content.updateValue(word, forKey: copy.page) != nil { Issue.record("page \(copy.page) came twice") }
            }
            snapshot.giveBack(copies)
        }
    }

    @Test(arguments: SnapshotKind.possible)
    func eachPageComesOnceAsItWasAtTheInstant(kind: SnapshotKind) throws {
        let pages = kind.hasHugePages ? HugePages(4) : nil
        defer { withExtendedLifetime(pages) {} }
        let memory = try kind.memory(pages: Self.pages)
        // The upper half was never touched, so its pages are not present.
        for page in 0..<Self.pages / 2 { memory.store(UInt64(page * targetPageSize + 8), UInt64(page + 1)) }
        let snapshot = try MemorySnapshot(of: memory, leavingOutShared: false, barrier: try kind.barrier(memory))
        try snapshot.begin()
        let isOver = Atomic<Bool>(false)
        let writers = try (0..<2).map { number in
            try Thread(name: "writer") {
                var random = SeededGenerator(seed: UInt64(number))
                while !isOver.load(ordering: .relaxed) {
                    let page = random.next() % UInt64(Self.pages)
                    memory.store(page * UInt64(targetPageSize) + 8, random.next())
                    memory.store(page * UInt64(targetPageSize) + 800, random.next())
                }
            }
        }
        let content = takeAll(snapshot)
        isOver.store(true, ordering: .relaxed)
        for writer in writers { writer.join() }
        #expect(content.count == Self.pages)
        #expect(snapshot.remaining == 0)
        for (page, word) in content {
            let wanted = page < Self.pages / 2 ? UInt64(page + 1) : 0
            #expect(word == wanted, "page \(page)")
        }
        snapshot.end()
    }

    /// A store that nobody marks is seen by the host alone.
    @Test func whatIsWrittenPastTheMarksIsSeenByTheHost() throws {
        let memory = try SnapshotKind.faultsOfAnonymousMemory.memory(pages: 4)
        memory.store(8, UInt64(7))
        let snapshot = try MemorySnapshot(of: memory, leavingOutShared: false, barrier: try FaultBarrier(memory))
        try snapshot.begin()
        memory.blocks[0].base.storeBytes(of: 9, toByteOffset: 8, as: UInt64.self)
        memory.blocks[0].base.storeBytes(of: 9, toByteOffset: 2 * targetPageSize + 8, as: UInt64.self)
        #expect(takeAll(snapshot) == [0: 7, 1: 0, 2: 0, 3: 0])
        #expect(memory.load(8, as: UInt64.self) == 9)
    }

    /// What lets a writer go on that found no room.
    enum Release: CaseIterable { case taking, hurry, end }

    @Test(arguments: SnapshotKind.possible.filter { !$0.hasHugePages }, Release.allCases)
    func whoFindsNoRoomWaitsUntilThereIs(kind: SnapshotKind, release: Release) throws {
        let memory = try kind.memory(pages: 8)
        let snapshot = try MemorySnapshot(
            of: memory, leavingOutShared: false, barrier: try kind.barrier(memory), poolLimit: 2 * targetPageSize)
        try snapshot.begin()
        let written = ThreadGate(0)
        let writer = try Thread(name: "writer") {
            for page in 0..<5 {
                memory.store(UInt64(page * targetPageSize + 8), UInt64(1))
                written.withLock { $0 += 1 }
            }
        }
        func wait(for count: Int, _ limit: Nanoseconds) -> Bool {
            written.wait(until: SystemClock().now() + limit) { $0 >= count ? true : nil } ?? false
        }
        #expect(wait(for: 2, .seconds(10)))
        #expect(!wait(for: 3, .milliseconds(100)), "there is room for two")
        var content: [Int: UInt64] = [:]
        switch release {
        case .taking: content = takeAll(snapshot, atMost: 1)
        case .hurry: snapshot.hurryWriters()
        case .end: snapshot.end()
        }
        #expect(wait(for: 5, .seconds(10)))
        writer.join()
        if release == .hurry {
            snapshot.endHurry()
            content = takeAll(snapshot)
        }
        if release != .end { #expect(content.count == 8 && content.values.allSatisfy { $0 == 0 }) }
    }

    @Test func aSnapshotThatHasEndedLeavesNothingBehind() throws {
        let before = Self.openUserFaults
        let memory = try SnapshotKind.faultsOfAnonymousMemory.memory(pages: 8)
        weak var last: MemorySnapshot?
        for _ in 0..<20 {
            let snapshot = try MemorySnapshot(of: memory, leavingOutShared: false, barrier: try FaultBarrier(memory))
            try snapshot.begin()
            snapshot.end()
            snapshot.end()
            last = snapshot
        }
        #expect(last == nil)
        #expect(Self.openUserFaults == before)
        memory.store(0, UInt64(1))
        #expect(FaultBarrier.obstacle(to: memory) == nil, "the memory can be registered again")
        let marked = try MemorySnapshot(of: memory, leavingOutShared: false, barrier: MarkBarrier(memory))
        try marked.begin()
        marked.end()
        memory.store(8 * 7, UInt64(1))
        #expect(marked.take(atMost: 8).isEmpty)
    }

    private static var openUserFaults: Int {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return numbers.filter {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?.contains("userfault")
                ?? false
        }.count
    }

    @Test func sharedMemoryIsLeftOutIfThatIsAskedFor() throws {
        let memory = GuestMemory(blocks: [
            try RAMBlock(name: "ram", guestAddress: 0, size: 8 * targetPageSize, backing: .memfd),
            try RAMBlock(name: "rom", guestAddress: 1 << 20, size: 4 * targetPageSize),
        ])
        let snapshot = try MemorySnapshot(of: memory, leavingOutShared: true, barrier: try FaultBarrier(memory))
        try snapshot.begin()
        #expect(snapshot.remaining == 4)
        memory.store(0, UInt64(1))
        let copies = snapshot.take(atMost: 100)
        #expect(copies.map(\.page) == [0, 1, 2, 3] && copies.allSatisfy { memory.blocks[$0.block].name == "rom" })
    }

    @Test func aFileInMemoryCanBeProtected() throws {
        let path = "/dev/shm/colod-\(UUID())"
        defer { unlink(path) }
        for isShared in [true, false] {
            let memory = GuestMemory(blocks: [
                try RAMBlock(
                    name: "ram", guestAddress: 0, size: 64 * targetPageSize,
                    backing: .file(path: path, isShared: isShared))
            ])
            for page in 0..<UInt64(32) { memory.store(page * 4096 + 8, page) }
            let snapshot = try MemorySnapshot(
                of: memory, leavingOutShared: false, barrier: try FaultBarrier(memory))
            try snapshot.begin()
            for page in 0..<UInt64(64) where page % 2 == 0 { memory.store(page * 4096 + 8, UInt64.max) }
            let content = takeAll(snapshot)
            #expect(content.count == 64 && content.allSatisfy { $0.value == ($0.key < 32 ? UInt64($0.key) : 0) })
            snapshot.end()
            for page in 0..<UInt64(64) { memory.store(page * 4096 + 8, UInt64(0)) }
        }
    }

    @Test func aFileOnADiskIsNoMemoryForThis() throws {
        // No file system in memory.
        let path = "/var/tmp/colod-\(UUID())"
        defer { unlink(path) }
        let memory = GuestMemory(blocks: [
            try RAMBlock(
                name: "ram", guestAddress: 0, size: 4 * targetPageSize, backing: .file(path: path, isShared: true))
        ])
        #expect(FaultBarrier.obstacle(to: memory) == .memory)
    }
}
