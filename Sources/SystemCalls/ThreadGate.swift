import CLinux
public import Environment
import Glibc

/// A lock with a condition: threads wait until a predicate over the guarded value holds, with a deadline.
///
/// For plain threads (vCPUs, the data plane); tasks of the control plane use `Mutex` and continuations.
@safe public final class ThreadGate<Value>: @unchecked Sendable {
    // SAFETY: `value` is touched only with `mutex` held; the pthread objects live at fixed addresses.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    /// A gate around `value`.
    public init(_ value: consuming sending Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the lock held. With `notify` every waiter looks at its predicate again afterwards.
    public func withLock<Result, Failure: Error>(
        notify: Bool = true, _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_mutex_unlock(mutex)
            // Behind it, so that who wakes at once does not find the lock held and sleep again.
            if notify { unsafe pthread_cond_broadcast(condition) }
        }
        return try body(&value)
    }

    /// Waits, without a deadline, until `ready` holds of the value and runs `body` with the lock held, without waking
    /// other waiters.
    public func withLock<Result, Failure: Error>(
        when ready: (Value) -> Bool, _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !ready(value) { unsafe pthread_cond_wait(condition, mutex) }
        return try body(&value)
    }

    /// Runs `body` with the lock held if nobody holds it now; nil, without having run it, if somebody does.
    public func tryLock<Result>(_ body: (inout Value) -> Result) -> Result? {
        guard unsafe pthread_mutex_trylock(mutex) == 0 else { return nil }
        defer {
            unsafe pthread_mutex_unlock(mutex)
            unsafe pthread_cond_broadcast(condition)
        }
        return body(&value)
    }

    /// Waits until `predicate` returns a value, and returns that; nil once `deadline` (of SystemClock) has passed.
    public func wait<Result>(
        until deadline: Nanoseconds = .never, _ predicate: (inout Value) -> Result?
    ) -> Result? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = predicate(&value) { return result }
            if deadline == .never {
                unsafe pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(
                tv_sec: Int(deadline.count / 1_000_000_000), tv_nsec: Int(deadline.count % 1_000_000_000))
            if unsafe pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return predicate(&value) }
        }
    }
}
