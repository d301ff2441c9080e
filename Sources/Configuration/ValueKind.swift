/// A kind of scalar: how to read it, and what to tell an operator who wrote something else.
struct ValueKind<Value> {
    let expected: String
    /// What is wrong with a text, where more can be said than what was expected.
    var objection: (String) -> String? = { _ in nil }
    let parse: (String) -> Value?
}

extension ValueKind where Value == Int {
    /// A whole number in a range.
    static func integer(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind(expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            decimal(text, as: Int.self).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A number of milliseconds in a range.
    static func milliseconds(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind(
            expected: "milliseconds from \(range.lowerBound) to \(range.upperBound)", parse: integer(range).parse)
    }

    /// A number of bytes with an optional suffix, in whole pages if `pages`.
    static func size(_ range: ClosedRange<Int>, pages: Bool = false) -> ValueKind {
        let bounds = "from \(ByteSize.text(range.lowerBound)) to \(ByteSize.text(range.upperBound))"
        let unit = pages ? ", in whole pages of 4K" : ""
        return ValueKind(expected: "a size such as 256M, \(bounds)\(unit)") { text in
            guard let size = ByteSize.parse(text), range.contains(size) else { return nil }
            return pages && size % 4096 != 0 ? nil : size
        }
    }
}

extension ValueKind where Value == Bool {
    /// true or false.
    static var boolean: ValueKind {
        ValueKind(expected: "true or false") { text in
            switch text.lowercased() {
            case "true": true
            case "false": false
            default: nil
            }
        }
    }
}

extension ValueKind where Value == String {
    /// Any text without control characters, up to `limit` bytes.
    static func text(_ limit: Int) -> ValueKind {
        ValueKind(expected: "text of at most \(limit) bytes without control characters") { text in
            let plain = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
            return plain && text.utf8.count <= limit ? text : nil
        }
    }

    /// A path from the root.
    static var path: ValueKind {
        ValueKind(expected: "an absolute path", objection: pathObjection) { isAbsolutePath($0) ? $0 : nil }
    }

    /// The name of a guest, which becomes part of paths.
    static var guestName: ValueKind {
        ValueKind(
            expected: "letters, digits, '.', '-' or '_', starting with a letter or digit, at most "
                + "\(ConfigurationLimits.nameLength)"
        ) { text in
            guard let first = text.utf8.first, isLetterOrDigit(first) else { return nil }
            let inner = text.utf8.allSatisfy { isLetterOrDigit($0) || ".-_".utf8.contains($0) }
            return inner && text.utf8.count <= ConfigurationLimits.nameLength ? text : nil
        }
    }

    /// A name that the kernel takes for a network interface.
    static var interface: ValueKind {
        ValueKind(
            expected: "an interface name of at most \(ConfigurationLimits.interfaceNameLength) letters, digits, "
                + "'.', '-' or '_'"
        ) { text in
            let fits = (1...ConfigurationLimits.interfaceNameLength).contains(text.utf8.count)
            let plain = text.utf8.allSatisfy { isLetterOrDigit($0) || ".-_".utf8.contains($0) }
            return fits && plain && text != "." && text != ".." ? text : nil
        }
    }

    /// A universally unique identifier; lower-case afterwards.
    static var uuid: ValueKind {
        ValueKind(expected: "a UUID such as 5f0f9c52-6c0b-4f39-9a8e-3a4bd0c1d2e3") { text in
            let groups = text.split(separator: "-", omittingEmptySubsequences: false)
            guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
            return groups.allSatisfy { $0.utf8.allSatisfy(isHexDigit) } ? text.lowercased() : nil
        }
    }

    /// What --incoming takes.
    static var incoming: ValueKind {
        ValueKind(
            expected: "defer, tcp:HOST:PORT, unix:PATH, fd:NUMBER or exec:COMMAND", objection: SocketAddress.objection
        ) { text in
            if text == "defer" || SocketAddress(text) != nil { return text }
            // Port 0 is for the kernel to choose; `query-migrate` tells which it was.
            if text.hasPrefix("tcp:"), text.hasSuffix(":0"), SocketAddress(text.dropLast() + "1") != nil { return text }
            return (text.suffix(after: "fd:") ?? text.suffix(after: "exec:")).flatMap { $0.isEmpty ? nil : text }
        }
    }
}

extension ValueKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static var choice: ValueKind {
        let words = Value.allCases.map(\.rawValue)
        return ValueKind(expected: words.joined(separator: " or ")) { Value(rawValue: $0) }
    }
}

extension ValueKind where Value == SocketAddress {
    /// An address of either family.
    static var address: ValueKind {
        ValueKind(
            expected: "tcp:HOST:PORT or unix:PATH with an absolute path", objection: SocketAddress.objection
        ) { SocketAddress($0) }
    }
}

extension ValueKind where Value == MACAddress {
    /// A unicast Ethernet address.
    static var mac: ValueKind {
        ValueKind(expected: "a unicast address such as 52:54:00:12:34:56") { MACAddress($0) }
    }
}

extension ValueKind where Value == PortForward {
    /// A forwarded port.
    static var forward: ValueKind {
        ValueKind(
            expected: "tcp:HOST-ADDRESS:PORT-GUEST-ADDRESS:PORT (or udp:) with IPv4 addresses", parse: PortForward.init)
    }
}

extension ValueKind where Value == MemoryBackingConfiguration {
    /// What keeps RAM.
    static var memoryBacking: ValueKind {
        ValueKind(
            expected: "anonymous, memfd, file:PATH[,share=on|off] or hugetlb[:PATH] with an absolute path",
            objection: MemoryBackingConfiguration.objection, parse: MemoryBackingConfiguration.init)
    }
}

extension ValueKind where Value == ConsoleConfiguration {
    /// Where the UART ends.
    static var console: ValueKind {
        ValueKind(
            expected: "log, none, stdio, file:PATH or unix:PATH with an absolute path",
            objection: { text in
                text.suffix(after: "file:").flatMap(pathObjection) ?? SocketAddress.objection(to: text)
            }, parse: ConsoleConfiguration.init)
    }
}
