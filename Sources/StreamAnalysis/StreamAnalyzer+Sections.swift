import MigrationFormat

extension StreamAnalyzer {
    /// The sections that may come in several parts.
    private static let liveNames = [
        MigrationFormat.ramSectionName, MigrationFormat.diskSectionName, MigrationFormat.dirtyBitmapSectionName,
    ]

    mutating func readSection(
        _ type: RecordType, _ header: SectionHeader, from start: UInt64
    ) throws(StreamAnalysisFailure) -> StreamItem {
        current = header.name
        guard Self.liveNames.contains(header.name), header.instance == 0 else {
            guard type == .sectionFull else {
                throw damage("A live section that is not known: where its parts end cannot be told", at: start)
            }
            return try readDevice(header, from: start)
        }
        guard liveSections.count < StreamAnalysis.nameLimit else { throw damage("Too many live sections", at: start) }
        liveSections[header.id] = header
        return try readLive(type, header, from: start)
    }

    mutating func resumeSection(
        _ type: RecordType, _ id: UInt32, from start: UInt64
    ) throws(StreamAnalysisFailure) -> StreamItem {
        guard let header = liveSections[id] else {
            throw damage("A part of section \(id), which has not started", at: start)
        }
        return try readLive(type, header, from: start)
    }

    private mutating func readLive(
        _ type: RecordType, _ header: SectionHeader, from start: UInt64
    ) throws(StreamAnalysisFailure) -> StreamItem {
        current = header.name
        var section = Section(
            type: type, header: header, dataOffset: window.offset, dataSize: 0, data: .bitmaps([]))
        switch header.name {
        case MigrationFormat.ramSectionName:
            var content = RAMContent()
            // Whatever breaks it, what was counted until then is kept.
            defer { count(content) }
            do throws(StreamAnalysisFailure) { try readRAM(&content) } catch {
                leave(&section, .ram(content), from: start)
                throw error
            }
            section.data = .ram(content)
        case MigrationFormat.diskSectionName:
            var content = DiskContent()
            do throws(StreamAnalysisFailure) { try readDisks(&content) } catch {
                leave(&section, .disks(content), from: start)
                throw error
            }
            section.data = .disks(content)
        default:
            var content: [BitmapContent] = []
            do throws(StreamAnalysisFailure) { try readBitmaps(&content) } catch {
                leave(&section, .bitmaps(content), from: start)
                throw error
            }
            section.data = .bitmaps(content)
        }
        section.dataSize = window.offset - section.dataOffset
        do throws(StreamAnalysisFailure) { try readFooter(of: header) } catch {
            leave(&section, section.data, from: start)
            throw error
        }
        totals.sections += 1
        return item(from: start, .section(section))
    }

    private mutating func count(_ content: RAMContent) {
        for entry in content.pages {
            totals.pages.count(entry.kind, of: entry.block, pages: entry.pages, bytes: entry.bytes)
        }
    }

    /// Keeps what was read of a section that breaks.
    mutating func leave(_ section: inout Section, _ data: Section.Data, from start: UInt64) {
        section.data = data
        section.dataSize = window.offset - section.dataOffset
        unfinished = item(from: start, .section(section))
    }

    mutating func readFooter(of header: SectionHeader) throws(StreamAnalysisFailure) {
        let start = window.offset
        try require(5, for: "the footer of '\(header.name)'")
        guard window.bytes.first == RecordType.footer.rawValue else {
            throw damage("Missing section footer for \(header.name)", at: start)
        }
        let record = try take("the footer") { (bytes) throws(StreamError) in try StreamRecord.read(bytes, at: 0) }
        guard case .footer(let id) = record, id == header.id else {
            throw damage("The footer of \(header.name) does not have its id \(header.id)", at: start)
        }
    }

    // MARK: RAM

    private mutating func readRAM(_ content: inout RAMContent) throws(StreamAnalysisFailure) {
        while true {
            let start = window.offset
            let size = pageSize
            let record = try take("a record of RAM") { (bytes) throws(StreamError) in
                try RAMRecord.read(bytes, at: 0, pageSize: size)
            }
            let kind: PageKind
            switch record.content {
            case .endOfSection: return
            case .memorySize:
                try readBlocks(&content, total: record.offset, at: start)
                continue
            case .hook: throw damage("A record of RDMA", at: start)
            case .page: kind = .raw
            case .filled(let byte): kind = byte == 0 ? .zero : .filled
            case .xbzrle: kind = .xbzrle
            case .compressed: kind = .compressed
            }
            let block = try block(of: record, at: start)
            let payload = UInt64(record.payloadSize(pageSize: size))
            if kind == .xbzrle {
                try checkDelta(Int(payload), at: start)
            } else if payload > 0 {
                try skip(payload, of: "a page")
            }
            content.pages.count(kind, of: block, bytes: window.offset - start)
        }
    }

