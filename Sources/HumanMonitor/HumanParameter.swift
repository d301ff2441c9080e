import QAPI
import QMP

/// Migration parameters as people write them.
enum HumanParameter {
    private enum Kind {
        case size(unit: UInt64)
        case number
        case onOff
        case text
    }

    private static let kinds: [String: Kind] = [
        "announce-initial": .size(unit: 1), "announce-max": .size(unit: 1), "announce-rounds": .size(unit: 1),
        "announce-step": .size(unit: 1), "compress-level": .number, "compress-threads": .number,
        "compress-wait-thread": .onOff, "decompress-threads": .number, "throttle-trigger-threshold": .number,
        "cpu-throttle-initial": .number, "cpu-throttle-increment": .number, "cpu-throttle-tailslow": .onOff,
        "max-cpu-throttle": .number, "tls-creds": .text, "tls-hostname": .text, "tls-authz": .text,
        // A bare number means mebibytes here, and bytes everywhere else.
        "max-bandwidth": .size(unit: 1 << 20), "downtime-limit": .size(unit: 1), "x-checkpoint-delay": .number,
        "block-incremental": .onOff, "multifd-channels": .number, "multifd-compression": .text,
        "multifd-zlib-level": .number, "multifd-zstd-level": .number, "xbzrle-cache-size": .size(unit: 1),
        "max-postcopy-bandwidth": .size(unit: 1),
    ]

    /// The arguments of migrate-set-parameters for `text` as the value of parameter `name`. Throws `HumanParameterError`,
    /// or what the schema has against the value.
    static func value(_ name: String, _ text: String) throws -> MigrateSetParameters {
        try MigrateSetParameters([name: try json(name, text)], at: .root)
    }

    private static func json(_ name: String, _ text: String) throws(HumanParameterError) -> JSONValue {
        if name == "block-bitmap-mapping" { throw .managementSocketOnly(name) }
        guard let kind = kinds[name] else { throw .invalidValue(name) }
        switch kind {
        case .size(let unit):
            guard let size = size(text, unit: unit) else { throw .noSize(name) }
            return JSONValue(size)
        case .number:
            guard let number = UInt64(text) else { throw .noNumber(name) }
            return JSONValue(number)
        case .onOff:
            guard ["on", "off", "true", "false", "yes", "no", "y", "n"].contains(text) else { throw .noSwitch(name) }
            return .boolean(["on", "true", "yes", "y"].contains(text))
        case .text: return .string(text)
        }
    }

    /// A whole number with a suffix for a power of 1024; without one it counts in `unit`s.
    private static func size(_ text: String, unit: UInt64) -> UInt64? {
        var digits = text[...]
        var factor = unit
        if let last = text.last, let power = "BkMGTPE".firstIndex(of: last == "K" ? "k" : last) {
            factor = 1 << (10 * UInt64("BkMGTPE".distance(from: "BkMGTPE".startIndex, to: power)))
            digits = digits.dropLast()
        }
        guard let first = digits.first, first.isNumber, let number = UInt64(digits) else { return nil }
        let (size, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : size
    }
}

/// Why what was typed is no value of a parameter. The texts are those that QEMU's monitor shows.
enum HumanParameterError: Error, Equatable, CustomStringConvertible {
    /// The parameter has no form that can be typed.
    case managementSocketOnly(String)
    /// There is no such word.
    case invalidValue(String)
    /// It is no number of bytes, or a number too large.
    case noSize(String)
    /// It is no whole number.
    case noNumber(String)
    /// It is neither "on" nor "off".
    case noSwitch(String)

    var description: String {
        switch self {
        case .managementSocketOnly(let name): "The \(name) parameter can only be set through QMP"
        case .invalidValue(let word): "invalid parameter value: \(word)"
        case .noSize(let name):
            """
            Parameter '\(name)' expects a non-negative number below 2^64
            Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-
            and exabytes, respectively.
            """
        case .noNumber(let name): "Parameter '\(name)' expects uint64"
        case .noSwitch(let name): "Parameter '\(name)' expects 'on' or 'off'"
        }
    }
}
