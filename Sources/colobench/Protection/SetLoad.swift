import Environment
import PairLab
import Synchronization
import SystemCalls

/// How clients fared that asked all the time.
struct TrafficFigures: Equatable {
    /// Requests answered, for each second.
    var perSecond: Double
    /// How long an answer took, in milliseconds.
    var latency: Spread
    /// Connections that waited for an answer in vain when the time was over, or echoes that never came.
    var unanswered: Int
    /// How much of a core the clients took, all together.
    var clientCores: Double
}

/// Clients that have a Redis store 100 bytes again and again, as redis-benchmark does: many connections, all served by one
/// thread of this program. A connection that is connected and answered counts; measuring begins when all are.
final class SetLoad {
    /// What the clients do.
    struct Shape: Hashable {
        var connections: Int
        /// Requests that a connection has under way at once.
        var pipeline: Int
        /// How many different keys are written.
        var keys = 1
    }

    private enum State {
        case warming
        case measuring
        case ended(Result<TrafficFigures, any Error>)
    }

    private static let port: UInt16 = 6379
    /// How long all connections may take until each was answered once.
    private static let warmUpLimit = Nanoseconds.seconds(20)
    /// How long clients go on before they are measured.
    private static let warmUp = Nanoseconds.milliseconds(300)
    /// A connection that has waited for so long in the end is stuck.
    private static let patience = Nanoseconds.seconds(1)

    /// Whether nobody waits for figures any more.
    private final class Abandonment: Sendable {
        let hasCome = Atomic<Bool>(false)
    }

    private let gate: ThreadGate<State>
    private let abandonment = Abandonment()
    private let thread: Thread

    /// Begins to connect to the guest's Redis.
    init(_ shape: Shape, from host: LabHost, for span: Nanoseconds) throws {
        let gate = ThreadGate(State.warming)
        self.gate = gate
        thread = try Thread(name: "set-load") { [abandonment] in
            let result = Result {
                var worker = try Worker(shape, from: host) { abandonment.hasCome.load(ordering: .relaxed) }
                try worker.warmUp()
                gate.withLock { $0 = .measuring }
                return try worker.measure(for: span)
            }
            gate.withLock { $0 = .ended(result) }
        }
    }

    /// Whoever measures next has the guest alone.
    deinit {
        abandonment.hasCome.store(true, ordering: .relaxed)
        thread.join()
    }

    /// Waits until measuring has begun.
    func waitUntilMeasuring() throws {
        let failure: (any Error)?? = gate.wait { state in
            switch state {
            case .warming: nil
            case .measuring: .some(nil)
            case .ended(.success): .some(nil)
            case .ended(.failure(let error)): .some(error)
            }
        }
        if let failure, let failure { throw failure }
    }

    /// Waits for the end.
    func finish() throws -> TrafficFigures {
        thread.join()
        return try gate.withLock { state in
            guard case .ended(let result) = state else { throw LabError("the load has not ended") }
            return try result.get()
        }
    }

    /// What the thread does.
    private struct Worker {
        private let shape: Shape
        private let isAbandoned: () -> Bool
        private let clock = SystemClock()
        private let poller: Poller
        private let connections: [SetConnection]
        private var generator = SeededGenerator(seed: 1)
        private var events: [Poller.Event] = []
        private var buffer = [UInt8](repeating: 0, count: 1 << 14)
        private var latencies: [Double] = []

        init(_ shape: Shape, from host: LabHost, unless isAbandoned: @escaping () -> Bool) throws {
            self.shape = shape
            self.isAbandoned = isAbandoned
            poller = try Poller()
            connections = try (0..<shape.connections).map { _ in
                try SetConnection(
                    to: PairNetwork.guestAddress, port: SetLoad.port, from: host, pipeline: shape.pipeline)
            }
            for (index, connection) in connections.enumerated() {
                try poller.add(connection.socket.number, .writable, token: UInt64(index))
            }
        }

        mutating func warmUp() throws {
            let start = clock.now()
            while clock.now() - start < SetLoad.warmUp || !connections.allSatisfy(\.wasAnswered) {
                guard clock.now() - start < SetLoad.warmUpLimit else {
                    let missing = connections.count { !$0.wasAnswered }
                    throw LabError(
                        "\(missing) of \(connections.count) connections were not answered within "
                            + "\(SetLoad.warmUpLimit.count / 1_000_000_000) s")
                }
                try serve(milliseconds: 10)
            }
        }

        mutating func measure(for span: Nanoseconds) throws -> TrafficFigures {
            latencies.removeAll(keepingCapacity: true)
            let usedBefore = try ProcessTime.usedByThisThread()
            let start = clock.now()
            let end = start + span
            while clock.now() < end, !isAbandoned() {
                try serve(milliseconds: min(100, Int32((end - clock.now()).inMilliseconds.rounded(.up))))
            }
            let now = clock.now()
            guard !latencies.isEmpty else { throw LabError("no request was answered") }
            let used = try ProcessTime.usedByThisThread() - usedBefore
            // Whoever still waits has waited at least for so long.
            let waits = connections.compactMap(\.sentAt).map { now - $0 }
            let spread = Spread(latencies)
            let longest = max(spread.max, waits.map(\.inMilliseconds).max() ?? 0)
            return TrafficFigures(
                perSecond: Double(latencies.count) / ((now - start).inMilliseconds / 1000),
                latency: Spread(median: spread.median, p99: spread.p99, max: longest),
                unanswered: waits.count { $0 > SetLoad.patience },
                clientCores: used.inMilliseconds / (now - start).inMilliseconds)
        }

        /// Waits for answers at most so long, and sends the next requests of each connection that has all of its own.
        private mutating func serve(milliseconds: Int32) throws {
            poller.wait(milliseconds: milliseconds, &events)
            for event in events {
                let connection = connections[Int(event.token)]
                if event.readiness.contains(.writable) {
                    let isFirst = connection.sentAt == nil
                    let hasLeft = try isFirst ? sendNext(connection) : connection.sendRest()
                    if hasLeft { poller.change(connection.socket.number, .readable, token: event.token) }
                } else {
                    try receive(connection, event.token)
                }
            }
        }

        private mutating func receive(_ connection: SetConnection, _ token: UInt64) throws {
            let (answers, isDone) = try connection.receive(into: &buffer)
            if let sentAt = connection.sentAt {
                let latency = (clock.now() - sentAt).inMilliseconds
                for _ in 0..<answers { latencies.append(latency) }
            }
            if isDone, try !sendNext(connection) {
                poller.change(connection.socket.number, .writable, token: token)
            }
        }

        private mutating func sendNext(_ connection: SetConnection) throws -> Bool {
            let keys = shape.keys
            return try connection.sendNext(now: clock.now()) {
                keys > 1 ? Int.random(in: 0..<keys, using: &generator) : nil
            }
        }
    }
}
