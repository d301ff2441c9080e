import ByteCoding
import Environment
import GuestMemory
import MachineModel
import MigrationCore
import MigrationFormat
import QAPI
import SystemCalls
import Transport
import VirtualMachine

/// What a destination has from the moment on at which its guest may run without all of its RAM.
struct PostcopyDestination {
    let placement: PostcopyPlacement
    let requester: PageRequester
    /// Reads the pages that were asked for, if those have a channel of their own.
    var urgent: UrgentReceiver?
}

// Postcopy: the guest runs here while its pages still come (wire.md §8 to §10).
extension DestinationRun {
    /// The channel for pages that are asked for, which a source makes right behind the main one; which is which is not said on
    /// them. False if `next` has none.
    @discardableResult
    func takeUrgent(
        _ next: (_ deadline: Nanoseconds) throws(MigrationFailure) -> Channel?
    ) throws(MigrationFailure) -> Bool {
        let deadline = SystemClock().now() + limits.dataChannels
        while true {
            do throws(MigrationFailure) {
                guard let urgent = try next(deadline) else { return false }
                try onChannel { () throws(TransportError) in
                    try session.control.channels.insert(urgent, as: .preempt)
                }
                return true
            } catch .channel(.tls(let failure)) {
                // Somebody else, who costs the source nothing.
                controller.tell(.incomingRefused(failure.description))
            } catch .channel(.stalled) {
                let seconds = limits.dataChannels.count / 1_000_000_000
                throw .peer(
                    "postcopy-preempt: no channel for pages that are asked for came within \(seconds) s; "
                        + "the source needs the capability as well")
            }
        }
    }

    // MARK: The package

    /// Reads the package and decodes all of it: devices, and the command to run. Nothing has changed by then.
    func loadPackage(_ count: Int, _ reader: StreamReader) throws(MigrationFailure) {
        let deadline = SystemClock().now() + limits.stall
        var package = ByteWindow(try reader.bytes(count, deadline: deadline))
        reader.decoder.beginPackage()
        while true {
            switch try onStream({ () throws(StreamError) in try reader.decoder.next(&package) }) {
            case .device(let section): sections.append(section)
            case .command(.ping(let value)): session.control.answer(.pong(value))
            case .postcopy(.run):
                try onStream { () throws(StreamError) in try reader.decoder.endPackage(package) }
                isPostcopy = true
                return
            default: break
            }
        }
    }

    /// From here on who needs a page that has not come asks for it.
    func beginPostcopy(_ reader: StreamReader) throws(MigrationFailure) {
        guard let arrivals else { throw .cancelled }
        // Pages are placed in another way, and none before it was announced.
        reader.vacancies = nil
        arrivals.end()
        let requester = try onSystem { () throws(SystemError) in
            try PageRequester(for: machine.memory, on: session.control)
        }
        let placement: PostcopyPlacement
        do throws(SystemError) {
            placement = try PostcopyPlacement(of: machine, into: arrivals) { [requester] in requester.ask(for: $0) }
        } catch {
            requester.end()
            throw .peer("Postcopy is not supported: \(error)")
        }
        if controller.incomingSettings[.postcopyBlocktime] { machine.parts.engine.measureBlocktime() }
        postcopy = PostcopyDestination(placement: placement, requester: requester)
        // Somebody may have touched a page already.
        requester.open { placement.residency.outstanding }
    }

    // MARK: Pages

    /// Takes pages until the sections have ended.
    func receivePages() throws(MigrationFailure) -> DestinationMachine.Event {
        guard let reader, let postcopy else { throw .cancelled }
        try startUrgent()
        let channel = PostcopyChannel(reader, to: postcopy.placement, inflation: inflation)
        while true {
            guard let element = try next(reader) else { throw .channel(.closedByPeer) }
            if try channel.take(element) { continue }
            switch element {
            case .command(.ping(let value)): session.control.answer(.pong(value))
            case .liveSectionEnd(let type): try multifd?.endPart(isLast: type == .sectionEnd)
            case .endOfSections, .endOfStream:
                try finishUrgent()
                let missing = postcopy.placement.residency.missingCount
                guard missing == 0 else {
                    throw .peer("the stream has ended, and \(missing) pages of the guest are missing")
                }
                // Before clients are told: from here on it is a guest like any other.
                machine.parts.engine.endBlocktime()
                postcopy.placement.end(of: machine)
                return .pagesLoaded
            default: break
            }
        }
    }

