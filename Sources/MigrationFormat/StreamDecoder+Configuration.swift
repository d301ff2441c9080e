import ByteCoding

extension StreamDecoder {
    mutating func readFileHeader(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        guard window.available >= 4 else { return .needBytes(4) }
        guard window.integer(0) == MigrationFormat.magic else { throw error("Not a migration stream", window) }
        guard window.available >= 8 else { return .needBytes(8) }
        switch window.integer(4, as: UInt32.self) {
        case MigrationFormat.version: break
        case 2: throw error("SaveVM v2 format is obsolete and don't work anymore", window)
        default: throw error("Unsupported migration stream version", window)
        }
        guard window.available >= 9 else { return .needBytes(9) }
        guard window.byte(8) == RecordType.configuration.rawValue else {
            throw error("Configuration section missing", window)
        }
        guard window.available >= 13 else { return .needBytes(13) }
        let length: UInt32 = window.integer(9)
        guard length <= MigrationFormat.machineTypeLimit else {
            throw error("The machine type's name of \(length) bytes is too long", window, section: "configuration")
        }
        guard window.available >= 13 + Int(length) else { return .needBytes(13 + Int(length)) }
        let received = window.text(13, count: Int(length))
        guard received == expectations.machineType else {
            throw error(
                "Machine type received is '\(received)' and local is '\(expectations.machineType)'", window,
                section: "configuration")
        }
        window.skip(13 + Int(length))
        phase = .configurationRest
        return nil
    }

    mutating func readConfigurationRest(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        guard window.available >= 1 else { return .needBytes(1) }
        guard window.byte(0) == RecordType.subsection.rawValue else {
            try checkIgnoreShared(window)
            phase = .records
            return .configured
        }
        guard window.available >= 2 else { return .needBytes(2) }
        let length = Int(window.byte(1))
        let body = 2 + length + 4
        guard window.available >= body else { return .needBytes(body) }
        let name = window.text(2, count: length)
        let version: UInt32 = window.integer(2 + length)
        guard version == 1 else {
            throw error("savevm: unsupported version \(version) for '\(name)' v1", window, section: "configuration")
        }
        switch name {
        case "configuration/uuid": return try readUUID(&window, at: body)
        case "configuration/target-page-bits": return try readPageBits(&window, at: body)
        case "configuration/capabilities": return try readCapabilities(&window, at: body)
        default: throw error("Unknown subsection '\(name)'", window, section: "configuration")
        }
    }

    private mutating func readUUID(_ window: inout ByteWindow, at start: Int) throws(StreamError) -> StreamElement? {
        guard window.available >= start + 16 else { return .needBytes(start + 16) }
        let received = window.bytes(start, count: 16)
        if let own = expectations.uuid, own != received {
            throw error(
                "UUID received is \(Self.text(uuid: received)) and local is \(Self.text(uuid: own))", window,
                section: "configuration")
        }
        window.skip(start + 16)
        return nil
    }

    private mutating func readPageBits(_ window: inout ByteWindow, at start: Int) throws(StreamError) -> StreamElement?
    {
        guard window.available >= start + 4 else { return .needBytes(start + 4) }
        let bits: UInt32 = window.integer(start)
        guard bits == 12 else {
            throw error("Received TARGET_PAGE_BITS is \(bits) but local is 12", window, section: "configuration")
        }
        window.skip(start + 4)
        return nil
    }

    private mutating func readCapabilities(
        _ window: inout ByteWindow, at start: Int
    ) throws(StreamError) -> StreamElement? {
        guard window.available >= start + 4 else { return .needBytes(start + 4) }
        let count: UInt32 = window.integer(start)
        // The one capability that is ever announced here is x-ignore-shared.
        guard count <= 1 else {
            throw error("The source announces \(count) capabilities", window, section: "configuration")
        }
        var end = start + 4
        for _ in 0..<count {
            guard window.available > end else { return .needBytes(end + 1) }
            let next = end + 1 + Int(window.byte(end))
            guard window.available >= next else { return .needBytes(next) }
            let name = window.text(end + 1, count: next - end - 1)
            guard name == Self.ignoreShared else {
                throw error("Received unknown capability \(name)", window, section: "configuration")
            }
            sourceIgnoresShared = true
            end = next
        }
        window.skip(end)
        return nil
    }

    static let ignoreShared = "x-ignore-shared"

    private func checkIgnoreShared(_ window: ByteWindow) throws(StreamError) {
        guard sourceIgnoresShared == expectations.ignoresShared else {
            throw error(
                "Capability \(Self.ignoreShared) is \(expectations.ignoresShared ? "on" : "off"), but received "
                    + "capability is \(sourceIgnoresShared ? "on" : "off")", window, section: "configuration")
        }
    }

    private static func text(uuid: [UInt8]) -> String {
        uuid.enumerated().map { index, byte in
            ([4, 6, 8, 10].contains(index) ? "-" : "") + (byte < 16 ? "0" : "") + hex(byte)
        }.joined()
    }
}
