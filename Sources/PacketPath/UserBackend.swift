import CSlirp
public import Environment
import Glibc
import Synchronization
import SystemCalls

/// What became of the frames of a user-mode network.
public struct UserCounters: Sendable, Equatable {
    /// From the guest, taken by the network stack.
    public var sent = FrameCount()
    /// Towards the guest, handed to the receiver.
    public var received = FrameCount()
    /// From the guest, lost: the queue was full, or the back-end not running.
    public var dropped = FrameCount()

    /// All zero.
    public init() {}
}

/// A user-mode network without any rights on the host (libslirp): the guest is 10.0.2.15 behind a gateway 10.0.2.2 that
/// turns its connections into ordinary sockets of this process, and ports of the host can lead to ports of the guest.
/// As is usual with it, the guest reaches services on the host's loopback at 10.0.2.2.
///
/// The connections live in this process and end with it: after a takeover clients connect again, to the survivor's
/// forwards. For connections that survive, use `TapBackend`.
///
/// All of the library's work happens on one thread; `send` only queues.
public final class UserBackend: NetworkBackend {
    /// How many bytes wait for the thread; what comes then is dropped.
    public static let queueLimit = 4 << 20
    /// How long the thread may take to answer beyond the deadline of a request.
    private static let answerGrace = Nanoseconds.seconds(5)
    /// How often a listener that could not be opened is tried again; nothing tells when a port becomes free.
    private static let retryInterval = Nanoseconds.milliseconds(10)

    private struct State {
        var waiting = FrameQueue()
        var running = false
        var stopping = false
        var started = false
        var signalled = false
        var counters = UserCounters()
        /// Until when closed forwards are to be tried; nil while nobody asks.
        var openUntil: Nanoseconds?
    }

    /// What the thread answers to `start` and `openForwards`.
    private struct Answers {
        var started: Result<Void, NetworkError>?
        var opened: Result<Void, NetworkError>?
        var ended = false
    }

    private let forwards: [PortForward]
    private let opensForwardsAtStart: Bool
    private let wake: EventSignal
    private let state = Mutex(State())
    private let thread = Mutex<Thread?>(nil)
    private let answers = ThreadGate(Answers())
    private let clock = SystemClock()

    /// A network with `forwards`. With `opensForwardsAtStart` `start` opens their listeners and fails if one cannot be
    /// opened; otherwise only `openForwards` does, for a secondary on the primary's own host.
    public init(forwards: [PortForward] = [], opensForwardsAtStart: Bool = true) throws(NetworkError) {
        self.forwards = forwards
        self.opensForwardsAtStart = opensForwardsAtStart
        do { wake = try EventSignal() } catch { throw NetworkError("user network", error) }
    }

    /// What became of the frames so far.
    public var counters: UserCounters { state.withLock { $0.counters } }

    /// Queues the frame for the network stack. Never blocks.
    public func send(_ frame: [UInt8]) {
        let mustWake = state.withLock { state in
            guard state.running, frame.count <= largestFrame,
                state.waiting.bytes + frame.count <= Self.queueLimit
            else {
                state.counters.dropped.add(frame.count)
                return false
            }
            state.waiting.append(frame)
            defer { state.signalled = true }
            return !state.signalled
        }
        if mustWake { wake.raise() }
    }

    /// Starts the network stack on its thread.
    public func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {
        let again = state.withLock { state in
            defer { state.started = true }
            return state.started || state.stopping
        }
        if again { throw NetworkError(subject: "user network", problem: "started twice or after it was stopped") }
        do throws(SystemError) {
            let thread = try Thread(name: "user-network") { self.run(receiver) }
            self.thread.withLock { $0 = thread }
        } catch { throw NetworkError("user network", error) }
        try awaitAnswer(deadline: clock.now() + Self.answerGrace) { $0.started }
        if opensForwardsAtStart, !forwards.isEmpty {
            do { try openForwards(until: .zero) } catch {
                stop()
                throw error
            }
        }
    }

