import Configuration
import Diagnostics
import Environment
import Logging
import Replication
import ReplicationCore
import Synchronization

/// Tells the log and the flight recorder what happens to a pair.
final class PairLog: Sendable {
    private let log: Logger
    private let recorder: FlightRecorder
    private let configuration: ColodConfiguration
    private let repeats: RepeatLimiter
    private let lastWait = Mutex<String?>(nil)

    init(log: Logger, recorder: FlightRecorder, configuration: ColodConfiguration, clock: any MonotonicClock) {
        self.log = log
        self.recorder = recorder
        self.configuration = configuration
        repeats = RepeatLimiter(clock: clock)
    }

    /// Tells of one event, at the level that it means for the service; what comes again and again once in a minute.
    func tell(_ event: PairEvent, peerAgrees: Bool) {
        let context = PairEventContext(configuration, peerAgrees: peerAgrees)
        let message = event.logMessage(context)
        recorder.note("pair: \(message)")
        guard let key = event.repetitionKey else { return write(event.logLevel(context), message) }
        if let text = repeats.tell(key, message) { write(event.logLevel(context), text) }
    }

    /// Tells what this side waits for, when that has changed: a state in which nothing happens has a line too.
    func tell(waitsFor what: String?) {
        let isNews = lastWait.withLock { last in
            defer { last = what }
            return last != what
        }
        guard isNews, let what else { return }
        recorder.note("waits for \(what)")
        write(.notice, "guest \(configuration.guest.name): this side waits for \(what)")
    }

    private func write(_ level: Logger.Level, _ message: String) { log.log(level: level, "\(message)") }
}

extension PairEventContext {
    /// The resources of an event in a pair with that configuration.
    init(_ configuration: ColodConfiguration, peerAgrees: Bool) {
        let arbiter: String? =
            switch configuration.arbiter {
            case .none: nil
            case .command(let path, _, _): path
            }
        self.init(
            guest: configuration.guest.name,
            peerAddresses: configuration.pair?.host(configuration.role.other).heartbeat.map(\.description) ?? [],
            heartbeatTimeoutMilliseconds: configuration.heartbeat.timeoutMilliseconds, peerAgrees: peerAgrees,
            arbiter: arbiter)
    }
}
