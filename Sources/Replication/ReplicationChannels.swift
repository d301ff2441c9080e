import Diagnostics
import Environment
import ReplicationCore
import Synchronization
import SystemCalls
import Transport

/// How a replication channel goes on behind the proof.
enum ChannelProtection: Sendable, Equatable {
    /// In the clear.
    case none
    /// By TLS with this key, which both sides make of the pair's and of the proof.
    case encrypted(key: [UInt8])
}

/// The answer to a challenge, and how the channel goes on behind it.
struct ChannelProof: Sendable {
    let bytes: [UInt8]
    let protection: ChannelProtection
}

/// The replication channels of a pair before a migration gets them: who connects has to prove that it is the peer, for the
/// run that its heartbeat tells of, and both sides then go on with TLS and a key of that proof. A connection that cannot
/// has changed nothing but a counter.
final class ReplicationChannels: Sendable {
    /// What a listener needs to know.
    struct Judge: Sendable {
        /// How the channel goes on if these bytes are the right answer to the challenge, nil if they are not; may wait
        /// until the deadline, or until the answer is of no use any more.
        var admission:
            @Sendable (
                _ offered: [UInt8], _ challenge: [UInt8], _ deadline: Nanoseconds, _ isUseless: () -> Bool
            ) -> ChannelProtection?
        /// Takes a channel that has proven itself; false if it is not wanted any more.
        var take: @Sendable (Channel) -> Bool
        /// Somebody was sent away; the text says who and why.
        var refused: @Sendable (String) -> Void
        /// Nobody can be let in any more, although nobody ended that.
        var failed: @Sendable (String) -> Void
    }

    /// How long a connection may take to prove itself.
    static let proofDeadline = Nanoseconds.seconds(2)
    /// How many connections may be busy with that. One more makes the oldest go: a connection that says nothing
    /// keeps nobody out.
    static let visitorLimit = 8
    /// How many threads may be busy with them, those that are just being sent away included.
    static let threadLimit = 32

    private struct Visitor {
        let number: UInt64
        let channel: Channel
    }

    private struct State {
        var accepting: Cancellation?
        var connecting: Cancellation?
        var visitors: [Visitor] = []
        var threads = 0
        var lastNumber: UInt64 = 0
        var isOver = false
    }

    private let state = ThreadGate(State())
    private let clock = SystemClock()
    private let complaints = RepeatLimiter(clock: SystemClock())

    /// Listens on `address` until a channel was taken or `stopListening` is called. Returns once the listener is open;
    /// throws if it cannot be opened.
    func listen(on address: MigrationAddress, _ judge: Judge) throws {
        stopListening()
        guard awaitOldListener() else { throw TransportError.cancelled }
        let cancellation = try Cancellation()
        let listener = try Listener(address, backlog: 16, freeBind: true)
        let isOver = state.withLock { state in
            state.accepting = cancellation
            return state.isOver
        }
        if isOver { cancellation.cancel() }
        do {
            _ = try Thread(name: "replication") { [self] in
                accept(listener, cancellation, judge)
                listener.stop()
                state.withLock { if $0.accepting === cancellation { $0.accepting = nil } }
            }
        } catch {
            listener.stop()
            state.withLock { $0.accepting = nil }
            throw error
        }
    }

    /// The thread of the listener before has to let its address go.
    private func awaitOldListener() -> Bool {
        let deadline = clock.now() + .milliseconds(ReplicationLimits.endOfRunMilliseconds)
        return state.wait(until: deadline) { $0.accepting == nil ? true : nil } ?? false
    }

    /// Nobody is let in any more.
    func stopListening() { state.withLock(notify: false) { $0.accepting }?.cancel() }

    /// Ends an attempt to connect.
    func stopConnecting() { state.withLock(notify: false) { $0.connecting }?.cancel() }

    /// Ends everything, now and later.
    func shutDown() {
        state.withLock { $0.isOver = true }
        stopListening()
        stopConnecting()
    }

    private func accept(_ listener: Listener, _ cancellation: Cancellation, _ judge: Judge) {
        while !cancellation.isCancelled {
            let channel: Channel
            do throws(TransportError) {
                channel = try listener.accept(cancellation: cancellation)
            } catch {
                if error != .cancelled { judge.failed("the replication port cannot accept: \(error)") }
                return
            }
            receive(channel, cancellation, judge)
        }
    }

    private func receive(_ channel: Channel, _ cancellation: Cancellation, _ judge: Judge) {
        guard let number = enter(channel) else { return channel.shutDown() }
        do {
            _ = try Thread(name: "replication-proof") { [self] in
                let admitted = admit(channel, number, cancellation, judge)
                if let admitted, !cancellation.isCancelled, judge.take(admitted) {
                    // One channel a run: the port is free for the next run as soon as this one is on its way.
                    cancellation.cancel()
                } else {
                    channel.shutDown()
                }
                leave(number)
            }
        } catch {
            channel.shutDown()
            leave(number)
        }
    }