    private func startUrgent() throws(MigrationFailure) {
        guard let postcopy, postcopy.urgent == nil, let channel = session.control.channels[.preempt] else { return }
        self.postcopy?.urgent = try onSystem { () throws(SystemError) in
            try UrgentReceiver(
                on: channel, layout: machine.layout, to: postcopy.placement
            ) { [control = session.control] in control.cut() }
        }
    }

    /// What was asked for has come as well.
    private func finishUrgent() throws(MigrationFailure) {
        guard let urgent = postcopy?.urgent else { return }
        try urgent.waitForEnd(until: SystemClock().now() + limits.stall)
    }

    /// Ends all that a postcopy has. Who waits for a page that has not come goes on waiting, until the machine ends: it must
    /// not find zeroes there.
    func endPostcopy() {
        guard let postcopy else { return }
        postcopy.requester.end()
        postcopy.urgent?.join()
        if postcopy.placement.residency.missingCount == 0 {
            postcopy.placement.end(of: machine)
        } else {
            controller.keep(postcopy.placement)
        }
        self.postcopy = nil
    }

    // MARK: Recovery

    /// The channels of before are gone.
    private func leaveChannels() {
        // Those that are left are of others, who may be the source.
        guard !hasLeftChannels else { return }
        hasLeftChannels = true
        postcopy?.requester.close()
        session.control.cut()
        postcopy?.urgent?.join()
        postcopy?.urgent = nil
        postcopy?.placement.forgetUnfinished()
        multifd?.end()
        multifd = nil
        for role in [ChannelRole.main, .preempt] {
            if let lost = session.control.channels[role] { session.control.channels.remove(lost) }
        }
    }

    /// Waits for the source to come back, where the operator has said.
    func acceptRecovery() throws(MigrationFailure) -> DestinationMachine.Event {
        leaveChannels()
        let main: Channel
        do throws(MigrationFailure) {
            main = try acceptAgain()
        } catch .channel(.tls(let failure)) where session.control.recovery.bringsAnother {
            return .turnedAway(failure.description, anotherMayCome: true)
        } catch {
            session.control.recovery.withdraw()
            hasLeftChannels = false
            leaveChannels()
            throw error
        }
        session.control.recovery.withdraw()
        hasLeftChannels = false
        guard let before = reader else { throw .cancelled }
        main.stallDeadline = limits.stall
        reader = StreamReader(channel: main, decoder: before.decoder.resumed())
        return .accepted
    }

    private func acceptAgain() throws(MigrationFailure) -> Channel {
        let control = session.control
        while true {
            let reception = try control.recovery.next()
            guard let main = try reception.next() else { continue }
            try onChannel { () throws(TransportError) in try control.use(main) }
            guard hasUrgentChannel else { return main }
            let isThere = try takeUrgent { deadline throws(MigrationFailure) in
                try reception.next(deadline: deadline)
            }
            if isThere { return main }
            // The operator has named another address meanwhile.
            control.channels.remove(main)
        }
    }

    /// Tells the source what has arrived, until it goes on.
    func recover() throws(MigrationFailure) -> DestinationMachine.Event {
        guard let reader, let postcopy else { throw .cancelled }
        while true {
            guard let element = try reader.next() else { throw .channel(.closedByPeer) }
            switch element {
            case .postcopy(.receiveBitmap(let block)): try tell(ofBlock: block, postcopy)
            case .postcopy(.resume):
                try say(.resumeAcknowledged(1))
                postcopy.requester.open { postcopy.placement.residency.outstanding }
                return .resumed
            default: throw .peer("the source does not go on with a postcopy: it sends something else")
            }
        }
    }

    private func tell(ofBlock block: Int, _ postcopy: PostcopyDestination) throws(MigrationFailure) {
        var writer = ByteWriter(capacity: 4096)
        ReturnPathRecord.receivedBitmap(block: machine.layout[block].name).write(to: &writer)
        postcopy.placement.bitmap(ofBlock: block).write(to: &writer)
        let bytes = writer.bytes
        try onChannel { () throws(TransportError) in try session.control.say(bytes) }
    }

    private func say(_ record: ReturnPathRecord) throws(MigrationFailure) {
        var writer = ByteWriter(capacity: 16)
        record.write(to: &writer)
        let bytes = writer.bytes
        try onChannel { () throws(TransportError) in try session.control.say(bytes) }
    }
}
