import CLinux
import Environment
import Glibc

/// A lock with a condition: threads wait until a predicate over the guarded value holds, with a deadline.
///
/// For plain threads (vCPUs, the data plane); tasks of the control plane use `Mutex` and continuations.
public final class ThreadGate<Value>: @unchecked Sendable {
    // SAFETY: `value` is touched only with `mutex` held; the pthread objects live at fixed addresses.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    /// A gate around `value`.
    public init(_ value: consuming sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` with the lock held. With `notify` every waiter looks at its predicate again afterwards.
    public func withLock<Result, Failure: Error>(
        notify: Bool = true, _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            if notify { pthread_cond_broadcast(condition) }
            pthread_mutex_unlock(mutex)
        }
        return try body(&value)
    }

    /// Waits, without a deadline, until `ready` holds of the value and runs `body` with the lock held, without waking
    /// other waiters.
    public func withLock<Result, Failure: Error>(
        when ready: (Value) -> Bool, _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !ready(value) { pthread_cond_wait(condition, mutex) }
        return try body(&value)
    }

    /// Runs `body` with the lock held if nobody holds it now; nil, without having run it, if somebody does.
    public func tryLock<Result>(_ body: (inout Value) -> Result) -> Result? {
        guard pthread_mutex_trylock(mutex) == 0 else { return nil }
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return body(&value)
    }

    /// Waits until `predicate` returns a value, and returns that; nil once `deadline` (of SystemClock) has passed.
    public func wait<Result>(
        until deadline: Nanoseconds = .never, _ predicate: (inout Value) -> Result?
    ) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = predicate(&value) { return result }
            if deadline == .never {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(
                tv_sec: Int(deadline.count / 1_000_000_000), tv_nsec: Int(deadline.count % 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return predicate(&value) }
        }
    }
}
