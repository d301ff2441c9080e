import Environment
import Glibc

/// The notes of a flight recorder as lines for people: each with its age in seconds and its wall-clock time, what
/// repeats in one line ("checkpoint x 412 in 20.6 s"), and at most `lineLimit` of them.
struct FlightRecorderDump {
    /// The most lines; the oldest go.
    static let lineLimit = 200
    /// The most notes that make one cycle.
    static let longestCycle = 6
    /// A cycle that comes less often is written out.
    static let fewestRepeats = 3

    /// Oldest first.
    let lines: [String]

    init(
        _ notes: [FlightRecorder.Note], cycles: [Set<String>: String] = [:], now: Nanoseconds, wallClock: WallClock
    ) {
        let keys = notes.map(Self.key)
        var lines: [String] = []
        var index = 0
        while index < notes.count {
            let (length, repeats) = Self.cycle(in: keys, at: index)
            let cycle = notes[index..<index + length]
            let time = Self.time(notes[index].time, now, wallClock)
            if repeats > 1 {
                let last = notes[index + length * repeats - 1].time
                let events = cycle.map(\.event)
                let name = cycles[Set(events)] ?? events.joined(separator: ", ")
                lines.append("\(time) \(name) x \(repeats) in \(Self.tenths(last - notes[index].time)) s")
            } else {
                lines += cycle.map { "\(Self.time($0.time, now, wallClock)) \(Self.text($0))" }
            }
            index += length * repeats
        }
        let surplus = lines.count - Self.lineLimit
        self.lines =
            surplus > 0 ? ["(\(surplus + 1) older lines are left out)"] + lines.suffix(Self.lineLimit - 1) : lines
    }

    /// How many notes from `index` on make a cycle, and how often it comes in a row: (1, 1) for a note that stands alone.
    private static func cycle(in keys: [String], at index: Int) -> (length: Int, repeats: Int) {
        var best = (length: 1, repeats: 1)
        for length in 1...longestCycle where index + 2 * length <= keys.count {
            var repeats = 1
            var next = index + length
            while next + length <= keys.count, keys[next..<next + length] == keys[index..<index + length] {
                repeats += 1
                next += length
            }
            if repeats >= fewestRepeats, repeats * length > best.repeats * best.length { best = (length, repeats) }
        }
        return best
    }

    /// Notes with the same key are the same happening: numbers may differ.
    private static func key(_ note: FlightRecorder.Note) -> String {
        ([note.event] + fields(note)).joined(separator: " ").filter { !$0.isNumber }
    }

    private static func text(_ note: FlightRecorder.Note) -> String {
        ([note.event] + fields(note)).joined(separator: " ")
    }

    private static func fields(_ note: FlightRecorder.Note) -> [String] {
        note.fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }

    /// "-20.612 s 2026-03-01T10:00:00.123Z"
    private static func time(_ time: Nanoseconds, _ now: Nanoseconds, _ wallClock: WallClock) -> String {
        let age = now - time
        let milliseconds = String(1000 + age.count / 1_000_000 % 1000).dropFirst()
        return "-\(age.count / 1_000_000_000).\(milliseconds) s \(wallClock.timestamp(age: age))"
    }

    private static func tenths(_ span: Nanoseconds) -> String {
        let tenths = (span.count + 50_000_000) / 100_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// A moment of the wall clock, from which earlier ones are counted.
struct WallClock {
    let time: timespec

    /// clock_gettime(2) CLOCK_REALTIME.
    static var now: WallClock {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallClock(time: time)
    }

    /// The moment that long before, as in the log.
    func timestamp(age: Nanoseconds) -> String {
        let total = Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec) - Int(clamping: age.count)
        let then = max(0, total)
        return StandardErrorLogHandler.timestamp(timespec(tv_sec: then / 1_000_000_000, tv_nsec: then % 1_000_000_000))
    }
}
