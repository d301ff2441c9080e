public import Environment
public import GuestMemory
import Synchronization
import SystemCalls

/// A guest that does nothing but read: a thread that touches each host page of a machine's RAM once, in an order that a seed
/// decides, and takes the time of each. For a machine without vCPUs, whose pages would never be asked for otherwise.
public final class PageToucher: Sendable {
    private struct State {
        var times: [Nanoseconds] = []
        var hasEnded = false
    }

    private let gate = ThreadGate(State())
    private let isStopped: Flag
    /// What was read, so that it is.
    private let sum: Counter

    /// Begins to touch the pages of `memory`; with `missing` only those that are not here when their turn comes. Waits
    /// `interval` before each touch, which does not count. Throws if the host has no thread for it.
    public init(
        _ memory: GuestMemory, seed: UInt64, missing: PageResidency? = nil, interval: Nanoseconds = .zero
    ) throws {
        let order = Self.order(memory, seed: seed)
        let (gate, isStopped, sum) = (gate, Flag(), Counter())
        (self.isStopped, self.sum) = (isStopped, sum)
        _ = try Thread(name: "page-toucher") {
            defer { gate.withLock { $0.hasEnded = true } }
            for place in order {
                if isStopped.value.load(ordering: .relaxed) { return }
                if let missing, missing.isPresent(place.page, ofBlock: place.block) { continue }
                if interval > .zero { Self.wait(interval) }
                let clock = SystemClock()
                let start = clock.now()
                // SAFETY: the page lies in its block, which `memory` keeps.
                let word = unsafe memory.blocks[place.block].base.load(
                    fromByteOffset: place.page * targetPageSize, as: UInt64.self)
                sum.value.wrappingAdd(word, ordering: .relaxed)
                let time = clock.now() - start
                gate.withLock(notify: false) { $0.times.append(time) }
            }
        }
    }

    deinit { stop() }

    /// No further page is touched. A touch that waits for its page goes on waiting for it.
    public func stop() { isStopped.value.store(true, ordering: .relaxed) }

    /// Waits until every page was touched, or it was stopped; false if that takes longer than `limit`.
    public func finish(within limit: Nanoseconds) -> Bool {
        gate.wait(until: SystemClock().now() + limit) { $0.hasEnded ? true : nil } ?? false
    }

    /// How long each touch took so far.
    public var times: TouchTimes { TouchTimes(gate.withLock(notify: false) { $0.times }) }

    /// The sum of what was read, the first word of each page, as far as it fits into 64 bits.
    public var wordSum: UInt64 { sum.value.load(ordering: .relaxed) }

    /// The first target page of every host page.
    private static func order(_ memory: GuestMemory, seed: UInt64) -> [PageResidency.Place] {
        var order: [PageResidency.Place] = []
        for (index, block) in memory.blocks.enumerated() {
            let unit = max(1, block.hostPageSize / targetPageSize)
            order += stride(from: 0, to: block.pageCount, by: unit).map {
                PageResidency.Place(block: index, page: $0)
            }
        }
        var random = SeededGenerator(seed: seed)
        order.shuffle(using: &random)
        return order
    }

    private static func wait(_ time: Nanoseconds) {
        let nothing: Void? = ThreadGate(()).wait(until: SystemClock().now() + time) { _ in nil }
        assert(nothing == nil)
    }

    private final class Flag: Sendable { let value = Atomic<Bool>(false) }
    private final class Counter: Sendable { let value = Atomic<UInt64>(0) }
}
