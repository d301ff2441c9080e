public import Environment
import Synchronization
public import SystemCalls

/// What a channel is for in its migration (wire.md §1).
public enum ChannelRole: Hashable, Sendable, CustomStringConvertible {
    /// The stream itself, and its return path.
    case main
    /// Pages beside the stream (multifd); numbered from 0.
    case data(Int)
    /// Pages that were asked for (postcopy-preempt).
    case preempt

    /// As error texts name it.
    public var description: String {
        switch self {
        case .main: "main"
        case .data(let number): "data \(number)"
        case .preempt: "preempt"
        }
    }
}

/// All channels of one migration: connects and accepts them, knows what each is for, ends or breaks them together, and
/// adds up what they carried.
///
/// A reader or writer takes its channel from here once; the set is on no data path. A channel that was accepted has
/// no role at first, because its first bytes tell which one it is; it is ended and broken with the others all the same.
/// After `cancel`, channels that come late are ended as they come. May be used from any thread.
public final class ChannelSet: Sendable {
    /// What is waited for at most.
    public struct Deadlines: Sendable, Equatable {
        /// For a connection, the lookup of the name included.
        public var connect = Nanoseconds.milliseconds(Transport.connectDeadlineMilliseconds)
        /// For a channel to make progress in either direction.
        public var stall = Nanoseconds.milliseconds(Transport.stallDeadlineMilliseconds)
        /// For the handshake of TLS of a client.
        public var clientHandshake = Nanoseconds.milliseconds(Transport.clientHandshakeMilliseconds)
        /// The same of a server.
        public var serverHandshake = Nanoseconds.milliseconds(Transport.serverHandshakeMilliseconds)

        /// Those of `Transport`.
        public init() {}
    }

    private struct State {
        var roles: [ChannelRole: Channel] = [:]
        var withoutRole: [Channel] = []
        var deadlines: Deadlines
        var isCancelled = false
        /// What channels carried that are gone.
        var bytesSent: UInt64 = 0
        var bytesReceived: UInt64 = 0

        var all: [Channel] { Array(roles.values) + withoutRole }

        /// False if it is not there any more.
        mutating func replace(_ channel: Channel, by other: Channel) -> Bool {
            if let role = roles.first(where: { $0.value === channel })?.key {
                roles[role] = other
            } else if let index = withoutRole.firstIndex(where: { $0 === channel }) {
                withoutRole[index] = other
            } else {
                return false
            }
            return true
        }

        mutating func count(_ channel: Channel) {
            bytesSent += channel.bytesSent
            bytesReceived += channel.bytesReceived
        }
    }

    /// Raised by `cancel`: for waits that have no channel yet.
    public let cancellation: Cancellation
    private let lookup: NameLookup
    private let state: Mutex<State>

    /// An empty set.
    public init(deadlines: Deadlines = Deadlines(), lookup: NameLookup = .system) throws(SystemError) {
        cancellation = try Cancellation()
        self.lookup = lookup
        state = Mutex(State(deadlines: deadlines))
    }

    // MARK: Channels

    /// Connects the channel of a role, within the deadline for connections. Blocks; `cancel` ends it.
    public func connect(_ role: ChannelRole, to address: MigrationAddress) throws(TransportError) -> Channel {
        let deadline = state.withLock { $0.deadlines.connect }
        let channel = try Channel.connect(to: address, cancellation: cancellation, within: deadline, lookup: lookup)
        try insert(channel, as: role)
        return channel
    }

    /// Waits for the next channel of `listener`, until `deadline`; it has no role yet. Blocks; `cancel` ends it.
    public func accept(
        from listener: Listener, deadline: Nanoseconds = .never
    ) throws(TransportError) -> Channel {
        let channel = try listener.accept(cancellation: cancellation, deadline: deadline)
        try add(channel) { (state: inout State) throws(TransportError) in state.withoutRole.append(channel) }
        return channel
    }

    /// The same of sockets, or nil once `signal` is raised, which stays so.
    public func accept(
        from listener: Listener, orUntil signal: EventSignal, deadline: Nanoseconds
    ) throws(TransportError) -> Channel? {
        guard let channel = try listener.accept(cancellation: cancellation, orUntil: signal, deadline: deadline) else {
            return nil
        }
        try add(channel) { (state: inout State) throws(TransportError) in state.withoutRole.append(channel) }
        return channel
    }

