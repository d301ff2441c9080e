import QMP

/// How much of RAM or a disk was sent.
public struct MigrationStatistics: Sendable, Hashable {
    /// Bytes on the wire.
    public var transferred: UInt64 = 0
    /// Bytes still to be sent.
    public var remaining: UInt64 = 0
    /// Bytes in all.
    public var total: UInt64 = 0
    /// Pages that were zero.
    public var duplicate: UInt64 = 0
    /// Pages sent whole.
    public var normal: UInt64 = 0
    /// New dirty pages a second.
    public var dirtyPagesRate: UInt64 = 0
    /// Megabits a second.
    public var megabitsPerSecond: Double = 0
    /// Passes over the dirty log.
    public var dirtySyncCount: UInt64 = 0
    /// Pages that the destination asked for.
    public var postcopyRequests: UInt64 = 0
    /// Bytes of a page.
    public var pageSize: UInt64 = 4096
    /// Bytes on channels of their own.
    public var multifdBytes: UInt64 = 0
    /// Pages a second.
    public var pagesPerSecond: UInt64 = 0
    /// Bytes sent while the guest ran here.
    public var precopyBytes: UInt64 = 0
    /// Bytes sent while it was stopped.
    public var downtimeBytes: UInt64 = 0
    /// Bytes sent while it ran there.
    public var postcopyBytes: UInt64 = 0
    /// Passes whose zero-copy sends fell back to copying.
    public var dirtySyncMissedZeroCopy: UInt64 = 0

    /// Nothing sent.
    public init() {}

    /// As sent.
    public var json: JSONValue {
        [
            "transferred": JSONValue(transferred), "remaining": JSONValue(remaining), "total": JSONValue(total),
            "duplicate": JSONValue(duplicate), "skipped": 0, "normal": JSONValue(normal),
            "normal-bytes": JSONValue(normal &* pageSize), "dirty-pages-rate": JSONValue(dirtyPagesRate),
            "mbps": .double(megabitsPerSecond), "dirty-sync-count": JSONValue(dirtySyncCount),
            "postcopy-requests": JSONValue(postcopyRequests), "page-size": JSONValue(pageSize),
            "multifd-bytes": JSONValue(multifdBytes), "pages-per-second": JSONValue(pagesPerSecond),
            "precopy-bytes": JSONValue(precopyBytes), "downtime-bytes": JSONValue(downtimeBytes),
            "postcopy-bytes": JSONValue(postcopyBytes),
            "dirty-sync-missed-zero-copy": JSONValue(dirtySyncMissedZeroCopy),
        ]
    }
}

/// An address that a migration listens on.
public enum SocketAddress: Sendable, Hashable {
    /// TCP.
    case inet(host: String, port: UInt16)
    /// A path.
    case unix(path: String)
    /// Between a guest and its host.
    case vsock(cid: String, port: String)

    /// As sent.
    public var json: JSONValue {
        switch self {
        case .inet(let host, let port):
            let family = host.contains(":") ? "ipv6" : "ipv4"
            return ["port": .string(String(port)), .init(family): true, "host": .string(host), "type": "inet"]
        case .unix(let path): return ["path": .string(path), "type": "unix"]
        case .vsock(let cid, let port): return ["cid": .string(cid), "port": .string(port), "type": "vsock"]
        }
    }
}

/// The reply of `query-migrate`. Members that are nil are left out.
public struct MigrationInfo: Sendable, Hashable {
    /// Where it stands; nil if there never was one, and while listening.
    public var status: MigrationStatus?
    /// Milliseconds since it began, or that it took.
    public var totalTime: UInt64?
    /// Milliseconds that the guest is expected to stop.
    public var expectedDowntime: UInt64?
    /// Milliseconds that the guest was stopped.
    public var downtime: UInt64?
    /// Milliseconds until it was set up.
    public var setupTime: UInt64?
    /// What was sent of RAM.
    public var ram: MigrationStatistics?
    /// What was sent of disks.
    public var disk: MigrationStatistics?
    /// How much the guest is slowed down.
    public var cpuThrottlePercentage: UInt64?
    /// Why it failed.
    public var errorDescription: String?
    /// What stands in the way of a migration.
    public var blockedReasons: [String]?
    /// Where the destination listens.
    public var socketAddress: [SocketAddress]?

    /// Nothing yet.
    public init(status: MigrationStatus? = nil) { self.status = status }

    /// As sent.
    public var json: JSONValue {
        var object = JSONObject()
        object["status"] = status.map { .string($0.rawValue) }
        object["total-time"] = totalTime.map { JSONValue($0) }
        object["expected-downtime"] = expectedDowntime.map { JSONValue($0) }
        object["downtime"] = downtime.map { JSONValue($0) }
        object["setup-time"] = setupTime.map { JSONValue($0) }
        object["ram"] = ram?.json
        object["disk"] = disk?.json
        object["cpu-throttle-percentage"] = cpuThrottlePercentage.map { JSONValue($0) }
        object["error-desc"] = errorDescription.map { .string($0) }
        object["blocked-reasons"] = blockedReasons.map { .array($0.map { .string($0) }) }
        object["socket-address"] = socketAddress.map { .array($0.map(\.json)) }
        return .object(object)
    }
}
