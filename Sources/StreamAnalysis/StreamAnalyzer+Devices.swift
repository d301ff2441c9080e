import MigrationFormat

extension StreamAnalyzer {
    private static let footerSize = 5

    mutating func readDevice(
        _ header: SectionHeader, from start: UInt64
    ) throws(StreamAnalysisFailure) -> StreamItem {
        var section = Section(
            type: .sectionFull, header: header, dataOffset: window.offset, dataSize: 0,
            data: .device(DeviceContent(sizedBy: .footer)))
        let device: (size: Int, content: DeviceContent)
        do throws(StreamAnalysisFailure) { device = try measure(header) } catch {
            leave(&section, section.data, from: start)
            throw error
        }
        section.dataSize = UInt64(device.size)
        section.data = .device(device.content)
        window.bytes.skip(device.size)
        do throws(StreamAnalysisFailure) { try readFooter(of: header) } catch {
            leave(&section, section.data, from: start)
            throw error
        }
        totals.sections += 1
        totals.devices += 1
        totals.deviceBytes += section.dataSize
        return item(from: start, .section(section))
    }

    /// How long the state is, and what is in it. All of it is in the window then.
    private mutating func measure(
        _ header: SectionHeader
    ) throws(StreamAnalysisFailure) -> (size: Int, content: DeviceContent) {
        var note: String?
        let described = description?.device(name: header.name, instance: header.instance)
        let candidates: [(StreamDescription.Device?, DeviceContent.Sizing)] = [
            (described, .description), (KnownSections.description(of: header), .known),
        ]
        for case (let device?, let sizing) in candidates {
            guard let size = device.state.size, size <= UInt64(StreamAnalysis.deviceStateLimit) else {
                note = "its description makes no sense"
                continue
            }
            guard try hasFooter(of: header, at: Int(size)) else {
                if sizing == .description { note = "its description tells of \(size) bytes" }
                continue
            }
            var content = DeviceContent(sizedBy: sizing, note: note)
            do throws(StreamError) {
                content.state = try DeviceStateValue(window.bytes.copy(Int(size)), description: device)
            } catch {
                content.note = "its description does not fit at its byte \(error.offset): \(error.problem)"
            }
            return (Int(size), content)
        }
        let size = try searchFooter(of: header, described: described != nil)
        return (size, DeviceContent(sizedBy: .footer, note: note))
    }

    /// Whether the section's footer stands behind `size` bytes.
    private mutating func hasFooter(of header: SectionHeader, at size: Int) throws(StreamAnalysisFailure) -> Bool {
        guard try window.fill(to: size + Self.footerSize) else { return false }
        guard case .complete(.footer(let id), _) = try? StreamRecord.read(window.bytes, at: size) else { return false }
        return id == header.id
    }

    /// How well what stands behind a footer fits.
    private enum Continuation {
        case impossible
        /// Possible, and also a likely accident of the bytes of a state.
        case possible
        case certain
    }

    /// The first place where a footer of the section is followed by what must be a record; else the first where it may
    /// be one.
    private mutating func searchFooter(
        of header: SectionHeader, described: Bool
    ) throws(StreamAnalysisFailure) -> Int {
        let mark = StreamRecord.footer(header.id).bytes
        var searched = 0
        var possible: Int?
        var isWhole = false
        while !isWhole, searched <= StreamAnalysis.deviceStateLimit {
            isWhole = !(try window.fill(to: searched + (64 << 10)))
            while let found = window.bytes.find(mark, from: searched) {
                switch try continuation(found + Self.footerSize) {
                case .certain: return found
                case .possible: possible = possible ?? found
                case .impossible: break
                }
                searched = found + 1
            }
            searched = max(searched, window.bytes.available - Self.footerSize + 1)
        }
        if let possible { return possible }
        guard isWhole else {
            throw damage("The state of '\(header.name)' does not end within \(StreamAnalysis.deviceStateLimit) bytes")
        }
        let why = described ? "its footer is not where the description has it, nor behind" : "no footer of it follows"
        throw damage("The state of '\(header.name)' does not end: \(why)", isTruncation: true)
    }

    /// What to make of the bytes at `index` of the window as the next record, or as the end of the stream.
    private mutating func continuation(_ index: Int) throws(StreamAnalysisFailure) -> Continuation {
        guard try window.fill(to: index + 1) else { return .possible }
        // The longest header of a section.
        _ = try window.fill(to: index + 1 + 4 + 256 + 8)
        switch try? StreamRecord.read(window.bytes, at: index) {
        case .complete(.sectionStart(let header), _)?, .complete(.sectionFull(let header), _)?:
            let isName = !header.name.isEmpty && header.name.utf8.allSatisfy { (0x20..<0x7f).contains($0) }
            return isName ? .certain : .impossible
        case .complete(.sectionPart(let id), _)?, .complete(.sectionEnd(let id), _)?:
            return liveSections[id] == nil ? .impossible : .certain
        case .complete(.command, _)?: return .certain
        case .complete(.endOfFile, _)?: return endContinuation(index + 1)
        case .complete(.footer, _)?, .complete(.description, _)?, nil: return .impossible
        // The stream breaks off in the record that follows.
        case .needBytes?: return .possible
        }
    }

    /// The same of what follows the byte that ends the sections.
    private func endContinuation(_ index: Int) -> Continuation {
        if let blobEnd { return window.offset + UInt64(index) == blobEnd ? .certain : .impossible }
        guard index < window.bytes.available else { return .certain }
        if case .complete(.description, _)? = try? StreamRecord.read(window.bytes, at: index) { return .certain }
        return .possible
    }
}

/// The sections whose data is known without a description (wire format §17).
enum KnownSections {
    static func description(of header: SectionHeader) -> StreamDescription.Device? {
        let fields: [StreamDescription.Field]
        switch (header.name, header.version) {
        case ("timer", 2):
            fields = [
                field("cpu_ticks_offset", "int64", 8), field("unused", "unused_buffer", 8),
                field("cpu_clock_offset", "int64", 8),
            ]
        case ("globalstate", 1): fields = [field("size", "uint32", 4), field("runstate", "buffer", 100)]
        case ("cpu_common", 1): fields = [field("halted", "uint32", 4), field("interrupt_request", "uint32", 4)]
        default: return nil
        }
        return StreamDescription.Device(
            name: header.name, instance: header.instance,
            state: StreamDescription.State(name: header.name, version: header.version, fields: fields))
    }

    private static func field(_ name: String, _ type: String, _ size: UInt64) -> StreamDescription.Field {
        StreamDescription.Field(name: name, type: type, size: size)
    }
}
