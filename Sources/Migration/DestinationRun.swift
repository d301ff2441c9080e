import Compression
import Environment
import GuestMemory
import MachineModel
import MigrationCore
import MigrationFormat
public import PacketPath
public import QAPI
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

/// Carries out the lasting actions of one incoming migration, on its own thread: one at a time, as `DestinationMachine`
/// says.
final class DestinationRun {
    let controller: MigrationController
    let session: DestinationSession
    let machine: VirtualMachine
    private let listener: Listener
    private var reception: Reception?
    var reader: StreamReader?
    private var wantsCOLO = false
    private var hasReturnPath = false
    private var hasContents = false
    /// An element that was read and not taken yet.
    private var held: StreamElement?
    var sections: [DecodedSection] = []
    var arrivals: PageArrivals?
    /// The channels beside the main one, if pages come there.
    var multifd: MultifdReceiver?
    /// The threads that decompress, if pages may come so.
    var inflation: PageInflation?
    let limits: IncomingLimits
    /// What there is once the guest may run without all of its RAM.
    var postcopy: PostcopyDestination?
    /// The guest runs before the rest of its RAM comes.
    var isPostcopy = false
    /// It has paused, and nothing is left of its channels.
    var hasLeftChannels = false
    /// Whether pages that are asked for come on a channel of their own.
    private(set) var hasUrgentChannel = false

    init(controller: MigrationController, session: DestinationSession, listener: Listener) {
        self.controller = controller
        self.session = session
        self.listener = listener
        machine = controller.machine
        limits = controller.incomingLimits.withLock { $0 }
    }

    /// Does all of it.
    func perform() {
        loop: while true {
            switch session.next(until: .never) {
            case .act(let action): controller.post(carryOut(action), of: session)
            case .interrupted: controller.post(.interrupted, of: session)
            case .deadline: break
            case .end: break loop
            }
        }
        listener.stop()
        multifd?.end()
        endPostcopy()
        session.control.recovery.withdraw()
        inflation?.end()
        endArrivals()
        hearOutCommand()
        // Whoever connected beside the source, too, and is still being looked at.
        session.control.channels.cancel()
        session.control.finish()
    }

    /// A command ends with its channel, and the last word may still be on its way through it: the source waits for that.
    private func hearOutCommand() {
        guard hasReturnPath, !wantsCOLO, session.machine.withLock({ $0.status }) == .completed else { return }
        let deadline = SystemClock().now() + .milliseconds(Transport.commandEndMilliseconds)
        // However it ends, the guest is here and runs.
        try? reader?.channel.finishReading(deadline: deadline)
    }

    private func carryOut(_ action: DestinationMachine.Action) -> DestinationMachine.Event {
        do throws(MigrationFailure) {
            switch action {
            case .accept: return try accept()
            case .load: return try load()
            case .applyState: return try applyState()
            case .startGuest: return try startGuest()
            case .runCOLO: return runCOLO()
            case .receivePages: return try receivePages()
            case .acceptRecovery: return try acceptRecovery()
            case .recover: return try recover()
            default: return .interrupted
            }
        } catch .cancelled {
            // A channel beside the main one that fails ends it.
            let failure = multifd?.failure?.description ?? postcopy?.urgent?.failure?.description
            guard !session.control.isCancelled, let failure else { return .interrupted }
            return .failed(failure)
        } catch {
            return .failed(postcopy?.urgent?.failure?.description ?? error.description)
        }
    }

    /// One source; a second one is refused instead of being left waiting, and the next run can listen.
    private func accept() throws(MigrationFailure) -> DestinationMachine.Event {
        let settings = controller.incomingSettings
        if settings[.multifd] { return try acceptAll(settings) }
        let channel: Channel
        do throws(MigrationFailure) {
            channel = try acceptMain(settings)
        } catch .channel(.closedByPeer) {
            return .nobodyCame("what was to be read ended without a byte")
        } catch .channel(.tls(let failure)) {
            // A connection that is no migration stream changes nothing: the next one may be.
            return .turnedAway(failure.description, anotherMayCome: !listener.addresses.isEmpty)
        }
        listener.stop()
        try onChannel { () throws(TransportError) in try session.control.use(channel) }
        try begin(channel, controller.incomingSettings)
        return .accepted
    }

    /// Before the stream is looked at, the channel for pages that are asked for is there too, if there is to be one.
    private func acceptMain(_ settings: MigrationSettings) throws(MigrationFailure) -> Channel {
        hasUrgentChannel = settings[.postcopyPreempt]
        session.control.recovery.expect(channels: hasUrgentChannel ? 2 : 1)
        let reception = try onSystem(makeReception)
        guard let main = try reception.next() else { throw .cancelled }
        guard hasUrgentChannel else { return main }
        do throws(MigrationFailure) {
            try takeUrgent { deadline throws(MigrationFailure) in try reception.next(deadline: deadline) }
        } catch {
            session.control.channels.remove(main)
            reception.startAgain()
            throw error
        }
        return main
    }

