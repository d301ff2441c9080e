// Figures as people read them.

/// `value` with so many digits after the point.
func decimal(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "?" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int64((value.magnitude * Double(scale)).rounded())
    let fraction = String(scaled % Int64(scale))
    let padding = String(repeating: "0", count: digits - fraction.count)
    return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / Int64(scale)).\(padding)\(fraction)"
}

/// How long ago something was, in the unit that fits: "340 ms ago", "12 min ago".
func ago(milliseconds: UInt64) -> String {
    let units: [(UInt64, String)] = [(86_400_000, "days"), (3_600_000, "h"), (60_000, "min"), (1000, "s")]
    // Two of a unit tell more than one of the next: 90 min and not 1 h.
    for (size, name) in units where milliseconds >= 2 * size { return "\(milliseconds / size) \(name) ago" }
    return "\(milliseconds) ms ago"
}

/// A number of bytes in the unit that fits.
func size(_ count: UInt64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    guard count >= 1024 else { return "\(count) B" }
    var value = Double(count) / 1024
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
        value /= 1024
        unit += 1
    }
    return "\(decimal(value, digits: 1)) \(units[unit])"
}
