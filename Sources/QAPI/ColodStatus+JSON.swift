import QMP

extension ColodStatus {
    /// As sent.
    public var json: JSONValue {
        var peerObject: JSONObject = ["connected": .boolean(peer.connected)]
        peerObject["last-heard-ms"] = peer.lastHeardMilliseconds.map { JSONValue($0) }
        peerObject["networks"] = JSONValue(peer.networks)
        peerObject["networks-up"] = JSONValue(peer.networksUp)
        peerObject["ignored"] = JSONValue(peer.ignored)
        var object: JSONObject = [
            "role": .string(role.rawValue), "state": .string(state.rawValue), "protected": .boolean(protected),
            "serving": .boolean(serving), "term": JSONValue(term), "peer": .object(peerObject),
            "checkpoints": JSONValue(checkpoints),
        ]
        object["pause-ms"] = pause.map {
            ["median": .double($0.median), "p99": .double($0.p99), "max": .double($0.max)]
        }
        object["bytes-per-checkpoint"] = bytesPerCheckpoint.map { JSONValue($0) }
        object["last-checkpoint-age-ms"] = lastCheckpointAgeMilliseconds.map { JSONValue($0) }
        object["held-packets"] = JSONValue(heldPackets)
        object["held-bytes"] = JSONValue(heldBytes)
        object["last-failure"] = lastFailure.map { .string($0) }
        object["failover"] = .string(failoverMode.rawValue)
        object["arbiter"] = .string(arbiter)
        object["retired-instructions"] = retiredInstructions.map { JSONValue($0) }
        return .object(object)
    }

    /// Reads a reply; nil if it is not one, or of a state this version does not know.
    public init?(json: JSONValue) {
        guard let role = json["role"]?.string.flatMap(Role.init(rawValue:)),
            let state = json["state"]?.string.flatMap(State.init(rawValue:)),
            let protected = json["protected"]?.boolean, let serving = json["serving"]?.boolean,
            let term = json["term"]?.unsigned, let connected = json["peer"]?["connected"]?.boolean,
            let failoverMode = json["failover"]?.string.flatMap(FailoverMode.init(rawValue:)),
            let arbiter = json["arbiter"]?.string
        else { return nil }
        self.init(
            role: role, state: state, protected: protected, serving: serving, term: term,
            peer: Peer(connected: connected, lastHeardMilliseconds: json["peer"]?["last-heard-ms"]?.unsigned),
            failoverMode: failoverMode, arbiter: arbiter)
        peer.networks = json["peer"]?["networks"]?.unsigned ?? 0
        peer.networksUp = json["peer"]?["networks-up"]?.unsigned ?? 0
        peer.ignored = json["peer"]?["ignored"]?.unsigned ?? 0
        checkpoints = json["checkpoints"]?.unsigned ?? 0
        if let pause = json["pause-ms"], let median = pause["median"]?.double, let p99 = pause["p99"]?.double,
            let max = pause["max"]?.double
        {
            self.pause = Pause(median: median, p99: p99, max: max)
        }
        bytesPerCheckpoint = json["bytes-per-checkpoint"]?.unsigned
        lastCheckpointAgeMilliseconds = json["last-checkpoint-age-ms"]?.unsigned
        heldPackets = json["held-packets"]?.unsigned ?? 0
        heldBytes = json["held-bytes"]?.unsigned ?? 0
        lastFailure = json["last-failure"]?.string
        retiredInstructions = json["retired-instructions"]?.unsigned
    }
}
