import Environment
import Foundation
import Glibc
import PairLab
import Synchronization
import SystemCalls
import Testing

@testable import GuestMemory

/// What keeps RAM of which pages are missing.
enum MissingKind: CaseIterable, Sendable {
    case anonymous, memfd, sharedFile, hugePages

    static let possible = allCases.filter { $0 != .hugePages || HugePages.canBeHad }

    /// Target pages of a host page.
    var unit: Int { self == .hugePages ? HugePages.pageSize / targetPageSize : 1 }
}

/// A hugetlbfs with pages of its own: what is given back stays there, whoever else wants huge pages now.
final class ReservedHugePages: Sendable {
    private let folder: BackingFolder
    private let pages: HugePages

    init(_ count: Int) throws {
        folder = try BackingFolder()
        pages = try #require(HugePages(count), "the host gives no huge pages now")
        try #require(
            run("mount", "-t", "hugetlbfs", "-o", "min_size=\(count * HugePages.pageSize)", "none", folder.path),
            "somebody else took the huge pages")
    }

    var path: String { folder.path }

    // Lazily, for it may be unmapped only after that.
    deinit { run("umount", "-l", folder.path) }
}

/// Memory of which all pages hold the mark of before, and what is needed to have pages of it missing.
final class MissingLab: Sendable {
    static let before = UInt64.max

    let memory: GuestMemory
    let missing: [PageSet]
    let pages: MissingPages
    let residency: PageResidency
    /// What was asked for, in order.
    let asked = ThreadGate<[PageResidency.Place]>([])
    private let path: String?
    private let reserved: ReservedHugePages?

    init(_ kind: MissingKind, hostPages: Int) throws {
        var path: String?
        var reserved: ReservedHugePages?
        let backing: MemoryBacking
        switch kind {
        case .anonymous: backing = .anonymous
        case .memfd: backing = .memfd
        case .sharedFile:
            path = "/dev/shm/colod-\(UUID())"
            backing = .file(path: path ?? "", isShared: true)
        case .hugePages:
            let folder = try ReservedHugePages(hostPages)
            reserved = folder
            backing = .hugePages(path: "\(folder.path)/ram")
        }
        (self.path, self.reserved) = (path, reserved)
        let block = try RAMBlock(
            name: "ram", guestAddress: 0, size: hostPages * kind.unit * targetPageSize, backing: backing)
        memory = GuestMemory(blocks: [block])
        for page in 0..<block.pageCount { memory.store(UInt64(page * targetPageSize), Self.before) }
        missing = try memory.makePageSets()
        pages = try MissingPages(memory)
        residency = try PageResidency(of: memory, missing: missing) { [asked] place in
            asked.withLock { $0.append(place) }
        }
    }

    deinit { if let path { unlink(path) } }

    /// The first word of a page. Waits while the page is missing.
    func word(_ page: Int) -> UInt64 {
        memory.blocks[0].base.load(fromByteOffset: page * targetPageSize, as: UInt64.self)
    }

    func place(_ range: Range<Int>, _ word: (Int) -> UInt64) throws {
        let words = range.flatMap { page in [UInt64](repeating: word(page), count: targetPageSize / 8) }
        try words.withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress else { return }
            try pages.place(first, range, ofBlock: 0)
        }
    }

    /// Every word of a page.
    func words(_ page: Int) -> Set<UInt64> {
        Set(
            (0..<targetPageSize / 8).map {
                memory.blocks[0].base.load(fromByteOffset: page * targetPageSize + $0 * 8, as: UInt64.self)
            })
    }

    func waitForRequest(_ place: PageResidency.Place) -> Bool {
        asked.wait(until: SystemClock().now() + .seconds(10)) { $0.contains(place) ? true : nil } ?? false
    }
}

@Suite(.serialized) struct MissingPagesTests {
    private typealias Place = PageResidency.Place

