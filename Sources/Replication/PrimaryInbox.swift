import Environment
import ReplicationCore
import SystemCalls

/// What a primary's run has still to look at. The secondary's messages wait for room, so that one that sends faster than
/// the run looks takes no memory; what comes from this side always has room.
final class PrimaryInbox: Sendable {
    /// How many events may wait before the secondary has to. A checkpoint has fewer messages.
    static let limit = 16

    private struct State {
        var events: [COLOPrimary.Event] = []
        var isClosed = false
    }

    private let state = ThreadGate(State())

    /// Adds an event of this side.
    func post(_ event: COLOPrimary.Event) { state.withLock { if !$0.isClosed { $0.events.append(event) } } }

    /// Adds what the secondary sent, as soon as there is room; false if nothing is looked at any more.
    func offer(_ event: COLOPrimary.Event) -> Bool {
        let isTaken = state.wait { state -> Bool? in
            if state.isClosed { return false }
            guard state.events.count < Self.limit else { return nil }
            state.events.append(event)
            return true
        }
        // The thread that waits for an event looks again.
        state.withLock { _ in }
        return isTaken == true
    }

    /// A failover request goes before everything else, then events in their order; nil once `deadline` has passed.
    func next(until deadline: Nanoseconds) -> COLOPrimary.Event? {
        let event = state.wait(until: deadline) { state -> COLOPrimary.Event? in
            if let index = state.events.firstIndex(of: .failoverRequested) { return state.events.remove(at: index) }
            return state.events.isEmpty ? nil : state.events.removeFirst()
        }
        // The thread that waits for room looks again.
        state.withLock { _ in }
        return event
    }

    /// Nothing is looked at any more, and nothing taken; nobody waits for room.
    func close() {
        state.withLock { state in
            state.events = []
            state.isClosed = true
        }
    }

    /// How many events wait.
    var count: Int { state.withLock(notify: false) { $0.events.count } }
}
