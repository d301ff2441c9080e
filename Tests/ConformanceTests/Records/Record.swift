import QMP

/// One call to a QEMU 7.2 and what it answered.
struct Record {
    let number: Int64
    let group: String
    /// The state of the server and the connection, in words.
    let state: String
    /// What the client sent.
    let call: String
    /// One reply, or several in a list.
    let reply: JSONValue

    /// Nil for what cannot be replayed against a fresh server: a session's part, a remark, a reply cut short, or one
    /// that depends on what was called before.
    init?(_ json: JSONValue) {
        guard let number = json["n"]?.integer, let group = json["group"]?.string, let state = json["state"]?.string,
            let call = json["call"]?.string, let reply = json["reply"]
        else { return nil }
        if group.hasPrefix("scenario") || group == "greeting" || call.hasPrefix("(") { return nil }
        if reply.text().contains("changed-since-last-readback") { return nil }
        if let repeats = json["repeats"], repeats != .null { return nil }
        let followsUp = ["param-xbzrle", "param-multi", "param-downtime"].contains(group)
        if followsUp, json["note"]?.string?.hasPrefix("after") == true { return nil }
        (self.number, self.group, self.state, self.reply) = (number, group, state, reply)
        self.call = Self.abbreviations[call] ?? call
    }

    /// Calls that were too long to be recorded in full.
    private static let abbreviations = [
        "[ x1024 ] x1024": String(repeating: "[", count: 1024) + String(repeating: "]", count: 1024),
        #"{"execute":"query-name","id":"a x1000000"}"#:
            #"{"execute":"query-name","id":"\#(String(repeating: "a", count: 1_000_000))"}"#,
    ]

    /// How the table names it.
    var name: String { "record \(number)" }
    /// Whether the server waits for a migration.
    var isIncoming: Bool { state.contains("incoming") }
    /// Whether the recorded client had negotiated when it called.
    var isNegotiated: Bool { group != "negotiation" }
    /// Whether it had negotiated commands out of band.
    var isOutOfBand: Bool { state.contains("with oob") }
    /// What goes over the socket; calls of bad JSON go without a line end, which could complete a value.
    var sent: String { group == "json" ? call : call + "\n" }
    /// How many replies there were.
    var replyCount: Int { reply.array?.count ?? 1 }
}