    /// The one that was made before, if there is one: others may still be busy there.
    private func makeReception() throws(SystemError) -> Reception {
        if let reception { return reception }
        let made = try Reception(
            listener: listener, controller: controller, set: session.control.channels, count: hasUrgentChannel ? 2 : 1)
        reception = made
        return made
    }

    /// The same of a source with data channels.
    private func acceptAll(_ settings: MigrationSettings) throws(MigrationFailure) -> DestinationMachine.Event {
        let gathering = try IncomingChannels(
            count: Int(settings.parameters.multifdChannels), uuid: machine.parts.uuid, limits: limits
        ) { [controller, session] channel throws(TransportError) in
            try controller.secureIncoming(channel, of: session.control.channels)
        }
        let (main, data) = try gathering.gather(from: listener, in: session.control.channels)
        listener.stop()
        let reader = try begin(main.channel, settings)
        reader.window.append(main.firstBytes)
        // Nothing is read ahead: where the next page belongs is not for the stream to say alone.
        reader.vacancies = nil
        guard let arrivals else { throw .cancelled }
        for channel in data { channel.stallDeadline = .never }
        multifd = try MultifdReceiver(
            channels: data, main: main.channel, into: arrivals, layout: machine.layout,
            leavingOutShared: settings[.xIgnoreShared], stall: limits.stall,
            decoders: try decoders(data.count, settings))
        return .accepted
    }

    private func decoders(
        _ count: Int, _ settings: MigrationSettings
    ) throws(MigrationFailure) -> [any PacketDecoder] {
        do throws(CompressionError) {
            var decoders: [any PacketDecoder] = []
            for _ in 0..<count { decoders.append(try settings.parameters.multifdMethod.makeDecoder()) }
            return decoders
        } catch { throw .peer("multifd: \(error.description)") }
    }

    @discardableResult
    private func begin(_ channel: Channel, _ settings: MigrationSettings) throws(MigrationFailure) -> StreamReader {
        controller.handler?.incomingAccepted()
        channel.stallDeadline = limits.stall
        let expectations = machine.streamExpectations(
            comparingUUID: settings[.validateUuid], ignoringShared: settings[.xIgnoreShared],
            acceptingCompressed: settings[.compress], acceptingPostcopy: settings[.postcopyRam])
        if settings[.compress] {
            inflation = try PageInflation(threads: Int(settings.parameters.decompressThreads))
        }
        let reader = StreamReader(channel: channel, decoder: StreamDecoder(expectations: expectations))
        let arrivals: PageArrivals
        do { arrivals = try PageArrivals(memory: machine.memory) } catch { throw .peer(error.description) }
        reader.vacancies = arrivals
        self.arrivals = arrivals
        self.reader = reader
        return reader
    }

    // MARK: Loading

    /// Reads on, pages into their places, until something is for the state machine.
    private func load() throws(MigrationFailure) -> DestinationMachine.Event {
        guard let reader else { throw .cancelled }
        guard let arrivals else { throw .cancelled }
        while true {
            if let element = held {
                held = nil
                try take(element, reader, arrivals)
                continue
            }
            guard let element = try next(reader) else {
                try finish(reader.channel)
                return .loaded(isDescribed: false)
            }
            switch element {
            case .liveSectionEnd where multifd == nil: try inflation?.settle()
            case .page, .deltaPage, .compressedPage, .filledPage, .device, .liveSectionEnd:
                guard hasContents else {
                    // Taken once it is known to be wanted.
                    hasContents = true
                    held = element
                    return .contents
                }
                try take(element, reader, arrivals)
            case .postcopy(.discard(let block, let pages)):
                for run in pages { arrivals.discard(run, ofBlock: block) }
            case .postcopy(.package(let length)):
                try loadPackage(length, reader)
                return .packageLoaded
            // No disk of this machine has bitmaps: whatever is said of one is of none that there is.
            case .postcopy, .dirtyBitmap: break
            case .command(let command): return .command(note(command))
            case .endOfStream(let found):
                try finish(reader.channel)
                return .loaded(isDescribed: found == nil)
            case .configured, .endOfSections, .needBytes: break
            }
        }
    }

    /// The next element. While pages come on data channels, nothing need come on the main one for a whole pass.
    func next(_ reader: StreamReader) throws(MigrationFailure) -> StreamElement? {
        guard let multifd else { return try reader.next() }
        while true {
            let before = multifd.bytesReceived
            do throws(MigrationFailure) {
                return try reader.next()
            } catch .channel(.stalled) where multifd.bytesReceived != before {
                continue
            }
        }
    }

    /// What a command has written counts only once it says that it is whole. One that has a return path goes on.
    private func finish(_ channel: Channel) throws(MigrationFailure) {
        guard !wantsCOLO, !hasReturnPath else { return }
        let deadline = SystemClock().now() + .milliseconds(Transport.commandEndMilliseconds)
        try onChannel { () throws(TransportError) in try channel.finishReading(deadline: deadline) }
    }

    private func note(_ command: MigrationCommand) -> DestinationMachine.Command {
        switch command {
        case .openReturnPath:
            hasReturnPath = true
            return .openReturnPath
        case .ping(let value): return .ping(value)
        case .enableCOLO:
            wantsCOLO = true
            return .enableCOLO
        }
    }

