public import SystemCalls

/// Has devices look again at requests that they put aside, because pages of the guest's RAM had not come yet.
///
/// What is to be done is added by whoever placed the last page, who must not wait for the machine lock; a thread that
/// lives only while pages are missing does it with the lock held, one after the other.
public final class DeferredRequests: Sendable {
    private struct State {
        var hasThread = false
        var isEnding = false
        var due: [@Sendable () -> Void] = []
    }

    private let lock: MachineLock
    private let state = ThreadGate(State())

    /// Nothing to do, and no thread yet. `lock`: the machine's.
    public init(lock: MachineLock) { self.lock = lock }

    /// Pages are missing from now on: starts the thread.
    public func begin() throws(SystemError) {
        try state.withLock { (state: inout State) throws(SystemError) in
            state.isEnding = false
            guard !state.hasThread else { return }
            _ = try Thread(name: "page-arrivals") { [self] in work() }
            state.hasThread = true
        }
    }

    /// Has `work` done soon, with the machine lock held; never if there is no thread. Waits for nobody.
    public func add(_ work: @escaping @Sendable () -> Void) {
        state.withLock { if $0.hasThread { $0.due.append(work) } }
    }

    /// All pages are here, or nobody needs them any more: the thread ends when it has done what is due. Waits for nobody.
    public func end() { state.withLock { $0.isEnding = true } }

    private func work() {
        while let due = nextDue() {
            // A machine that stands still does nothing; what has ended never will.
            for work in due { if lock.withLockOnceAttached(work) == nil { break } }
        }
    }

    private func nextDue() -> [@Sendable () -> Void]? {
        let due = state.wait { state -> [@Sendable () -> Void]? in
            guard !state.due.isEmpty || state.isEnding else { return nil }
            defer { state.due = [] }
            if state.due.isEmpty { state.hasThread = false }
            return state.due
        }
        guard let due, !due.isEmpty else { return nil }
        return due
    }
}
