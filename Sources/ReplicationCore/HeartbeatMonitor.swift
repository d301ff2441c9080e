public import Environment

/// Whether the peer lives, over any number of connections and addresses.
///
/// Both sides listen, and both dial every address of the peer; each connection carries messages both ways, whoever
/// opened it. The peer is alive as long as an authentic, new message arrived within the timeout. It is lost
///
/// - at once, when all connections that were authenticated have been closed by the peer and then every address refuses
///   a new one: its process is gone;
/// - after the timeout of silence, counted from the last message or from the moment in which this side noticed that it
///   had stood still itself, whichever is later. So a side that wakes up gives its peer a full timeout before deciding.
///
/// Messages of one peer process are ordered by their send time across connections; older ones are ignored. A new
/// instance number means that the peer's process was restarted: connections of the old one are closed.
public struct HeartbeatMonitor: Sendable {
    /// Intervals and limits.
    public struct Configuration: Sendable, Equatable {
        /// From one message to the next.
        public var interval = Nanoseconds.milliseconds(50)
        /// How long silence lasts before the peer counts as lost.
        public var timeout = Nanoseconds.milliseconds(500)
        /// From a failed dial to the next one of the same address.
        public var redialDelay = Nanoseconds.milliseconds(100)
        /// How many addresses the peer has.
        public var addresses: Int
        /// How many connections may be open that have not been authenticated yet.
        public var maximumUnknownMembers = 8

        /// The default intervals for a peer with this many addresses.
        public init(addresses: Int) { self.addresses = addresses }
    }

    /// Names a connection; the edge draws the numbers and uses none twice.
    public typealias ConnectionID = UInt64

    /// What happened.
    public enum Event: Sendable {
        /// A connection was opened, by a dial of this address or (`nil`) by the peer, with 16 fresh random bytes.
        case opened(ConnectionID, dialled: Int?, nonce: [UInt8])
        /// Bytes arrived.
        case received(ConnectionID, [UInt8])
        /// The connection was closed or reset by the other end, or failed.
        case closed(ConnectionID)
        /// A dial failed; `refused` when the peer's host answered that nobody listens.
        case dialFailed(address: Int, refused: Bool)
        /// `nextDeadline` was reached.
        case timer
    }

    /// What the edge has to do or to pass on, in the order given.
    public enum Action: Sendable, Equatable {
        /// Send bytes. If the connection's send buffer is full, close it instead of waiting.
        case send(ConnectionID, [UInt8])
        /// Close the connection; no `closed` event follows.
        case close(ConnectionID)
        /// Open a connection to this address of the peer; report `opened` or, after at most the timeout, `dialFailed`.
        case dial(address: Int)
        /// For PairController.
        case heard(PairReport, promisedUntil: Nanoseconds)
        /// For PairController.
        case peerLost(PeerLoss)
        /// An authentic message came from this process of the peer, for the first time.
        case identified(instance: UInt64, PairProfile)
        /// The network of this address of the peer carries authentic messages now, or does not any more.
        case network(Int, isUp: Bool)
        /// A connection was given up; only for logs and counters.
        case ignored(ConnectionID, HeartbeatFault)
    }

    struct Link: Sendable {
        var connection: HeartbeatConnection
        var dialled: Int?
        /// Bytes arrived then last, or the connection was opened.
        var heardAt: Nanoseconds
        var instance: UInt64?
    }

    struct Address: Sendable {
        enum State: Sendable, Equatable { case idle, dialling, open }
        var state = State.idle
        var nextDialAt = Nanoseconds.zero
        var wasRefused = false
    }

    /// The configuration.
    public let configuration: Configuration
    /// How many connections were given up because they could not authenticate or broke the protocol.
    public private(set) var ignoredPeers: UInt64 = 0
    /// How many authentic, new messages arrived.
    public private(set) var messagesHeard: UInt64 = 0
    /// When the last of them arrived.
    public private(set) var lastHeardAt: Nanoseconds?
    /// Whether the peer is considered alive.
    public private(set) var isAlive = false

    /// How many of the peer's addresses are connected and authenticated; fewer than configured means that a second
    /// network, which was to make a cut unlikely, is down.
    public var connectedAddresses: Int { upAddresses.count }

