import Glibc
import Synchronization
public import SystemCalls

/// RAM of which pages are missing while threads of this process touch it as if it were whole: the destination of a
/// postcopy, for a guest whose engine does not ask whether a page is here.
///
/// The host tells of each absent page that is touched (`MissingFaults`), and a thread asks for it (`PageResidency.need`);
/// whoever touched it waits in the kernel until it was placed. In between its thread can do nothing else, so it must hold
/// no lock that others need.
///
/// A process that is told only of its own faults (`coversSystemCalls` is false) works as well, as long as no system call
/// reads or writes an absent page: such a call fails with EFAULT. The same holds for what makes memory present in advance
/// (`RAMBlock`, madvise(2)), which must have ended before `begin`.
///
/// Begun and ended once. All members may be called from any thread.
public final class MissingPages: Sendable {
    private let memory: GuestMemory
    private let faults: MissingFaults
    private let ending: EventSignal
    /// Zeroes for the memory where the host places none by itself: huge pages.
    private let zeroes: MemoryMapping
    private struct Watch {
        var residency: PageResidency
        /// By block: whether the host places zeroes there by itself.
        var placesZeroes: [Bool] = []
        var thread: Thread?
    }
    private let state = Mutex<Watch?>(nil)

    /// For the RAM of `memory`, of which nothing is watched yet. Throws if the host does not let this process.
    public init(_ memory: GuestMemory) throws(SystemError) {
        self.memory = memory
        faults = try MissingFaults()
        ending = try EventSignal()
        // Only read, so it takes no memory.
        zeroes = try MemoryMapping(count: memory.blocks.reduce(0) { max($0, $1.hostPageSize) })
    }

    deinit { end() }

    /// Whether a system call that touches an absent page waits for it, as other code does; else it fails with EFAULT.
    public var coversSystemCalls: Bool { faults.faults.way != .userModeOnly }

    /// What is in the way of it for all of `memory`; nil if nothing is. To be asked while nobody relies on the speed of
    /// RAM: who touches an absent page meanwhile waits for the answer.
    public static func obstacle(to memory: GuestMemory) -> UserFaultObstacle? {
        guard let faults = try? MissingFaults() else { return .host }
        for block in memory.blocks {
            guard block.canLosePages else { return .memory }
            do throws(SystemError) {
                _ = try faults.register(block.mapping)
                faults.unregister(block.mapping)
            } catch {
                // Somebody else is told of its faults, so it can be done.
                guard error.code == EBUSY else { return .memory }
            }
        }
        return nil
    }

    // MARK: Its life

    /// Gives what `missing` holds, whole host pages of each block, back to the host, and begins to tell `residency` of who
    /// needs a page. What is absent and not missing reads as zero, as before. Throws, with nothing watched, if the host does
    /// not take a page or does not watch the memory.
    public func begin(_ residency: PageResidency, missing: [PageSet]) throws(SystemError) {
        precondition(missing.count == memory.blocks.count)
        var watch = Watch(residency: residency)
        // First, while nobody can have to wait: who asks before it looks at a page is told from here on.
        let before = memory.noteResidency(residency)
        do throws(SystemError) {
            for block in memory.blocks {
                guard block.canLosePages else {
                    throw SystemError(
                        code: EOPNOTSUPP, call: "userfaultfd", subject: "for block \(block.name), a private file")
                }
                watch.placesZeroes.append(try faults.register(block.mapping))
                // Else the kernel could take a part of a huge page for present that was given back.
                block.mapping.setMergesPages(false)
            }
            for block in memory.blocks.indices { try drop(missing[block], ofBlock: block) }
            watch.thread = try startThread(residency)
        } catch {
            // Another one may be told of the rest.
            unregister(memory.blocks.prefix(watch.placesZeroes.count))
            memory.noteResidency(before)
            throw error
        }
        state.withLock { $0 = watch }
    }

    private func drop(_ missing: PageSet, ofBlock index: Int) throws(SystemError) {
        let block = memory.blocks[index]
        var page = 0
        while let run = missing.nextRun(from: page) {
            let range = bytes(of: run, index)
            try block.mapping.drop(offset: range.offset, count: range.count)
            // A page that stays would be taken for one that was placed.
            guard !block.mapping.holdsPages(offset: range.offset, count: range.count) else {
                throw SystemError(code: EBUSY, call: "madvise", subject: "pages of block \(block.name)")
            }
            page = run.upperBound
        }
    }

