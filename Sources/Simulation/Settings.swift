import Environment
public import ReplicationCore

/// What a run is about; everything else follows from the seed.
public struct Settings: Sendable {
    /// Who decides when the peer cannot.
    public enum Arbiter: String, Sendable, CaseIterable {
        /// Every question is answered yes.
        case none
        /// Remembers who may serve.
        case witness
        /// Powers the peer off.
        case fence
    }

    /// The seed.
    public var seed: UInt64
    /// A rule to break.
    public var sabotage: Sabotage?
    /// Whether the trace is kept as text.
    public var keepsTrace = false
    /// The arbiter.
    public var arbiter: Arbiter
    /// The failover policy of both sides.
    public var failover: FailoverPolicy
    /// Each fault waits until the pair is protected again.
    public var isSpaced: Bool
    /// How many faults there are.
    public var faults: Int

    let heartbeatTimeout = Nanoseconds.milliseconds(500)
    /// How long the pair may take to become protected once nothing is broken any more.
    let healingBound = Nanoseconds.seconds(20)

    /// The settings that a seed decides.
    public init(seed: UInt64, sabotage: Sabotage? = nil, keepsTrace: Bool = false) {
        var chance = SeededGenerator(seed: seed)
        self.seed = seed
        self.sabotage = sabotage
        self.keepsTrace = keepsTrace
        arbiter = Arbiter.allCases[Int(chance.next() % 3)]
        failover = chance.chance(1, in: 6) ? .manual : .automatic
        isSpaced = arbiter == .none || chance.chance(1, in: 2)
        faults = 1 + Int(chance.next() % (isSpaced ? 4 : 8))
    }
}
