import Environment
import Synchronization
import SystemCalls
import Transport

/// Where the destination of a paused postcopy listens for its source: an address that the operator may replace by another
/// one while it is waited there.
final class RecoveryListener: Sendable {
    private struct State {
        var listener: Listener?
        /// How often another one was wanted, and how often when somebody was accepted last.
        var changes = 0
        var changesAtLast = 0
        var isAccepting = false
        var hasEnded = false
    }

    private let gate = ThreadGate(State())
    /// Held by whoever replaces the listener.
    private let replacing = Mutex<Void>(())
    /// Raised when there is another listener.
    private let changed: EventSignal

    init() throws(SystemError) { changed = try EventSignal() }

    deinit { gate.withLock { $0.listener }?.stop() }

    /// Listens no more where it did, if anywhere, so that the address is free for the next listener.
    func withdraw() {
        let former = gate.withLock { state in
            defer { state.listener = nil }
            state.changes += 1
            return state.listener
        }
        guard let former else { return }
        changed.raise()
        _ = gate.wait { $0.isAccepting ? nil : true }
        former.stop()
    }

    /// Whoever waits goes on waiting at `listener`, and nowhere else.
    func use(_ listener: Listener) {
        replacing.withLock { _ in
            withdraw()
            gate.withLock { $0.listener = listener }
        }
    }

    /// Nobody is waited for any more.
    func end() {
        gate.withLock { $0.hasEnded = true }
        changed.raise()
    }

    /// Waits for the next connection, wherever that may be by then.
    func accept(in set: ChannelSet) throws(TransportError) -> Channel {
        while true {
            let next = gate.wait { state -> Listener?? in
                if state.hasEnded { return .some(nil) }
                guard let listener = state.listener else { return nil }
                state.isAccepting = true
                state.changesAtLast = state.changes
                return listener
            }
            guard let next = next ?? nil else { throw .cancelled }
            if let channel = try accept(from: next, in: set, deadline: .never) { return channel }
        }
    }

    /// Waits for one more connection at the same place, until `deadline`; nil if another place is wanted by then.
    func acceptAnother(in set: ChannelSet, deadline: Nanoseconds) throws(TransportError) -> Channel? {
        let listener = gate.withLock(notify: false) { state -> Listener? in
            guard state.changes == state.changesAtLast, let listener = state.listener else { return nil }
            state.isAccepting = true
            return listener
        }
        guard let listener else { return nil }
        return try accept(from: listener, in: set, deadline: deadline)
    }

    /// Nil if another place is wanted.
    private func accept(
        from listener: Listener, in set: ChannelSet, deadline: Nanoseconds
    ) throws(TransportError) -> Channel? {
        defer { gate.withLock { $0.isAccepting = false } }
        if let channel = try set.accept(from: listener, orUntil: changed, deadline: deadline) { return channel }
        changed.lower()
        return nil
    }
}
