import ByteCoding

extension StreamDecoder {
    mutating func readRecord(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        guard window.available >= 1 else { return .needBytes(1) }
        switch RecordType(rawValue: window.byte(0)) {
        case .endOfFile:
            window.skip(1)
            phase = .ended
            return .endOfSections
        case .sectionStart: return try readSectionHeader(&window, type: .sectionStart)
        case .sectionFull: return try readSectionHeader(&window, type: .sectionFull)
        case .sectionPart: return try resumeSection(&window, type: .sectionPart)
        case .sectionEnd: return try resumeSection(&window, type: .sectionEnd)
        case .command: return try readCommand(&window)
        default: throw error("Unknown savevm section type \(window.byte(0))", window)
        }
    }

    /// START and FULL: `type be32 id str8 name be32 instance be32 version`, then the handler's data.
    private mutating func readSectionHeader(
        _ window: inout ByteWindow, type: RecordType
    ) throws(StreamError) -> StreamElement? {
        guard window.available >= 6 else { return .needBytes(6) }
        let length = Int(window.byte(5))
        let size = 6 + length + 8
        guard window.available >= size else { return .needBytes(size) }
        let header = SectionHeader(
            id: window.integer(1), name: window.text(6, count: length), instance: window.integer(6 + length),
            version: window.integer(10 + length))
        if header.name == MigrationFormat.diskSectionName, header.instance == 0, type == .sectionStart, !inCheckpoint {
            try checkVersion(of: header, newest: 1, oldest: 1, offset: window.offset)
            window.skip(size)
            diskHeader = header
            phase = .diskRecords(type: type, header: header)
            return nil
        }
        guard header.name != MigrationFormat.ramSectionName || header.instance != 0 else {
            try checkVersion(
                of: header, newest: MigrationFormat.ramSectionVersion, oldest: MigrationFormat.ramSectionVersion,
                offset: window.offset)
            guard !inCheckpoint else {
                throw error("Section 'ram' starts again in a checkpoint", window, section: "ram")
            }
            window.skip(size)
            ramHeader = header
            phase = .ramRecords(type: type, header: header)
            return nil
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
        guard window.available >= 5 else { return .needBytes(5) }
        let id: UInt32 = window.integer(1)
        if let header = diskHeader, header.id == id, !inCheckpoint {
            window.skip(5)
            phase = .diskRecords(type: type, header: header)
            return nil
        }
        guard let header = ramHeader, header.id == id else { throw error("Unknown savevm section \(id)", window) }
        window.skip(5)
        phase = .ramRecords(type: type, header: header)
        return nil
    }

    /// A record of the section that carries disks: progress, and the end. Blocks of disks are not carried.
    mutating func readDiskRecord(
        _ window: inout ByteWindow, type: RecordType, header: SectionHeader
    ) throws(StreamError) -> StreamElement? {
        guard window.available >= 8 else { return .needBytes(8) }
        let flags = window.integer(0, as: UInt64.self) & 0x1ff
        switch flags {
        case DiskFlags.endOfSection: phase = .footer(type, header)
        case DiskFlags.progress: break
        default: throw error("Blocks of disks are not supported (flags 0x\(hex(flags)))", window, section: header.name)
        }
        window.skip(8)
        return nil
    }

    private mutating func readCommand(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        guard window.available >= 5 else { return .needBytes(5) }
        let number: UInt16 = window.integer(1)
        let length: UInt16 = window.integer(3)
        guard let command = MigrationCommand.known[number] else {
            throw error("MIG_CMD 0x\(hex(number)) unknown (len 0x\(hex(length)))", window)
        }
        if let expected = command.length, expected != length {
            throw error("\(command.name) received with bad length - expecting \(expected), got \(length)", window)
        }
        guard !inCheckpoint else { throw error("Command \(command.name) in a checkpoint", window) }
        let payload = Int(min(length, MigrationFormat.commandLimit))
        guard window.available >= 5 + payload else { return .needBytes(5 + payload) }
        let found: MigrationCommand
        switch number {
        case 1:
            guard !returnPathOpened else { throw error("CMD_OPEN_RETURN_PATH called when RP already open", window) }
            returnPathOpened = true
            found = .openReturnPath
        case 2:
            let value: UInt32 = window.integer(5)
            guard returnPathOpened else {
                throw error("CMD_PING (0x\(hex(value))) received with no return path", window)
            }
            found = .ping(value)
        case 8: found = .enableCOLO
        default: throw error("Command \(command.name) is not supported", window)
        }
        window.skip(5 + payload)
        return .command(found)
    }

    private static let footerSize = 5
}