    /// The addresses of the peer that are connected and authenticated.
    public private(set) var upAddresses: Set<Int> = []
    /// The peer's process; nil before its first authentic message.
    public private(set) var peerInstance: UInt64?

    private let identity: HeartbeatIdentity
    private let authenticator: any MessageAuthenticator
    private var report: PairReport
    private var links: [ConnectionID: Link] = [:]
    private var addresses: [Address]
    /// The last processes of the peer before this one.
    private var formerInstances: [UInt64] = []
    private var peerSentAt = Nanoseconds.zero
    private var lastSentAt = Nanoseconds.zero
    private var nextSendAt = Nanoseconds.zero
    private var aliveSince = Nanoseconds.zero
    private var lastEventAt: Nanoseconds

    /// A monitor that has neither heard nor said anything; the first `timer` starts it.
    public init(
        configuration: Configuration, identity: HeartbeatIdentity, authenticator: any MessageAuthenticator,
        report: PairReport, now: Nanoseconds
    ) {
        self.configuration = configuration
        self.identity = identity
        self.authenticator = authenticator
        self.report = report
        addresses = Array(repeating: Address(), count: max(0, configuration.addresses))
        lastEventAt = now
    }

    /// When `.timer` is wanted.
    public var nextDeadline: Nanoseconds {
        var deadline = nextSendAt
        for address in addresses where address.state == .idle { deadline = min(deadline, address.nextDialAt) }
        if isAlive, let lastHeardAt { deadline = min(deadline, max(lastHeardAt, aliveSince) + configuration.timeout) }
        return deadline
    }

    /// Sends this report at once and with every heartbeat from now on.
    public mutating func announce(_ report: PairReport, now: Nanoseconds) -> [Action] {
        self.report = report
        var actions: [Action] = []
        broadcast(now, &actions)
        return actions
    }

    /// Takes one event and returns what to do.
    public mutating func handle(_ event: Event, now: Nanoseconds) -> [Action] {
        if now > lastEventAt + Nanoseconds(configuration.timeout.count / 2) { aliveSince = now }
        lastEventAt = max(lastEventAt, now)
        var actions: [Action] = []
        switch event {
        case .opened(let id, let dialled, let nonce): opened(id, dialled, nonce, now, &actions)
        case .received(let id, let bytes): received(id, bytes, now, &actions)
        case .closed(let id): forget(id, now)
        case .dialFailed(let address, let refused):
            guard addresses.indices.contains(address) else { break }
            addresses[address] = Address(nextDialAt: now + configuration.redialDelay, wasRefused: refused)
        case .timer: break
        }
        proceed(now, &actions)
        compareNetworks(&actions)
        return actions
    }

    private mutating func compareNetworks(_ actions: inout [Action]) {
        let before = upAddresses
        upAddresses = Set(links.values.compactMap { $0.instance == nil ? nil : $0.dialled })
        for index in addresses.indices where before.contains(index) != upAddresses.contains(index) {
            actions.append(.network(index, isUp: upAddresses.contains(index)))
        }
    }

    private mutating func opened(
        _ id: ConnectionID, _ dialled: Int?, _ nonce: [UInt8], _ now: Nanoseconds, _ actions: inout [Action]
    ) {
        if let dialled, addresses.indices.contains(dialled) {
            addresses[dialled].state = .open
            addresses[dialled].wasRefused = false
        }
        if dialled == nil, links.values.count(where: { $0.instance == nil }) >= configuration.maximumUnknownMembers {
            ignoredPeers += 1
            actions.append(.close(id))
            return
        }
        let connection = HeartbeatConnection(identity: identity, nonce: nonce, authenticator: authenticator)
        links[id] = Link(connection: connection, dialled: dialled, heardAt: now)
        actions.append(.send(id, connection.greeting))
    }

    private mutating func received(
        _ id: ConnectionID, _ bytes: [UInt8], _ now: Nanoseconds, _ actions: inout [Action]
    ) {
        guard let outputs = links[id]?.connection.receive(bytes) else { return }
        if links[id]?.instance != nil { links[id]?.heardAt = now }
        for output in outputs {
            switch output {
            case .ready: send(on: id, now, &actions)
            case .message(let message, let instance): heard(message, instance, id, now, &actions)
            case .fault(let fault):
                ignoredPeers += 1
                actions.append(.ignored(id, fault))
                drop(id, now, &actions)
            }
        }
    }