    private func take(
        _ element: StreamElement, _ reader: StreamReader, _ arrivals: PageArrivals
    ) throws(MigrationFailure) {
        // SAFETY: the decoder checked that the page lies in its block.
        switch element {
        case .page(let location):
            try unsafe reader.takePage(into: arrivals.place(of: location))
            arrivals.noteWritten(location)
            while let (block, pages) = reader.takeArrivedPages() {
                arrivals.noteWritten(pages, ofBlock: block)
            }
            takeHeldPages(behind: location, reader, arrivals)
        case .deltaPage(let location, let length):
            try unsafe reader.takeDelta(length, of: location, into: arrivals.place(of: location))
            arrivals.noteWritten(location)
            reader.takeHeldDeltas(behind: location, into: arrivals, count: pageCount(location.block))
        case .compressedPage(let location, let length):
            guard let inflation else { throw .cancelled }
            let start = reader.window.offset
            try unsafe reader.takeStored(length) { (stream) throws(MigrationFailure) in
                try unsafe inflation.give(stream, at: start, of: location, to: arrivals.place(of: location))
            }
            arrivals.noteWritten(location)
        case .filledPage(let location, 0):
            clear(location.page..<location.page + 1, ofBlock: location.block, arrivals)
            takeHeldPages(behind: location, reader, arrivals)
        case .filledPage(let location, let byte): fill(location, byte, arrivals)
        case .liveSectionEnd(let type): try multifd?.endPart(isLast: type == .sectionEnd)
        case .device(let section): sections.append(section)
        default: break
        }
    }

    private func takeHeldPages(behind location: PageLocation, _ reader: StreamReader, _ arrivals: PageArrivals) {
        reader.takeHeldPages(behind: location, upTo: pageCount(location.block), into: arrivals) { pages in
            clear(pages, ofBlock: location.block, arrivals)
        }
    }

    private func pageCount(_ block: Int) -> Int { machine.memory.blocks[block].pageCount }

    private func applyState() throws(MigrationFailure) -> DestinationMachine.Event {
        if isPostcopy, let reader { try beginPostcopy(reader) } else { endArrivals() }
        try checkSections()
        machine.load(PreparedDeviceState(sections))
        if wantsCOLO { controller.handler?.willRunCOLO(asPrimary: false) }
        return .stateApplied
    }

    /// All of RAM has come, or no more of it will.
    private func endArrivals() {
        reader?.vacancies = nil
        arrivals?.end()
        arrivals = nil
    }

    /// A machine with vCPUs cannot run on what a stream left out; one that is RAM alone can.
    private func checkSections() throws(MigrationFailure) {
        guard machine.parts.engine.vCPUCount > 0 else { return }
        let missing = machine.sectionKeys.subtracting(PreparedDeviceState(sections).keys)
        if let first = missing.min(by: { ($0.name, $0.instance) < ($1.name, $1.instance) }) {
            throw .peer("the stream lacks section '\(first.name)' \(first.instance)")
        }
    }

    // MARK: Pages

    /// A page that was never written is zero already, and should not take memory only to be zero again.
    private func clear(_ pages: Range<Int>, ofBlock block: Int, _ arrivals: PageArrivals) {
        var pages = pages
        while let page = arrivals.noteZero(pages, ofBlock: block) {
            fill(PageLocation(block: block, page: page), 0, arrivals)
            pages = page + 1..<pages.upperBound
            if pages.isEmpty { return }
        }
    }

    private func fill(_ location: PageLocation, _ byte: UInt8, _ arrivals: PageArrivals) {
        // SAFETY: a whole page of RAM: the decoder checked block and page against this machine's layout.
        unsafe arrivals.place(of: location).initializeMemory(as: UInt8.self, repeating: byte, count: targetPageSize)
        arrivals.noteWritten(location)
    }

    // MARK: The end

    private func startGuest() throws(MigrationFailure) -> DestinationMachine.Event {
        machine.announce(controller.settings.parameters.announcement)
        try onMachine { () throws(RunStateError) in
            switch machine.arrivedRunState {
            case nil, .running: if machine.autostart { try machine.run() } else { try machine.setState(.paused) }
            case let state?: try machine.setState(state)
            }
        }
        return .guestStarted
    }

    private func runCOLO() -> DestinationMachine.Event {
        guard let handler = controller.handler, let reader else { return .coloEnded }
        _ = handler.runSecondary(COLOSecondarySession(machine: machine, reader: reader))
        return .coloEnded
    }
}

extension MigrationSettings.Values {
    /// The parameter multifd-compression.
    var multifdMethod: MultifdPacket.Method {
        switch multifdCompression {
        case .none: .none
        case .zlib: .zlib
        case .zstd: .zstd
        }
    }

    /// The parameters announce-* as the packet path takes them.
    public var announcement: PacketPath.AnnounceParameters {
        PacketPath.AnnounceParameters(
            initial: announceInitial, max: announceMax, rounds: announceRounds, step: announceStep)
    }
}
