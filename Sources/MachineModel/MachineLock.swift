public import Environment
import SystemCalls

/// The one lock around everything that devices share: a vCPU holds it for the length of one device access, an I/O
/// thread while it touches rings and guest memory. While the machine is halted or paused the lock is frozen: nobody
/// gets it until the machine runs again. Hence a halted machine is wholly at rest.
///
/// While RAM and devices belong to somebody else (the machine waits for its state, or holds the checkpoints of a guest
/// that runs elsewhere) the lock is detached, and for good once the machine has ended: then it is refused instead of
/// waited for, so that what arrives for the guest is lost, as on a wire that leads nowhere.
///
/// Order: the machine lock is taken before any lock inside a device or a back-end, never after it.
public final class MachineLock: Sendable {
    private enum Mode { case open, frozen, detached }

    private struct State {
        var mode = Mode.open
        var isClosed = false
        /// Whether a thread is inside. The gate itself is never held for longer than a look at this state: the thread
        /// inside may stand in a system call.
        var isHeld = false
    }

    private let state = ThreadGate(State())

    /// A lock that nobody holds and that is not frozen.
    public init() {}

    /// Runs `body` with the lock held, after waiting until the machine is not frozen. Returns nil, without having run
    /// it, when the lock is detached or closed. Not recursive.
    @discardableResult
    public func withLock<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        try withLock(refusedWhileDetached: true, body)
    }

    /// The same for who has to act as soon as the machine runs here: a detached lock is waited for like a frozen one, and
    /// only a closed one is refused.
    @discardableResult
    public func withLockOnceAttached<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        try withLock(refusedWhileDetached: false, body)
    }

    private func withLock<Result, Failure: Error>(
        refusedWhileDetached: Bool, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        let entered = state.wait { state -> Bool? in
            if state.isClosed || refusedWhileDetached && state.mode == .detached { return false }
            return Self.enter(&state, when: state.mode == .open)
        }
        guard entered == true else { return nil }
        defer { leave() }
        return try body()
    }

    /// Waits for the present holder and lets nobody else in until `thaw`. Only for the owner of the machine's run
    /// state, after the vCPUs stand. False, with the lock as it was, if the holder has not left by `deadline` (of
    /// SystemClock).
    @discardableResult
    public func freeze(until deadline: Nanoseconds = .never) -> Bool {
        state.wait(until: deadline) { state -> Bool? in
            guard !state.isHeld else { return nil }
            state.mode = .frozen
            return true
        } ?? false
    }

    /// Ends a freeze; who waited for the lock goes on.
    public func thaw() { state.withLock { $0.mode = .open } }

    /// Refuses the lock until `thaw`, also to who waits for it. Only for the owner of the machine's run state, while the
    /// machine is at rest.
    public func detach() { state.withLock { $0.mode = .detached } }

    /// Refuses the lock for ever. Waits for nobody: who is inside stays there until its work is done.
    public func close() { state.withLock { $0.isClosed = true } }

    /// Runs `body` with the lock held, frozen or not: for who saves, loads or resets a machine at rest.
    public func withLockWhileFrozen<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        _ = state.wait { Self.enter(&$0, when: true) }
        defer { leave() }
        return try body()
    }

    /// The same of a machine that may run, so that a vCPU may be inside for as long as a disk takes: nil, without having
    /// run `body`, once `deadline` (of SystemClock) has passed.
    public func withLockWhileFrozen<Result>(until deadline: Nanoseconds, _ body: () -> Result) -> Result? {
        guard state.wait(until: deadline, { Self.enter(&$0, when: true) }) == true else { return nil }
        defer { leave() }
        return body()
    }

    private static func enter(_ state: inout State, when isAllowed: Bool) -> Bool? {
        guard isAllowed, !state.isHeld else { return nil }
        state.isHeld = true
        return true
    }

    private func leave() { state.withLock { $0.isHeld = false } }
}