    private mutating func heard(
        _ message: HeartbeatMessage, _ instance: UInt64, _ id: ConnectionID, _ now: Nanoseconds,
        _ actions: inout [Action]
    ) {
        guard links[id] != nil else { return }
        // What a process said before it died may arrive after the first words of its successor.
        guard !formerInstances.contains(instance) else { return drop(id, now, &actions) }
        links[id]?.instance = instance
        if instance != peerInstance {
            if let peerInstance { formerInstances = formerInstances.suffix(7) + [peerInstance] }
            peerInstance = instance
            peerSentAt = .zero
            actions.append(.identified(instance: instance, links[id]?.connection.peerProfile ?? PairProfile()))
            for (other, link) in links.sorted(by: { $0.key < $1.key }) where link.instance ?? instance != instance {
                drop(other, now, &actions)
            }
        }
        guard message.sentAt > peerSentAt else { return }
        peerSentAt = message.sentAt
        lastHeardAt = now
        isAlive = true
        messagesHeard += 1
        // An echo from the future is none of ours.
        let echo = message.echo <= lastSentAt && message.report.promises ? message.echo : .zero
        actions.append(
            .heard(message.report, promisedUntil: OutputLease.end(echo: echo, timeout: message.timeout)))
    }

    private mutating func proceed(_ now: Nanoseconds, _ actions: inout [Action]) {
        if isAlive, let lastHeardAt {
            if now >= max(lastHeardAt, aliveSince) + configuration.timeout {
                isAlive = false
                actions.append(.peerLost(.silent))
            } else if isRefused {
                isAlive = false
                actions.append(.peerLost(.refused))
            }
        }
        dropSilentLinks(now, &actions)
        for index in addresses.indices where addresses[index].state == .idle && now >= addresses[index].nextDialAt {
            addresses[index].state = .dialling
            actions.append(.dial(address: index))
        }
        if now >= nextSendAt { broadcast(now, &actions) }
    }

    /// Gives up peers that do not authenticate, and connections that went silent: after a long cut a new one is there
    /// sooner than the old one has sent again what was lost.
    private mutating func dropSilentLinks(_ now: Nanoseconds, _ actions: inout [Action]) {
        for (id, link) in links.sorted(by: { $0.key < $1.key }) {
            let since = link.instance == nil ? link.heardAt : max(link.heardAt, aliveSince)
            guard now >= since + configuration.timeout else { continue }
            if link.instance == nil { ignoredPeers += 1 }
            drop(id, now, &actions)
        }
    }

    /// No connection is left, and every address has refused a new one since the last was closed.
    private var isRefused: Bool {
        !addresses.isEmpty && addresses.allSatisfy(\.wasRefused) && !links.values.contains { $0.instance != nil }
    }

    private mutating func broadcast(_ now: Nanoseconds, _ actions: inout [Action]) {
        nextSendAt = now + configuration.interval
        for id in links.keys.sorted() { send(on: id, now, &actions) }
    }

    private mutating func send(on id: ConnectionID, _ now: Nanoseconds, _ actions: inout [Action]) {
        // Rises strictly, so that the peer can tell the newest message across connections.
        lastSentAt = max(now, lastSentAt + Nanoseconds(1))
        let message = HeartbeatMessage(
            sentAt: lastSentAt, echo: peerSentAt, timeout: configuration.timeout, report: report)
        if let bytes = links[id]?.connection.send(message) { actions.append(.send(id, bytes)) }
    }

    private mutating func drop(_ id: ConnectionID, _ now: Nanoseconds, _ actions: inout [Action]) {
        actions.append(.close(id))
        forget(id, now)
    }

    /// A connection is gone. If it was the peer's, dial at once, so that a dead process is noticed at once; an
    /// unauthenticated one is not worth a storm of dials.
    private mutating func forget(_ id: ConnectionID, _ now: Nanoseconds) {
        guard let link = links.removeValue(forKey: id) else { return }
        let again = link.instance == nil ? now + configuration.redialDelay : now
        if let dialled = link.dialled, addresses.indices.contains(dialled) {
            addresses[dialled] = Address(nextDialAt: again)
        }
        guard link.instance != nil else { return }
        for index in addresses.indices {
            addresses[index].wasRefused = false
            if addresses[index].state == .idle { addresses[index].nextDialAt = now }
        }
    }
}
