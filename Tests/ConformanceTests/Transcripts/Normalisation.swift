import QMP

/// Makes the values of a session comparable with those of another: what differs from run to run or from machine to
/// machine is replaced by its kind, by the name of the member that holds it.
enum Normalisation {
    /// Times, sizes, rates, counters of pages, thread ids and ports.
    private static let measured: Set<String> = [
        "total-time", "setup-time", "downtime", "expected-downtime", "total", "remaining", "transferred", "duplicate",
        "normal", "normal-bytes", "dirty-sync-count", "mbps", "pages-per-second", "dirty-pages-rate", "precopy-bytes",
        "downtime-bytes", "start-time", "dirty-rate", "cpu-throttle-percentage", "thread-id", "port", "base-memory",
        "plugged-memory", "pass", "multifd-bytes", "dirty-sync-missed-zero-copy", "postcopy-requests", "postcopy-bytes",
        "postcopy-blocktime",
        // Of compression and of the XBZRLE cache.
        "pages", "bytes", "busy", "busy-rate", "compressed-size", "compression-rate", "encoding-rate", "cache-miss",
        "cache-miss-rate", "overflow",
    ]
    /// What names the program.
    private static let names: Set<String> = ["package"]

    /// `value` without what differs from run to run.
    static func normalise(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(normalise))
        case .object(let object):
            var result = JSONObject()
            for member in object.members where member.key != "timestamp" {
                result[member.key] =
                    measured.contains(member.key) && !isStructured(member.value)
                    ? "measured" : names.contains(member.key) ? "name" : normalise(member.value)
            }
            return .object(result)
        // Whichever the kernel tells first of a peer that is gone; QEMU may have closed the channel itself by then.
        case .string(let text):
            return .string(
                text.replacing("Connection reset by peer", with: "Broken pipe")
                    .replacing("Bad file descriptor", with: "Broken pipe"))
        default: return value
        }
    }

    private static func isStructured(_ value: JSONValue) -> Bool { value.object != nil || value.array != nil }
}

/// Makes the events of one machine comparable: how many rounds and checkpoints there were is a matter of speed.
enum EventOrder {
    /// One word a event: "STOP", "MIGRATION active", "COLO_EXIT primary error".
    static func word(_ event: JSONValue) -> String {
        let name = event["event"]?.string ?? "?"
        if name == "MIGRATION_PASS" { return name }
        // A primary that is told to fail over ends with either reason, whichever of two threads is first.
        if name == "COLO_EXIT", event["data"]?["mode"] == "primary" { return "COLO_EXIT primary" }
        let data = event["data"]?.object?.members.sorted { $0.key < $1.key } ?? []
        return ([name] + data.map { "\($0.key)=\($0.value.text())" }).joined(separator: " ")
    }

    /// The events in their order: passes that follow each other are one, and whether there was one more before the guest
    /// was stopped does not matter; the stops and starts of checkpoints are left
    /// out, and the exit of COLO, which may come before or after the guest runs on, comes before.
    static func canonical(_ events: [JSONValue]) -> [String] {
        var result: [String] = []
        var isInCOLO = false
        for event in events {
            let word = word(event)
            let isKept = !isInCOLO || !isPartOfCheckpoint(word, after: result)
            guard isKept, word != "MIGRATION_PASS" || result.last != word else { continue }
            if word == "STOP", result.last == "MIGRATION_PASS" { result.removeLast() }
            if word.hasPrefix("COLO_EXIT") {
                // Whether that is still told depends on how fast the process ends.
                if result.contains(where: { $0.hasPrefix("SHUTDOWN") }) { continue }
                let goesBefore = !isInCOLO && result.last == "RESUME"
                result.insert(word, at: result.count - (goesBefore ? 1 : 0))
            } else {
                result.append(word)
            }
            if word == "MIGRATION status=\"colo\"" { isInCOLO = true }
            if word == "MIGRATION status=\"completed\"" { isInCOLO = false }
        }
        return result
    }

    private static func isPartOfCheckpoint(_ word: String, after result: [String]) -> Bool {
        switch word {
        // The order to fail over stops the guest too, unless a checkpoint has just done so.
        case "MIGRATION_PASS", "STOP": true
        // The guest goes on for the first time once both sides are in COLO.
        case "RESUME": result.last != "MIGRATION status=\"colo\""
        default: false
        }
    }
}
