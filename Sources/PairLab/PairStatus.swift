import QMP

/// What a colod says about itself (QMP command `x-colod-status`).
public struct PairStatus: Sendable, Equatable {
    /// "primary", "secondary", ...
    public let role: String
    /// "protected", "waiting", ...
    public let state: String
    /// Whether checkpoints flow and both sides confirmed their roles.
    public let isProtected: Bool
    /// Grows with every takeover.
    public let term: Int64
    /// Checkpoints completed.
    public let checkpoints: Int64
    /// How long the guest stood still for a checkpoint, in milliseconds.
    public let pause: Spread
    /// Mean size of a checkpoint.
    public let bytesPerCheckpoint: Int64
    /// The last failure's sentence; empty if there was none.
    public let lastFailure: String
    /// The whole answer.
    public let json: JSONValue

    init(_ json: JSONValue) throws {
        guard let role = json["role"]?.string, let isProtected = json["protected"]?.boolean else {
            throw LabError("x-colod-status answered without role and protected")
        }
        self.json = json
        self.role = role
        self.isProtected = isProtected
        state = json["state"]?.string ?? ""
        term = json["term"]?.integer ?? 0
        checkpoints = json["checkpoints"]?.integer ?? 0
        let pause = json["pause-ms"]
        self.pause = Spread(
            median: pause?["median"]?.double ?? 0, p99: pause?["p99"]?.double ?? 0, max: pause?["max"]?.double ?? 0)
        bytesPerCheckpoint = Int64(json["bytes-per-checkpoint"]?.double ?? 0)
        lastFailure = json["last-failure"]?.string ?? ""
    }
}

extension QMPClient {
    /// Asks the colod for its status.
    public func status(within limit: Duration = .seconds(5)) throws -> PairStatus {
        try PairStatus(execute("x-colod-status", within: limit))
    }
}