    /// Lets a visitor in, in place of the oldest if there are too many; nil if even so there is no room.
    private func enter(_ channel: Channel) -> UInt64? {
        state.withLock { state in
            guard state.threads < Self.threadLimit else { return nil }
            if state.visitors.count >= Self.visitorLimit { state.visitors.removeFirst().channel.shutDown() }
            state.threads += 1
            state.lastNumber += 1
            state.visitors.append(Visitor(number: state.lastNumber, channel: channel))
            return state.lastNumber
        }
    }

    private func leave(_ number: UInt64) {
        state.withLock { state in
            state.threads -= 1
            state.visitors.removeAll { $0.number == number }
        }
    }

    /// From now on nobody sends this visitor away; false if somebody has.
    private func keep(_ number: UInt64) -> Bool {
        state.withLock { state in
            guard let index = state.visitors.firstIndex(where: { $0.number == number }) else { return false }
            state.visitors.remove(at: index)
            return true
        }
    }

    private func isThere(_ number: UInt64) -> Bool {
        state.withLock(notify: false) { $0.visitors.contains { $0.number == number } }
    }

    /// The channel to go on with, once the visitor has proven itself; nil if it has not.
    private func admit(
        _ channel: Channel, _ number: UInt64, _ cancellation: Cancellation, _ judge: Judge
    ) -> Channel? {
        let deadline = clock.now() + Self.proofDeadline
        var random = SystemRandomNumberGenerator()
        let challenge = (0..<ReplicationProof.challengeLength).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
        do throws(TransportError) {
            channel.writeDeadline = deadline
            try channel.write(challenge)
            try channel.flush()
            channel.writeDeadline = .never
            let offered = try channel.readBytes(ReplicationProof.length, deadline: deadline)
            let protection = judge.admission(offered, challenge, deadline) { !isThere(number) }
            guard let protection else {
                complain("a connection to the replication port did not prove to be the peer", "", judge)
                return nil
            }
            // Nobody sends the peer away any more.
            guard keep(number) else { return nil }
            return try protection.protect(channel, as: .server, cancellation, until: deadline, clock)
        } catch {
            complain("a connection to the replication port said nothing that counts", ": \(error)", judge)
            return nil
        }
    }

    /// A host that reaches the port can be refused as often as it likes: that is told once a minute.
    private func complain(_ what: String, _ detail: String, _ judge: Judge) {
        if let text = complaints.tell(what, what + detail) { judge.refused(text) }
    }

    /// Connects to `address`, answers the challenge with `prove`, and goes on as that says. Blocks; not on a loop.
    func connect(
        to address: MigrationAddress, prove: (_ challenge: [UInt8]) -> ChannelProof
    ) throws -> Channel {
        let cancellation = try Cancellation()
        let isOver = state.withLock { state in
            state.connecting = cancellation
            return state.isOver
        }
        if isOver { cancellation.cancel() }
        defer { state.withLock { if $0.connecting === cancellation { $0.connecting = nil } } }
        let channel = try Channel.connect(to: address, cancellation: cancellation, within: .seconds(5))
        let deadline = clock.now() + Self.proofDeadline
        let challenge = try channel.readBytes(ReplicationProof.challengeLength, deadline: deadline)
        if cancellation.isCancelled { throw TransportError.cancelled }
        channel.writeDeadline = deadline
        let proof = prove(challenge)
        try channel.write(proof.bytes)
        try channel.flush()
        channel.writeDeadline = .never
        return try proof.protection.protect(channel, as: .client, cancellation, until: deadline, clock)
    }
}

extension ChannelProtection {
    /// The channel to go on with: `channel` itself, or one with TLS over the same connection once the peer has shown that
    /// it has the same key.
    fileprivate func protect(
        _ channel: Channel, as role: TLSRole, _ cancellation: Cancellation, until deadline: Nanoseconds,
        _ clock: SystemClock
    ) throws(TransportError) -> Channel {
        guard case .encrypted(let key) = self else { return channel }
        let left = max(deadline, clock.now()) - clock.now()
        return try channel.secured(as: .keyed(role, key: key), cancellation: cancellation, within: left)
    }
}

extension Channel {
    /// Reads exactly `count` bytes.
    fileprivate func readBytes(_ count: Int, deadline: Nanoseconds) throws(TransportError) -> [UInt8] {
        // SAFETY: `readAll` fills the buffer wholly or throws; it is freed either way.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { unsafe buffer.deallocate() }
        try unsafe readAll(into: buffer, deadline: deadline)
        return unsafe Array(buffer)
    }
}
