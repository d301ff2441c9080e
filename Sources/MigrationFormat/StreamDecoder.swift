import ByteCoding

/// What a receiver must have in common with the sender of a stream.
public struct StreamExpectations: Sendable {
    /// The machine type that must stand in the configuration section.
    public var machineType: String
    /// The RAM blocks; each must have the same length on both sides.
    public var layout: [BlockLayout]
    /// The UUID that a sent one must equal; nil accepts any.
    public var uuid: [UInt8]?
    /// The devices.
    public var handlers: any DeviceSectionHandlers
    /// Whether both sides leave shared RAM out (x-ignore-shared); they must agree.
    public var ignoresShared: Bool
    /// Whether pages may come compressed (compress).
    public var acceptsCompressedPages: Bool
    /// Whether the source may turn to postcopy of RAM (postcopy-ram).
    public var acceptsPostcopy: Bool

    /// What a machine expects.
    public init(
        machineType: String, layout: [BlockLayout], uuid: [UInt8]? = nil, handlers: any DeviceSectionHandlers,
        ignoresShared: Bool = false, acceptsCompressedPages: Bool = false, acceptsPostcopy: Bool = false
    ) {
        self.acceptsCompressedPages = acceptsCompressedPages
        self.acceptsPostcopy = acceptsPostcopy
        self.ignoresShared = ignoresShared
        self.machineType = machineType
        self.layout = layout
        self.uuid = uuid
        self.handlers = handlers
    }
}

/// What a decoder found.
public enum StreamElement: Sendable {
    /// Nothing more can be read until the window holds that many bytes.
    case needBytes(Int)
    /// Header and configuration are read and fit.
    case configured
    /// A command; the decoder has checked that it is legal here.
    case command(MigrationCommand)
    /// A command of postcopy; the decoder has checked that it is legal here.
    case postcopy(PostcopyCommand)
    /// The payload of a page, `MigrationFormat.pageSize` bytes, comes next: the driver takes all of it from the window
    /// and the channel before it asks for the next element.
    case page(PageLocation)
    /// So many bytes come next, in which the page differs from what it holds: `XBZRLEDelta`. The driver takes all of them.
    case deltaPage(PageLocation, length: Int)
    /// So many bytes come next, a zlib stream of the page. The driver takes all of them.
    case compressedPage(PageLocation, length: Int)
    /// A page whose bytes all have that value.
    case filledPage(PageLocation, UInt8)
    /// A chunk about a dirty bitmap of a disk; names that it lacks are those of the one before.
    case dirtyBitmap(DirtyBitmapRecord)
    /// The records of a START, PART or END section of RAM have ended; what follows may replace pages that came before. The
    /// footer may come much later: a source may wait for what its other channels carry first.
    case liveSectionEnd(RecordType)
    /// A device's state, valid and not yet current.
    case device(DecodedSection)
    /// The sections are over. Of a main stream, the description follows.
    case endOfSections
    /// The description is over, or something else than one followed (`found` is that byte, which was consumed).
    case endOfStream(found: UInt8?)
}

/// Reads the main stream of a migration, and the live part of each COLO checkpoint that follows it, from a window of
/// bytes. A pure state machine: ask for `next` until it says `needBytes`, fill the window, ask again. After an error it
/// must not be used any more.
public struct StreamDecoder: Sendable {
    enum Phase {
        case fileHeader
        case configurationRest
        case records
        /// In a part of the live section of that index in the table.
        case live(Int, RecordType)
        case footer(RecordType, SectionHeader)
        case ended
        case description(remaining: Int)
        case finished
    }

    let expectations: StreamExpectations
    var phase = Phase.fileHeader
    /// Whether the live part of a checkpoint is read, where only RAM may come.
    var inCheckpoint = false
    /// The live sections that may come.
    var liveSections: [any LiveSectionDecoder]
    /// With what header each of them started; nil if it has not.
    var started: [SectionHeader?]
    var seenDevices: Set<SectionKey> = []
    var returnPathOpened = false
    var sourceIgnoresShared = false
    var postcopy = PostcopyPhase.none

