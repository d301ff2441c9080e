/// How far a stream has come on its way to postcopy.
enum PostcopyPhase: Sendable {
    /// Nothing was said of it.
    case none
    /// It may come; until then this is a precopy.
    case advised
    /// Pages were dropped, which only come again in postcopy: the package must follow.
    case discarding
    /// The package was announced; its bytes come next.
    case packaged
    /// In the package, before LISTEN.
    case inPackage
    /// In the package, behind LISTEN.
    case listening
    /// RUN was said; the package must end here.
    case packageOver
    /// Pages come.
    case running
    /// On a new channel, before RESUME; the blocks whose bitmap was asked for.
    case resuming(asked: Set<Int>)

    var isBeforePackage: Bool {
        switch self {
        case .advised, .discarding: true
        default: false
        }
    }

    var isInPackage: Bool {
        switch self {
        case .inPackage, .listening, .packageOver: true
        default: false
        }
    }
}

extension StreamDecoder {
    // MARK: The package

    /// The bytes of a package are in a window of their own, which `next` gets until `PostcopyCommand.run` was read.
    public mutating func beginPackage() {
        guard case .packaged = postcopy else { preconditionFailure("no package was announced") }
        postcopy = .inPackage
    }

    /// The package was read up to RUN, and must end there. What follows on the channel are pages.
    public mutating func endPackage(_ window: ByteWindow) throws(StreamError) {
        guard case .packageOver = postcopy else {
            throw error("The package ends before POSTCOPY_RUN", window)
        }
        guard window.available == 0 else {
            throw error("The package goes on for \(window.available) bytes behind POSTCOPY_RUN", window)
        }
        postcopy = .running
        for index in liveSections.indices { liveSections[index].beginPostcopy() }
    }

    /// A record in a package, which is whole: what it lacks will not come.
    mutating func readPackagedRecord(_ window: inout ByteWindow) throws(StreamError) -> StreamElement? {
        if case .packageOver = postcopy { throw error("The package was read up to POSTCOPY_RUN", window) }
        if window.available > 0 {
            switch RecordType(rawValue: window.byte(0)) {
            case .sectionFull, .command: break
            default: throw error("Unknown savevm section type \(window.byte(0)) in a package", window)
            }
        }
        return try readRecord(&window)
    }

    // MARK: A new channel

    /// Whether pages have come in postcopy, so that a new channel can go on where this one broke.
    public var mayBeResumed: Bool {
        switch postcopy {
        case .running, .resuming: true
        default: false
        }
    }

    /// A decoder for the channel that goes on where this one broke: at a record, with the sections that have started,
    /// and no last block. Bitmaps may be asked for, and pages come after RESUME. `mayBeResumed` must be true.
    public func resumed() -> StreamDecoder {
        precondition(mayBeResumed)
        var decoder = self
        decoder.phase = .records
        decoder.postcopy = .resuming(asked: [])
        for index in liveSections.indices { decoder.liveSections[index].beginChannel() }
        return decoder
    }

    // MARK: Commands

    /// What the command is in postcopy; nil for one that is not of it.
    mutating func acceptPostcopy(
        _ command: StreamCommand, _ window: ByteWindow
    ) throws(StreamError) -> PostcopyCommand? {
        switch command {
        case .openReturnPath, .ping, .enableCOLO: return nil
        case .postcopyAdvise(let advice): return try accept(advice, window)
        case .postcopyDiscard(let block, let ranges): return try acceptDiscard(block, ranges, window)
        case .packaged(let length):
            guard postcopy.isBeforePackage else { throw outOfPlace("CMD_PACKAGED", window) }
            guard length <= MigrationFormat.packageLimit else {
                throw error("Unreasonably large packaged state: \(length)", window)
            }
            postcopy = .packaged
            return .package(length: Int(length))
        case .postcopyListen:
            guard case .inPackage = postcopy else { throw outOfPlace("CMD_POSTCOPY_LISTEN", window) }
            postcopy = .listening
            return .listen
        case .postcopyRun:
            guard case .listening = postcopy else { throw outOfPlace("CMD_POSTCOPY_RUN", window) }
            postcopy = .packageOver
            return .run
        case .receiveBitmap(let name):
            guard case .resuming(var asked) = postcopy else { throw outOfPlace("CMD_RECV_BITMAP", window) }
            let block = try block(named: name, "CMD_RECV_BITMAP", window)
            guard asked.insert(block).inserted else {
                throw error("CMD_RECV_BITMAP asks again for block '\(name)'", window)
            }
            postcopy = .resuming(asked: asked)
            return .receiveBitmap(block: block)
        case .postcopyResume:
            guard case .resuming = postcopy else { throw outOfPlace("CMD_POSTCOPY_RESUME", window) }
            postcopy = .running
            return .resume
        }
    }

