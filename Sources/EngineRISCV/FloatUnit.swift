import CLinux

/// Floating-point operations on bit patterns of one format, with RISC-V's results for NaNs and its exception flags.
///
/// Arithmetic is the host's, with its rounding mode and exception state (`CLinux/floating-point.h`); `SoftFloat` does what
/// hosts lack.
struct FloatUnit {
    let format: FloatFormat
    /// The exceptions so far, to be added to fflags.
    var flags: UInt64 = 0

    init(_ format: FloatFormat) { self.format = format }

    enum Operation {
        case add, subtract, multiply, divide, squareRoot, multiplyAdd
    }

    /// `a op b`, or `a * b + c`.
    mutating func compute(
        _ operation: Operation, _ a: UInt64, _ b: UInt64 = 0, _ c: UInt64 = 0, _ mode: RoundingMode
    ) -> UInt64 {
        let hostMode = mode == .nearestAway ? RoundingMode.nearestEven : mode
        var raised: UInt32 = 0
        let result = host(operation, a, b, c, UInt32(hostMode.rawValue), &raised)
        if format.isNaN(result) {
            flags |= UInt64(raised)
            // Hosts differ in whether infinity times zero is invalid when a quiet NaN is added.
            let isUndefined =
                format.isInfinite(a) && format.isZero(b) || format.isZero(a) && format.isInfinite(b)
            if operation == .multiplyAdd, isUndefined { flags |= FloatFlags.invalid }
            return format.canonicalNaN
        }
        let isInexact = UInt64(raised) & FloatFlags.inexact != 0
        if mode == .nearestAway, isInexact { return soft(operation, a, b, c, mode) }
        #if arch(arm64)
            // The one case in which tiny before and after rounding differ.
            let isTiny = UInt64(raised) & FloatFlags.underflow != 0
            if isTiny, format.magnitude(result) == format.smallestNormal { return soft(operation, a, b, c, mode) }
        #endif
        flags |= UInt64(raised)
        return result
    }

