import ByteCoding
import Compression
import Environment
import GuestMemory
import MachineModel
import MigrationCore
import MigrationFormat
import QAPI
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

/// Carries out the lasting actions of one outgoing migration, on its own thread: one at a time, as `SourceMachine` says.
final class SourceRun {
    let controller: MigrationController
    let session: SourceSession
    /// The settings as they were when the migration began.
    let settings: MigrationSettings
    let counters: MigrationCounters
    let machine: VirtualMachine
    let clock = SystemClock()
    var destination: Destination
    var channel: Channel?
    let ram: any RAMCarrier
    /// The same if the guest moves, and if a moment of it is kept.
    let moving: RAMSection?
    let snapshot: SnapshotSection?
    /// The devices, as they were when the snapshot began.
    var devicesBefore: DeviceBytes?
    /// What is sent in parts, in the order of the stream.
    let sections: [any LiveSection]
    /// The channels beside the main one, if pages travel there.
    private var multifd: MultifdSender?
    private var multifdBytesBefore: UInt64 = 0
    /// The threads that compress, if pages travel that way.
    private var compression: CompressedPageSender?
    /// Whether the guest stands, and the run state before it was halted for the switchover.
    private var stateBefore: RunState?
    /// The byte that ends the sections may have left.
    var endMayHaveLeft = false
    /// What there is once the guest may run at the destination while its pages still leave.
    var postcopy: PostcopySource?
    /// Bytes that counted for the bandwidth before the pages that are sent now.
    var bytesBeforePostcopy: UInt64 = 0
    /// What the destination says, once it is listened to.
    private var answers: StreamReader?
    /// It has said anything.
    private var heardPeer = false

    init(
        controller: MigrationController, session: SourceSession, to destination: Destination
    ) throws(SystemError) {
        self.controller = controller
        self.session = session
        settings = session.settings
        self.destination = destination
        machine = controller.machine
        counters = session.counters
        if settings[.backgroundSnapshot] {
            let section = SnapshotSection(
                of: machine, settings, room: controller.snapshotRoom.withLock { $0 })
            (ram, moving, snapshot) = (section, nil, section)
        } else {
            let section = try RAMSection(of: machine, settings)
            (ram, moving, snapshot) = (section, section, nil)
        }
        let disks: [any LiveSection] = settings[.block] ? [EmptyDiskSection(id: machine.diskSectionID)] : []
        let bitmaps: [any LiveSection] =
            settings[.dirtyBitmaps] ? [EmptyBitmapSection(id: machine.bitmapSectionID)] : []
        sections = disks + [ram] + bitmaps
    }

    /// Does all of it.
    func perform() {
        session.control.begin()
        loop: while true {
            switch session.next(until: session.machine.withLock { $0.nextDeadline }) {
            case .act(let action):
                controller.post(carryOut(action), of: session)
                session.control.look()
            case .interrupted: controller.post(.interrupted(), of: session)
            case .deadline: controller.post(.timer, of: session)
            case .end: break loop
            }
        }
        channel?.shutDown()
        session.control.channels[.preempt]?.shutDown()
        postcopy?.listener.join()
        multifd?.end()
        compression?.end()
        session.control.finish()
    }

    private func carryOut(_ action: SourceMachine.Action) -> SourceMachine.Event {
        do throws(MigrationFailure) {
            return try outcome(of: action)
        } catch .cancelled {
            return .interrupted(endMayHaveLeft: endMayHaveLeft)
        } catch {
            hearOut(behind: error)
            return .failed(error.description, endMayHaveLeft: endMayHaveLeft)
        }
    }