    /// Gives a channel its role, whether it was accepted here or comes from elsewhere. Throws if another one has it: then
    /// nothing changes, and the channel is the caller's to end.
    public func insert(_ channel: Channel, as role: ChannelRole) throws(TransportError) {
        try add(channel) { (state: inout State) throws(TransportError) in
            guard state.roles[role] == nil || state.roles[role] === channel else {
                throw .roleTaken(role.description)
            }
            state.withoutRole.removeAll { $0 === channel }
            state.roles[role] = channel
        }
    }

    /// Performs the handshake of TLS on a channel of this set; the one that is returned takes its place, and its role if
    /// it has one. Blocks, within the deadline for handshakes; `cancel` ends it. If it throws, the channel is still in
    /// the set, and good for nothing but to be removed.
    public func secure(_ channel: Channel, as end: TLSEnd) throws(TransportError) -> Channel {
        let deadlines = deadlines
        let secured = try channel.secured(
            as: end, cancellation: cancellation,
            within: end.role == .client ? deadlines.clientHandshake : deadlines.serverHandshake)
        secured.stallDeadline = deadlines.stall
        let isWanted = state.withLock { $0.replace(channel, by: secured) && !$0.isCancelled }
        guard isWanted else {
            secured.shutDown()
            throw .cancelled
        }
        return secured
    }

    /// Ends a channel and forgets it; what it carried still counts.
    public func remove(_ channel: Channel) {
        state.withLock { state in
            let role = state.roles.first { $0.value === channel }?.key
            guard role != nil || state.withoutRole.contains(where: { $0 === channel }) else { return }
            if let role { state.roles[role] = nil }
            state.withoutRole.removeAll { $0 === channel }
            state.count(channel)
        }
        channel.shutDown()
    }

    /// The channel of a role, if there is one.
    public subscript(role: ChannelRole) -> Channel? { state.withLock { $0.roles[role] } }

    /// How many channels there are, those without a role included.
    public var count: Int { state.withLock { $0.all.count } }

    // MARK: Deadlines

    /// What is waited for at most. A change counts for channels and waits that begin after it.
    public var deadlines: Deadlines {
        get { state.withLock { $0.deadlines } }
        set { state.withLock { $0.deadlines = newValue } }
    }

    // MARK: Ending

    /// Ends all waits and channels, now and later, as somebody on this side who wants no migration: they throw
    /// `.cancelled`.
    public func cancel() {
        cancellation.cancel()
        let channels = state.withLock { state in
            state.isCancelled = true
            return state.all
        }
        for channel in channels { channel.shutDown() }
    }

    /// Whether `cancel` was called.
    public var isCancelled: Bool { cancellation.isCancelled }

    /// The channels that there are now.
    public var all: [Channel] { state.withLock { $0.all } }

    /// Breaks the channels that there are, as the network might. Who still waits for a peer goes on waiting.
    public func yank() { for channel in all { channel.breakOff() } }

    /// Lets all channels go without ending them, which their users still may do; what they carried up to now still
    /// counts.
    public func release() {
        state.withLock { state in
            for channel in state.all { state.count(channel) }
            state.roles = [:]
            state.withoutRole = []
        }
    }

    // MARK: Counters

    /// Bytes that the kernel took for sending, of all channels, those that are gone included.
    public var bytesSent: UInt64 {
        state.withLock { state in state.all.reduce(state.bytesSent) { $0 + $1.bytesSent } }
    }

    /// Bytes received, of all channels, those that are gone included.
    public var bytesReceived: UInt64 {
        state.withLock { state in state.all.reduce(state.bytesReceived) { $0 + $1.bytesReceived } }
    }

    private func add(
        _ channel: Channel, _ change: (inout State) throws(TransportError) -> Void
    ) throws(TransportError) {
        let isCancelled = try state.withLock { (state: inout State) throws(TransportError) in
            let isNew = !state.all.contains { $0 === channel }
            try change(&state)
            if isNew { channel.stallDeadline = state.deadlines.stall }
            return state.isCancelled
        }
        if isCancelled { channel.shutDown() }
    }
}
