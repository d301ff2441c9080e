/// An IEEE 754 binary format, as the engine's own arithmetic needs it.
struct FloatFormat {
    /// Bits of the fraction field.
    let fractionBits: Int
    /// Bits of the exponent field.
    let exponentBits: Int

    static let single = FloatFormat(fractionBits: 23, exponentBits: 8)
    static let double = FloatFormat(fractionBits: 52, exponentBits: 11)

    var bias: Int { (1 << (exponentBits - 1)) - 1 }
    var signBit: UInt64 { 1 << UInt64(fractionBits + exponentBits) }
    var fractionMask: UInt64 { (1 << UInt64(fractionBits)) - 1 }
    var infinity: UInt64 { UInt64((1 << exponentBits) - 1) << UInt64(fractionBits) }
    var largest: UInt64 { infinity - 1 }
    /// The NaN that operations give (RISC-V unprivileged spec, "NaN Generation and Propagation").
    var canonicalNaN: UInt64 { infinity | quietBit }
    var quietBit: UInt64 { 1 << UInt64(fractionBits - 1) }
    var smallestNormal: UInt64 { 1 << UInt64(fractionBits) }

    func magnitude(_ bits: UInt64) -> UInt64 { bits & (signBit - 1) }
    func isNegative(_ bits: UInt64) -> Bool { bits & signBit != 0 }
    func isNaN(_ bits: UInt64) -> Bool { magnitude(bits) > infinity }
    func isSignalingNaN(_ bits: UInt64) -> Bool { isNaN(bits) && bits & quietBit == 0 }
    func isInfinite(_ bits: UInt64) -> Bool { magnitude(bits) == infinity }
    func isZero(_ bits: UInt64) -> Bool { magnitude(bits) == 0 }
}

/// How a result is rounded: the values of frm.
enum RoundingMode: UInt64 {
    case nearestEven = 0
    case towardZero = 1
    case down = 2
    case up = 3
    case nearestAway = 4
}

/// The bits of fflags.
enum FloatFlags {
    static let inexact: UInt64 = 1
    static let underflow: UInt64 = 2
    static let overflow: UInt64 = 4
    static let divisionByZero: UInt64 = 8
    static let invalid: UInt64 = 16
}
