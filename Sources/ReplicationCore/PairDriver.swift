public import Environment

/// The heartbeat's monitor and the pair's controller at work together: the one executor of both, in production and in
/// the simulator.
///
/// Everything stands in line. What one event makes the two do is done wholly, in the order they said, before the next
/// event is looked at; what they say to each other stands in line with the rest. So no message overtakes an earlier one,
/// and what a crash or a freeze can interrupt is the same in both worlds. `next` hands out one effect at a time; the
/// edge carries it out before it asks for another.
public struct PairDriver: Sendable {
    /// What happened outside.
    public enum Input: Sendable {
        /// On the heartbeat's network.
        case network(HeartbeatMonitor.Event)
        /// Anything else.
        case pair(PairController.Event)
        /// `nextDeadline` was reached.
        case timer
    }

    /// What the edge has to do.
    public enum Effect: Sendable, Equatable {
        /// Send bytes on a heartbeat connection.
        case send(HeartbeatMonitor.ConnectionID, [UInt8])
        /// Close a heartbeat connection.
        case close(HeartbeatMonitor.ConnectionID)
        /// Dial this address of the peer.
        case dial(address: Int)
        /// Tell operators that this connection is being refused; its `close` follows.
        case ignored(HeartbeatMonitor.ConnectionID, HeartbeatFault)
        /// What the controller decided; never `announce`.
        case pair(PairController.Action)
    }

    private enum Work: Sendable {
        case monitor(HeartbeatMonitor.Action)
        case pair(PairController.Action)
    }

    /// Who serves.
    public private(set) var controller: PairController
    /// Whether the peer lives.
    public private(set) var monitor: HeartbeatMonitor
    private let profile: PairProfile
    private var inputs = Line<Input>()
    private var work = Line<Work>()

    /// A driver of these two, on the side with this profile.
    public init(controller: PairController, monitor: HeartbeatMonitor, profile: PairProfile) {
        self.controller = controller
        self.monitor = monitor
        self.profile = profile
    }

    /// When `.timer` is wanted.
    public var nextDeadline: Nanoseconds { min(monitor.nextDeadline, controller.nextDeadline) }

    /// Puts an event in line.
    public mutating func post(_ input: Input) { inputs.append(input) }

    /// The next thing to do; nil if nothing is left. `now` is read anew for each call.
    public mutating func next(now: Nanoseconds) -> Effect? {
        while true {
            if let item = work.popFirst() {
                if let effect = effect(of: item, now) { return effect }
            } else if let input = inputs.popFirst() {
                take(input, now)
            } else {
                return nil
            }
        }
    }

    private mutating func take(_ input: Input, _ now: Nanoseconds) {
        switch input {
        case .network(let event): append(monitor.handle(event, now: now))
        case .pair(let event): append(controller.handle(event, now: now))
        case .timer:
            append(monitor.handle(.timer, now: now))
            inputs.append(.pair(.timer))
        }
    }

    private mutating func append(_ actions: [HeartbeatMonitor.Action]) {
        for action in actions { work.append(.monitor(action)) }
    }

    private mutating func append(_ actions: [PairController.Action]) {
        for action in actions { work.append(.pair(action)) }
    }

    /// What is meant for the other machine goes there; the rest is the edge's.
    private mutating func effect(of item: Work, _ now: Nanoseconds) -> Effect? {
        switch item {
        case .pair(.announce(let report)):
            // Here and now: what follows in the list may end the process. Nothing was sent before that waits behind it,
            // because `work` holds the actions of one event only.
            work.prepend(monitor.announce(report, now: now).map { .monitor($0) })
        case .pair(let action): return .pair(action)
        case .monitor(.send(let id, let bytes)): return .send(id, bytes)
        case .monitor(.close(let id)): return .close(id)
        case .monitor(.dial(let address)): return .dial(address: address)
        case .monitor(.heard(let report, let promisedUntil)):
            inputs.append(.pair(.heard(report, promisedUntil: promisedUntil)))
        case .monitor(.peerLost(let loss)): inputs.append(.pair(.peerLost(loss)))
        case .monitor(.identified(_, let theirs)):
            inputs.append(.pair(.peerIdentified(differences: profile.differences(from: theirs))))
        case .monitor(.network(let index, let isUp)):
            return .pair(.raise(isUp ? .networkUp(index) : .networkDown(index)))
        case .monitor(.ignored(let id, let fault)): return .ignored(id, fault)
        }
        return nil
    }
}

/// First in, first out, without moving what waits.
private struct Line<Element: Sendable>: Sendable {
    private var items: [Element] = []
    private var start = 0

    mutating func append(_ item: Element) { items.append(item) }

    mutating func prepend(_ more: [Element]) {
        items.replaceSubrange(..<start, with: more)
        start = 0
    }

    mutating func popFirst() -> Element? {
        guard start < items.count else { return nil }
        defer {
            start += 1
            if start == items.count {
                items.removeAll(keepingCapacity: true)
                start = 0
            }
        }
        return items[start]
    }
}
