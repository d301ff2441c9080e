public import Environment
import Synchronization
import SystemCalls

/// Wakes a device at a time of the host, with the machine lock held: for what becomes due while no vCPU accesses the
/// device. While the machine is paused or halted, or stands by for a guest that runs elsewhere, the lock keeps the timer
/// back, and it goes off when the guest runs on here. Once the machine has ended it never goes off again.
///
/// The thread that waits exists from the first time the timer is set, so a guest that never sets it costs none.
public final class DeviceTimer: Sendable {
    private struct Wish: Equatable {
        var due = Nanoseconds.never
        var isOver = false
    }
    private struct Parts {
        var body: @Sendable () -> Void = {}
        var thread: Thread?
    }

    private let name: String
    private let lock: MachineLock
    private let log: @Sendable (String) -> Void
    private let wish = ThreadGate(Wish())
    private let parts = Mutex(Parts())
    private let clock = SystemClock()

    /// A timer that is not set. `name` is its thread's; `log` gets a line when the host has no thread for it.
    public init(name: String, lock: MachineLock, log: @escaping @Sendable (String) -> Void) {
        self.name = name
        self.lock = lock
        self.log = log
    }

    /// Sets what is called when the time has come. To be set once, before the timer is first set.
    public func onDue(_ body: @escaping @Sendable () -> Void) { parts.withLock { $0.body = body } }

    /// Goes off once when `span` has passed, and at no other time; nil: never. May be called with the machine lock held.
    public func set(after span: Nanoseconds?) {
        let due = span.map { clock.now() + $0 } ?? .never
        wish.withLock { $0.due = due }
        guard due != .never else { return }
        parts.withLock { parts in
            guard parts.thread == nil else { return }
            do throws(SystemError) {
                parts.thread = try Thread(name: name) { [self, body = parts.body] in run(body) }
            } catch { log("the guest's timer \(name) does not work: \(error)") }
        }
    }

    /// Ends the thread and waits for it. Called without the machine lock, which must be open or closed.
    public func stop() {
        wish.withLock { $0.isOver = true }
        parts.withLock { $0.thread }?.join()
    }

    private func run(_ body: () -> Void) {
        var seen = Wish()
        while !seen.isOver {
            if let changed = wish.wait(until: seen.due, { $0 == seen ? nil : $0 }) {
                seen = changed
                continue
            }
            // Refused for ever: what is due stays due, and trying again would only take the host's time.
            let entered: Void? = lock.withLockOnceAttached {
                let isDue = wish.withLock(notify: false) { wish in
                    // Set anew while the lock was not to be had: this time has not come.
                    guard wish == seen else { return false }
                    wish.due = .never
                    return true
                }
                if isDue { body() }
            }
            guard entered != nil else { return }
            seen = wish.withLock(notify: false) { $0 }
        }
    }
}
