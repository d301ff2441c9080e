import MigrationFormat

/// The fields of a device, one a line, with what they hold.
struct StreamFieldText {
    /// Whether long values are shown whole.
    let full: Bool

    /// Elements and bytes of a value that is shortened.
    private static let shortest = 16
    private static let lineLength = 110

    func lines(of state: DeviceStateValue) -> [String] {
        state.fields.flatMap(lines) + state.subsections.flatMap(subsection)
    }

    private func subsection(_ state: DeviceStateValue) -> [String] {
        ["[\(shown(state.name))]" + (state.version.map { " version \($0)" } ?? "")] + indented(lines(of: state))
    }

    private func lines(of field: DeviceStateValue.Field) -> [String] {
        let name = shown(field.name) + (field.index.map { "[\($0)]" } ?? "")
        switch field.value {
        case .structure(let state): return lines(of: state, named: name)
        case .elements(let elements):
            guard elements.contains(where: { if case .structure = $0 { true } else { false } }) else {
                return ["\(name): \(list(elements))  (\(shown(field.type))[\(elements.count)])"]
            }
            let told = full ? elements.count : min(elements.count, Self.shortest)
            var lines: [String] = []
            for (index, element) in elements.prefix(told).enumerated() {
                guard case .structure(let state) = element else { continue }
                lines += self.lines(of: state, named: "\(name)[\(index)]")
            }
            return lines + (told < elements.count ? ["\(name): \(elements.count - told) more"] : [])
        case .unsigned(let number) where number > 9:
            return ["\(name): \(hexadecimal(number)) = \(number)  (\(shown(field.type)))"]
        default: return ["\(name): \(text(of: field.value))  (\(shown(field.type)))"]
        }
    }

    /// A state with a few plain values takes one line.
    private func lines(of state: DeviceStateValue, named name: String) -> [String] {
        let plain = state.fields.allSatisfy { field in
            switch field.value {
            case .structure, .elements: false
            default: true
            }
        }
        if plain, state.subsections.isEmpty {
            let values = state.fields.map { field in
                shown(field.name) + (field.index.map { "[\($0)]" } ?? "") + " " + text(of: field.value)
            }
            let line = "\(name): " + values.joined(separator: ", ") + kind(state)
            if line.count <= Self.lineLength { return [line] }
        }
        return ["\(name):" + kind(state)] + indented(lines(of: state))
    }

    private func kind(_ state: DeviceStateValue) -> String {
        guard !state.name.isEmpty else { return "" }
        return "  (\(shown(state.name))" + (state.version.map { " version \($0))" } ?? ")")
    }

    private func list(_ elements: [DeviceStateValue.Value]) -> String {
        let told = full ? elements.count : min(elements.count, Self.shortest)
        let texts = elements.prefix(told).map(text) + (told < elements.count ? ["\(elements.count - told) more"] : [])
        return texts.joined(separator: " ")
    }

    private func text(of value: DeviceStateValue.Value) -> String {
        switch value {
        case .unsigned(let number): number < 10 ? "\(number)" : hexadecimal(number)
        case .signed(let number): "\(number)"
        case .boolean(let value): value ? "true" : "false"
        case .timer(nil): "not armed"
        case .timer(let expiry?): "due at \(expiry) ns"
        case .bytes(let bytes): text(of: bytes)
        case .structure, .elements: "…"
        }
    }

    /// Text if it is some, else the bytes in hexadecimal; zeroes are counted.
    private func text(of bytes: [UInt8]) -> String {
        if bytes.isEmpty { return "nothing" }
        if bytes.allSatisfy({ $0 == 0 }) { return "\(bytes.count) zero bytes" }
        let letters = bytes.prefix { $0 != 0 }
        if letters.count >= 2, letters.allSatisfy({ (0x20..<0x7f).contains($0) }),
            bytes.dropFirst(letters.count).allSatisfy({ $0 == 0 })
        {
            return "\"\(String(decoding: letters, as: UTF8.self))\""
        }
        let told = full ? bytes.count : min(bytes.count, Self.shortest)
        return hexadecimal(bytes.prefix(told)) + (told < bytes.count ? "… \(bytes.count) bytes" : "")
    }

    private func indented(_ lines: [String]) -> [String] { lines.map { "  " + $0 } }
}

/// Bytes in hexadecimal, two digits each.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
