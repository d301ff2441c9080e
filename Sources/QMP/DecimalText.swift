/// The decimal text of a double with 17 significant digits, the way printf's %.17g writes it. QMP's numbers have this
/// form; the shortest form that Swift prints would differ.
enum DecimalText {
    private static let digitCount = 17

    static func seventeenDigits(_ value: Double) -> String {
        // Infinity came from a number beyond the range; this one reads as infinity again.
        guard value.isFinite else { return value < 0 ? "-1e999" : "1e999" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, exponent) = rounded(value.magnitude)
        let sign = value < 0 ? "-" : ""
        var significant = digits
        while significant.count > 1, significant.last == 0 { significant.removeLast() }
        let text = significant.map(String.init)
        if exponent < -4 || exponent >= digitCount {
            let fraction = text.count > 1 ? "." + text[1...].joined() : ""
            let size = exponent.magnitude
            return sign + text[0] + fraction + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + "\(size)"
        }
        if exponent < 0 {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + text.joined()
        }
        if text.count <= exponent + 1 {
            return sign + text.joined() + String(repeating: "0", count: exponent + 1 - text.count)
        }
        return sign + text[...exponent].joined() + "." + text[(exponent + 1)...].joined()
    }

    /// The first 17 digits, rounded half to even, and the power of ten of the first.
    private static func rounded(_ value: Double) -> (digits: [Int], exponent: Int) {
        var (digits, exponent) = exactDigits(value)
        guard digits.count > digitCount else {
            return (digits + [Int](repeating: 0, count: digitCount - digits.count), exponent)
        }
        let next = digits[digitCount]
        let restIsZero = digits[(digitCount + 1)...].allSatisfy { $0 == 0 }
        let up = next > 5 || (next == 5 && (!restIsZero || digits[digitCount - 1] % 2 == 1))
        digits.removeSubrange(digitCount...)
        if up {
            var index = digitCount - 1
            while index >= 0, digits[index] == 9 {
                digits[index] = 0
                index -= 1
            }
            if index >= 0 {
                digits[index] += 1
            } else {
                digits.insert(1, at: 0)
                digits.removeLast()
                exponent += 1
            }
        }
        return (digits, exponent)
    }

    /// All digits: value = significand * 2^e exactly; for a negative e that is significand * 5^-e / 10^-e.
    private static func exactDigits(_ value: Double) -> (digits: [Int], exponent: Int) {
        let power = (value.exponentBitPattern == 0 ? 1 : Int(value.exponentBitPattern)) - 1075
        var number = BigDecimalInteger(
            value.significandBitPattern | (value.exponentBitPattern == 0 ? 0 : 1 << 52))
        for _ in 0..<power.magnitude { number.multiply(by: power > 0 ? 2 : 5) }
        let digits = number.digits
        return (digits, digits.count - 1 + min(0, power))
    }
}

/// A whole number of any size in base 10^9, least significant limb first.
private struct BigDecimalInteger {
    private static let base: UInt64 = 1_000_000_000
    private var limbs: [UInt64] = []

    init(_ value: UInt64) {
        var rest = value
        repeat {
            limbs.append(rest % Self.base)
            rest /= Self.base
        } while rest > 0
    }

    mutating func multiply(by factor: UInt64) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let product = limbs[index] * factor + carry
            limbs[index] = product % Self.base
            carry = product / Self.base
        }
        if carry > 0 { limbs.append(carry) }
    }

    /// Decimal digits, the most significant first.
    var digits: [Int] {
        var result: [Int] = []
        for (index, limb) in limbs.reversed().enumerated() {
            let text = String(limb)
            if index > 0 { result += [Int](repeating: 0, count: 9 - text.count) }
            result += text.utf8.map { Int($0) - 48 }
        }
        return result
    }
}
