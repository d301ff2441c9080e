import Environment
import Glibc
import Synchronization
import SystemCalls

/// The thread that all connections live on: waits for their sockets, runs what other threads post, and keeps timers.
///
/// SwiftNIO is not used here because it cannot receive passed descriptors, which `getfd` is about.
final class MonitorLoop: Sendable {
    /// What is done when a socket is ready; called on the loop's thread.
    typealias Handler = (Poller.Readiness) -> Void

    /// What only the loop's thread touches.
    private final class Inside: @unchecked Sendable {
        // SAFETY: used by nobody but the loop's thread, see `assertIsCurrent`.
        var handlers: [UInt64: Handler] = [:]
        var lastToken: UInt64 = 0
        var timers: [(due: Nanoseconds, body: () -> Void)] = []
    }

    private struct Mailbox {
        var jobs: [@Sendable () -> Void] = []
        var isWoken = false
        var isEnding = false
    }

    private static let wakeToken: UInt64 = 0

    private let poller: Poller
    private let wake: EventSignal
    private let clock = SystemClock()
    private let inside = Inside()
    private let mailbox = Mutex(Mailbox())
    /// The loop's pthread_t; 0 while there is none.
    private let thread = Atomic<UInt>(0)

    init() throws(SystemError) {
        poller = try Poller()
        wake = try EventSignal()
        try poller.add(wake.descriptor, .readable, token: Self.wakeToken)
    }

    /// Starts the thread; it lives until `end`.
    func start() throws(SystemError) {
        _ = try Thread(name: "management") { self.run() }
    }

    /// Ends the thread once it has done what was posted before.
    func end() {
        mailbox.withLock { $0.isEnding = true }
        wake.raise()
    }

    /// Whether the caller runs on the loop's thread.
    var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Runs `job` on the loop's thread, after what was posted before; from any thread.
    func post(_ job: @escaping @Sendable () -> Void) {
        let needsWake = mailbox.withLock { mailbox in
            mailbox.jobs.append(job)
            defer { mailbox.isWoken = true }
            return !mailbox.isWoken
        }
        // The loop looks into its mailbox before it sleeps.
        if needsWake && !isCurrent { wake.raise() }
    }

    /// Has `handler` called whenever `descriptor` is ready for `readiness`; returns the name of the pair.
    func add(
        _ descriptor: Int32, _ readiness: Poller.Readiness, _ handler: @escaping Handler
    ) throws(SystemError) -> UInt64 {
        inside.lastToken += 1
        try poller.add(descriptor, readiness, token: inside.lastToken)
        inside.handlers[inside.lastToken] = handler
        return inside.lastToken
    }

    func change(_ descriptor: Int32, _ readiness: Poller.Readiness, token: UInt64) {
        poller.change(descriptor, readiness, token: token)
    }

    /// Forgets the pair; the descriptor is still open.
    func remove(_ descriptor: Int32, token: UInt64) {
        poller.remove(descriptor)
        inside.handlers[token] = nil
    }

    /// Runs `body` on this thread after `delay`; called on it.
    func schedule(after delay: Nanoseconds, _ body: @escaping () -> Void) {
        inside.timers.append((clock.now() + delay, body))
    }

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        // Clients are to be answered soon also while migrations and guests keep every core busy.
        Thread.favourCurrent()
        var events: [Poller.Event] = []
        while true {
            let hasJobs = mailbox.withLock { !$0.jobs.isEmpty }
            poller.wait(milliseconds: hasJobs ? 0 : patience, &events)
            for event in events {
                if event.token == Self.wakeToken {
                    wake.lower()
                } else {
                    inside.handlers[event.token]?(event.readiness)
                }
            }
            let (jobs, isEnding) = mailbox.withLock { mailbox in
                defer { mailbox.jobs = [] }
                mailbox.isWoken = false
                return (mailbox.jobs, mailbox.isEnding)
            }
            for job in jobs { job() }
            runTimers()
            if isEnding && mailbox.withLock({ $0.jobs.isEmpty }) { break }
        }
        inside.handlers = [:]
        inside.timers = []
    }

    /// Milliseconds until the next timer; -1 if there is none.
    private var patience: Int32 {
        guard let next = inside.timers.map(\.due).min() else { return -1 }
        let now = clock.now()
        return next <= now ? 0 : Int32(clamping: (next - now).count / 1_000_000 + 1)
    }

    private func runTimers() {
        guard !inside.timers.isEmpty else { return }
        let now = clock.now()
        let due = inside.timers.filter { $0.due <= now }
        inside.timers.removeAll { $0.due <= now }
        for timer in due { timer.body() }
    }
}
