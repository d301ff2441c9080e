import PairLab
import QMP

/// A colod and a real QEMU that are sent the same bytes, one call after the other.
final class LockStep {
    /// What each of them answered to one call: replies and events in their order, without times.
    struct Answers {
        let colod: [JSONValue]
        let qemu: [JSONValue]
        var agree: Bool { colod == qemu }
    }

    private let options: StartOptions
    private var pair: (colod: (Server, Monitor), qemu: (Server, Monitor))?
    private var calls = 0

    init(_ options: StartOptions) { self.options = options }

    /// The reply of each to a call that is well-formed.
    func ask(_ call: String) throws -> (colod: JSONValue, qemu: JSONValue) {
        let pair = try current()
        return (try pair.colod.1.ask(call), try pair.qemu.1.ask(call))
    }

    /// Sends the bytes to both. Behind them goes what ends any text that is still open, and a last call whose reply
    /// tells that nothing more will come.
    func exchange(_ bytes: [UInt8], isWellFormed: Bool) throws -> Answers {
        let pair = try current()
        calls += 1
        let mark = "end of call \(calls)"
        // A line end is no part of a string; more closing braces than were ever opened end every value.
        let closing = isWellFormed ? "\n" : "\n" + String(repeating: "}", count: 16) + "\n"
        let all = bytes + Array("\(closing){\"execute\": \"query-name\", \"id\": \"\(mark)\"}\n".utf8)
        try pair.colod.1.connection.send(all)
        try pair.qemu.1.connection.send(all)
        return Answers(
            colod: try Self.messages(of: pair.colod.1, until: mark),
            qemu: try Self.messages(of: pair.qemu.1, until: mark))
    }

    /// Whether it is QEMU that has ended. It does so at times, long after the call that broke it.
    var hasQEMUEnded: Bool {
        // A process that has just closed its connection needs a moment to end.
        pair?.colod.0.process.status == nil && pair?.qemu.0.process.waitForExit(within: .milliseconds(500)) != nil
    }

    /// Starts both anew before the next call.
    func restart() { pair = nil }

    private func current() throws -> (colod: (Server, Monitor), qemu: (Server, Monitor)) {
        if let pair { return pair }
        let colod = try Server(.colod, options)
        let qemu = try Server(.qemu, options)
        let fresh = (
            colod: (colod, try colod.connect(outOfBand: true)), qemu: (qemu, try qemu.connect(outOfBand: true))
        )
        pair = fresh
        return fresh
    }

    /// Parameters that QEMU 7.2 takes and then forgets.
    static let unstored = ["multifd-zlib-level", "multifd-zstd-level"]

    private static func messages(of monitor: Monitor, until mark: String) throws -> [JSONValue] {
        var messages: [JSONValue] = []
        while let message = try monitor.next(within: .seconds(10)) {
            if message["id"]?.string == mark { return messages }
            guard case .object(var object) = message else { throw LabError("a message is no object: \(message)") }
            if object["event"] != nil { object["timestamp"] = nil }
            if var values = object["return"]?.object {
                for name in unstored { values[name] = nil }
                object["return"] = .object(values)
            }
            messages.append(.object(object))
        }
        return messages + ["the connection was closed"]
    }
}
