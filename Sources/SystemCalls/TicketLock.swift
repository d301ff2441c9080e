public import Environment

/// A lock whose holder may keep it for seconds: the first to ask has it first, and a waiting thread may give up at a deadline.
///
/// The mutex of a `ThreadGate` promises neither: a thread that releases it and takes it again, over and over, keeps it
/// from those who wait.
public final class TicketLock<Value>: @unchecked Sendable {
    // SAFETY: only the holder touches `value`; it passes from one holder to the next through `line`, whose mutex orders
    // what they do.
    private struct Line {
        var isHeld = false
        /// The tickets of those who wait, first come first.
        var waiting: [UInt64] = []
        var lastTicket: UInt64 = 0
    }

    private let line = ThreadGate(Line())
    private var value: Value

    /// A lock around `value`.
    public init(_ value: consuming sending Value) { self.value = value }

    /// Runs `body` with the lock held, when everybody who asked before has had it. Not recursive.
    public func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        _ = enter(until: .never)
        defer { leave() }
        return try body(&value)
    }

    /// The same; nil, without having run `body`, once `deadline` (of SystemClock) has passed.
    public func withLock<Result, Failure: Error>(
        until deadline: Nanoseconds, _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard enter(until: deadline) else { return nil }
        defer { leave() }
        return try body(&value)
    }

    /// Runs `body` with the lock held if nobody has it or waits for it; nil, without having run it, if somebody does.
    public func tryLock<Result>(_ body: (inout Value) -> Result) -> Result? {
        let isFree = line.withLock(notify: false) { line in
            guard !line.isHeld, line.waiting.isEmpty else { return false }
            line.isHeld = true
            return true
        }
        guard isFree else { return nil }
        defer { leave() }
        return body(&value)
    }

    /// How many threads wait.
    var waitingCount: Int { line.withLock(notify: false) { $0.waiting.count } }

    private func enter(until deadline: Nanoseconds) -> Bool {
        var ticket: UInt64?
        let hasEntered = line.wait(until: deadline) { line -> Bool? in
            guard let ticket else {
                guard line.isHeld || !line.waiting.isEmpty else {
                    line.isHeld = true
                    return true
                }
                line.lastTicket += 1
                line.waiting.append(line.lastTicket)
                ticket = line.lastTicket
                return nil
            }
            guard !line.isHeld, line.waiting.first == ticket else { return nil }
            line.waiting.removeFirst()
            line.isHeld = true
            return true
        }
        if hasEntered == true { return true }
        // It may be the turn of the next thread.
        line.withLock { line in line.waiting.removeAll { $0 == ticket } }
        return false
    }

    private func leave() { line.withLock { $0.isHeld = false } }
}