    /// Opens the listeners of all forwards that are not open, trying again while an address is in use until `deadline`
    /// (of SystemClock): at a takeover the old primary's process on the same host may take a moment to go. Returns when
    /// all are open; those that could be opened stay open if another could not.
    ///
    /// Waits for the thread, so the machine lock must not be held.
    public func openForwards(until deadline: Nanoseconds) throws(NetworkError) {
        let running = state.withLock { state in
            if state.running { state.openUntil = deadline }
            return state.running
        }
        guard running else { throw NetworkError(subject: "user network", problem: "forwards opened before its start") }
        wake.raise()
        try awaitAnswer(deadline: max(deadline, clock.now()) + Self.answerGrace) { $0.opened.take() }
    }

    /// Ends the thread; every connection and listener is closed.
    public func stop() {
        state.withLock { $0.stopping = true }
        wake.raise()
        thread.withLock { $0.take() }?.join()
    }

    private func awaitAnswer(
        deadline: Nanoseconds, _ answer: (inout Answers) -> Result<Void, NetworkError>?
    ) throws(NetworkError) {
        let ended = NetworkError(subject: "user network", problem: "stopped")
        let result = answers.wait(until: deadline) { answers in
            answer(&answers) ?? (answers.ended ? .failure(ended) : nil)
        }
        guard let result else { throw NetworkError("user network", .timedOut("wait for the network thread")) }
        try result.get()
    }

    /// The thread: owns the stack from here to the end.
    private func run(_ receiver: @escaping @Sendable ([UInt8]) -> Void) {
        blockBrokenPipeSignal()
        let stack = SlirpStack { frame in
            self.state.withLock { $0.counters.received.add(frame.count) }
            receiver(frame)
        }
        guard let stack else {
            let failure = NetworkError(subject: "user network", problem: "libslirp could not be initialised")
            return answers.withLock { $0.started = .failure(failure) }
        }
        state.withLock { $0.running = true }
        answers.withLock { $0.started = .success(()) }
        var closed = forwards
        var frames = FrameQueue()
        while takeWork(into: &frames) {
            var limit = Nanoseconds.never
            while let frame = frames.popFirst() { if stack.input(frame) { limit = .zero } }
            if openForwards(&closed, with: stack) { limit = min(limit, Self.retryInterval) }
            stack.turn(wake: wake, limit: limit)
        }
        state.withLock { state in
            state.running = false
            state.waiting.removeAll()
        }
        answers.withLock { $0.ended = true }
    }

    /// Takes all frames that wait; false once the thread must end.
    private func takeWork(into frames: inout FrameQueue) -> Bool {
        state.withLock { state in
            state.signalled = false
            state.counters.sent.add(frames: state.waiting.count, bytes: state.waiting.bytes)
            // The empty queue goes back with its capacity, so that steady traffic allocates nothing here.
            swap(&frames, &state.waiting)
            return !state.stopping
        }
    }

    /// Opens what is closed if somebody asked; returns whether to try again soon.
    private func openForwards(_ closed: inout [PortForward], with stack: SlirpStack) -> Bool {
        guard let deadline = state.withLock({ $0.openUntil }) else { return false }
        var failure: NetworkError?
        var final = clock.now() >= deadline
        closed.removeAll { forward in
            let code = stack.open(forward)
            if code == 0 { return true }
            if code != EADDRINUSE { final = true }
            failure = Self.describe(forward, code)
            return false
        }
        if failure != nil, !final { return true }
        state.withLock { $0.openUntil = nil }
        answers.withLock { $0.opened = failure.map { .failure($0) } ?? .success(()) }
        return false
    }

    private static func describe(_ forward: PortForward, _ code: Int32) -> NetworkError {
        let advice =
            switch code {
            case EADDRINUSE: "another process listens there; choose another port or stop it"
            case EADDRNOTAVAIL: "the host has no such address"
            case EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE"
            default: ""
            }
        return NetworkError("port forward \(forward)", SystemError(code: code, call: "listen"), advice: advice)
    }

    /// The library writes to sockets that a client may have closed; the signal that this raises would end the process.
    private func blockBrokenPipeSignal() {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