    private mutating func accept(
        _ advice: StreamCommand.PostcopyAdvice?, _ window: ByteWindow
    ) throws(StreamError) -> PostcopyCommand {
        guard case .none = postcopy else { throw outOfPlace("CMD_POSTCOPY_ADVISE", window) }
        guard expectations.acceptsPostcopy else { return .advise }
        guard let advice else { throw error("RAM postcopy is enabled but have 0 byte advise", window) }
        let own = StreamCommand.PostcopyAdvice(of: expectations.layout)
        guard advice.pageSizes == own.pageSizes else {
            throw error(
                "Postcopy needs matching RAM page sizes (s=\(hex(advice.pageSizes)) d=\(hex(own.pageSizes)))", window)
        }
        guard advice.targetPageSize == own.targetPageSize else {
            throw error(
                "Postcopy needs matching target page sizes (s=\(advice.targetPageSize) d=\(own.targetPageSize))", window
            )
        }
        postcopy = .advised
        for index in liveSections.indices { liveSections[index].notePostcopyAdvised() }
        return .advise
    }

    private mutating func acceptDiscard(
        _ name: String, _ ranges: [StreamCommand.ByteRange], _ window: ByteWindow
    ) throws(StreamError) -> PostcopyCommand {
        guard postcopy.isBeforePackage else { throw outOfPlace("CMD_POSTCOPY_RAM_DISCARD", window) }
        postcopy = .discarding
        let block = try block(named: name, "CMD_POSTCOPY_RAM_DISCARD", window)
        let layout = expectations.layout[block]
        var pages: [Range<Int>] = []
        pages.reserveCapacity(ranges.count)
        for range in ranges {
            // The record's reader has refused a sum that overflows.
            guard range.length > 0, range.start + range.length <= layout.size else {
                throw error(
                    "CMD_POSTCOPY_RAM_DISCARD of 0x\(hex(range.length)) bytes at 0x\(hex(range.start)) of block "
                        + "'\(name)', which has 0x\(hex(layout.size))", window)
            }
            guard range.start % layout.hostPageSize == 0, range.length % layout.hostPageSize == 0 else {
                throw error(
                    "CMD_POSTCOPY_RAM_DISCARD of 0x\(hex(range.length)) bytes at 0x\(hex(range.start)) of block "
                        + "'\(name)' cuts a host page of \(layout.hostPageSize) bytes", window)
            }
            let first = Int(range.start) / MigrationFormat.pageSize
            pages.append(first..<first + Int(range.length) / MigrationFormat.pageSize)
        }
        return .discard(block: block, pages: pages)
    }

    private func block(named name: String, _ command: String, _ window: ByteWindow) throws(StreamError) -> Int {
        guard let index = expectations.layout.firstIndex(where: { $0.name == name }) else {
            throw error("\(command): Can't find block '\(name)'", window)
        }
        return index
    }

    private func outOfPlace(_ command: String, _ window: ByteWindow) -> StreamError {
        error("\(command) in wrong postcopy state (\(postcopy.name))", window)
    }
}

extension PostcopyPhase {
    /// For errors.
    var name: String {
        switch self {
        case .none: "no postcopy was advised"
        case .advised: "advised"
        case .discarding: "pages were discarded"
        case .packaged: "a package was announced"
        case .inPackage: "in the package"
        case .listening: "in the package, behind LISTEN"
        case .packageOver: "behind RUN"
        case .running: "running"
        case .resuming: "on a new channel, before RESUME"
        }
    }
}
