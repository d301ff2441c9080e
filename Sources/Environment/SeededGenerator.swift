/// A random generator that a seed decides wholly (SplitMix64, Steele et al., OOPSLA 2014): one seed, one run.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The generator of `seed`.
    public init(seed: UInt64) { state = seed }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// True in `numerator` of `denominator` cases.
    public mutating func chance(_ numerator: UInt64, in denominator: UInt64) -> Bool {
        next() % max(1, denominator) < numerator
    }
}
