import Environment
import GuestMemory
import MachineModel
import MigrationFormat
import QAPI
import SystemCalls
import Transport
import VirtualMachine

/// One incoming migration, from the connection to the running guest, on its own thread.
final class IncomingRun {
    let controller: MigrationController
    let control: RunControl
    let machine: VirtualMachine
    private let refusesPlainStreams: Bool
    private var wantsColo = false
    private var returnPath = false
    private var sections: [DecodedSection] = []

    init(controller: MigrationController, control: RunControl) {
        self.controller = controller
        self.control = control
        machine = controller.machine
        refusesPlainStreams = controller.handler?.acceptsOnlyCOLO ?? false
    }

    /// Does all of it; ends in completed, failed, or after COLO.
    func perform(_ listener: Listener) {
        var channel: Channel?
        do throws(MigrationFailure) {
            guard let connected = try accept(listener) else { return }
            channel = connected
            control.use(connected)
            controller.handler?.incomingAccepted()
            connected.stallDeadline = .milliseconds(MigrationLimits.incomingStallMilliseconds)
            controller.withState { _ = controller.step(&$0, incoming: .active) }
            let reader = StreamReader(channel: connected, decoder: StreamDecoder(expectations: expectations))
            try load(reader)
            if wantsColo {
                try handOver(reader)
            } else {
                try finish(reader)
            }
        } catch {
            // Nobody came, and nobody is waited for any more: that is no failure of a migration.
            if channel == nil, error == .cancelled { return }
            if returnPath, let channel { tellSource(.shut(1), channel) }
            controller.failIncoming("load of migration failed: \(error.description)")
        }
        channel?.shutDown()
    }

    /// One source; a second one is refused instead of being left waiting, and the next run can listen. Nil if there will
    /// be none.
    private func accept(_ listener: Listener) throws(MigrationFailure) -> Channel? {
        defer { listener.stop() }
        while true {
            do {
                let channel = try listener.accept(cancellation: control.cancellation)
                let credentials = controller.settings.parameters.tlsCredentials
                guard let refusal = controller.tlsRefusal(credentials, as: .server) else { return channel }
                // Whoever has no business here changes nothing: the next one may.
                controller.emit(.incomingRefused(refusal))
                channel.shutDown()
                if listener.addresses.isEmpty { return nil }
            } catch .closedByPeer {
                controller.emit(.incomingRefused("what was to be read ended without a byte"))
                controller.waitAgain()
                return nil
            } catch {
                throw error == .cancelled ? .cancelled : .channel(error)
            }
        }
    }

    private var expectations: StreamExpectations {
        let settings = controller.settings
        return machine.streamExpectations(
            comparingUUID: settings[.validateUuid], ignoringShared: settings[.xIgnoreShared])
    }

    // MARK: Loading

    private func load(_ reader: StreamReader) throws(MigrationFailure) {
        var complete = false
        var described = false
        while let element = try reader.next() {
            try checkKind(element)
            switch element {
            case .page(let location):
                try reader.takePage(into: place(of: location))
                mark(location)
            case .filledPage(let location, let byte): fill(location, byte)
            case .device(let section): sections.append(section)
            case .command(let command): try obey(command, reader.channel)
            case .endOfStream(let found):
                complete = true
                described = found == nil
            case .configured, .liveSectionEnd, .endOfSections, .needBytes: break
            }
            if complete { break }
        }
        // A source of COLO counts the state as complete only once its last byte, that of the description, has left; so
        // does this side, or both could count on being the one that has it.
        guard described || !wantsColo else { throw .peer("the initial state ends before its description") }
        try checkSections()
        machine.load(PreparedDeviceState(sections))
    }

    /// x-colo is announced before the first page, so a stream that is not wanted changes nothing.
    private func checkKind(_ element: StreamElement) throws(MigrationFailure) {
        guard !wantsColo, refusesPlainStreams else { return }
        switch element {
        case .page, .filledPage, .device, .endOfStream:
            throw .peer("it is no COLO stream, and no other is accepted here")
        default: return
        }
    }

    /// A machine with vCPUs cannot run on what a stream left out; one that is RAM alone can.
    private func checkSections() throws(MigrationFailure) {
        guard machine.parts.engine.vCPUCount > 0 else { return }
        let missing = machine.sectionKeys.subtracting(PreparedDeviceState(sections).keys)
        if let first = missing.min(by: { ($0.name, $0.instance) < ($1.name, $1.instance) }) {
            throw .peer("the stream lacks section '\(first.name)' \(first.instance)")
        }
    }

    private func obey(_ command: MigrationCommand, _ channel: Channel) throws(MigrationFailure) {
        switch command {
        case .openReturnPath: returnPath = true
        case .ping(let value): tellSource(.pong(value), channel)
        case .enableCOLO:
            guard controller.handler != nil else { throw .peer("COLO is not available on this machine") }
            guard machine.parts.writableDisks.isEmpty else {
                throw .peer(
                    "COLO needs every writable disk replicated, which '\(machine.parts.writableDisks[0])' is not")
            }
            wantsColo = true
        }
    }

    /// A source that no longer listens is noticed when its stream ends too soon.
    private func tellSource(_ message: ReturnPathMessage, _ channel: Channel) {
        try? channel.write(message.bytes)
        try? channel.flush()
    }

    // MARK: Pages

    private func place(of location: PageLocation) -> UnsafeMutableRawPointer {
        // SAFETY: the decoder checked block and page against this machine's layout.
        machine.memory.blocks[location.block].base + location.page * targetPageSize
    }

    private func mark(_ location: PageLocation) {
        machine.memory.blocks[location.block].dirtyLog.mark(page: location.page)
    }

    private func fill(_ location: PageLocation, _ byte: UInt8) {
        let page = place(of: location)
        // A page that was never written is zero already, and should not take memory only to be zero again.
        if byte == 0, PageContent.isZero(page) { return }
        // SAFETY: a whole page of RAM, as above.
        page.initializeMemory(as: UInt8.self, repeating: byte, count: targetPageSize)
        mark(location)
    }

    // MARK: The end

    private func handOver(_ reader: StreamReader) throws(MigrationFailure) {
        guard let handler = controller.handler else { throw .peer("COLO is not available on this machine") }
        handler.willRunColo(asPrimary: false)
        controller.withState { _ = controller.step(&$0, incoming: .colo) }
        _ = handler.runSecondary(ColoSecondarySession(machine: machine, reader: reader))
    }

    private func finish(_ reader: StreamReader) throws(MigrationFailure) {
        let parameters = controller.settings.parameters
        machine.announce(parameters.announcement)
        try onMachine { () throws(RunStateError) in
            switch machine.arrivedRunState {
            case nil, .running: if machine.autostart { try machine.run() } else { try machine.setState(.paused) }
            case let state?: try machine.setState(state)
            }
        }
        controller.withState { _ = controller.step(&$0, incoming: .completed) }
        if returnPath { tellSource(.shut(0), reader.channel) }
    }
}
