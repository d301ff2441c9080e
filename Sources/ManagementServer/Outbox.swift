import QMP
import Synchronization
import SystemCalls

/// What one client has yet to take: replies and events in the order they were put in, from any thread.
final class Outbox: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        /// Bytes that were taken out of `waiting` and that the kernel has not taken.
        var sending = 0
        var isClosed = false
        var isFlushDue = false
        var owner: (@Sendable (Urgency) -> Void)?
    }

    /// What the owner is asked to do on its thread.
    enum Urgency: Sendable {
        /// There is something to send.
        case flush
        /// Too much waits: the connection has to end.
        case close
    }

    /// Whether the text is laid out over several lines.
    let isPretty: Bool
    private let limit: Int
    private let state = Mutex(State())

    init(isPretty: Bool, limit: Int) {
        self.isPretty = isPretty
        self.limit = limit
    }

    /// Has `owner` called, on the thread that appends, when an event was appended or did not fit.
    func setOwner(_ owner: @escaping @Sendable (Urgency) -> Void) { state.withLock { $0.owner = owner } }

    /// Bytes that the client has not taken.
    var unsentBytes: Int { state.withLock { $0.waiting.count + $0.sending } }

    /// Appends a reply; the caller flushes. Replies are bounded by taking no more requests while they wait.
    func append(reply: [UInt8]) {
        state.withLock { if !$0.isClosed { $0.waiting += reply } }
    }

    /// Appends an event, or closes the connection if too much waits already.
    func append(event: [UInt8]) {
        let (owner, urgency) = state.withLock { state -> ((@Sendable (Urgency) -> Void)?, Urgency) in
            if state.isClosed { return (nil, .close) }
            if state.waiting.count + state.sending + event.count > limit {
                state.isClosed = true
                state.waiting = []
                return (state.owner, .close)
            }
            state.waiting += event
            defer { state.isFlushDue = true }
            return (state.isFlushDue ? nil : state.owner, .flush)
        }
        owner?(urgency)
    }

    /// What waits, to be sent by the caller; `sent` tells how much of it has gone.
    func takeWaiting() -> [UInt8] {
        state.withLock { state in
            state.isFlushDue = false
            guard !state.waiting.isEmpty else { return [] }
            state.sending += state.waiting.count
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// `count` bytes of what was taken have gone to the kernel.
    func sent(_ count: Int) { state.withLock { $0.sending -= count } }

    /// Takes nothing more.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.waiting = []
            state.sending = 0
            state.owner = nil
        }
    }
}
