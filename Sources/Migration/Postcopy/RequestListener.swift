import Environment
import MigrationFormat
import SystemCalls
import Transport

/// Reads what the destination of a postcopy says, on a thread of its own, from the switchover on: pages that it asks for are
/// sent by that thread. One for the life of a main channel.
final class RequestListener: Sendable {
    /// How it ended.
    enum Outcome: Sendable {
        /// The destination's last word.
        case shut(UInt32)
        /// The channel broke, or what came makes no sense.
        case failed(MigrationFailure)
    }

    /// What others have to know at once.
    enum Notice: Sendable {
        /// The destination answers what stands behind the package, or tells in a recovery what has arrived, so it has
        /// taken the guest over.
        case runs
        /// What it asked for cannot be sent. What it has said before is still heard once the channels are cut.
        case cannotSend
        /// It said that it failed, on the channel that brought it the package.
        case gaveUp(UInt32)
        /// It ended with anything but the last word.
        case failed(MigrationFailure)
    }

    private struct State {
        var outcome: Outcome?
        /// The pages that have arrived, by block: what a recovery begins with.
        var arrived: [Int: ReceivedBitmap] = [:]
        var isAcknowledged = false
        /// Who sends what is asked for. Requests wait for it.
        var sender: PostcopySender?
        /// Nothing more is sent.
        var isGivenUp = false
        /// Nothing more is heard, and others know of all that was.
        var isOver = false
        /// Since when an answer to a ping is due.
        var unansweredSince: Nanoseconds?
    }

    private let gate = ThreadGate(State())
    private let channel: Channel
    private let layout: [BlockLayout]
    private let isResuming: Bool
    private let notify: @Sendable (Notice) -> Void
    private let thread = ThreadGate<Thread?>(nil)
    /// What the thread is called.
    private static let threadName = "return path"

    /// Begins to read on `channel`, of a postcopy that begins or one that goes on (`isResuming`). `notify` is called by the
    /// thread.
    init(
        on channel: Channel, layout: [BlockLayout], isResuming: Bool, notify: @escaping @Sendable (Notice) -> Void
    ) throws(SystemError) {
        self.channel = channel
        self.layout = layout
        self.notify = notify
        self.isResuming = isResuming
        let started = try Thread(name: Self.threadName) { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Has what is asked for from now on sent by `sender`.
    func serve(with sender: PostcopySender) { gate.withLock { $0.sender = sender } }

    /// The destination is asked for an answer now.
    func noteAsked(at now: Nanoseconds) {
        gate.withLock { state in if state.unansweredSince == nil { state.unansweredSince = now } }
    }

    /// Since when an answer is due; nil if none is.
    var unansweredSince: Nanoseconds? { gate.withLock(notify: false) { $0.unansweredSince } }

    /// Waits for the end, until `deadline`; nil if it is not there by then.
    func waitForEnd(until deadline: Nanoseconds) -> Outcome? { gate.wait(until: deadline) { $0.outcome } }

    /// Waits until the destination has told of all blocks what has arrived.
    func waitForArrived(until deadline: Nanoseconds) throws(MigrationFailure) -> [Int: ReceivedBitmap] {
        try wait(until: deadline, for: "the pages that have arrived") { [layout] state in
            state.arrived.count == layout.count ? state.arrived : nil
        }
    }

    /// Waits until the destination says that it goes on.
    func waitForAcknowledgement(until deadline: Nanoseconds) throws(MigrationFailure) {
        try wait(until: deadline, for: "RESUME_ACK") { $0.isAcknowledged ? () : nil }
    }

    private func wait<Value>(
        until deadline: Nanoseconds, for what: String, _ value: (State) -> Value?
    ) throws(MigrationFailure) -> Value {
        let found = gate.wait(until: deadline) { state -> Result<Value, MigrationFailure>? in
            if let value = value(state) { return .success(value) }
            switch state.outcome {
            case .failed(let failure): return .failure(failure)
            case .shut(let word): return .failure(.peer("The destination said SHUT \(word) before it went on"))
            case nil: return nil
            }
        }
        guard let found else { throw .peer("The destination did not tell in time: \(what)") }
        return try found.get()
    }

    /// Why it ended without the last word, if it did.
    var failure: MigrationFailure? {
        gate.withLock(notify: false) { if case .failed(let failure) = $0.outcome { failure } else { nil } }
    }

    /// Waits until all is heard that the destination had said when its channel broke, until `deadline`; whether it is.
    func hearOut(until deadline: Nanoseconds) -> Bool {
        gate.withLock { $0.isGivenUp = true }
        return gate.wait(until: deadline) { $0.isOver ? true : nil } ?? false
    }

    /// Waits for the thread, which ends with its channel.
    func join() {
        gate.withLock { $0.isGivenUp = true }
        thread.withLock { $0 }?.join()
    }

    // MARK: The thread

    private func run() {
        let outcome: Outcome
        do throws(MigrationFailure) {
            outcome = .shut(try listen())
        } catch {
            outcome = .failed(error)
        }
        gate.withLock { $0.outcome = outcome }
        switch outcome {
        case .failed(let failure): notify(.failed(failure))
        // Whoever answers in a recovery need not be the destination that has the package.
        case .shut(let word): if word != 0, !isResuming { notify(.gaveUp(word)) }
        }
        gate.withLock { $0.isOver = true }
    }

    /// Returns the last word.
    private func listen() throws(MigrationFailure) -> UInt32 {
        let reader = ReturnPathReader(
            channel: channel, decoder: ReturnPathDecoder(layout: layout, resuming: isResuming))
        var sendFailure: MigrationFailure?
        while true {
            let element: ReturnPathDecoder.Element
            do { element = try reader.next() } catch { throw sendFailure ?? error }
            switch element {
            case .pong(SourceRun.pingBehindPackage): if !isResuming { notify(.runs) }
            case .pong(SourceRun.pingWhilePaced): gate.withLock { $0.unansweredSince = nil }
            case .pong, .needBytes: break
            case .shut(let word):
                if word != 0, !isResuming { return word }
                // It has given up: not all of the guest is there.
                if let sender = gate.withLock(notify: false, { $0.sender }), sender.left > 0 {
                    throw .peer("The destination said SHUT \(word) before it had all pages")
                }
                return word
            case .requestPages(let block, let pages):
                guard sendFailure == nil, let sender = awaitSender() else { break }
                do throws(MigrationFailure) {
                    try onChannel { () throws(TransportError) in try sender.sendRequested(pages, ofBlock: block) }
                } catch {
                    // What was said before the channel broke still counts: where the guest is may stand behind this.
                    sendFailure = error
                    notify(.cannotSend)
                }
            case .receivedBitmap(let block, let bitmap):
                notify(.runs)
                gate.withLock { $0.arrived[block] = bitmap }
            case .resumeAcknowledged:
                notify(.runs)
                gate.withLock { $0.isAcknowledged = true }
            }
        }
    }

    /// Who sends what is asked for; nil if nothing is to be sent.
    private func awaitSender() -> PostcopySender? {
        let sender = gate.wait { state -> PostcopySender?? in
            if state.isGivenUp { return .some(nil) }
            if let sender = state.sender { return sender }
            // One from before the bitmaps: the destination asks again when it has heard that it goes on.
            return isResuming && state.arrived.count < layout.count ? .some(nil) : nil
        }
        return sender ?? nil
    }
}
