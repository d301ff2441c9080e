import ByteCoding

extension StreamDecoder {
    mutating func readRecord(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        guard window.available >= 1 else { return .needBytes(1) }
        switch RecordType(rawValue: window.byte(0)) {
        case .endOfFile:
            try checkMayEnd(window)
            window.skip(1)
            if case .running = postcopy { phase = .finished } else { phase = .ended }
            return .endOfSections
        case .sectionStart: return try readSectionHeader(&window, type: .sectionStart)
        case .sectionFull: return try readSectionHeader(&window, type: .sectionFull)
        case .sectionPart: return try resumeSection(&window, type: .sectionPart)
        case .sectionEnd: return try resumeSection(&window, type: .sectionEnd)
        case .command: return try readCommand(&window)
        default: throw error("Unknown savevm section type \(window.byte(0))", window)
        }
    }

    /// The sections end when all is said: not where a package or pages are still due.
    private func checkMayEnd(_ window: ByteWindow) throws(StreamError) {
        switch postcopy {
        case .none, .advised, .running: return
        default: throw error("The sections end too soon: \(postcopy.name)", window)
        }
    }

    /// Nothing begins behind the package of a postcopy, and nothing goes on before RESUME.
    private func checkMayCome(_ type: RecordType, _ window: ByteWindow) throws(StreamError) {
        switch (postcopy, type) {
        case (.none, _), (.advised, _), (.inPackage, .sectionFull), (.listening, .sectionFull),
            (.running, .sectionPart), (.running, .sectionEnd):
            return
        default: throw error("Section type \(type.rawValue) in wrong postcopy state (\(postcopy.name))", window)
        }
    }

