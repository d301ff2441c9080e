import Environment
import MigrationFormat
import SystemCalls
import Transport

/// What others need of a migration's thread: ending its waits, and waiting for its end.
final class RunControl: Sendable {
    private struct State {
        var channel: Channel?
        var cancelled = false
        var finished = false
        var threadID: Int32?
    }
    private let gate = ThreadGate(State())
    /// Ends waits for a connection.
    let cancellation: Cancellation

    init() throws(SystemError) { cancellation = try Cancellation() }

    var isCancelled: Bool { gate.withLock(notify: false) { $0.cancelled } }

    /// Ends every wait of the run, now and later.
    func cancel() {
        cancellation.cancel()
        let channel = gate.withLock { state in
            state.cancelled = true
            return state.channel
        }
        channel?.shutDown()
    }

    /// Whether its thread is over.
    var isFinished: Bool { gate.withLock(notify: false) { $0.finished } }

    /// Cuts the channel, if there is one yet, as a broken network would. Who still waits for a peer goes on waiting.
    func cut() { gate.withLock(notify: false) { $0.channel }?.breakOff() }

    /// Says something on the return path. A source that no longer listens is noticed when its stream ends too soon.
    func answer(_ message: ReturnPathMessage) {
        guard let channel = gate.withLock(notify: false, { $0.channel }) else { return }
        try? channel.write(message.bytes)
        try? channel.flush()
    }

    /// The run has its channel from now on.
    func use(_ channel: Channel) {
        let cancelled = gate.withLock { state in
            state.channel = channel
            return state.cancelled
        }
        if cancelled { channel.shutDown() }
    }

    /// The calling thread is the run's: until `finish`, `threadID` tells its number.
    func begin() { gate.withLock { $0.threadID = Thread.currentID } }

    /// The thread's number (gettid(2)); nil before it runs and when it is over.
    var threadID: Int32? { gate.withLock(notify: false) { $0.threadID } }

    /// The thread is over; the channel is let go.
    func finish() {
        gate.withLock { state in
            state.finished = true
            state.channel = nil
            state.threadID = nil
        }
    }

    func waitUntilFinished(deadline: Nanoseconds) -> Bool {
        gate.wait(until: deadline) { $0.finished ? true : nil } ?? false
    }
}
