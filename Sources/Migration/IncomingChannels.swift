import Environment
import MigrationFormat
import SystemCalls
import Transport

/// Gathers the channels of a source that has several (wire.md §1, §11.1): the main one, known by the first bytes of the
/// stream, and data channels, known by their opening, in whatever order they come. A connection that is none of them, or
/// one that is there already, is closed and changes nothing.
final class IncomingChannels: Sendable {
    /// A channel and what was read from it to find out what it is.
    struct Main: Sendable {
        let channel: Channel
        let firstBytes: [UInt8]
    }

    private struct State {
        var main: Main?
        var data: [Int: Channel] = [:]
        /// Which of all connections they are, counted as they came.
        var orders: [Int: Int] = [:]
        var connections = 0
        var mainSince: Nanoseconds?
        /// Those of which it is not known yet, the oldest first.
        var greeted: [Channel] = []
        /// Why there is no use in waiting for the others.
        var failure: String?
        /// Why a connection was closed that came last.
        var refusal: String?
    }
    private let count: Int
    private let uuid: [UInt8]
    private let limits: IncomingLimits
    private let secure: @Sendable (Channel) throws(TransportError) -> Channel
    private let gate = ThreadGate(State())
    /// Raised when the state has changed.
    private let changed: EventSignal
    private let clock = SystemClock()
    /// How many connections may be looked at: more than there are channels, so that somebody who says nothing keeps no
    /// source away. With still more of them, the one that has been silent for longest has to go: a source speaks at once.
    private static let spare = 16
    /// How long connections that there are already are looked at when all channels have come: one more channel shows that
    /// the source has more than there are places, and would lose what it sends there.
    private static let grace = Nanoseconds.milliseconds(100)
    private static let magicSize = 4
    private static let mainMagic = (0..<4).map { UInt8(truncatingIfNeeded: MigrationFormat.magic >> (24 - 8 * $0)) }

    /// For a source with `count` data channels, whose UUID has to be `uuid`. `secure` comes to terms with whoever connects,
    /// and returns the channel to go on with.
    init(
        count: Int, uuid: [UInt8]?, limits: IncomingLimits,
        secure: @escaping @Sendable (Channel) throws(TransportError) -> Channel
    ) throws(MigrationFailure) {
        self.count = count
        self.limits = limits
        self.secure = secure
        self.uuid = uuid ?? [UInt8](repeating: 0, count: 16)
        do { changed = try EventSignal() } catch { throw .peer(error.description) }
    }

    /// Waits for all of them; `set` knows them by their roles then.
    func gather(
        from listener: Listener, in set: ChannelSet
    ) throws(MigrationFailure) -> (main: Main, data: [Channel]) {
        var graceEnd: Nanoseconds?
        while true {
            let (found, since, isLooking, failure) = gate.withLock(notify: false) { state in
                (complete(state), state.mainSince, !state.greeted.isEmpty, state.failure)
            }
            if let failure { throw .peer(failure + Self.advice) }
            if let found, dropsExhausted(of: found.data, in: set) { continue }
            var deadline = since.map { $0 + limits.dataChannels } ?? .never
            var isOver = clock.now() >= deadline
            if found != nil {
                let end = graceEnd ?? clock.now() + Self.grace
                graceEnd = end
                isOver = isLooking && clock.now() >= end
                // With nobody to be looked at, who has connected already is taken and nobody is waited for.
                deadline = isLooking ? end : clock.now()
            }
            var next: Channel?
            if !isOver {
                do {
                    next = try set.accept(from: listener, orUntil: changed, deadline: deadline)
                } catch .stalled {
                    guard found != nil else { continue }
                    isOver = true
                } catch {
                    throw error == .cancelled ? .cancelled : .channel(error)
                }
            }
            if isOver {
                guard let found else { throw .peer(shortage) }
                return try assign(found, in: set)
            }
            guard let next else {
                changed.lower()
                continue
            }
            let surplus = gate.withLock { state in
                state.greeted.count < count + 1 + Self.spare ? nil : state.greeted.removeFirst()
            }
            if let surplus { set.remove(surplus) }
            greet(next, in: set)
        }
    }

    private func assign(
        _ found: (main: Main, data: [Channel]), in set: ChannelSet
    ) throws(MigrationFailure) -> (main: Main, data: [Channel]) {
        try onChannel { () throws(TransportError) in
            try set.insert(found.main.channel, as: .main)
            for (index, channel) in found.data.enumerated() { try set.insert(channel, as: .data(index)) }
        }
        return found
    }

    private func complete(_ state: State) -> (main: Main, data: [Channel])? {
        guard let main = state.main, state.data.count == count else { return nil }
        return (main, (0..<count).compactMap { state.data[$0] })
    }

