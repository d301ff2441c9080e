extension DescribedState {
    /// The state for people: a line "name = value" for each number, text or buffer, with the names of what it is part of
    /// in front ("queues[0].size = 256").
    public var lines: [String] { lines(prefix: "") }

    private func lines(prefix: String) -> [String] {
        fields.flatMap { $0.value.lines(prefix + $0.name) } + subsections.flatMap { $0.lines(prefix: prefix) }
    }
}

extension DescribedState.Value {
    fileprivate func lines(_ name: String) -> [String] {
        switch self {
        case .scalar(let type, let bits): ["\(name) = \(type.text(bits))"]
        case .buffer(let bytes): ["\(name) = \(Self.text(of: bytes))"]
        case .unused: []
        case .bitmap(let words):
            ["\(name) = \(words.isEmpty ? "empty" : words.map { "0x\(hex($0))" }.joined(separator: " "))"]
        case .structure(let state): Self.members(of: state, name)
        case .array(let elements): elements.enumerated().flatMap { $1.lines("\(name)[\($0)]") }
        case .list(let elements): elements.enumerated().flatMap { Self.members(of: $1, "\(name)[\($0)]") }
        }
    }

    private static func members(of state: DescribedState, _ name: String) -> [String] {
        state.lines.map { "\(name).\($0)" }
    }

    /// A text in quotes if the bytes are one, with zeroes behind it at most; else their digits.
    private static func text(of bytes: [UInt8]) -> String {
        guard !bytes.isEmpty else { return "empty" }
        let letters = bytes.prefix { $0 != 0 }
        let isText = !letters.isEmpty && letters.allSatisfy { (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") }
        if isText, bytes.dropFirst(letters.count).allSatisfy({ $0 == 0 }) {
            return "\"\(String(decoding: letters, as: UTF8.self))\""
        }
        return bytes.map { ($0 < 0x10 ? "0" : "") + hex($0) }.joined(separator: " ")
    }
}

extension ScalarType {
    /// Sizes, counts and indices are narrow and read best in decimal; addresses, registers and bit sets are 64 bits wide.
    fileprivate func text(_ bits: UInt64) -> String {
        switch self {
        case .bool: bits == 0 ? "false" : "true"
        case .int8: "\(Int8(truncatingIfNeeded: bits))"
        case .int16: "\(Int16(truncatingIfNeeded: bits))"
        case .int32: "\(Int32(truncatingIfNeeded: bits))"
        case .int64: "\(Int64(truncatingIfNeeded: bits))"
        case .uint8, .uint16, .uint32: "\(bits)"
        case .uint64: "0x\(hex(bits))"
        case .timer: bits == .max ? "not armed" : "\(bits) ns"
        }
    }
}
