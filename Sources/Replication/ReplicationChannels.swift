import Diagnostics
import Environment
import ReplicationCore
import Synchronization
import SystemCalls
import Transport

/// The replication channels of a pair before a migration gets them: who connects has to prove that it is the peer, for the
/// run that its heartbeat tells of. A connection that cannot has changed nothing but a counter.
final class ReplicationChannels: Sendable {
    /// What a listener needs to know.
    struct Judge: Sendable {
        /// Whether these bytes are the right answer to the challenge; may wait until the deadline, or
        /// until the answer is of no use any more.
        var isProven:
            @Sendable (
                _ offered: [UInt8], _ challenge: [UInt8], _ deadline: Nanoseconds, _ isUseless: () -> Bool
            ) -> Bool
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
                if isAdmitted(channel, number, judge), !cancellation.isCancelled, judge.take(channel) {
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

    private func isAdmitted(_ channel: Channel, _ number: UInt64, _ judge: Judge) -> Bool {
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
            if judge.isProven(offered, challenge, deadline, { !isThere(number) }) { return keep(number) }
            complain("a connection to the replication port did not prove to be the peer", "", judge)
        } catch {
            complain("a connection to the replication port said nothing that counts", ": \(error)", judge)
        }
        return false
    }

    /// A host that reaches the port can be refused as often as it likes: that is told once a minute.
    private func complain(_ what: String, _ detail: String, _ judge: Judge) {
        if let text = complaints.tell(what, what + detail) { judge.refused(text) }
    }

    /// Connects to `address` and answers the challenge with `prove`. Blocks; not on a loop.
    func connect(
        to address: MigrationAddress, prove: (_ challenge: [UInt8]) -> [UInt8]
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
        try channel.write(prove(challenge))
        try channel.flush()
        channel.writeDeadline = .never
        return channel
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
