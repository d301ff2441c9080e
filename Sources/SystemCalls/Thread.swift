import CLinux
import Glibc

/// A plain thread with a name, for the data plane and vCPUs: pthread_create(3).
public final class Thread: @unchecked Sendable {
    // SAFETY: `handle` is written once before the thread can be joined, and `joined` only by the one that joins. `body`
    // belongs to the new thread from its start on.
    private var handle = pthread_t()
    private var joined = false
    private var body: (@Sendable () -> Void)?
    private let name: String

    /// Starts `body` on a thread of its own. `name` is what ps and top show (15 bytes at most).
    public init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        self.body = body
        self.name = name
        let box = unsafe Unmanaged.passRetained(self)
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        let code = unsafe pthread_create(
            &handle, &attributes,
            { raw in
                // SAFETY: `raw` is the retained box made above, taken back exactly once, here.
                guard let raw = unsafe raw else { return nil }
                let thread = unsafe Unmanaged<Thread>.fromOpaque(raw).takeRetainedValue()
                unsafe pthread_setname_np(pthread_self(), String(thread.name.prefix(15)))
                thread.body?()
                // An owner of the thread does not keep what it worked on.
                thread.body = nil
                return nil
            }, unsafe box.toOpaque())
        if code != 0 {
            // There is no thread that deinit could detach.
            joined = true
            unsafe box.release()
            throw SystemError(code: code, call: "pthread_create", subject: name)
        }
    }

    /// The number of the calling thread, as /proc shows it: gettid(2).
    public static var currentID: Int32 { clinux_gettid() }

    /// Has the calling thread scheduled before others of ordinary priority, as far as the process may: setpriority(2),
    /// RLIMIT_NICE of getrlimit(2), and in short turns: sched_setattr(2). For threads that somebody waits for.
    public static func favourCurrent() {
        _ = clinux_set_thread_turn(100_000)
        _ = clinux_set_thread_priority(-10)
    }

    /// Has the calling thread give way to others of ordinary priority where there are more of them than processors:
    /// setpriority(2). For threads that compute for long in the background.
    public static func deferCurrent() { _ = clinux_set_thread_priority(5) }

    /// Waits until the thread has ended. To be called once at most; a thread never joined is detached.
    public func join() {
        guard !joined else { return }
        joined = true
        pthread_join(handle, nil)
    }

    deinit { if !joined { pthread_detach(handle) } }
}