    private func startThread(_ residency: PageResidency) throws(SystemError) -> Thread {
        let (memory, faults, ending, zeroes) = (memory, faults, ending, zeroes)
        return try Thread(name: "missing-pages") {
            faults.faults.serve(memory.blocks.map(\.mapping), until: ending) { index, offset in
                // It is the kernel that wakes who waits.
                guard residency.need(offset / targetPageSize, ofBlock: index, wake: {}) else { return }
                // It is not missing, so it was never written; or it was placed a moment ago, and stays.
                let block = memory.blocks[index]
                let start = offset / block.hostPageSize * block.hostPageSize
                // SAFETY: `zeroes` has as many bytes as the largest page.
                do throws(SystemError) {
                    try unsafe faults.place(
                        zeroes.base, in: block.mapping, offset: start, count: block.hostPageSize,
                        pageSize: block.hostPageSize)
                } catch {
                    // The host has no memory now. Whoever waits asks again in a moment.
                    var entry = pollfd(fd: ending.descriptor, events: Int16(POLLIN), revents: 0)
                    _ = Poll.wait(for: &entry, milliseconds: 10)
                    faults.wake(block.mapping, offset: start, count: block.hostPageSize)
                }
            }
        }
    }

    /// Ends it: nothing is watched, and nobody waits any more. A page that is missing reads as zero from here on, so
    /// whoever could take that for data must have ended before, or all pages have come. A second call does nothing.
    public func end() {
        guard let watch = state.withLock({ $0.take() }) else { return }
        ending.raise()
        // First, so that nobody waits for the thread any more.
        unregister(memory.blocks[...])
        memory.endResidency()
        watch.thread?.join()
    }

    private func unregister(_ blocks: ArraySlice<RAMBlock>) {
        for block in blocks {
            faults.unregister(block.mapping)
            block.mapping.setMergesPages(true)
        }
    }

    // MARK: Placing

    /// Places what `pages` of a block hold, whole host pages whose bytes are at `bytes`, each at once, and wakes who waits
    /// for them. A page that is there already is left as it is. Throws ECANCELED once it has ended, ENOMEM or ENOSPC if the
    /// host has no page.
    public func place(
        _ bytes: UnsafeRawPointer, _ pages: Range<Int>, ofBlock block: Int
    ) throws(SystemError) {
        let watch = try watched(block)
        let (offset, count) = self.bytes(of: pages, block)
        let mapping = memory.blocks[block].mapping
        // SAFETY: the caller lends the bytes of as many pages.
        try noteEnd { () throws(SystemError) in
            try unsafe faults.place(
                bytes, in: mapping, offset: offset, count: count, pageSize: memory.blocks[block].hostPageSize)
        }
        watch.residency.notePlaced(pages, ofBlock: block)
    }

    /// The same for pages of zeroes.
    public func placeZero(_ pages: Range<Int>, ofBlock block: Int) throws(SystemError) {
        let watch = try watched(block)
        let (offset, count) = bytes(of: pages, block)
        let (mapping, pageSize) = (memory.blocks[block].mapping, memory.blocks[block].hostPageSize)
        try noteEnd { () throws(SystemError) in
            if watch.placesZeroes {
                try faults.placeZero(in: mapping, offset: offset, count: count, pageSize: pageSize)
                return
            }
            for start in stride(from: offset, to: offset + count, by: pageSize) {
                // SAFETY: `zeroes` has as many bytes as the largest page.
                try unsafe faults.place(
                    zeroes.base, in: mapping, offset: start, count: pageSize, pageSize: pageSize)
            }
        }
        watch.residency.notePlaced(pages, ofBlock: block)
    }

    private func watched(_ block: Int) throws(SystemError) -> (residency: PageResidency, placesZeroes: Bool) {
        guard let found = state.withLock({ watch in watch.map { ($0.residency, $0.placesZeroes[block]) } }) else {
            throw Self.ended
        }
        return found
    }

    private func noteEnd(_ body: () throws(SystemError) -> Void) throws(SystemError) {
        do throws(SystemError) { try body() } catch {
            // It ended while the pages were on their way.
            throw error.code == ENOENT ? Self.ended : error
        }
    }

    private static let ended = SystemError(code: ECANCELED, call: "userfaultfd", subject: "pages are watched no more")

    private func bytes(of pages: Range<Int>, _ block: Int) -> (offset: Int, count: Int) {
        let unit = max(1, memory.blocks[block].hostPageSize / targetPageSize)
        precondition(pages.lowerBound % unit == 0 && pages.count % unit == 0, "whole host pages")
        return (pages.lowerBound * targetPageSize, pages.count * targetPageSize)
    }
}

extension RAMBlock {
    /// Whether a page that is given back is gone: not that of a file from which only the beginning is taken.
    var canLosePages: Bool {
        if case .file(_, isShared: false) = backing { return false }
        return true
    }
}