    @Test(arguments: MissingKind.possible)
    func whoTouchesAMissingPageWaitsUntilItWasPlaced(kind: MissingKind) throws {
        let lab = try MissingLab(kind, hostPages: 4)
        let unit = kind.unit
        lab.missing[0].insert(contentsOf: unit..<3 * unit)
        try lab.pages.begin(lab.residency, missing: lab.missing)
        defer { lab.pages.end() }
        #expect(lab.word(0) == MissingLab.before && lab.word(4 * unit - 1) == MissingLab.before, "these were here")
        let seen = ThreadGate<[UInt64]>([])
        let thread = try Thread(name: "guest") {
            let word = lab.word(2 * unit - 1)
            seen.withLock { $0.append(word) }
        }
        #expect(lab.waitForRequest(Place(block: 0, page: unit)), "the first page of the host page is asked for")
        #expect(seen.wait(until: SystemClock().now() + .milliseconds(50)) { $0.isEmpty ? nil : true } == nil)
        #expect(lab.residency.missingCount == 2 * unit)
        try lab.place(unit..<2 * unit) { UInt64($0) }
        thread.join()
        #expect(seen.withLock { $0 } == [UInt64(2 * unit - 1)])
        for page in unit..<2 * unit { #expect(lab.words(page) == [UInt64(page)]) }
        try lab.pages.placeZero(2 * unit..<3 * unit, ofBlock: 0)
        for page in 2 * unit..<3 * unit { #expect(lab.words(page) == [0]) }
        #expect(lab.residency.missingCount == 0)
        #expect(lab.asked.withLock { $0 } == [Place(block: 0, page: unit)], "nothing was asked for twice")
    }

    @Test(arguments: MissingKind.possible)
    func aPageThatIsThereKeepsWhatItHolds(kind: MissingKind) throws {
        let lab = try MissingLab(kind, hostPages: 4)
        let unit = kind.unit
        lab.missing[0].insert(contentsOf: 0..<3 * unit)
        try lab.pages.begin(lab.residency, missing: lab.missing)
        defer { lab.pages.end() }
        try lab.place(unit..<2 * unit) { _ in 1 }
        lab.memory.blocks[0].base.storeBytes(of: 7, toByteOffset: unit * targetPageSize, as: UInt64.self)
        // One that was placed, between two that were not; and one that never was missing.
        try lab.place(0..<3 * unit) { _ in 2 }
        try lab.place(3 * unit..<4 * unit) { _ in 3 }
        try lab.pages.placeZero(0..<4 * unit, ofBlock: 0)
        #expect([0, unit, 2 * unit, 3 * unit].map(lab.word) == [2, 7, 2, MissingLab.before])
        #expect(lab.residency.missingCount == 0)
    }

    /// Never written, or zero when it came, so never made present: it is no page that the source has.
    @Test(arguments: MissingKind.possible)
    func aPageThatIsAbsentAndNotMissingReadsAsZero(kind: MissingKind) throws {
        let lab = try MissingLab(kind, hostPages: 4)
        let unit = kind.unit
        lab.memory.blocks[0].discard(page: 0, count: unit)
        lab.missing[0].insert(contentsOf: 2 * unit..<3 * unit)
        try lab.pages.begin(lab.residency, missing: lab.missing)
        defer { lab.pages.end() }
        #expect(lab.word(0) == 0 && lab.word(unit) == MissingLab.before)
        #expect(lab.asked.withLock { $0 }.isEmpty)
    }

    @Test(arguments: MissingKind.possible)
    func nobodyWaitsOnceItHasEnded(kind: MissingKind) throws {
        let lab = try MissingLab(kind, hostPages: 4)
        let unit = kind.unit
        lab.missing[0].insert(contentsOf: 0..<4 * unit)
        try lab.pages.begin(lab.residency, missing: lab.missing)
        let sum = Atomic<UInt64>(0)
        let threads = try (0..<4).map { number in
            try Thread(name: "guest") { sum.add(lab.word(number * unit), ordering: .relaxed) }
        }
        for number in 0..<4 { #expect(lab.waitForRequest(Place(block: 0, page: number * unit))) }
        lab.pages.end()
        for thread in threads { thread.join() }
        #expect(sum.load(ordering: .relaxed) == 0)
        lab.pages.end()
        #expect(throws: SystemError(code: ECANCELED, call: "userfaultfd", subject: "pages are watched no more")) {
            try lab.place(0..<unit) { _ in 1 }
        }
        #expect(MissingPages.obstacle(to: lab.memory) == nil, "the memory can be watched again")
    }

    /// Readers in the order of their own, two that place, one of them what is asked for: each byte is right, and nobody
    /// waits for ever.
    @Test(arguments: MissingKind.possible)
    func everyByteIsRightWhoeverIsFirst(kind: MissingKind) throws {
        let hostPages = kind == .hugePages ? 8 : 2048
        let unit = kind.unit
        let lab = try MissingLab(kind, hostPages: hostPages)
        lab.missing[0].insertAll()
        try lab.pages.begin(lab.residency, missing: lab.missing)
        defer { lab.pages.end() }
        let wrong = Atomic<Int>(0)
        let readers = try (0..<3).map { number in
            try Thread(name: "guest") {
                var order = Array(0..<hostPages)
                var random = SeededGenerator(seed: UInt64(number))
                order.shuffle(using: &random)
                for hostPage in order {
                    let page = hostPage * unit + Int(random.next() % UInt64(unit))
                    let wanted: Set<UInt64> = hostPage % 5 == 0 ? [0] : [UInt64(page)]
                    if lab.words(page) != wanted { wrong.add(1, ordering: .relaxed) }
                }
            }
        }
        @Sendable func placeHostPages(_ range: Range<Int>) throws {
            for page in range where page % 5 == 0 {
                try lab.pages.placeZero(page * unit..<(page + 1) * unit, ofBlock: 0)
            }
            var start = range.lowerBound
            // Those between two that are zero at once.
            while start < range.upperBound {
                let end = min(range.upperBound, start / 5 * 5 + 5)
                let first = start % 5 == 0 ? start + 1 : start
                if first < end { try lab.place(first * unit..<end * unit) { UInt64($0) } }
                start = end
            }
        }
        let isOver = Atomic<Bool>(false)
        let failures = ThreadGate<[String]>([])
        let urgent = try Thread(name: "urgent") {
            while !isOver.load(ordering: .relaxed) {
                let places = lab.asked.wait(until: SystemClock().now() + .milliseconds(20)) { asked -> [Place]? in
                    defer { asked = [] }
                    return asked.isEmpty ? nil : asked
                }
                do {
                    for place in places ?? [] { try placeHostPages(place.page / unit..<place.page / unit + 1) }
                } catch { failures.withLock { $0.append("\(error)") } }
            }
        }
        for start in stride(from: 0, to: hostPages, by: 16) {
            try placeHostPages(start..<min(hostPages, start + 16))
        }
        for reader in readers { reader.join() }
        isOver.store(true, ordering: .relaxed)
        urgent.join()
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(failures.withLock { $0 } == [])
        #expect(lab.residency.missingCount == 0)
    }

    @Test func theBytesOfAPrivateFileCannotBeMissing() throws {
        let path = "/dev/shm/colod-\(UUID())"
        defer { unlink(path) }
        for (path, isShared) in [(path, false), ("/var/tmp/colod-\(UUID())", true)] {
            defer { unlink(path) }
            let memory = GuestMemory(blocks: [
                try RAMBlock(
                    name: "ram", guestAddress: 0, size: 4 * targetPageSize,
                    backing: .file(path: path, isShared: isShared))
            ])
            #expect(MissingPages.obstacle(to: memory) == .memory)
            let missing = try memory.makePageSets()
            let residency = try PageResidency(of: memory, missing: missing) { _ in }
            #expect(throws: SystemError.self) { try MissingPages(memory).begin(residency, missing: missing) }
            memory.store(0, UInt64(5))
            #expect(memory.load(0, as: UInt64.self) == 5)
        }
    }

    /// A snapshot is told of the writes to the second block, and stays so.
    @Test func memoryThatAnotherOneWatchesStaysWatched() throws {
        let memory = GuestMemory(
            blocks: try (0..<2).map { try RAMBlock(name: "\($0)", guestAddress: UInt64($0 << 20), size: 1 << 16) })
        for block in memory.blocks { block.base.storeBytes(of: 1, as: UInt64.self) }
        let barrier = try FaultBarrier(memory)
        let snapshot = try MemorySnapshot(of: memory, leavingOutShared: false, barrier: barrier)
        try snapshot.begin()
        let missing = try memory.makePageSets()
        let residency = try PageResidency(of: memory, missing: missing) { _ in }
        let pages = try MissingPages(memory)
        #expect(throws: SystemError(code: EBUSY, call: "userfaultfd", subject: "UFFDIO_REGISTER")) {
            try pages.begin(residency, missing: missing)
        }
        for block in memory.blocks { block.base.storeBytes(of: 2, as: UInt64.self) }
        var words: [UInt64] = []
        for copy in snapshot.take(atMost: 100) where copy.page == 0 {
            words.append(snapshot.bytes(of: copy).load(as: UInt64.self))
        }
        #expect(words == [1, 1], "as at the instant")
        snapshot.end()
    }

    /// What the kernel does not give back would be taken for a page that was placed.
    @Test func lockedMemoryIsRefused() throws {
        let lab = try MissingLab(.anonymous, hostPages: 4)
        lab.missing[0].insert(2)
        try #require(mlock(lab.memory.blocks[0].base, lab.memory.blocks[0].size) == 0, "this process may lock nothing")
        #expect(throws: SystemError(code: EINVAL, call: "madvise", subject: "MADV_DONTNEED")) {
            try lab.pages.begin(lab.residency, missing: lab.missing)
        }
        #expect(lab.word(2) == MissingLab.before, "nobody waits")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func anOrdinaryUserHasTheFaultsOfUserMode() throws {
        let found = ThreadGate<(covers: Bool, word: UInt64, error: Int32)?>(nil)
        let thread = try Thread(name: "ordinary") {
            OrdinaryUser.become()
            defer { OrdinaryUser.end() }
            guard let lab = try? MissingLab(.memfd, hostPages: 4) else { return }
            lab.missing[0].insert(contentsOf: 1..<3)
            guard (try? lab.pages.begin(lab.residency, missing: lab.missing)) != nil else { return }
            defer { lab.pages.end() }
            // A system call does not wait.
            let file = open("/dev/zero", O_RDONLY | O_CLOEXEC)
            let count = read(file, lab.memory.blocks[0].base + 2 * targetPageSize, 8)
            let error = count < 0 ? errno : 0
            close(file)
            let source = try? Thread(name: "source") {
                _ = lab.waitForRequest(Place(block: 0, page: 1))
                try? lab.place(1..<2) { _ in 9 }
            }
            let word = lab.word(1)
            source?.join()
            found.withLock { $0 = (lab.pages.coversSystemCalls, word, error) }
        }
        thread.join()
        let result = try #require(found.withLock { $0 })
        #expect(!result.covers && result.word == 9 && result.error == EFAULT)
        #expect(try MissingLab(.memfd, hostPages: 1).pages.coversSystemCalls, "root has all")
    }
}

/// Has one thread of a process of root be that of nobody in particular: the system call itself, because setresuid(3)
/// changes all threads.
enum OrdinaryUser {
    static func become() { precondition(call(117, -1, 65534, -1) == 0) }
    static func end() { precondition(call(117, -1, 0, -1) == 0) }
}

@_silgen_name("syscall") private func call(_ number: Int, _ real: Int, _ effective: Int, _ saved: Int) -> Int
