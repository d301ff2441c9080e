import QAPI
import QMP

/// What of a stream of events a person cares about.
///
/// Every checkpoint is a STOP, a MIGRATION_PASS and a RESUME, many times a second: they are left out. A STOP that no
/// RESUME follows within `longestPause` is no checkpoint and is shown late. Of the status only what changed is shown.
struct EventDigest {
    /// The longest pause of a checkpoint, in microseconds.
    static let longestPause: Int64 = 1_000_000

    private var stop: ClientSession.Event?
    private var lastStatus: ColodStatus?

    /// A digest that has seen nothing.
    init() {}

    /// Whether a STOP waits to be told from a checkpoint's.
    var waits: Bool { stop != nil }

    /// Takes the next event; returns the lines to show.
    mutating func take(_ event: ClientSession.Event) -> [String] {
        switch event.name {
        case "MIGRATION_PASS": return []
        case "X_COLOD_STATUS":
            guard let status = ColodStatus(reply: .object(event.data)) else { return [EventLine.text(event)] }
            return take(status).map { [EventLine.text($0, at: event.microseconds)] } ?? []
        case "STOP":
            defer { stop = event }
            return expire()
        case "RESUME":
            guard let begun = stop, event.microseconds - begun.microseconds <= Self.longestPause else {
                return expire() + [EventLine.text(event)]
            }
            stop = nil
            return []
        default: return expire() + [EventLine.text(event)]
        }
    }

    /// The STOP that waits is no checkpoint's.
    mutating func expire() -> [String] {
        defer { stop = nil }
        return stop.map { [EventLine.text($0)] } ?? []
    }

    /// Takes a status; returns what to show of it, or nil if nothing that matters has changed.
    mutating func take(_ status: ColodStatus) -> String? {
        defer { lastStatus = status }
        if let lastStatus, Self.essence(lastStatus) == Self.essence(status) { return nil }
        var text = "\(status.role.rawValue), \(status.state.rawValue), "
        text += status.serving ? "serving" : status.stopped == true ? "stopped by an operator" : "not serving"
        text += ", term \(status.term)"
        if status.isPaired {
            text += status.peer.connected ? ", peer connected" : ", peer NOT connected"
            if let down = status.peer.downNetworks { text += ", \(down)" }
        }
        for why in status.impairments ?? [] { text += ", \(why)" }
        if let what = status.waitsFor { text += ", waits for \(what)" }
        if let failure = status.lastFailure, failure != lastStatus?.lastFailure { text += ", last failure: \(failure)" }
        return "status: \(text)"
    }

    /// What makes two statuses different for a person; ages and counts do not.
    private static func essence(_ status: ColodStatus) -> [String] {
        let flags = [status.protected, status.serving, status.peer.connected, status.stopped == true]
        let texts = (status.impairments ?? []) + [status.waitsFor ?? "", status.lastFailure ?? ""]
        return [status.role.rawValue, status.state.rawValue, "\(status.term)", "\(status.peer.networksUp)"]
            + flags.map { "\($0)" } + texts.map { String($0.filter { !$0.isNumber }) }
    }
}
