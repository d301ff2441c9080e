public import Environment

/// Keeps a trouble that happens again and again from filling the log: its first time is told at once, after that once a
/// minute how often it was, and its end when it is over.
public struct RepeatedNotice: Sendable {
    /// The time from one telling to the next.
    public static let interval = Nanoseconds.seconds(60)

    /// What is to be told.
    public enum Telling: Sendable, Equatable {
        /// It has happened for the first time.
        case first
        /// It goes on: so often since the last telling.
        case again(times: Int)
    }

    private var began: Nanoseconds?
    private var lastTold = Nanoseconds.zero
    private var untold = 0

    /// No trouble so far.
    public init() {}

    /// It has happened, at `now`; returns what is to be told, if anything.
    public mutating func happened(at now: Nanoseconds) -> Telling? {
        guard began != nil else {
            (began, lastTold, untold) = (now, now, 0)
            return .first
        }
        untold += 1
        guard now >= lastTold + Self.interval else { return nil }
        defer { (lastTold, untold) = (now, 0) }
        return .again(times: untold)
    }

    /// It went well, at `now`; returns how long the trouble had lasted, nil if there was none.
    public mutating func ended(at now: Nanoseconds) -> Nanoseconds? {
        defer { began = nil }
        return began.map { now - $0 }
    }
}
