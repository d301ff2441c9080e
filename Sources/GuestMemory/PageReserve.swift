import Environment
import Synchronization
public import SystemCalls

/// Room for a copy of each page of a guest, of which only as much takes memory as was needed lately.
///
/// The address space for all pages is there from the start, so no epoch can outgrow it. The pages at its beginning are
/// kept present, so that who copies into them never waits for the kernel to find and clear memory: as many as the largest
/// of the recent epochs needed, and a quarter more. More are made present by a thread of the reserve, a step at a time;
/// what was not needed for a quiet time is given back, in `noteUse`.
///
/// Threads: one at a time uses it.
public final class PageReserve: @unchecked Sendable {
    // SAFETY: `demand` belongs to the user; what the thread sees is behind the gate of `Filler`.
    /// How many pages are given back at a time: 256 MiB, a few milliseconds.
    private static let discardLimit = 65536

    private let filler: Filler
    private var demand: PageDemand
    private var thread: Thread?

    /// Room for `pageCount` pages, of which `initialPages` are present and stay so.
    public init(pageCount: Int, initialPages: Int) throws(SystemError) {
        filler = Filler(mapping: try MemoryMapping(count: pageCount * targetPageSize))
        demand = PageDemand(floor: initialPages, ceiling: pageCount, now: SystemClock().now())
        makePresent(min(initialPages, pageCount))
    }

    deinit {
        filler.end()
        thread?.join()
    }

    /// The place of the first page; the others follow it.
    public var base: UnsafeMutableRawPointer {
        // SAFETY: the mapping lives as long as the reserve.
        unsafe filler.mapping.base
    }

    /// How many pages are kept present.
    public var presentPages: Int { filler.present }

    /// Makes room for `pages` and what may come on top, now, on the calling thread.
    public func prepare(for pages: Int) {
        if pages > presentPages { makePresent(demand.room(for: pages)) }
    }

    private func makePresent(_ pages: Int) { while let step = filler.step(to: pages) { filler.fill(step) } }

    /// An epoch needed `pages` pages, whose content stays. Has the thread make present what is missing for the next one
    /// of this size, or gives back what was too much for all of the last ones.
    public func noteUse(_ pages: Int) throws(SystemError) { try noteUse(pages, now: SystemClock().now()) }

    func noteUse(_ pages: Int, now: Nanoseconds) throws(SystemError) {
        let wanted = demand.note(pages, now: now)
        let present = presentPages
        if wanted > present {
            if thread == nil { thread = try Thread(name: "page-reserve") { [filler] in filler.run() } }
            filler.want(wanted)
        } else if wanted < present {
            filler.discard(to: max(wanted, present - Self.discardLimit))
        }
    }
}

/// The memory of a reserve, and who makes it present.
private final class Filler: Sendable {
    private struct State {
        var present = 0
        var wanted = 0
        var isEnding = false
    }

    let mapping: MemoryMapping
    private let state = ThreadGate(State())

    init(mapping: MemoryMapping) { self.mapping = mapping }

    var present: Int { state.withLock(notify: false) { $0.present } }

    func want(_ pages: Int) { state.withLock { $0.wanted = pages } }

    func end() { state.withLock { $0.isEnding = true } }

    /// The thread.
    func run() {
        while true {
            let step = state.wait { state -> Range<Int>?? in
                if state.isEnding { return .some(nil) }
                return Self.step(state, to: state.wanted).map { .some($0) }
            }
            guard let step = step ?? nil else { return }
            fill(step)
        }
    }

    /// The next pages to make present on the way to `pages`; nil if that many are.
    func step(to pages: Int) -> Range<Int>? { state.withLock(notify: false) { Self.step($0, to: pages) } }

    private static func step(_ state: State, to pages: Int) -> Range<Int>? {
        state.present < pages ? state.present..<min(pages, state.present + PageDemand.step) : nil
    }

    /// Makes `pages` present, whatever they hold; somebody may be copying into them.
    func fill(_ pages: Range<Int>) {
        mapping.populate(offset: pages.lowerBound * targetPageSize, count: pages.count * targetPageSize)
        // Unless another did the same, or what was there before was given back meanwhile.
        state.withLock { if $0.present == pages.lowerBound { $0.present = pages.upperBound } }
    }

    /// Gives back all but the first `pages`.
    func discard(to pages: Int) {
        let tail = state.withLock { state in
            let tail = pages..<max(pages, state.present)
            (state.present, state.wanted) = (min(state.present, pages), 0)
            return tail
        }
        mapping.discard(offset: tail.lowerBound * targetPageSize, count: tail.count * targetPageSize)
    }
}
