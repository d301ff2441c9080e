/// Integer operations whose RISC-V result differs from Swift's: nothing traps.
enum Arithmetic {
    /// The high half of a signed times an unsigned number.
    @inline(__always)
    static func multiplyHigh(signed a: Int64, unsigned b: UInt64) -> UInt64 {
        let high = UInt64(bitPattern: a).multipliedFullWidth(by: b).high
        return a < 0 ? high &- b : high
    }

    /// The quotient; all ones for a division by zero, and the dividend on overflow.
    @inline(__always)
    static func divide<T: FixedWidthInteger>(_ a: T, _ b: T) -> T {
        if b == 0 { return ~0 }
        return a.dividedReportingOverflow(by: b).partialValue
    }

    /// The remainder; the dividend for a division by zero, and zero on overflow.
    @inline(__always)
    static func remainder<T: FixedWidthInteger>(_ a: T, _ b: T) -> T {
        if b == 0 { return a }
        return a.remainderReportingOverflow(dividingBy: b).partialValue
    }
}
