public import MigrationFormat

/// Reads a recorded stream item by item. After a failure nothing more can be read.
public struct StreamAnalyzer {
    enum Phase: Equatable {
        case start
        /// Records of the main stream, of a package, or of a checkpoint.
        case records
        /// After the byte that ends the sections of the main stream.
        case ended
        /// Messages of a COLO primary.
        case messages
        case finished
    }

    var window: SourceWindow
    var phase = Phase.start
    /// The description behind the stream, as far as it is known.
    public internal(set) var description: StreamDescription?
    /// What was read of the section that broke.
    public internal(set) var unfinished: StreamItem?
    /// What was read so far.
    public internal(set) var totals = StreamTotals()

    var pageSize = MigrationFormat.pageSize
    var ignoresShared = false
    /// Host page sizes that a postcopy's ADVISE named, or-ed.
    var hugePageSizes: UInt64 = 0
    /// The live sections that started, by id.
    var liveSections: [UInt32: SectionHeader] = [:]
    /// Lengths of the listed RAM blocks.
    var blockLengths: [String: UInt64] = [:]
    /// The block of the last page.
    var lastBlock: String?
    /// The names of the last dirty bitmap.
    var lastBitmap = (node: "", bitmap: "")
    /// Where the package ends whose records are read.
    var packageEnd: UInt64?
    /// Whether the stream goes on as one of COLO.
    var isCOLO = false
    /// Where the device state ends whose sections are read, in COLO.
    var blobEnd: UInt64?
    /// Whether the description was looked for from the end.
    private var searched = false
    /// What the next byte belongs to, for messages.
    var current: String?

    /// An analyzer at the start of a stream.
    public init(_ source: any StreamSource) { window = SourceWindow(source) }

    /// The next item; nil at the end.
    public mutating func next() throws(StreamAnalysisFailure) -> StreamItem? {
        if !searched {
            searched = true
            // A description that is damaged is told where it stands.
            if let text = try DescriptionSearch.find(in: window.source) { description = try? StreamDescription(text) }
        }
        defer { totals.bytes = window.offset }
        let item: StreamItem?
        switch phase {
        case .start: item = try readHeader()
        case .records: item = try readRecord()
        case .ended: item = try readDescription()
        case .messages: item = try readMessage()
        case .finished: return nil
        }
        unfinished = nil
        current = nil
        return item
    }

    // MARK: Bytes

    func damage(_ problem: String, at offset: UInt64? = nil, isTruncation: Bool = false) -> StreamAnalysisFailure {
        .damaged(
            StreamDamage(
                problem: problem, section: current, offset: offset ?? window.offset, isTruncation: isTruncation))
    }

    /// Makes the window hold `count` bytes.
    mutating func require(_ count: Int, for what: String) throws(StreamAnalysisFailure) {
        guard try window.fill(to: count) else {
            throw damage(
                "The stream ends here: \(what) needs \(count) bytes, and \(window.bytes.available) are left",
                isTruncation: true)
        }
    }

    /// Takes a record that must be there.
    mutating func take<Record: Sendable>(
        _ what: String, _ read: (ByteWindow) throws(StreamError) -> Reading<Record>
    ) throws(StreamAnalysisFailure) -> Record {
        while true {
            let reading: Reading<Record>
            do throws(StreamError) { reading = try read(window.bytes) } catch {
                throw .damaged(
                    StreamDamage(
                        problem: error.problem, section: error.section ?? current, offset: error.offset,
                        isTruncation: false))
            }
            switch reading {
            case .needBytes(let count): try require(count, for: what)
            case .complete(let record, let end):
                window.bytes.skip(end)
                return record
            }
        }
    }

    /// Passes over the payload of a record.
    mutating func skip(_ count: UInt64, of what: String) throws(StreamAnalysisFailure) {
        guard window.skip(count) else {
            throw damage(
                "The stream ends here: \(what) needs \(count) bytes, and \(window.remaining) are left",
                isTruncation: true)
        }
    }

    // MARK: The parts of a stream

    private mutating func readHeader() throws(StreamAnalysisFailure) -> StreamItem {
        current = "header"
        if try window.fill(to: 4), MultifdOpening(channel: 0).bytes.starts(with: window.bytes.copy(4)) {
            throw damage("This is a multifd channel; the main stream is another file")
        }
        _ = try take("the file header") { (bytes) throws(StreamError) in try FileHeader.read(bytes, at: 0) }
        var header = StreamHeader(pageSize: pageSize)
        // Device state alone has no configuration.
        if try window.fill(to: 1), window.bytes.first == RecordType.configuration.rawValue {
            current = "configuration"
            header.machineType =
                try take("the machine type") { (bytes) throws(StreamError) in
                    try ConfigurationOpening.read(bytes, at: 0)
                }.machineType
            while try window.fill(to: 1), window.bytes.first == RecordType.subsection.rawValue {
                let subsection = try take("a subsection") { (bytes) throws(StreamError) in
                    try ConfigurationSubsection.read(bytes, at: 0)
                }
                try apply(subsection, to: &header)
            }
        }
        phase = .records
        return StreamItem(offset: 0, size: window.offset, content: .header(header))
    }

