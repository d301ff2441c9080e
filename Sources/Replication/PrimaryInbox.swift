import Environment
import ReplicationCore
import SystemCalls

/// What a primary's run has still to look at. The secondary's messages wait for room, so that one that sends faster than
/// the run looks takes no memory; what comes from this side always has room.
final class PrimaryInbox: Sendable {
    /// How many events may wait before the secondary has to. A checkpoint has fewer messages.
    static let limit = 16

    private let events = ThreadGate<[ColoPrimary.Event]>([])

    /// Adds an event of this side.
    func post(_ event: ColoPrimary.Event) { events.withLock { $0.append(event) } }

    /// Adds what the secondary sent, as soon as there is room.
    func offer(_ event: ColoPrimary.Event) {
        _ = events.wait { events -> Bool? in
            guard events.count < Self.limit else { return nil }
            events.append(event)
            return true
        }
        // Whoever waits for an event looks again.
        events.withLock { _ in }
    }

    /// A failover request goes before everything else, then events in their order; nil once `deadline` has passed.
    func next(until deadline: Nanoseconds) -> ColoPrimary.Event? {
        let event = events.wait(until: deadline) { events -> ColoPrimary.Event? in
            if let index = events.firstIndex(of: .failoverRequested) { return events.remove(at: index) }
            return events.isEmpty ? nil : events.removeFirst()
        }
        // Whoever waits for room looks again.
        events.withLock { _ in }
        return event
    }

    /// Nothing is looked at any more; whoever waits for room has it.
    func clear() { events.withLock { $0 = [] } }

    /// How many events wait.
    var count: Int { events.withLock(notify: false) { $0.count } }
}
