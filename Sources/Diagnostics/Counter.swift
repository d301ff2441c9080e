import Synchronization

/// A number that only grows, counted from any thread without a lock.
public final class Counter: Sendable {
    /// What is counted ("heartbeats refused").
    public let name: String
    private let count = Atomic<UInt64>(0)

    /// A counter of `name` at zero.
    public init(_ name: String) { self.name = name }

    /// Adds `amount`; wraps around at 2^64.
    @inline(__always)
    public func add(_ amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

    /// What was counted so far.
    public var value: UInt64 { count.load(ordering: .relaxed) }
}

/// The counters of a process, by name.
public final class CounterSet: Sendable {
    private let counters = Mutex<[String: Counter]>([:])

    /// No counters yet.
    public init() {}

    /// The counter of that name, made when it is first asked for. Keep it: the look-up takes a lock.
    public func counter(_ name: String) -> Counter {
        counters.withLock { counters in
            if let counter = counters[name] { return counter }
            let counter = Counter(name)
            counters[name] = counter
            return counter
        }
    }

    /// All names and values, in the order of the names.
    public var values: [(name: String, value: UInt64)] {
        counters.withLock { $0.values.map { ($0.name, $0.value) } }.sorted { $0.0 < $1.0 }
    }
}
