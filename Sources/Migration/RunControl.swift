import Environment
import MigrationFormat
import Synchronization
import SystemCalls
import Transport

/// What others need of a migration's thread: ending its waits, and waiting for its end.
final class RunControl: Sendable {
    private struct State {
        var cancelled = false
        var finished = false
        var threadID: Int32?
        var dataThreads: @Sendable () -> [Int32] = { [] }
    }
    private let gate = ThreadGate(State())
    /// Its channels.
    let channels: ChannelSet

    /// Where the source of a paused postcopy is waited for; only of an incoming migration.
    let recovery = RecoveryListener()
    /// What is said on the return path is said in one piece.
    private let speech = Mutex<Void>(())

    init(lookup: NameLookup = .system) throws(SystemError) {
        channels = try ChannelSet(lookup: lookup)
    }

    /// Ends waits for a connection.
    var cancellation: Cancellation { channels.cancellation }

    var isCancelled: Bool { gate.withLock(notify: false) { $0.cancelled } }

    /// Ends every wait of the run, now and later.
    func cancel() {
        gate.withLock { $0.cancelled = true }
        channels.cancel()
        recovery.end()
    }

    /// Waits until `isDone`, which is asked now and after every `look`; false if it was not by `deadline`, or before the
    /// run was cancelled.
    func wait(until deadline: Nanoseconds, for isDone: () -> Bool) -> Bool {
        gate.wait(until: deadline) { $0.cancelled ? false : isDone() ? true : nil } ?? false
    }

    /// Something changed that the run may wait for.
    func look() { gate.withLock { _ in } }

    /// Whether its thread is over.
    var isFinished: Bool { gate.withLock(notify: false) { $0.finished } }

    /// Cuts the channels, as far as there are any yet, as a broken network would. Who still waits for a peer goes on
    /// waiting.
    func cut() { channels.yank() }

    /// Says something on the return path. A source that no longer listens is noticed when its stream ends too soon.
    func answer(_ message: ReturnPathMessage) { try? say(message.bytes) }

    /// Says something on the return path.
    func say(_ bytes: [UInt8]) throws(TransportError) {
        try speech.withLock { (_) throws(TransportError) in
            guard let channel = channels[.main] else { return }
            try channel.write(bytes)
            try channel.flush()
        }
    }

    /// Says a few bytes on the return path unless somebody would have to be waited for: false then.
    func sayAtOnce(_ bytes: [UInt8]) throws(TransportError) -> Bool {
        try speech.withLockIfAvailable { (_) throws(TransportError) -> Bool in
            guard let channel = channels[.main], channel.takesBytesAtOnce else { return false }
            try channel.write(bytes)
            try channel.flush()
            return true
        } ?? false
    }

    /// The run has its main channel from now on.
    func use(_ channel: Channel) throws(TransportError) { try channels.insert(channel, as: .main) }

    /// The calling thread is the run's: until `finish`, `threadID` tells its number.
    func begin() { gate.withLock { $0.threadID = Thread.currentID } }

    /// The thread's number (gettid(2)); nil before it runs and when it is over.
    var threadID: Int32? { gate.withLock(notify: false) { $0.threadID } }

    /// The numbers of the threads that send on data channels, by channel.
    var dataThreadIDs: [Int32] { gate.withLock(notify: false) { $0.dataThreads }() }

    /// How to find them.
    func noteDataThreads(_ threads: @escaping @Sendable () -> [Int32]) { gate.withLock { $0.dataThreads = threads } }

    /// The thread is over; the channels are let go.
    func finish() {
        channels.release()
        gate.withLock { state in
            state.finished = true
            state.threadID = nil
            state.dataThreads = { [] }
        }
    }

    func waitUntilFinished(deadline: Nanoseconds) -> Bool {
        gate.wait(until: deadline) { $0.finished ? true : nil } ?? false
    }
}
