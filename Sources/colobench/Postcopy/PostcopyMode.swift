/// Under what a missing page is waited for.
enum PostcopyMode: String, CaseIterable {
    /// Nothing else is on the channel.
    case idle = "idle_us"
    /// The background goes at full speed on the only channel.
    case busy = "busy_us"
    /// The same, and pages that are asked for have a channel of their own.
    case busyPreempt = "busy_preempt_us"

    /// What both ends have on.
    var capabilities: [String] {
        ["events", "postcopy-ram"] + (self == .busyPreempt ? ["postcopy-preempt"] : [])
    }

    var isIdle: Bool { self == .idle }

    /// For people.
    var title: String {
        switch self {
        case .idle: "idle link"
        case .busy: "background at full speed"
        case .busyPreempt: "background at full speed, preempt"
        }
    }
}
