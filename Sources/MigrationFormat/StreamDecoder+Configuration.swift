extension StreamDecoder {
    mutating func readFileHeader(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        if case .needBytes(let count) = try FileHeader.read(window, at: 0) { return .needBytes(count) }
        let received: String
        let end: Int
        switch try ConfigurationOpening.read(window, at: 8) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let opening, let next): (received, end) = (opening.machineType, next)
        }
        guard received == expectations.machineType else {
            throw error(
                "Machine type received is '\(received)' and local is '\(expectations.machineType)'", window,
                section: "configuration")
        }
        window.skip(end)
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
        let subsection: ConfigurationSubsection
        let end: Int
        switch try ConfigurationSubsection.read(window, at: 0) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let value, let next): (subsection, end) = (value, next)
        }
        switch subsection {
        case .uuid(let received):
            if let own = expectations.uuid, own != received {
                throw error(
                    "UUID received is \(uuidText(received)) and local is \(uuidText(own))", window,
                    section: "configuration")
            }
        case .targetPageBits(let bits):
            guard bits == 12 else {
                throw error("Received TARGET_PAGE_BITS is \(bits) but local is 12", window, section: "configuration")
            }
        case .capabilities(let names): try checkCapabilities(names, window)
        }
        window.skip(end)
        return nil
    }

    private mutating func checkCapabilities(_ names: [String], _ window: ByteWindow) throws(StreamError) {
        // The one capability that is ever announced here is x-ignore-shared.
        guard names.count <= 1 else {
            throw error("The source announces \(names.count) capabilities", window, section: "configuration")
        }
        for name in names {
            guard name == Self.ignoreShared else {
                throw error("Received unknown capability \(name)", window, section: "configuration")
            }
            sourceIgnoresShared = true
        }
    }

    static let ignoreShared = "x-ignore-shared"

    private func checkIgnoreShared(_ window: ByteWindow) throws(StreamError) {
        guard sourceIgnoresShared == expectations.ignoresShared else {
            throw error(
                "Capability \(Self.ignoreShared) is \(expectations.ignoresShared ? "on" : "off"), but received "
                    + "capability is \(sourceIgnoresShared ? "on" : "off")", window, section: "configuration")
        }
    }
}

/// A UUID in its usual form.
public func uuidText(_ uuid: [UInt8]) -> String {
    uuid.enumerated().map { index, byte in
        ([4, 6, 8, 10].contains(index) ? "-" : "") + (byte < 16 ? "0" : "") + hex(byte)
    }.joined()
}
