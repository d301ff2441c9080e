import Environment
import SystemCalls
import Transport

/// Where the destination of a paused postcopy waits for its source: an address that the operator may replace by another one
/// while it is waited there.
final class RecoveryListener: Sendable {
    private struct State {
        var reception: Reception?
        /// How many channels the source has.
        var channelCount = 1
        /// How often an address was asked for: the last one counts.
        var requests = 0
        var hasEnded = false
    }

    private let gate = ThreadGate(State())

    deinit { withdraw() }

    /// From now on the source is one with so many channels.
    func expect(channels count: Int) { gate.withLock { $0.channelCount = count } }

    /// Somebody wants it to be waited elsewhere. Returns the number of that wish.
    func request() -> Int {
        gate.withLock { state in
            state.requests += 1
            return state.requests
        }
    }

    /// The wish came to nothing: that of before counts again, unless there is a later one.
    func takeBack(_ request: Int) { gate.withLock { if $0.requests == request { $0.requests -= 1 } } }

    /// Whether nobody has had another wish since.
    func isLatest(_ request: Int) -> Bool { gate.withLock(notify: false) { $0.requests == request } }

    /// It is waited no more where it was, if anywhere, so that the address is free for the next listener.
    func withdraw() {
        let former = gate.withLock { state in
            defer { state.reception = nil }
            return state.reception
        }
        former?.withdraw()
    }

    /// Whoever waits goes on waiting at `listener`, and nowhere else. Throws if somebody has had another wish since, or nobody
    /// waits any more; the listener is the caller's to stop then.
    func use(
        _ listener: Listener, for request: Int, _ controller: MigrationController, _ set: ChannelSet
    ) throws(MigrationRefusal) {
        let count = gate.withLock(notify: false) { $0.channelCount }
        let reception: Reception
        do {
            reception = try Reception(
                listener: listener, controller: controller, set: set, count: count, mayBeWithdrawn: true)
        } catch {
            throw .system(error)
        }
        let former = try gate.withLock { (state: inout State) throws(MigrationRefusal) -> Reception? in
            guard !state.hasEnded else { throw .postcopyNotPaused }
            guard state.requests == request else { throw .recoveryReplaced }
            defer { state.reception = reception }
            return state.reception
        }
        former?.withdraw()
    }

    /// Whether somebody else may come after one who was sent away.
    var bringsAnother: Bool { gate.withLock(notify: false) { $0.reception?.bringsAnother ?? true } }

    /// Nobody is waited for any more.
    func end() {
        let last = gate.withLock { state in
            state.hasEnded = true
            return state.reception
        }
        last?.end()
    }

    /// Who receives the source; waits until the operator has said where. Throws once nobody is waited for any more.
    func next() throws(MigrationFailure) -> Reception {
        let next = gate.wait { state -> Reception?? in
            if state.hasEnded { return .some(nil) }
            return state.reception.map { .some($0) }
        }
        guard let next = next ?? nil else { throw .cancelled }
        return next
    }
}