    /// A decoder at the start of a main stream. `liveSections` is the table of the live sections that may come, each name
    /// once; without it, the RAM of the machine, and disks of which nothing is sent.
    public init(expectations: StreamExpectations, liveSections: [any LiveSectionDecoder]? = nil) {
        self.expectations = expectations
        self.liveSections =
            liveSections ?? [
                RAMSectionDecoder(
                    layout: expectations.layout, hasGuestAddresses: expectations.ignoresShared,
                    acceptsCompressed: expectations.acceptsCompressedPages),
                EmptyDiskSectionDecoder(), DirtyBitmapSectionDecoder(),
            ]
        started = self.liveSections.map { _ in nil }
    }

    /// The sections of devices that came so far.
    public var devicesSeen: Set<SectionKey> { seenDevices }

    /// Whether the stream is complete, so that the peer may close the channel.
    public var mayEndHere: Bool {
        switch phase {
        case .ended, .finished: true
        default: false
        }
    }

    /// Turns to the live part of a checkpoint, after the main stream or the part before has ended. Section ids and the
    /// last block stay.
    public mutating func beginCheckpoint() {
        inCheckpoint = true
        phase = .records
    }

    /// The live section of `header` has started before what this decoder reads, on a channel that is gone.
    mutating func assumeStarted(_ header: SectionHeader) {
        for index in liveSections.indices where liveSections[index].name == header.name { started[index] = header }
    }

    /// Reads the next element. In postcopy nothing but this may take bytes of a part of "ram", because pages of a host page
    /// follow each other.
    public mutating func next(_ window: inout ByteWindow) throws(StreamError) -> StreamElement {
        let element = try read(&window)
        if case .needBytes(let count) = element, postcopy.isInPackage {
            throw error("The package is too short by \(count - window.available) bytes", window)
        }
        return element
    }

    private mutating func read(_ window: inout ByteWindow) throws(StreamError) -> StreamElement {
        while true {
            let element: StreamElement?
            switch phase {
            case .fileHeader: element = try readFileHeader(&window)
            case .configurationRest: element = try readConfigurationRest(&window)
            case .records where postcopy.isInPackage: element = try readPackagedRecord(&window)
            case .records: element = try readRecord(&window)
            case .live(let index, let type): element = try readLive(&window, index, type)
            case .footer(let type, let header): element = try readFooter(&window, type: type, header: header)
            case .ended: element = try readDescriptionHeader(&window)
            case .description(let remaining): element = skipDescription(&window, remaining: remaining)
            case .finished: return .endOfStream(found: nil)
            }
            if let element { return element }
        }
    }

    func error(_ problem: String, _ window: ByteWindow, section: String? = nil) -> StreamError {
        StreamError(problem, section: section, offset: window.offset)
    }

    private mutating func readFooter(
        _ window: inout ByteWindow, type: RecordType, header: SectionHeader
    ) throws(StreamError) -> StreamElement? {
        guard window.available >= 5 else { return .needBytes(5) }
        guard window.byte(0) == RecordType.footer.rawValue else {
            throw error("Missing section footer for \(header.name)", window, section: header.name)
        }
        let id: UInt32 = window.integer(1)
        guard id == header.id else { throw footerMismatch(header, read: id, offset: window.offset) }
        window.skip(5)
        phase = .records
        return nil
    }

    private mutating func readDescriptionHeader(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        guard window.available >= 1 else { return .needBytes(1) }
        let type = window.byte(0)
        guard type == RecordType.description.rawValue else {
            window.skip(1)
            phase = .finished
            return .endOfStream(found: type)
        }
        guard window.available >= 5 else { return .needBytes(5) }
        let length: UInt32 = window.integer(1)
        guard length <= MigrationFormat.descriptionLimit else {
            throw error("The description of \(length) bytes exceeds the limit", window)
        }
        window.skip(5)
        phase = .description(remaining: Int(length))
        return nil
    }

    private mutating func skipDescription(_ window: inout ByteWindow, remaining: Int) -> StreamElement? {
        let count = min(remaining, window.available)
        window.skip(count)
        if count == remaining {
            phase = .finished
            return nil
        }
        phase = .description(remaining: remaining - count)
        return .needBytes(1)
    }
}
