public import SystemCalls

/// Has devices look at requests in their queues later, when nobody notifies them any more: requests that they put aside
/// because pages of the guest's RAM had not come yet, and those that a loaded state says nothing of.
///
/// What is to be done is added by whoever placed the last page, or lets the guest run, and must not wait for the machine
/// lock. A thread that lives while pages are missing, or as long as there is something to do, does it with the lock held,
/// one after the other.
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
            try startThread("page-arrivals", &state)
        }
    }

    private func startThread(_ name: String, _ state: inout State) throws(SystemError) {
        guard !state.hasThread else { return }
        _ = try Thread(name: name) { [self] in work() }
        state.hasThread = true
    }

    /// Has `work` done as soon as the machine runs, with the machine lock held for each of them; by a thread for that
    /// alone if no pages are missing. Waits for nobody. Throws, with nothing added, if there is no thread for it.
    public func perform(_ work: [@Sendable () -> Void]) throws(SystemError) {
        try state.withLock { (state: inout State) throws(SystemError) in
            if !state.hasThread {
                try startThread("queue-look", &state)
                state.isEnding = true
            }
            state.due += work
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

/// A device that takes requests out of queues in the guest's memory when it is notified of them.
///
/// That it was notified is not part of its state: a request for which the notification came, and which still stands in its
/// queue when the state is saved, would stay there for ever.
public protocol QueuedDevice: AnyObject, Sendable {
    /// Looks at every queue as if its driver had notified it. With the machine lock held, of a machine that runs.
    func lookAtQueues()
}