    private func outcome(of action: SourceMachine.Action) throws(MigrationFailure) -> SourceMachine.Event {
        switch action {
        case .connect: try connectChannels()
        case .holdPrimaries: try holdPrimaries()
        case .sendSetup: try sendSetup()
        case .beginSnapshot: try beginSnapshot()
        case .awaitUnplug(let deadline): try awaitUnplug(until: deadline)
        case .sendPages(let limit):
            if let postcopy { try sendInPostcopy(limit, postcopy) } else { try sendPages(limit) }
        case .harvest: try harvest()
        case .haltGuest: try haltGuest()
        case .askSwitchover: try askSwitchover()
        case .sendEmptyPart: try sendEmptyPart()
        case .sendPing: try sendPing()
        case .harvestLast: try harvestLast()
        case .sendState: try sendState()
        case .closeStream: try closeStream()
        case .awaitPeer(let deadline, let silence):
            if let postcopy {
                try awaitPeer(of: postcopy, until: deadline)
            } else {
                try awaitPeer(until: deadline, silence: silence)
            }
        case .switchToPostcopy: try switchToPostcopy()
        case .endPostcopy: try endPostcopy()
        case .reconnect: try reconnect()
        case .recover(let deadline): try recover(until: deadline)
        case .hearLastWords(let deadline): hearLastWords(until: deadline)
        case .hearOut(let deadline): try hearOut(until: deadline)
        case .runCOLO: runCOLO()
        case .leaveGuest: leaveGuest()
        case .giveGuestBack: giveGuestBack()
        case .keepGuest: keepGuest()
        case .endSnapshot: endSnapshot()
        case .tell, .pass, .report, .reportRefusal, .interrupt, .breakChannel, .throttle, .releasePrimaries, .end:
            .interrupted()
        }
    }

    // MARK: The channel

    func connectChannels() throws(MigrationFailure) -> SourceMachine.Event {
        let opened = try onChannel { () throws(TransportError) in
            let channels = session.control.channels
            switch destination {
            case .channel(let channel):
                self.channel = channel
                try session.control.use(channel)
                return try controller.secure(channel, of: channels, as: .client, host: nil, settings)
            case .address(let address):
                let channel = try channels.connect(.main, to: address)
                self.channel = channel
                return try controller.secure(channel, of: channels, as: .client, host: address.host, settings)
            }
        }
        channel = opened
        for capability in [MigrationCapability.returnPath, .postcopyRam] {
            guard !settings[capability] || opened.canReceive else {
                throw .peer("Capability '\(capability.rawValue)' needs a channel that can be read")
            }
        }
        if settings[.postcopyPreempt] { try connectPreempt() }
        // In a recovery pages go on as they did.
        guard postcopy == nil else { return .connected }
        ram.sender = RAMSender(layout: machine.layout, pages: try makePageSender(opened))
        return .connected
    }

    /// How pages travel, as the settings say.
    private func makePageSender(_ main: Channel) throws(MigrationFailure) -> any PageSender {
        if settings[.multifd] { return try connectDataChannels(main) }
        var pages: any PageSender = PlainPageSender()
        let parameters = settings.parameters
        if let counters = counters.compression {
            let sender = try CompressedPageSender(
                threads: Int(parameters.compressThreads), level: Int(parameters.compressLevel),
                waits: parameters.compressWaitThread, counters: counters)
            compression = sender
            pages = sender
        }
        guard let counters = counters.xbzrle else { return pages }
        return XBZRLEPageSender(layout: machine.layout, counters: counters, before: pages)
    }

    /// The destination tells channels apart by the order in which they come, so the main one is there first.
    private func connectDataChannels(_ main: Channel) throws(MigrationFailure) -> MultifdSender {
        guard case .address(let address) = destination, address.hasSeveralChannels else {
            throw .peer(MigrationRefusal.multifdNeedsSocket.description)
        }
        var channels: [Channel] = []
        for index in 0..<Int(settings.parameters.multifdChannels) {
            channels.append(try onChannel { () throws(TransportError) in try connectData(index, to: address) })
        }
        let parameters = settings.parameters
        let sender = try MultifdSender(
            channels: channels, main: main, layout: machine.layout
        ) { () throws(CompressionError) in
            if settings[.zeroCopySend] {
                return ZeroCopyPacketEncoder { [counters] in counters.noteMissedZeroCopy() }
            }
            return try parameters.multifdMethod.makeEncoder(
                zlibLevel: Int(parameters.multifdZlibLevel), zstdLevel: Int(parameters.multifdZstdLevel))
        }
        multifd = sender
        let workers = sender.workers
        session.control.noteDataThreads { workers.compactMap(\.threadID) }
        return sender
    }

    /// Ends the channels beside the main one that carried pages; false if there were none.
    func endMultifd() -> Bool {
        guard let multifd else { return false }
        multifd.end()
        multifdBytesBefore += multifd.bytesSent
        self.multifd = nil
        return true
    }

