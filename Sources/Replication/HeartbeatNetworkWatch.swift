import Environment
import ReplicationCore

/// What an operator is told about the networks between the hosts, and about replication over them.
public enum PairNotice: Sendable, Equatable {
    /// Something works, or is waited for.
    case notice(String)
    /// Something that is needed is missing.
    case warning(String)

    /// The sentence.
    public var text: String {
        switch self {
        case .notice(let text), .warning(let text): text
        }
    }

    /// Whether somebody should look.
    public var isWarning: Bool { if case .warning = self { true } else { false } }

    /// A run is over: one that nobody asked to end leaves the guest without protection.
    static func endOfRun(_ end: COLORunEnd) -> PairNotice {
        let text = "replication ended: \(end)"
        return end == .requested ? .notice(text) : .warning(text)
    }
}

/// Tells once when an end of a heartbeat network goes down, and once when it is up again. Without I/O.
///
/// A change counts when it has lasted: a connection that a peer with another key opens and closes in turn is never up.
struct HeartbeatNetworkWatch {
    /// One end of the network with that index.
    enum End: Hashable {
        /// The address of this host.
        case own(Int)
        /// The connection that this host makes to the peer.
        case peer(Int)

        var network: Int {
            switch self {
            case .own(let index), .peer(let index): index
            }
        }
    }

    private struct Entry {
        var isUp: Bool
        var why: String
        var since: Nanoseconds
        /// What was told last; nil before the first time.
        var told: Bool?
    }

    /// How long a change must last.
    static let settled = Nanoseconds.seconds(1)

    private let own: [HeartbeatAddress]
    private let peer: [HeartbeatAddress]
    private var entries: [End: Entry] = [:]

    /// Watches networks with these addresses.
    init(own: [HeartbeatAddress], peer: [HeartbeatAddress]) {
        self.own = own
        self.peer = peer
    }

    /// Notes how an end is now, and why it is down.
    mutating func note(_ end: End, isUp: Bool, why: String = "", now: Nanoseconds) {
        guard var entry = entries[end] else {
            entries[end] = Entry(isUp: isUp, why: why, since: now, told: nil)
            return
        }
        if entry.isUp != isUp { entry.since = now }
        (entry.isUp, entry.why) = (isUp, why)
        entries[end] = entry
    }

    /// What has changed for long enough and was not told yet.
    mutating func news(now: Nanoseconds) -> [PairNotice] {
        var news: [PairNotice] = []
        let ends = own.indices.map { End.own($0) } + peer.indices.map { End.peer($0) }
        for end in ends {
            guard let entry = entries[end], entry.told != entry.isUp, now >= entry.since + Self.settled else {
                continue
            }
            let isFirst = entry.told == nil
            entries[end]?.told = entry.isUp
            if let notice = notice(of: end, entry, isFirst: isFirst) { news.append(notice) }
        }
        return news
    }

    private func notice(of end: End, _ entry: Entry, isFirst: Bool) -> PairNotice? {
        let network = "heartbeat network \(end.network + 1) of \(own.count)"
        switch (end, entry.isUp) {
        case (.own(let index), true):
            return isFirst ? nil : .notice("\(network): the address \(own[index].host) is there")
        case (.own(let index), false):
            return .warning("\(network) is down: \(own[index]): \(entry.why); waiting for the address")
        case (.peer(let index), true):
            return .notice("\(network): connected to the peer at \(peer[index])")
        case (.peer(let index), false) where isFirst:
            return .notice("\(network): waiting for the peer at \(peer[index]): \(entry.why)")
        case (.peer(let index), false):
            return .warning("\(network) is down: no connection to the peer at \(peer[index]): \(entry.why)")
        }
    }
}