    @inline(__always)
    private func host(
        _ operation: Operation, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ mode: UInt32, _ raised: inout UInt32
    ) -> UInt64 {
        // SAFETY: each call writes the flags to `raised` and keeps no pointer to it.
        if format.fractionBits == 52 {
            switch operation {
            case .add: return unsafe clinux_f64_add(a, b, c, mode, &raised)
            case .subtract: return unsafe clinux_f64_subtract(a, b, c, mode, &raised)
            case .multiply: return unsafe clinux_f64_multiply(a, b, c, mode, &raised)
            case .divide: return unsafe clinux_f64_divide(a, b, c, mode, &raised)
            case .squareRoot: return unsafe clinux_f64_square_root(a, b, c, mode, &raised)
            case .multiplyAdd: return unsafe clinux_f64_multiply_add(a, b, c, mode, &raised)
            }
        }
        let (a, b, c) = (
            UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b), UInt32(truncatingIfNeeded: c)
        )
        switch operation {
        case .add: return unsafe UInt64(clinux_f32_add(a, b, c, mode, &raised))
        case .subtract: return unsafe UInt64(clinux_f32_subtract(a, b, c, mode, &raised))
        case .multiply: return unsafe UInt64(clinux_f32_multiply(a, b, c, mode, &raised))
        case .divide: return unsafe UInt64(clinux_f32_divide(a, b, c, mode, &raised))
        case .squareRoot: return unsafe UInt64(clinux_f32_square_root(a, b, c, mode, &raised))
        case .multiplyAdd: return unsafe UInt64(clinux_f32_multiply_add(a, b, c, mode, &raised))
        }
    }

    /// The same with the engine's own arithmetic: for operands whose exact result is finite and not zero.
    mutating func soft(
        _ operation: Operation, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ mode: RoundingMode
    ) -> UInt64 {
        let left = SoftFloat(a, format)
        let right = SoftFloat(b, format)
        let result: SoftFloat
        switch operation {
        case .add: result = .sum(left, right)
        case .subtract: result = .sum(left, SoftFloat(b ^ format.signBit, format))
        case .multiply: result = .product(left, right)
        case .divide: result = .quotient(left, right)
        case .squareRoot: result = .squareRoot(left)
        case .multiplyAdd: result = .sum(.product(left, right), SoftFloat(c, format))
        }
        return result.packed(format, mode, &flags)
    }

    /// fmin and fmax: minimumNumber and maximumNumber of IEEE 754-2019.
    mutating func extremum(_ a: UInt64, _ b: UInt64, isMaximum: Bool) -> UInt64 {
        if format.isSignalingNaN(a) || format.isSignalingNaN(b) { flags |= FloatFlags.invalid }
        if format.isNaN(a) { return format.isNaN(b) ? format.canonicalNaN : b }
        if format.isNaN(b) { return a }
        return (orderKey(a) < orderKey(b)) != isMaximum ? a : b
    }

    /// Numbers in the order of their values, with -0 before +0.
    private func orderKey(_ bits: UInt64) -> Int64 {
        let magnitude = Int64(bitPattern: format.magnitude(bits))
        return format.isNegative(bits) ? -magnitude - 1 : magnitude
    }

    enum Comparison {
        case equal, less, lessOrEqual
    }

    /// feq, flt and fle; false if a NaN takes part.
    mutating func compare(_ a: UInt64, _ b: UInt64, _ comparison: Comparison) -> Bool {
        if format.isNaN(a) || format.isNaN(b) {
            let isSignaling = format.isSignalingNaN(a) || format.isSignalingNaN(b)
            if comparison != .equal || isSignaling { flags |= FloatFlags.invalid }
            return false
        }
        let areZero = format.isZero(a) && format.isZero(b)
        switch comparison {
        case .equal: return a == b || areZero
        case .less: return orderKey(a) < orderKey(b) && !areZero
        case .lessOrEqual: return orderKey(a) <= orderKey(b) || areZero
        }
    }

    /// fclass: one bit of ten.
    func classify(_ bits: UInt64) -> UInt64 {
        if format.isNaN(bits) { return format.isSignalingNaN(bits) ? 1 << 8 : 1 << 9 }
        let magnitude = format.magnitude(bits)
        let distance: UInt64
        if magnitude == format.infinity {
            distance = 3
        } else if magnitude >= format.smallestNormal {
            distance = 2
        } else {
            distance = magnitude == 0 ? 0 : 1
        }
        return format.isNegative(bits) ? 1 << (3 - distance) : 1 << (4 + distance)
    }

    /// A number of this format in `other`.
    mutating func convert(_ bits: UInt64, to other: FloatFormat, _ mode: RoundingMode) -> UInt64 {
        if format.isNaN(bits) {
            if format.isSignalingNaN(bits) { flags |= FloatFlags.invalid }
            return other.canonicalNaN
        }
        if format.isInfinite(bits) { return other.infinity | (format.isNegative(bits) ? other.signBit : 0) }
        return SoftFloat(bits, format).packed(other, mode, &flags)
    }

    /// An integer in this format.
    mutating func convert(magnitude: UInt64, isNegative: Bool, _ mode: RoundingMode) -> UInt64 {
        SoftFloat(magnitude: magnitude, isNegative: isNegative).packed(format, mode, &flags)
    }

    /// A number of this format as an integer of `width` bits; out of range gives the nearest there is, and is invalid.
    mutating func integer(_ bits: UInt64, width: Int, isSigned: Bool, _ mode: RoundingMode) -> UInt64 {
        let top: UInt64 = isSigned ? (1 << UInt64(width - 1)) - 1 : UInt64.max >> UInt64(64 - width)
        let bottom: UInt64 = isSigned ? 0 &- (1 << UInt64(width - 1)) : 0
        let isNegative = format.isNegative(bits) && !format.isNaN(bits)
        let isFinite = format.magnitude(bits) < format.infinity
        guard isFinite, let (magnitude, isInexact) = SoftFloat(bits, format).integer(mode),
            magnitude <= (isNegative ? 0 &- bottom : top)
        else {
            flags |= FloatFlags.invalid
            return isNegative ? bottom : top
        }
        if isInexact { flags |= FloatFlags.inexact }
        return isNegative ? 0 &- magnitude : magnitude
    }
}