    /// The channel of pages that are asked for, on which nothing is said before the first one.
    private func connectPreempt() throws(MigrationFailure) {
        guard case .address(let address) = destination, address.hasSeveralChannels else {
            throw .peer(MigrationRefusal.preemptionNeedsSocket.description)
        }
        _ = try onChannel { () throws(TransportError) in
            let channels = session.control.channels
            let plain = try channels.connect(.preempt, to: address)
            return try controller.secure(plain, of: channels, as: .client, host: address.host, settings)
        }
    }

    /// A data channel that has said which one it is. That comes before the next one is secured: QEMU answers nobody until it
    /// has read it.
    private func connectData(_ index: Int, to address: MigrationAddress) throws(TransportError) -> Channel {
        let channels = session.control.channels
        let plain = try channels.connect(.data(index), to: address)
        let channel = try controller.secure(plain, of: channels, as: .client, host: address.host, settings)
        if settings[.zeroCopySend] { try channel.enableZeroCopy() }
        let uuid = machine.parts.uuid ?? [UInt8](repeating: 0, count: 16)
        try channel.write(MultifdOpening(uuid: uuid, channel: UInt8(index)).bytes)
        try channel.flush()
        return channel
    }

    func onOpenChannel<Value>(
        _ body: (Channel) throws(TransportError) -> Value
    ) throws(MigrationFailure) -> Value {
        guard let channel, !session.control.isCancelled else { throw .cancelled }
        defer {
            if let sender = postcopy?.sender {
                sender.count()
            } else {
                counters.note(
                    main: channel.bytesSent + (session.control.channels[.preempt]?.bytesSent ?? 0),
                    multifd: multifdBytes, normalPages: normalPages, zeroPages: zeroPages)
            }
        }
        do throws(TransportError) {
            return try body(channel)
        } catch .cancelled where !session.control.isCancelled {
            // A data channel that fails ends the main one.
            throw .channel(multifd?.failure ?? .closedByPeer)
        } catch {
            throw error == .cancelled ? .cancelled : .channel(error)
        }
    }

    /// Bytes that the channels beside the main one have carried, those that are gone included.
    var multifdBytes: UInt64 { multifdBytesBefore + (multifd?.bytesSent ?? 0) }

    /// The same for other threads, as long as the channels stay.
    var countMultifdBytes: @Sendable () -> UInt64 {
        let channels = multifd?.workers.map(\.channel) ?? []
        return { [multifdBytesBefore] in channels.reduce(multifdBytesBefore) { $0 + $1.bytesSent } }
    }

    /// Pages sent whole, however.
    var normalPages: UInt64 {
        ram.sender.normalPages + counters.normalPagesBefore + (postcopy?.sender.normalPages ?? 0)
    }
    /// Pages sent as "all zero", however.
    var zeroPages: UInt64 { ram.sender.zeroPages + counters.zeroPagesBefore + (postcopy?.sender.zeroPages ?? 0) }

    /// Bytes that the main channel has carried and the others have been given.
    func bytesSent(_ main: Channel) -> UInt64 { main.bytesSent + (multifd?.bytesTaken ?? 0) }

    /// A command has to say that it has done its work.
    private func closeStream() throws(MigrationFailure) -> SourceMachine.Event {
        let deadline = clock.now() + .milliseconds(Transport.commandEndMilliseconds)
        // They have nothing more to send. Data channels with TLS that only break make a QEMU fail that is not quite done.
        for worker in multifd?.workers ?? [] { try? worker.channel.finishWriting(deadline: deadline) }
        do throws(TransportError) {
            try channel?.finishWriting(deadline: deadline)
        } catch .commandFailed(let command, let how) {
            return .streamFailed(TransportError.commandFailed(command: command, how: how).description)
        } catch {
            throw error == .cancelled ? .cancelled : .channel(error)
        }
        return .streamClosed
    }

