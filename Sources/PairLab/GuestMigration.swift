public import Environment
public import QMP

/// One way in which a guest moves to another host.
public struct GuestMigration: Sendable {
    /// By which way the stream goes.
    public enum Way: Sendable, Equatable {
        /// Straight to the other host, by TCP.
        case socket
        /// Into a file, through a command of the shell, and out of it through another one. FILE stands for its path.
        case file(into: String, outOf: String)
    }

    /// How the source is held back, so that the feature has something to do, and until when.
    public struct Hold: Sendable {
        /// Bytes a second.
        let bandwidth: Int
        /// Bytes a second from when little is left: less than the guest writes. Nil if that stays as it is.
        var lastBandwidth: Int?
        /// What `query-migrate` says once it has happened.
        let isOver: @Sendable (JSONValue) -> Bool
    }

    /// What it is called.
    public let name: String
    /// The capabilities that both sides turn on.
    public var capabilities: [String] = []
    /// The parameters that both sides set.
    public var parameters: JSONObject = [:]
    /// By which way.
    public var way = Way.socket
    /// Whether the channels are encrypted, with a key that both sides have.
    public var isEncrypted = false
    /// How the source is held back; nil if it is not.
    public var hold: Hold?
    /// How its memory follows it, if it moves first.
    public var postcopy: PostcopyMove?
    /// Whether what the source says of itself in the end, or said while it was held back, shows that the feature was used.
    public var wasUsed: @Sendable (JSONValue) -> Bool = { _ in true }

    /// What the parameters that features set are otherwise.
    static let usualParameters: JSONObject = [
        "multifd-channels": 2, "multifd-compression": "none", "compress-level": 1, "throttle-trigger-threshold": 50,
        "cpu-throttle-initial": 20, "max-postcopy-bandwidth": 0,
    ]

    private static let megabyte = 1 << 20

    /// Every feature.
    public static let all: [GuestMigration] = precopy + postcopies

    /// A guest that moves before its memory.
    public static let postcopies: [GuestMigration] = [
        following("postcopy"),
        following("postcopy-preempt", ["postcopy-preempt"]),
        following("postcopy TLS", isEncrypted: true, PostcopyMove(cuts: [50])),
        following("postcopy, cut twice", [], PostcopyMove(cuts: [200, 100])),
        following("postcopy-preempt, cut", ["postcopy-preempt"], PostcopyMove(cuts: [150])),
        following("release-ram", ["release-ram"]),
    ]

    /// One of these.
    public static func following(
        _ name: String, _ capabilities: [String] = [], isEncrypted: Bool = false, _ move: PostcopyMove = PostcopyMove()
    ) -> GuestMigration {
        GuestMigration(
            name: name, capabilities: ["postcopy-ram"] + capabilities,
            parameters: ["max-postcopy-bandwidth": JSONValue(move.bandwidth)], isEncrypted: isEncrypted,
            postcopy: move,
            wasUsed: { count($0, "ram", "postcopy-bytes") > 0 && count($0, "ram", "postcopy-requests") > 0 })
    }

    /// Every feature of a migration that copies all memory before the guest changes hosts.
    private static let precopy: [GuestMigration] =
        [
            GuestMigration(name: "plain"),
            GuestMigration(name: "return-path", capabilities: ["return-path"]),
            GuestMigration(name: "zero-blocks", capabilities: ["zero-blocks"]),
            GuestMigration(
                name: "xbzrle", capabilities: ["xbzrle"],
                hold: Hold(bandwidth: 64 * megabyte, lastBandwidth: 3 * megabyte) {
                    count($0, "xbzrle-cache", "pages") > 0
                },
                wasUsed: { count($0, "xbzrle-cache", "pages") > 0 }),
            GuestMigration(
                name: "compress", capabilities: ["compress"], parameters: ["compress-level": 1],
                wasUsed: { count($0, "compression", "pages") > 0 }),
        ] + dataChannels + [
            GuestMigration(name: "TLS", capabilities: ["return-path"], isEncrypted: true),
            GuestMigration(
                name: "auto-converge", capabilities: ["auto-converge"],
                parameters: ["throttle-trigger-threshold": 1, "cpu-throttle-initial": 20],
                hold: Hold(bandwidth: 64 * megabyte, lastBandwidth: 3 * megabyte) {
                    ($0["cpu-throttle-percentage"]?.integer ?? 0) > 0
                },
                wasUsed: { ($0["cpu-throttle-percentage"]?.integer ?? 0) > 0 }),
            GuestMigration(name: "pause-before-switchover", capabilities: ["pause-before-switchover"]),
            GuestMigration(name: "file", way: .file(into: "cat > FILE", outOf: "cat FILE")),
            GuestMigration(name: "zstd file", way: .file(into: "zstd -q -o FILE", outOf: "zstd -dc FILE")),
        ]

    private static let dataChannels: [GuestMigration] =
        ["none", "zlib", "zstd"].flatMap { compression in
            [2, 8].map { channels in
                GuestMigration(
                    name: "multifd \(compression) \(channels)", capabilities: ["multifd"],
                    parameters: [
                        "multifd-channels": JSONValue(channels), "multifd-compression": .string(compression),
                    ], wasUsed: usedDataChannels)
            }
        } + [
            GuestMigration(
                name: "zero-copy-send", capabilities: ["multifd", "zero-copy-send"],
                parameters: ["multifd-channels": 2], wasUsed: usedDataChannels),
            GuestMigration(
                name: "TLS multifd", capabilities: ["multifd"], parameters: ["multifd-channels": 2], isEncrypted: true,
                wasUsed: usedDataChannels),
        ]

    @Sendable private static func usedDataChannels(_ status: JSONValue) -> Bool {
        count(status, "ram", "multifd-bytes") > 0
    }

    private static func count(_ status: JSONValue, _ part: String, _ member: String) -> Int64 {
        Int64(status[part]?[member]?.integer ?? 0)
    }
}

/// How a guest's move went.
public struct GuestMigrationReport: Sendable {
    /// By which feature it moved.
    public let name: String
    /// From the command to the guest on the other host.
    public let span: ClosedRange<Nanoseconds>
    /// While the guest was on the other host and not all of its memory was, in postcopy.
    public let following: ClosedRange<Nanoseconds>?
    /// How long the guest stood, as the source says, in milliseconds; for a file that is the time until all was written.
    public let downtime: Int
    /// How long it should stand at most, in milliseconds.
    public let downtimeLimit: Int
    /// How often the source looked for pages that were written again.
    public let passes: Int
    /// Whether the feature was really used.
    public let wasUsed: Bool
    /// What `query-migrate` of the source said in the end.
    public let status: JSONValue

    /// From the command to the guest on the other host, in milliseconds.
    public var milliseconds: Double { (span.upperBound - span.lowerBound).inMilliseconds }

    /// One line for a table. `longestGap`: how long a client waited for an answer meanwhile.
    public func line(longestGap: Nanoseconds) -> String {
        func whole(_ value: Double) -> Int { Int(value.rounded()) }
        let padding = String(repeating: " ", count: max(0, 24 - name.count))
        return "\(name)\(padding) downtime \(downtime) ms of \(downtimeLimit) ms, longest gap "
            + "\(whole(longestGap.inMilliseconds)) ms, \(whole(milliseconds)) ms in all, \(passes) passes"
            + (wasUsed ? "" : "; THE FEATURE WAS NOT USED")
    }
}