    /// What is missing, in words.
    private var shortage: String {
        let (came, refusal) = gate.withLock(notify: false) { ($0.data.count, $0.refusal) }
        let seconds = limits.dataChannels.count / 1_000_000_000
        return "multifd: \(came) of \(count) channels came within \(seconds) s"
            + (refusal.map { "; a connection was closed: \($0)" } ?? "")
            + Self.advice
    }

    /// Forgets data channels that their source has closed, having sent no more than the opening: they were left behind by one
    /// that gave up. Whether there were any.
    private func dropsExhausted(of data: [Channel], in set: ChannelSet) -> Bool {
        let gone = data.filter(\.isExhausted)
        gate.withLock { state in state.data = state.data.filter { entry in !gone.contains { $0 === entry.value } } }
        for channel in gone { set.remove(channel) }
        return !gone.isEmpty
    }

    private static let advice =
        "; capability 'multifd' and parameter 'multifd-channels' must be the same on both sides"

    /// Finds out on a thread of its own what a channel is.
    private func greet(_ channel: Channel, in set: ChannelSet) {
        let order = gate.withLock { state in
            state.greeted.append(channel)
            state.connections += 1
            return state.connections
        }
        let outcome = Result { () throws(SystemError) in
            _ = try Thread(name: "multifd-greet") { [self] in
                let refusal = secureAndClassify(channel, order, in: set)
                gate.withLock { state in
                    state.greeted.removeAll { $0 === channel }
                    if let refusal { state.refusal = refusal }
                }
                changed.raise()
            }
        }
        guard case .failure(let error) = outcome else { return }
        set.remove(channel)
        gate.withLock { state in
            state.greeted.removeAll { $0 === channel }
            state.refusal = error.description
        }
    }

    private func secureAndClassify(_ channel: Channel, _ order: Int, in set: ChannelSet) -> String? {
        let secured: Channel
        do { secured = try secure(channel) } catch {
            set.remove(channel)
            return error.description
        }
        let refusal = classify(secured, order, in: set)
        if refusal != nil { set.remove(secured) }
        return refusal
    }

    /// Gives the channel its place; why it has none otherwise.
    private func classify(_ channel: Channel, _ order: Int, in set: ChannelSet) -> String? {
        let deadline = clock.now() + limits.stall
        do throws(MigrationFailure) {
            let magic = try read(Self.magicSize, from: channel, until: deadline)
            guard magic != Self.mainMagic else {
                return gate.withLock { state in
                    guard state.main == nil else { return "there is a main channel already" }
                    state.main = Main(channel: channel, firstBytes: magic)
                    state.mainSince = clock.now()
                    return nil
                }
            }
            // Whoever is no data channel is not waited for any longer.
            _ = try onStream { () throws(StreamError) in try MultifdOpening.read(ByteWindow(magic), at: 0) }
            let rest = try read(MultifdOpening.size - Self.magicSize, from: channel, until: deadline)
            return place(channel, order, try opening(magic + rest), in: set)
        } catch {
            return error.description
        }
    }

    private func opening(_ bytes: [UInt8]) throws(MigrationFailure) -> MultifdOpening {
        let reading = try onStream { () throws(StreamError) in try MultifdOpening.read(ByteWindow(bytes), at: 0) }
        guard case .complete(let opening, _) = reading else { throw .channel(.closedByPeer) }
        return opening
    }

    /// A source with more channels than there are places is refused as a whole: what it sends on those would be lost.
    private func place(
        _ channel: Channel, _ order: Int, _ opening: MultifdOpening, in set: ChannelSet
    ) -> String? {
        let index = Int(opening.channel)
        guard opening.uuid == uuid else { return "multifd: the channel is of a machine with another UUID" }
        guard index < count else {
            let failure = "multifd: received channel \(index) of \(count)"
            gate.withLock { $0.failure = failure }
            return failure
        }
        let (refusal, former) = gate.withLock { state -> (String?, Channel?) in
            let former = state.data[index]
            // Before the stream itself has begun, it may be one of a source that has given up, and tries again.
            guard former == nil || state.main == nil && state.orders[index, default: 0] < order else {
                return ("multifd: received id '\(index)' already setup", nil)
            }
            state.data[index] = channel
            state.orders[index] = order
            return (nil, former)
        }
        if let former { set.remove(former) }
        return refusal
    }

    private func read(_ count: Int, from channel: Channel, until deadline: Nanoseconds) throws(MigrationFailure)
        -> [UInt8]
    {
        var failure: TransportError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(TransportError) {
                // SAFETY: all of the buffer is filled when the call returns without an error.
                try unsafe channel.readAll(into: UnsafeMutableRawBufferPointer(buffer), deadline: deadline)
                filled = count
            } catch {
                failure = error
                filled = 0
            }
        }
        if let failure { throw failure == .cancelled ? .cancelled : .channel(failure) }
        return bytes
    }
}
