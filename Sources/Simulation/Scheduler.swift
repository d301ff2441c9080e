import Environment

/// Everything that is still going to happen, in time order; equal times in the order of scheduling.
struct Scheduler {
    private struct Entry {
        var time: Nanoseconds
        var order: UInt64
        var run: () -> Void

        func isBefore(_ other: Entry) -> Bool { time == other.time ? order < other.order : time < other.time }
    }

    private(set) var now = Nanoseconds.zero
    private var heap: [Entry] = []
    private var order: UInt64 = 0

    mutating func schedule(after delay: Nanoseconds, _ run: @escaping () -> Void) {
        schedule(at: now + delay, run)
    }

    mutating func schedule(at time: Nanoseconds, _ run: @escaping () -> Void) {
        order += 1
        heap.append(Entry(time: max(time, now), order: order, run: run))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Advances the clock to the next entry and returns it; `nil` when nothing is left.
    mutating func next() -> (() -> Void)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        now = first.time
        return first.run
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[smallest]) { smallest = child }
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
