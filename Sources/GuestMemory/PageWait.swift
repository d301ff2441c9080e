import Synchronization

/// A wait for pages that are still to come (`PageResidency.wait`), which ends once, when the last of them was placed.
public final class PageWait: Sendable {
    let places: [PageResidency.Place]
    let wake: @Sendable () -> Void
    /// How many of the pages have not come; changed with the lock of the residency held.
    private let left = Atomic<Int>(0)

    init(for places: [PageResidency.Place], wake: @escaping @Sendable () -> Void) {
        self.places = places
        self.wake = wake
    }

    func expect(_ count: Int) { left.store(count, ordering: .relaxed) }

    /// One of the pages has come; true if it was the last.
    func noteArrival() -> Bool { left.subtract(1, ordering: .relaxed).newValue == 0 }

    /// Nothing is waited for any more; true unless that was so.
    func end() -> Bool { left.exchange(0, ordering: .relaxed) > 0 }
}