    private mutating func block(of record: RAMRecord, at start: UInt64) throws(StreamAnalysisFailure) -> String {
        guard let block = record.block ?? lastBlock else {
            throw damage("A page of the block before, and there is none before", at: start)
        }
        guard let length = blockLengths[block] else {
            throw damage("A page of block '\(block)', which is not in the list of blocks", at: start)
        }
        guard record.offset < length else {
            throw damage("Illegal RAM offset \(hexadecimal(record.offset)) in block '\(block)'", at: start)
        }
        lastBlock = block
        return block
    }

    private mutating func checkDelta(_ count: Int, at start: UInt64) throws(StreamAnalysisFailure) {
        try require(count, for: "an XBZRLE page")
        let delta = window.bytes.copy(count)
        do throws(XBZRLEDelta.Failure) { try XBZRLEDelta.check(delta.span, pageSize: pageSize) } catch {
            throw damage("A page is no XBZRLE: \(error)", at: start)
        }
        window.bytes.skip(count)
    }

    /// The list of blocks, whose lengths add up to `total`.
    private mutating func readBlocks(
        _ content: inout RAMContent, total: UInt64, at start: UInt64
    ) throws(StreamAnalysisFailure) {
        var remaining = total
        while remaining > 0 {
            let entryStart = window.offset
            let addresses = ignoresShared
            // Whether a page size stands in the entry is to be seen from the word itself: what else may stand there
            // begins with the length of a name, or is the small number that ends the list.
            var sized = false
            if hugePageSizes != 0 {
                let entry = try peek("the list of blocks") { RAMBlockEntry.read($0, at: 0, pageSize: true) }
                if let size = entry?.pageSize { sized = size.nonzeroBitCount == 1 && size & hugePageSizes != 0 }
            }
            let entry = try take("the list of blocks") { (bytes) throws(StreamError) in
                RAMBlockEntry.read(bytes, at: 0, pageSize: sized, guestAddress: addresses)
            }
            guard entry.length > 0, entry.length <= remaining, content.blocks.count < StreamAnalysis.nameLimit else {
                throw damage("The list of blocks does not add up at block '\(entry.name)'", at: entryStart)
            }
            remaining -= entry.length
            content.blocks.append(entry)
            blockLengths[entry.name] = entry.length
        }
    }

    /// Reads without taking; nil if the stream ends before.
    private mutating func peek<Record: Sendable>(
        _ what: String, _ read: (ByteWindow) -> Reading<Record>
    ) throws(StreamAnalysisFailure) -> Record? {
        while true {
            switch read(window.bytes) {
            case .complete(let record, _): return record
            case .needBytes(let count): guard try window.fill(to: count) else { return nil }
            }
        }
    }

    // MARK: Disks and bitmaps

    private mutating func readDisks(_ content: inout DiskContent) throws(StreamAnalysisFailure) {
        while true {
            let start = window.offset
            let record = try take("a record of a disk") { (bytes) throws(StreamError) in
                try DiskRecord.read(bytes, at: 0)
            }
            switch record {
            case .endOfSection: return
            case .progress(let percent): content.progress = percent
            case .data(_, let device):
                try skip(UInt64(record.payloadSize), of: "a block of a disk")
                content.disks[try disk(device, in: &content, at: start)].dataChunks += 1
            case .zeroes(_, let device): content.disks[try disk(device, in: &content, at: start)].zeroChunks += 1
            }
        }
    }

    private func disk(
        _ name: String, in content: inout DiskContent, at start: UInt64
    ) throws(StreamAnalysisFailure) -> Int {
        if let index = content.disks.firstIndex(where: { $0.name == name }) { return index }
        guard content.disks.count < StreamAnalysis.nameLimit else { throw damage("Too many disks", at: start) }
        content.disks.append(DiskContent.Disk(name: name))
        return content.disks.count - 1
    }

    private mutating func readBitmaps(_ content: inout [BitmapContent]) throws(StreamAnalysisFailure) {
        while true {
            let start = window.offset
            let record = try take("a chunk of a dirty bitmap") { (bytes) throws(StreamError) in
                try DirtyBitmapRecord.read(bytes, at: 0)
            }
            if let node = record.node { lastBitmap.node = node }
            if let bitmap = record.bitmap { lastBitmap.bitmap = bitmap }
            if record.content != .none {
                let (node, bitmap) = lastBitmap
                var index = content.firstIndex { $0.node == node && $0.bitmap == bitmap }
                if index == nil {
                    guard content.count < StreamAnalysis.nameLimit else { throw damage("Too many bitmaps", at: start) }
                    content.append(BitmapContent(node: node, bitmap: bitmap))
                    index = content.count - 1
                }
                if let index { content[index].add(record.content) }
            }
            if record.endsSection { return }
        }
    }
}

extension BitmapContent {
    fileprivate mutating func add(_ content: DirtyBitmapRecord.Content) {
        switch content {
        case .none: break
        case .start(let granularity, let enabled, let persistent):
            (self.granularity, isEnabled, isPersistent) = (granularity, enabled, persistent)
        case .complete: isComplete = true
        case .bits(_, _, let bytes):
            chunks += 1
            self.bytes += UInt64(bytes?.count ?? 0)
            bitsSet += bytes?.reduce(0) { $0 + UInt64($1.nonzeroBitCount) } ?? 0
        }
    }
}

func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