    private mutating func apply(
        _ subsection: ConfigurationSubsection, to header: inout StreamHeader
    ) throws(StreamAnalysisFailure) {
        switch subsection {
        case .targetPageBits(let bits):
            guard (9...16).contains(bits) else { throw damage("Pages of 2^\(bits) bytes") }
            pageSize = 1 << Int(bits)
            header.pageSize = pageSize
        case .capabilities(let names):
            header.capabilities = names
            ignoresShared = names.contains("x-ignore-shared")
        case .uuid(let uuid): header.uuid = uuid
        }
    }

    private mutating func readRecord() throws(StreamAnalysisFailure) -> StreamItem? {
        let start = window.offset
        if let packageEnd {
            guard start <= packageEnd else { throw damage("A package that should have ended at byte \(packageEnd)") }
            if start == packageEnd {
                self.packageEnd = nil
                return StreamItem(offset: start, size: 0, content: .endOfPackage)
            }
        }
        guard try window.fill(to: 1) else {
            throw damage("The stream ends here, without the byte that ends its sections", isTruncation: true)
        }
        let record = try take("a record") { (bytes) throws(StreamError) in try StreamRecord.read(bytes, at: 0) }
        switch record {
        case .endOfFile: try endSections()
        case .sectionStart(let header): return try readSection(.sectionStart, header, from: start)
        case .sectionFull(let header): return try readSection(.sectionFull, header, from: start)
        case .sectionPart(let id): return try resumeSection(.sectionPart, id, from: start)
        case .sectionEnd(let id): return try resumeSection(.sectionEnd, id, from: start)
        case .command(let command):
            try obey(command, at: start)
            return item(from: start, .command(command))
        case .description: throw damage("A description before the end of the sections", at: start)
        case .footer(let id): throw damage("A footer of section \(id) where no section ends", at: start)
        }
        return item(from: start, .endOfSections)
    }

    func item(from start: UInt64, _ content: StreamItem.Content) -> StreamItem {
        StreamItem(offset: start, size: window.offset - start, content: content)
    }

    private mutating func endSections() throws(StreamAnalysisFailure) {
        // A package has no such byte, and what follows it in one is read as records.
        if packageEnd != nil { return }
        guard phase == .records, inCheckpoint else { return phase = .ended }
        if let blobEnd, window.offset != blobEnd {
            throw damage("The device state of a checkpoint ends here, and should at byte \(blobEnd)")
        }
        blobEnd = nil
        phase = .messages
    }

    private mutating func obey(_ command: StreamCommand, at start: UInt64) throws(StreamAnalysisFailure) {
        totals.commands += 1
        switch command {
        case .enableCOLO: isCOLO = true
        case .postcopyAdvise(let advice?): hugePageSizes = advice.pageSizes & ~UInt64(MigrationFormat.pageSize)
        case .packaged(let count):
            guard packageEnd == nil else { throw damage("A package in a package", at: start) }
            packageEnd = window.offset + UInt64(count)
        default: break
        }
    }

    private mutating func readDescription() throws(StreamAnalysisFailure) -> StreamItem? {
        let start = window.offset
        guard try window.fill(to: 1) else {
            phase = .finished
            return nil
        }
        guard window.bytes.first == RecordType.description.rawValue else { return try readTrailer() }
        current = "description"
        let record = try take("the description") { (bytes) throws(StreamError) in try StreamRecord.read(bytes, at: 0) }
        guard case .description(let length) = record else { return nil }
        phase = isCOLO ? .messages : .ended
        inCheckpoint = isCOLO
        guard length <= StreamDescription.textLimit else {
            try skip(UInt64(length), of: "the description")
            return item(from: start, .description(nil, problem: "it is too long to be taken apart"))
        }
        try require(Int(length), for: "the description")
        let text = window.bytes.copy(Int(length))
        window.bytes.skip(Int(length))
        do throws(StreamError) {
            let description = try StreamDescription(text)
            self.description = description
            return item(from: start, .description(description, problem: nil))
        } catch {
            return item(from: start, .description(nil, problem: error.problem))
        }
    }

    /// Whether the main stream is over, and what is read belongs to a checkpoint.
    var inCheckpoint = false

    private mutating func readTrailer() throws(StreamAnalysisFailure) -> StreamItem? {
        if isCOLO, !inCheckpoint {
            (phase, inCheckpoint) = (.messages, true)
            return try readMessage()
        }
        let start = window.offset
        _ = window.skip(window.remaining)
        phase = .finished
        return item(from: start, .trailer)
    }

    private mutating func readMessage() throws(StreamAnalysisFailure) -> StreamItem? {
        let start = window.offset
        guard try window.fill(to: 1) else {
            phase = .finished
            return nil
        }
        current = "COLO"
        let message: COLOMessage
        while true {
            do throws(StreamError) {
                if let found = try COLOMessage.take(from: &window.bytes) {
                    message = found
                    break
                }
            } catch {
                throw damage(error.problem, at: error.offset)
            }
            try require(window.bytes.available + 1, for: "a COLO message")
        }
        switch message {
        case .vmstateSend: phase = .records
        case .vmstateSize(let size):
            blobEnd = window.offset + size
            phase = .records
        default: break
        }
        return item(from: start, .message(message))
    }
}
