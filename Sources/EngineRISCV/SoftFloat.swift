/// Arithmetic on finite numbers with exact intermediate results and one rounding at the end.
///
/// Hosts round to nearest with ties to even, never with ties away; this does, and converts between formats and to and
/// from integers. A number stands as `significand * 2^(exponent - 126)` with the significand's leading bit at 126 and a
/// bit 0 that also says whether anything below it was lost.
struct SoftFloat {
    var isNegative: Bool
    var exponent: Int
    var significand: UInt128

    private static let leadingBit = 126

    init(isNegative: Bool, exponent: Int, significand: UInt128) {
        self.isNegative = isNegative
        self.exponent = exponent
        self.significand = significand
    }

    /// The finite number `bits`, of zero too.
    init(_ bits: UInt64, _ format: FloatFormat) {
        let field = Int(format.magnitude(bits) >> UInt64(format.fractionBits))
        let fraction = bits & format.fractionMask
        isNegative = format.isNegative(bits)
        exponent = max(field, 1) - format.bias + Self.leadingBit - format.fractionBits
        significand = UInt128(field == 0 ? fraction : fraction | format.smallestNormal)
        normalize()
    }

    /// An integer's magnitude.
    init(magnitude: UInt64, isNegative: Bool) {
        self.isNegative = isNegative
        exponent = Self.leadingBit
        significand = UInt128(magnitude)
        normalize()
    }

    /// Moves the leading bit to where it belongs, keeping what falls off in bit 0.
    private mutating func normalize() {
        if significand == 0 { return }
        let shift = significand.leadingZeroBitCount - (127 - Self.leadingBit)
        significand = shift >= 0 ? significand << UInt128(shift) : Self.shiftedRight(significand, by: -shift)
        exponent -= shift
    }

    private static func shiftedRight(_ value: UInt128, by count: Int) -> UInt128 {
        if count == 0 { return value }
        if count > 127 { return value == 0 ? 0 : 1 }
        let lost = value & ((UInt128(1) << UInt128(count)) - 1)
        return value >> UInt128(count) | (lost == 0 ? 0 : 1)
    }

    static func product(_ a: SoftFloat, _ b: SoftFloat) -> SoftFloat {
        // Leading bits at 63: the product's is at 126 or 127.
        var result = SoftFloat(
            isNegative: a.isNegative != b.isNegative, exponent: a.exponent + b.exponent,
            significand: (a.significand >> 63) * (b.significand >> 63))
        result.normalize()
        return result
    }

    static func quotient(_ a: SoftFloat, _ b: SoftFloat) -> SoftFloat {
        let (quotient, remainder) = a.significand.quotientAndRemainder(dividingBy: b.significand >> 63)
        var result = SoftFloat(
            isNegative: a.isNegative != b.isNegative, exponent: a.exponent - b.exponent,
            significand: quotient << 63 | (remainder == 0 ? 0 : 1))
        result.normalize()
        return result
    }

    static func squareRoot(_ a: SoftFloat) -> SoftFloat {
        let isOdd = a.exponent & 1 != 0
        let radicand = isOdd ? a.significand << 1 : a.significand
        var root: UInt128 = 0
        for bit in (0...63).reversed() {
            let candidate = root | UInt128(1) << UInt128(bit)
            if candidate * candidate <= radicand { root = candidate }
        }
        let isExact = root * root == radicand
        var result = SoftFloat(
            isNegative: false, exponent: (isOdd ? a.exponent - 1 : a.exponent) / 2,
            significand: root << 63 | (isExact ? 0 : 1))
        result.normalize()
        return result
    }

    /// The sum of two numbers that do not cancel out exactly.
    static func sum(_ a: SoftFloat, _ b: SoftFloat) -> SoftFloat {
        if b.significand == 0 { return a }
        if a.significand == 0 { return b }
        let aIsLarger = (a.exponent, a.significand) >= (b.exponent, b.significand)
        var large = aIsLarger ? a : b
        let small = aIsLarger ? b : a
        let aligned = shiftedRight(small.significand, by: large.exponent - small.exponent)
        large.significand =
            large.isNegative == small.isNegative ? large.significand + aligned : large.significand - aligned
        large.normalize()
        return large
    }

    /// Drops `count` bits (at most 127) and rounds what is left.
    private func rounded(dropping count: Int, _ mode: RoundingMode) -> (value: UInt128, isInexact: Bool) {
        let kept = significand >> UInt128(count)
        let lost = significand & ((UInt128(1) << UInt128(count)) - 1)
        let half = UInt128(1) << UInt128(count - 1)
        let goesUp: Bool
        switch mode {
        case .nearestEven: goesUp = lost > half || lost == half && kept & 1 == 1
        case .nearestAway: goesUp = lost >= half
        case .towardZero: goesUp = false
        case .down: goesUp = isNegative && lost != 0
        case .up: goesUp = !isNegative && lost != 0
        }
        return (goesUp ? kept + 1 : kept, lost != 0)
    }

    /// The number as bits of `format`; adds the exceptions to `flags`. Underflow is told after rounding.
    func packed(_ format: FloatFormat, _ mode: RoundingMode, _ flags: inout UInt64) -> UInt64 {
        let sign = isNegative ? format.signBit : 0
        if significand == 0 { return sign }
        let lowest = 1 - format.bias
        let drop = Self.leadingBit - format.fractionBits
        let limit = UInt128(1) << UInt128(format.fractionBits + 1)
        let (normal, isInexact) = rounded(dropping: drop, mode)
        guard exponent >= lowest else {
            let isTiny = !(exponent == lowest - 1 && normal == limit)
            let (value, lost) = rounded(droppingAtMost: drop + lowest - exponent, mode)
            if lost { flags |= FloatFlags.inexact | (isTiny ? FloatFlags.underflow : 0) }
            return sign | UInt64(value)
        }
        let carries = normal == limit
        let result = carries ? exponent + 1 : exponent
        guard result <= format.bias else {
            flags |= FloatFlags.overflow | FloatFlags.inexact
            let staysFinite =
                mode == .towardZero || mode == .down && !isNegative || mode == .up && isNegative
            return sign | (staysFinite ? format.largest : format.infinity)
        }
        if isInexact { flags |= FloatFlags.inexact }
        let fraction = carries ? 0 : UInt64(truncatingIfNeeded: normal) & format.fractionMask
        return sign | UInt64(result + format.bias) << UInt64(format.fractionBits) | fraction
    }

    private func rounded(droppingAtMost count: Int, _ mode: RoundingMode) -> (value: UInt128, isInexact: Bool) {
        if count <= 127 { return rounded(dropping: count, mode) }
        return SoftFloat(isNegative: isNegative, exponent: 0, significand: 1).rounded(dropping: 127, mode)
    }

    /// The integer nearest to the number as `mode` says; nil if its magnitude has more than 64 bits.
    func integer(_ mode: RoundingMode) -> (magnitude: UInt64, isInexact: Bool)? {
        if significand == 0 { return (0, false) }
        guard exponent < 64 else { return nil }
        let (value, isInexact) = rounded(droppingAtMost: Self.leadingBit - exponent, mode)
        guard let magnitude = UInt64(exactly: value) else { return nil }
        return (magnitude, isInexact)
    }
}
