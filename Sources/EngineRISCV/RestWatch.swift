import Synchronization

/// Finds the moment in which every hart waits for an interrupt. Costs a hart that begins to wait two atomics.
final class RestWatch: Sendable {
    private struct Watcher {
        let tell: @Sendable () -> Void
    }
    private let hartCount: Int
    private let resting = Atomic<Int>(0)
    private let isWatched = Atomic<Bool>(false)
    private let watcher = Mutex<Watcher?>(nil)

    init(hartCount: Int) { self.hartCount = hartCount }

    /// Calls `body` once, at the next such moment; at once if it is now.
    func watch(_ body: @escaping @Sendable () -> Void) {
        watcher.withLock { $0 = Watcher(tell: body) }
        isWatched.store(true, ordering: .sequentiallyConsistent)
        if resting.load(ordering: .sequentiallyConsistent) == hartCount { tell() }
    }

    /// A hart has nothing to do from now on.
    func begin() {
        if resting.add(1, ordering: .sequentiallyConsistent).newValue == hartCount { tell() }
    }

    /// That hart looks again.
    func end() { resting.subtract(1, ordering: .sequentiallyConsistent) }

    private func tell() {
        guard isWatched.load(ordering: .sequentiallyConsistent),
            isWatched.exchange(false, ordering: .sequentiallyConsistent)
        else { return }
        watcher.withLock { $0.take() }?.tell()
    }
}
