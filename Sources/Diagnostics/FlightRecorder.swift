public import Environment
public import Logging
import Synchronization

/// Keeps the last events of this process in memory, for the moment after something went wrong.
///
/// Taking a note costs a lock and no log line, so it may be done at every step of every checkpoint.
public final class FlightRecorder: Sendable {
    /// One event.
    public struct Note: Sendable, Equatable {
        /// When, on the host's monotonic clock.
        public let time: Nanoseconds
        /// What happened, in a few words.
        public let event: String
        /// What belongs to it, such as the epoch.
        public let fields: [String: String]
    }

    private struct Ring {
        var notes: [Note] = []
        var next = 0
        var total: UInt64 = 0
    }

    /// How many notes are kept.
    public let capacity: Int
    private let clock: any MonotonicClock
    private let cycles: [Set<String>: String]
    private let ring = Mutex(Ring())

    /// A recorder that keeps the last `capacity` notes. `cycles` names what is always noted as the same few events, such
    /// as a checkpoint, so that a dump can count it by its name.
    public init(capacity: Int = 2048, cycles: [Set<String>: String] = [:], clock: any MonotonicClock) {
        self.cycles = cycles
        self.capacity = max(1, capacity)
        self.clock = clock
        ring.withLock { $0.notes.reserveCapacity(self.capacity) }
    }

    /// Takes a note. The oldest one goes when the ring is full.
    public func note(_ event: String, _ fields: [String: String] = [:]) {
        let note = Note(time: clock.now(), event: event, fields: fields)
        ring.withLock { ring in
            if ring.notes.count < capacity { ring.notes.append(note) } else { ring.notes[ring.next] = note }
            ring.next = (ring.next + 1) % capacity
            ring.total &+= 1
        }
    }

    /// The notes that are kept, oldest first, and how many were taken in all.
    public var notes: (kept: [Note], total: UInt64) {
        ring.withLock { ring in
            let isFull = ring.notes.count == capacity
            return (isFull ? Array(ring.notes[ring.next...] + ring.notes[..<ring.next]) : ring.notes, ring.total)
        }
    }

    /// Writes the notes to `logger`, oldest first, with what repeats folded; see `FlightRecorderDump`.
    public func dump(to logger: Logger, reason: String) {
        let (kept, total) = notes
        let dump = FlightRecorderDump(kept, cycles: cycles, now: clock.now(), wallClock: .now)
        logger.notice(
            "flight recorder: the last \(kept.count) of \(total) notes follow in \(dump.lines.count) lines",
            metadata: ["reason": "\(reason)"])
        for line in dump.lines { logger.notice("flight recorder: \(line)") }
    }
}