    private func awaitPeer(
        until deadline: Nanoseconds, silence: Nanoseconds
    ) throws(MigrationFailure) -> SourceMachine.Event {
        guard let channel else { throw .cancelled }
        let reader =
            answers
            ?? StreamReader(channel: channel, decoder: StreamDecoder(expectations: machine.streamExpectations()))
        answers = reader
        while true {
            let isSilent = isCommand && !heardPeer
            do throws(MigrationFailure) {
                let message = try reader.returnPathMessage(deadline: isSilent ? min(silence, deadline) : deadline)
                heardPeer = true
                if case .shut(let word) = message { return .peerSaid(word) }
            } catch .channel(.stalled) where isSilent && clock.now() < deadline {
                return .peerSilent
            } catch .channel(.closedByPeer) {
                return isCommand ? try commandEnded(deadline: deadline) : .peerLeft
            }
        }
    }

    private func hearOut(until deadline: Nanoseconds) throws(MigrationFailure) -> SourceMachine.Event {
        channel?.shutDownWriting()
        return try awaitPeer(until: deadline, silence: deadline)
    }

    /// What the command writes has ended: how does it end itself?
    private func commandEnded(deadline: Nanoseconds) throws(MigrationFailure) -> SourceMachine.Event {
        do throws(TransportError) {
            try channel?.finishWriting(deadline: deadline)
            return .commandEnded(heard: heardPeer, failure: nil)
        } catch .commandFailed(let command, let how) {
            let failure = TransportError.commandFailed(command: command, how: how).description
            return .commandEnded(heard: heardPeer, failure: failure)
        } catch {
            throw error == .cancelled ? .cancelled : .channel(error)
        }
    }

    private var isCommand: Bool {
        if case .address(.exec) = destination { true } else { false }
    }

    // MARK: The guest

    private func haltGuest() throws(MigrationFailure) -> SourceMachine.Event {
        try checkPrimaries()
        let before = try onMachine { () throws(RunStateError) in try machine.haltForMigration() }
        stateBefore = before
        counters.noteHalt()
        return .halted(ran: before == .running)
    }

    private func askSwitchover() throws(MigrationFailure) -> SourceMachine.Event {
        if let handler = controller.handler, !handler.maySwitchOver() {
            throw .peer("the pair does not allow the switchover now")
        }
        return .switchoverAllowed
    }

    private func leaveGuest() -> SourceMachine.Event {
        try? machine.setState(.postmigrate)
        return .guestSettled
    }

    /// A guest that did not run is in postmigrate afterwards, as if it had left; but a pair tries again by itself.
    private func giveGuestBack() -> SourceMachine.Event {
        if machine.runState == .finishMigrate, let stateBefore {
            if stateBefore == .running {
                resumeGuest()
            } else {
                let isPaired = controller.handler?.acceptsOnlyCOLO ?? false
                try? machine.setState(isPaired ? stateBefore : .postmigrate)
            }
        }
        controller.handler?.switchoverFailed()
        return .guestSettled
    }

    /// The destination may run it: it stays where it stands until an operator says `cont`.
    private func keepGuest() -> SourceMachine.Event {
        if machine.runState == .finishMigrate { try? machine.setState(.postmigrate) }
        return .guestSettled
    }

    /// From finish-migrate this step is always legal; it fails only for a machine that has been shut down.
    private func resumeGuest() { try? machine.run() }

    private func runCOLO() -> SourceMachine.Event {
        guard let handler = controller.handler, let channel, let moving else {
            resumeGuest()
            return .coloEnded
        }
        let session = COLOPrimarySession(
            machine: machine, channel: channel, sender: ram.sender, tracker: moving.tracker,
            guestRan: stateBefore == .running
        ) { [controller, session] in controller.post(.coloPass, of: session) }
        _ = handler.runPrimary(session)
        if machine.runState == .finishMigrate { resumeGuest() }
        return .coloEnded
    }

    // MARK: The last bytes

    private func sendState() throws(MigrationFailure) -> SourceMachine.Event {
        let devices = devicesBefore ?? machine.pauseBriefly { DeviceBytes(of: machine) }
        try onOpenChannel { (channel) throws(TransportError) in
            let before = channel.bytesSent
            defer { endMayHaveLeft = channel.bytesSent >= before + devices.lengthToEnd }
            try channel.write(devices.bytes)
            try channel.flush()
        }
        counters.note(remaining: 0)
        if settings[.xColo] { controller.handler?.willRunCOLO(asPrimary: true) }
        return .stateSent
    }
}
