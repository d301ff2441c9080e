import Synchronization
public import SystemCalls

/// Which pages of a guest's RAM are here, while the guest runs and the others still come: the destination of a postcopy.
///
/// Who needs a page asks `need`. It is never waited for in here: a vCPU goes to sleep, a device puts its request aside,
/// and both are woken when the page was placed. Each host page is asked for once, by `ask`, whoever needs it and however
/// often.
///
/// Threads: all members may be called from any. `ask` is called from the thread that needs a page, which may be a device's
/// with the machine lock, and a wake from the one that placed it. No lock of this class is held then; they must not block.
public final class PageResidency: Sendable {
    /// A target page of a block.
    public struct Place: Hashable, Sendable {
        /// The block, in the order of `GuestMemory.blocks`.
        public var block: Int
        /// The number of the target page in it.
        public var page: Int

        /// Page `page` of block `block`.
        public init(block: Int, page: Int) {
            self.block = block
            self.page = page
        }
    }

    private let missing: [PageSet]
    /// Host pages that were asked for, by their first target page.
    private let asked: [PageSet]
    private let pagesPerHostPage: [Int]
    private let ask: @Sendable (Place) -> Void
    private let waiting = Mutex<[Place: [PageWait]]>([:])
    /// How many entries `waiting` has, for who places pages without a look at the lock.
    private let waitingCount = Atomic<Int>(0)
    private let requests = Atomic<UInt64>(0)

    /// All pages of `missing`, which has a set for each block, are still to come. `ask` gets the first target page of a host
    /// page that is needed.
    public init(
        of memory: GuestMemory, missing: [PageSet], ask: @escaping @Sendable (Place) -> Void
    ) throws(SystemError) {
        precondition(missing.count == memory.blocks.count)
        self.missing = missing
        self.ask = ask
        asked = try memory.makePageSets()
        pagesPerHostPage = memory.blocks.map { max(1, $0.hostPageSize / targetPageSize) }
    }

    /// Whether the page is here; if it is, what it holds may be read and written.
    @inline(__always)
    public func isPresent(_ page: Int, ofBlock block: Int) -> Bool { !missing[block].contains(page) }

    /// True if the page is here. Else it is asked for, unless it was already, and `wake` is called once it was placed.
    public func need(_ page: Int, ofBlock block: Int, wake: @escaping @Sendable () -> Void) -> Bool {
        if isPresent(page, ofBlock: block) { return true }
        return wait(for: [Place(block: block, page: page)], wake: wake) == nil
    }

    /// Nil if all of these pages are here. Else those that are not are asked for at once, unless they were already, and
    /// `wake` is called once, when the last of them was placed.
    public func wait(for places: [Place], wake: @escaping @Sendable () -> Void) -> PageWait? {
        let wait = PageWait(for: places, wake: wake)
        var new: [Place] = []
        let isNeeded = waiting.withLock { waiting in
            waitingCount.add(places.count, ordering: .sequentiallyConsistent)
            // Whoever places a page from here on sees that it is waited for.
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            var left = 0
            for place in places where missing[place.block].contains(place.page) {
                left += 1
                waiting[place, default: []].append(wait)
                let first = hostPage(of: place)
                if asked[first.block].insert(first.page) { new.append(first) }
            }
            waitingCount.subtract(places.count - left, ordering: .relaxed)
            wait.expect(left)
            return left > 0
        }
        requests.add(UInt64(new.count), ordering: .relaxed)
        for place in new { ask(place) }
        return isNeeded ? wait : nil
    }

    private func hostPage(of place: Place) -> Place {
        let count = pagesPerHostPage[place.block]
        return Place(block: place.block, page: place.page / count * count)
    }

    /// The pages of `wait` stay asked for, but nobody is woken by them, unless that was under way already.
    public func cancel(_ wait: PageWait) {
        waiting.withLock { waiting in
            for place in wait.places {
                guard let waits = waiting[place] else { continue }
                let others = waits.filter { $0 !== wait }
                waiting[place] = others.isEmpty ? nil : others
                waitingCount.subtract(waits.count - others.count, ordering: .relaxed)
            }
        }
    }

    /// The pages were placed: what they hold is the guest's. Wakes who waits for them.
    public func notePlaced(_ pages: Range<Int>, ofBlock block: Int) {
        missing[block].remove(contentsOf: pages)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard waitingCount.load(ordering: .sequentiallyConsistent) > 0 else { return }
        var ended: [PageWait] = []
        waiting.withLock { waiting in
            if pages.count <= waiting.count {
                for page in pages { takeWaits(for: Place(block: block, page: page), from: &waiting, into: &ended) }
            } else {
                for place in waiting.keys.filter({ $0.block == block && pages.contains($0.page) }) {
                    takeWaits(for: place, from: &waiting, into: &ended)
                }
            }
        }
        for wait in ended { wait.wake() }
    }

    private func takeWaits(for place: Place, from waiting: inout [Place: [PageWait]], into ended: inout [PageWait]) {
        guard let waits = waiting.removeValue(forKey: place) else { return }
        waitingCount.subtract(waits.count, ordering: .relaxed)
        for wait in waits where wait.noteArrival() { ended.append(wait) }
    }

    /// Nothing is waited for any more: everybody is woken, and looks again.
    public func wakeAll() {
        let ended = waiting.withLock { waiting in
            let waits = waiting.values.flatMap(\.self)
            waitingCount.subtract(waits.count, ordering: .relaxed)
            waiting.removeAll()
            return waits.filter { $0.end() }
        }
        for wait in ended { wait.wake() }
    }

    /// How many pages are still to come.
    public var missingCount: Int { missing.reduce(0) { $0 + $1.count } }

    /// How many host pages were asked for.
    public var requestCount: UInt64 { requests.load(ordering: .relaxed) }

    /// The host pages that were asked for and did not come, by their first target page: to be asked for again when a
    /// channel was lost.
    public var outstanding: [Place] {
        asked.indices.flatMap { block in
            asked[block].filter { first in
                (first..<min(first + pagesPerHostPage[block], missing[block].pageCount)).contains {
                    missing[block].contains($0)
                }
            }.map { Place(block: block, page: $0) }
        }
    }
}