    /// START and FULL: `type be32 id str8 name be32 instance be32 version`, then the handler's data.
    private mutating func readSectionHeader(
        _ window: inout ByteWindow, type: RecordType
    ) throws(StreamError) -> StreamElement? {
        try checkMayCome(type, window)
        let header: SectionHeader
        let size: Int
        switch SectionHeader.read(window, at: 1) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let value, let end): (header, size) = (value, end)
        }
        if let index = liveIndex(of: header) {
            return try startLive(&window, index, type: type, header: header, headerSize: size)
        }
        guard !inCheckpoint else {
            throw error(
                "Device section '\(header.name)' in the live part of a checkpoint", window, section: header.name)
        }
        return try readDevice(&window, header: header, headerSize: size)
    }

    /// A device's data has no length in front: the handler is given what is there, and again when more has come. What
    /// it read counts only once the footer is in the window too, so that it cannot miss optional fields at the end.
    private mutating func readDevice(
        _ window: inout ByteWindow, header: SectionHeader, headerSize: Int
    ) throws(StreamError) -> StreamElement? {
        let handler = try checkedHandler(of: header, in: expectations.handlers, offset: window.offset)
        let key = SectionKey(name: header.name, instance: header.instance)
        guard !seenDevices.contains(key) else {
            throw error("Section '\(key.name)' \(key.instance) appears twice", window, section: key.name)
        }
        let present = min(window.available - headerSize, MigrationFormat.deviceStateLimit + Self.footerSize)
        var reader = ByteReader(window.bytes(headerSize, count: present))
        let apply: @Sendable () -> Void
        do {
            apply = try handler.decode(version: header.version, from: &reader)
        } catch {
            if case .needsBytes(let count) = error, count <= MigrationFormat.deviceStateLimit, count > present {
                return .needBytes(headerSize + count + Self.footerSize)
            }
            throw error.asStreamError(section: header.name, start: window.offset + UInt64(headerSize))
        }
        guard reader.remaining >= Self.footerSize else {
            return .needBytes(headerSize + reader.offset + Self.footerSize)
        }
        window.skip(headerSize + reader.offset)
        seenDevices.insert(key)
        phase = .footer(.sectionFull, header)
        return .device(DecodedSection(header: header, apply: apply))
    }

    /// PART and END: `type be32 id`, of a section that has started.
    private mutating func resumeSection(
        _ window: inout ByteWindow, type: RecordType
    ) throws(StreamError) -> StreamElement? {
        try checkMayCome(type, window)
        guard window.available >= 5 else { return .needBytes(5) }
        let id: UInt32 = window.integer(1)
        let found = started.indices.first { index in
            started[index]?.id == id && (!inCheckpoint || liveSections[index].isInCheckpoints)
        }
        guard let found, let header = started[found] else { throw error("Unknown savevm section \(id)", window) }
        window.skip(5)
        liveSections[found].begin(type, header, inCheckpoint: inCheckpoint)
        phase = .live(found, type)
        return nil
    }

    /// The place in the table of a section that may come here.
    private func liveIndex(of header: SectionHeader) -> Int? {
        guard header.instance == 0 else { return nil }
        return liveSections.firstIndex { $0.name == header.name && (!inCheckpoint || $0.isInCheckpoints) }
    }

    private mutating func startLive(
        _ window: inout ByteWindow, _ index: Int, type: RecordType, header: SectionHeader, headerSize: Int
    ) throws(StreamError) -> StreamElement? {
        let versions = liveSections[index].versions
        try checkVersion(of: header, newest: versions.upperBound, oldest: versions.lowerBound, offset: window.offset)
        guard !inCheckpoint else {
            throw error("Section '\(header.name)' starts again in a checkpoint", window, section: header.name)
        }
        window.skip(headerSize)
        started[index] = header
        liveSections[index].begin(type, header, inCheckpoint: inCheckpoint)
        phase = .live(index, type)
        return nil
    }

    mutating func readLive(
        _ window: inout ByteWindow, _ index: Int, _ type: RecordType
    ) throws(StreamError) -> StreamElement? {
        switch try liveSections[index].next(&window) {
        case .element(let element): return element
        case .goOn: return nil
        case .endOfPart:
            guard let header = started[index] else { return nil }
            phase = .footer(type, header)
            return header.name == MigrationFormat.ramSectionName ? .liveSectionEnd(type) : nil
        }
    }

    private mutating func readCommand(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        let header: StreamCommand.Header
        switch try StreamCommand.Header.read(window, at: 0) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let value, _): header = value
        }
        guard !inCheckpoint else { throw error("Command \(header.name) in a checkpoint", window) }
        guard expectations.acceptsPostcopy || MigrationCommand.numbers.contains(header.number) || header.isAdvice else {
            throw error("Command \(header.name) is not supported", window)
        }
        // That of dirty bitmaps alone is empty.
        if header.isAdvice, header.length > 0, !expectations.acceptsPostcopy {
            throw error("RAM postcopy is disabled but have \(header.length) byte advise", window)
        }
        let record: StreamCommand
        let end: Int
        switch try StreamCommand.read(window, at: 0) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let value, let next): (record, end) = (value, next)
        }
        if let command = try acceptPostcopy(record, window) {
            window.skip(end)
            return .postcopy(command)
        }
        guard let command = MigrationCommand(record) else {
            throw error("Command \(header.name) is not supported", window)
        }
        switch command {
        case .openReturnPath:
            try checkOutsideOfPostcopy(header.name, window)
            guard !returnPathOpened else { throw error("CMD_OPEN_RETURN_PATH called when RP already open", window) }
            returnPathOpened = true
        case .ping(let value):
            guard returnPathOpened else {
                throw error("CMD_PING (0x\(hex(value))) received with no return path", window)
            }
        case .enableCOLO: try checkOutsideOfPostcopy(header.name, window)
        }
        window.skip(end)
        return .command(command)
    }

    /// Neither belongs into a package or behind one.
    private func checkOutsideOfPostcopy(_ command: String, _ window: ByteWindow) throws(StreamError) {
        switch postcopy {
        case .none, .advised: return
        default: throw error("Command \(command) in wrong postcopy state (\(postcopy.name))", window)
        }
    }

    private static let footerSize = 5
}
