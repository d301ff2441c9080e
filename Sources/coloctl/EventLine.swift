import Glibc
import QMP

/// One line of `coloctl events`: the local time, then what happened.
enum EventLine {
    /// An event with its data.
    static func text(_ event: ClientSession.Event) -> String {
        let data = event.data.isEmpty ? "" : " " + JSONValue.object(event.data).shown()
        return text("\(event.name)\(data)", at: event.microseconds)
    }

    /// Something else that happened at that time, in microseconds since 1970: localtime_r(3), strftime(3).
    static func text(_ what: String, at microseconds: Int64) -> String {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var seconds = time_t(microseconds / 1_000_000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = unsafe strftime(&text, text.count, "%Y-%m-%d %H:%M:%S", &parts)
        let date = String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let fraction = String(microseconds % 1_000_000)
        let padding = String(repeating: "0", count: max(0, 6 - fraction.count))
        return "\(date).\(padding)\(fraction) \(what)"
    }

    /// Something that happens now.
    static func now(_ what: String) -> String {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return text(what, at: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
