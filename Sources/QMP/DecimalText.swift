/// The decimal text of a double with 17 significant digits, the way printf's %.17g writes it. QMP's numbers have this
/// form; the shortest form that Swift prints would differ.
enum DecimalText {
    private static let digitCount = 17

    /// The shortest text that names a finite number, a whole one without a fraction: 0.132, 12, 1e+20.
    static func shortest(_ value: Double) -> String {
        let text = "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func seventeenDigits(_ value: Double) -> String {
        // Infinity came from a number beyond the range; this one reads as infinity again.
        guard value.isFinite else { return value < 0 ? "-1e999" : "1e999" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, exponent) = rounded(value.magnitude)
        let sign = value < 0 ? "-" : ""
        var significant = digits
        while significant.count > 1, significant.last == 0 { significant.removeLast() }
        let text = significant.map { UInt8(ascii: "0") + UInt8($0) }
        if exponent < -4 || exponent >= digitCount {
            let fraction = text.count > 1 ? "." + string(text[1...]) : ""
            let size = exponent.magnitude
            return sign + string(text[..<1]) + fraction + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "")
                + "\(size)"
        }
        if exponent < 0 {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + string(text[...])
        }
        if text.count <= exponent + 1 {
            return sign + string(text[...]) + String(repeating: "0", count: exponent + 1 - text.count)
        }
        return sign + string(text[...exponent]) + "." + string(text[(exponent + 1)...])
    }

    private static func string(_ digits: ArraySlice<UInt8>) -> String { String(decoding: digits, as: UTF8.self) }

    /// The first 17 digits, rounded half to even, and the power of ten of the first.
    private static func rounded(_ value: Double) -> (digits: [Int], exponent: Int) {
        var (digits, exponent, isCut) = leadingDigits(value)
        guard digits.count > digitCount else {
            return (digits + [Int](repeating: 0, count: digitCount - digits.count), exponent)
        }
        let next = digits[digitCount]
        let restIsZero = !isCut && digits[(digitCount + 1)...].allSatisfy { $0 == 0 }
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

    /// The digits: value = significand * 2^e; for a negative e that is significand * 5^-e / 10^-e. All of them, or so many
    /// that no double's digits go on with only nines or zeros as far as that: then `isCut`, and what was cut is not zero.
    private static func leadingDigits(_ value: Double) -> (digits: [Int], exponent: Int, isCut: Bool) {
        let power = (value.exponentBitPattern == 0 ? 1 : Int(value.exponentBitPattern)) - 1075
        var number = LeadingDecimals(
            value.significandBitPattern | (value.exponentBitPattern == 0 ? 0 : 1 << 52))
        number.multiply(by: power > 0 ? 2 : 5, times: Int(power.magnitude))
        let digits = number.digits
        return (digits, digits.count - 1 + number.cutDigits + min(0, power), number.isCut)
    }
}

/// The front of a whole number of any size in base 10^9, least significant limb first. A client may send a million
/// numbers, so no more of one is kept than its first digits depend on.
private struct LeadingDecimals {
    private static let base: UInt64 = 1_000_000_000
    private static let maximumLimbs = 10
    /// How many factors are multiplied in one go: 5^12 is below the base, so that what is carried is one limb.
    private static let stride = 12
    private var limbs: [UInt64] = []
    /// How many digits at the end were cut off.
    private(set) var cutDigits = 0
    /// Whether one of them was not zero.
    private(set) var isCut = false

    init(_ value: UInt64) {
        var rest = value
        repeat {
            limbs.append(rest % Self.base)
            rest /= Self.base
        } while rest > 0
    }

    mutating func multiply(by factor: UInt64, times: Int) {
        let (strides, rest) = times.quotientAndRemainder(dividingBy: Self.stride)
        let power = (0..<Self.stride).reduce(1) { product, _ in product * factor }
        for _ in 0..<strides { multiply(by: power) }
        for _ in 0..<rest { multiply(by: factor) }
    }

    private mutating func multiply(by factor: UInt64) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let product = limbs[index] * factor + carry
            limbs[index] = product % Self.base
            carry = product / Self.base
        }
        if carry > 0 { limbs.append(carry) }
        if limbs.count > Self.maximumLimbs {
            if limbs.removeFirst() > 0 { isCut = true }
            cutDigits += 9
        }
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
