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

/// One outgoing migration, from connecting to the end, on its own thread.
final class OutgoingRun {
    let controller: MigrationController
    let control: RunControl
    let settings: MigrationSettings
    let machine: VirtualMachine
    let clock = SystemClock()
    private var sender: RAMSender
    private var limiter: RateLimiter
    /// The pages to send in this round, for each block.
    private(set) var work: [[Int32]]
    /// How the guest's dirtying compares with what is sent.
    var convergence: AutoConverge
    /// The run state before the guest was halted for the switchover; nil as long as it was not.
    private var stateBefore: RunState?
    private var bytesPerMillisecond: Double = 0
    /// When the bandwidth was measured last, and what had been sent then.
    private var measured: (time: Nanoseconds, bytes: UInt64, pages: UInt64)

    init(controller: MigrationController, control: RunControl, settings: MigrationSettings) {
        self.controller = controller
        self.control = control
        self.settings = settings
        machine = controller.machine
        sender = RAMSender(layout: machine.layout)
        limiter = RateLimiter(bytesPerSecond: settings.parameters.maxBandwidth, now: clock.now())
        work = machine.memory.blocks.map { _ in [] }
        measured = (clock.now(), 0, 0)
        convergence = AutoConverge(now: clock.now(), sent: 0)
    }

    /// Does all of it; ends in completed, failed, cancelled, or after COLO.
    func perform(_ destination: Destination) {
        do throws(MigrationFailure) {
            let channel = try open(destination)
            control.use(channel)
            defer { channel.shutDown() }
            if let refusal = controller.tlsRefusal(settings.parameters.tlsCredentials, as: .client) {
                throw .peer(refusal)
            }
            guard !settings[.returnPath] || channel.canReceive else {
                throw .peer("Capability 'return-path' needs a channel that can be read")
            }
            try sendSetup(channel)
            try sendRounds(channel)
            try switchOver(channel)
            releaseThrottle()
            if settings[.xColo] { return try handOver(channel) }
            if settings[.returnPath] { try awaitDestination(channel) }
            channel.finishWriting(deadline: clock.now() + .milliseconds(Transport.commandEndMilliseconds))
            complete()
        } catch {
            giveUp(error)
        }
    }

    private func open(_ destination: Destination) throws(MigrationFailure) -> Channel {
        switch destination {
        case .channel(let channel): channel
        case .address(let address):
            try onChannel { () throws(TransportError) in
                try Channel.connect(to: address, cancellation: control.cancellation)
            }
        }
    }

    // MARK: Phases

    private func sendSetup(_ channel: Channel) throws(MigrationFailure) {
        var writer = ByteWriter(capacity: 1024)
        let uuid = settings[.validateUuid] ? machine.parts.uuid : nil
        let ignoresShared = settings[.xIgnoreShared]
        StreamEncoder.writeFileHeader(
            machineType: machine.parts.machineType, uuid: uuid, ignoresShared: ignoresShared, to: &writer)
        if settings[.returnPath] {
            MigrationCommand.openReturnPath.write(to: &writer)
            MigrationCommand.ping(1).write(to: &writer)
        }
        if settings[.xColo] { MigrationCommand.enableCOLO.write(to: &writer) }
        if settings[.block] {
            StreamEncoder.writeEmptyDiskSection(.sectionStart, id: machine.diskSectionID, to: &writer)
        }
        StreamEncoder.writeRAMStart(
            id: machine.ramSectionID, layout: machine.layout,
            guestAddresses: ignoresShared ? machine.memory.blocks.map(\.guestAddress) : nil, to: &writer)
        // Sent with the first pages: as clients know it, a migration is active before a peer can refuse it.
        try onChannel { () throws(TransportError) in try channel.write(writer.bytes) }
        for block in machine.memory.blocks { block.dirtyLog.markAll() }
        try harvest()
        measured = (clock.now(), channel.bytesSent, 0)
        convergence = AutoConverge(now: clock.now(), sent: channel.bytesSent)
        try step(to: .active)
    }

    private func sendRounds(_ channel: Channel) throws(MigrationFailure) {
        while true {
            try sendWork(channel, .sectionPart, limited: true)
            let limit = controller.settings.parameters.downtimeLimit
            // As long as nothing was measured, the round was so short that the next one will be, too.
            guard bytesPerMillisecond > 0 else { return }
            try harvest()
            let left = Double(work.reduce(0) { $0 + $1.count } * targetPageSize)
            let milliseconds = left / bytesPerMillisecond
            controller.withState { state in
                state.outgoing.ram.remaining = Int64(left)
                state.outgoing.expectedDowntime = UInt64(milliseconds)
            }
            if milliseconds <= Double(limit) { return }
            judgeConvergence(sent: channel.bytesSent)
        }
    }

    private func switchOver(_ channel: Channel) throws(MigrationFailure) {
        stateBefore = try onMachine { () throws(RunStateError) in try machine.haltForMigration() }
        controller.withState { $0.outgoing.beginDowntime(now: clock.now()) }
        if settings[.pauseBeforeSwitchover] { try pauseBeforeSwitchover(channel) }
        if settings[.xColo], let handler = controller.handler, !handler.maySwitchOver() {
            throw .peer("the pair does not allow the switchover now")
        }
        machine.beginLeaving()
        try harvestLast()
        if settings[.block] { try sendEmptyDisks(channel, .sectionEnd) }
        try sendWork(channel, .sectionEnd, limited: false)
        var writer = ByteWriter(capacity: 64 << 10)
        let sections = machine.pauseBriefly { machine.saveDeviceSections(to: &writer) }
        StreamEncoder.writeEndOfSections(to: &writer)
        VMDescription.write(devices: sections.map { ($0.header, $0.size) }, to: &writer)
        guard controller.withState({ $0.outgoing.commit() }) else { throw .cancelled }
        try onChannel { () throws(TransportError) in
            try channel.write(writer.bytes)
            try channel.flush()
        }
        report(channel, remaining: 0)
    }

    /// The guest stands, and the operator decides when the migration goes on. Meanwhile the destination gets an empty part
    /// of RAM now and then: it knows that this side lives, and this side notices when it has gone.
    private func pauseBeforeSwitchover(_ channel: Channel) throws(MigrationFailure) {
        try step(to: .preSwitchover)
        let interval = Nanoseconds.milliseconds(MigrationLimits.pausedPartMilliseconds)
        while !control.awaitContinuation(until: clock.now() + interval) {
            try checkCancelled()
            try sendEmptyPart(channel)
        }
        try checkCancelled()
        try step(to: .device)
    }

    private func sendEmptyPart(_ channel: Channel) throws(MigrationFailure) {
        let id = machine.ramSectionID
        try onChannel { () throws(TransportError) in
            try sender.open(.sectionPart, id: id, on: channel)
            try sender.close(id: id, on: channel)
            try channel.flush()
        }
    }

    private func sendEmptyDisks(_ channel: Channel, _ type: RecordType) throws(MigrationFailure) {
        var writer = ByteWriter(capacity: 64)
        StreamEncoder.writeEmptyDiskSection(type, id: machine.diskSectionID, to: &writer)
        try onChannel { () throws(TransportError) in try channel.write(writer.bytes) }
    }

    private func awaitDestination(_ channel: Channel) throws(MigrationFailure) {
        let reader = StreamReader(
            channel: channel, decoder: StreamDecoder(expectations: machine.streamExpectations()))
        let deadline = clock.now() + .milliseconds(MigrationLimits.returnPathDeadlineMilliseconds)
        while true {
            switch try reader.returnPathMessage(deadline: deadline) {
            case .pong: continue
            case .shut(0): return
            case .shut(let value): throw .peer("The destination failed to load the guest (SHUT \(value))")
            }
        }
    }

    private func complete() {
        // Whoever sees `completed` must also see that the guest is no longer here.
        try? machine.setState(.postmigrate)
        controller.withState { _ = controller.step(&$0, outgoing: .completed) }
    }

    private func handOver(_ channel: Channel) throws(MigrationFailure) {
        controller.handler?.willRunColo(asPrimary: true)
        try step(to: .colo)
        guard let handler = controller.handler else { return resumeGuest() }
        let session = ColoPrimarySession(
            machine: machine, channel: channel, sender: sender, guestRan: stateBefore == .running
        ) { [controller] in
            controller.withState { controller.countPass(&$0) }
        }
        _ = handler.runPrimary(session)
        if machine.runState == .finishMigrate { resumeGuest() }
    }

    private func giveUp(_ failure: MigrationFailure) {
        releaseThrottle()
        // As clients know it: the guest goes on before `cancelled` is told, and after `failed`.
        let isCancelled = !controller.failOutgoing(failure.description)
        if machine.runState == .finishMigrate { giveBack() }
        if stateBefore != nil { controller.handler?.switchoverFailed() }
        if isCancelled { controller.withState { _ = controller.step(&$0, outgoing: .cancelled) } }
    }

    /// A guest that did not run is in postmigrate afterwards, as if it had left; but a pair tries again by itself.
    private func giveBack() {
        guard let stateBefore, !controller.isEnding else { return }
        if stateBefore == .running { return resumeGuest() }
        let isPaired = controller.handler?.acceptsOnlyCOLO ?? false
        try? machine.setState(isPaired ? stateBefore : .postmigrate)
    }

    /// From finish-migrate this step is always legal; it fails only for a machine that has been shut down.
    private func resumeGuest() { try? machine.run() }

    // MARK: Pages

    /// Takes the dirty log as the work of the next round: a pass. A guest that a disk keeps from standing is waited for,
    /// unless the migration is cancelled.
    private func harvest() throws(MigrationFailure) {
        let patience = Nanoseconds.milliseconds(MigrationLimits.pauseMilliseconds)
        while (try? machine.pauseBriefly(within: patience, takeDirtyLog)) == nil { try checkCancelled() }
        controller.withState { controller.countPass(&$0) }
    }

    private func takeDirtyLog() {
        for (index, block) in machine.memory.blocks.enumerated() {
            work[index].removeAll(keepingCapacity: true)
            block.dirtyLog.harvest(into: &work[index])
        }
        machine.parts.engine.forgetWritePermissions()
    }

    /// The last pass: what was harvested and not sent counts as dirty again.
    private func harvestLast() throws(MigrationFailure) {
        for (index, block) in machine.memory.blocks.enumerated() {
            for page in work[index] { block.dirtyLog.mark(page: Int(page)) }
        }
        try harvest()
    }

    private func sendWork(_ channel: Channel, _ type: RecordType, limited: Bool) throws(MigrationFailure) {
        let id = machine.ramSectionID
        var left = work.reduce(0) { $0 + $1.count }
        try onChannel { () throws(TransportError) in try sender.open(type, id: id, on: channel) }
        for (index, block) in machine.memory.blocks.enumerated() {
            var start = 0
            while start < work[index].count {
                let end = min(start + (limited ? batchSize : MigrationLimits.pagesPerBatch), work[index].count)
                try onChannel { () throws(TransportError) in
                    try sendBatch(work[index][start..<end], of: block, index, on: channel)
                }
                left -= end - start
                start = end
                try checkCancelled()
                report(channel, remaining: UInt64(left * targetPageSize))
                if stateBefore == nil { measure(channel) }
                if limited { pace(channel) }
            }
        }
        try onChannel { () throws(TransportError) in
            try sender.close(id: id, on: channel)
            try channel.flush()
        }
    }

    /// A batch never takes longer than a window of the bandwidth limit, if it can be that small.
    private var batchSize: Int {
        guard let budget = limiter.bytesPerWindow else { return MigrationLimits.pagesPerBatch }
        return Int(min(UInt64(MigrationLimits.pagesPerBatch), max(1, budget / UInt64(targetPageSize))))
    }

    private func sendBatch(
        _ pages: ArraySlice<Int32>, of block: RAMBlock, _ index: Int, on channel: Channel
    ) throws(TransportError) {
        for page in pages {
            // SAFETY: harvested page numbers lie inside the block, which the machine keeps. A vCPU may write there
            // while the kernel reads; then the page is in the dirty log again and goes out once more.
            let address = block.base + Int(page) * targetPageSize
            try sender.send(PageLocation(block: index, page: Int(page)), at: address, on: channel)
        }
        try channel.flush()
    }

    private var pacedBytes: UInt64 = 0

    private func pace(_ channel: Channel) {
        limiter.bytesPerSecond = controller.settings.parameters.maxBandwidth
        let sent = channel.bytesSent
        let pause = limiter.pause(afterSending: sent - pacedBytes, now: clock.now())
        pacedBytes = sent
        if let pause { control.pause(until: pause) }
    }

    /// What the channel carries, over the last moments that are long enough to tell.
    private func measure(_ channel: Channel) {
        let now = clock.now()
        let milliseconds = (now - measured.time).inMilliseconds
        guard milliseconds >= Double(MigrationLimits.measureMilliseconds) else { return }
        let pages = sender.normalPages + sender.zeroPages
        bytesPerMillisecond = Double(channel.bytesSent - measured.bytes) / milliseconds
        let pagesPerSecond = Double(pages - measured.pages) / milliseconds * 1000
        measured = (now, channel.bytesSent, pages)
        controller.withState { state in
            state.outgoing.ram.mbps = bytesPerMillisecond * 8 / 1000
            state.outgoing.ram.pagesPerSecond = UInt64(pagesPerSecond)
        }
    }

    private func report(_ channel: Channel, remaining: UInt64) {
        let halted = stateBefore != nil
        controller.withState { state in
            let sent = channel.bytesSent
            if halted {
                state.outgoing.ram.downtimeBytes = sent - state.outgoing.ram.precopyBytes
            } else {
                state.outgoing.ram.precopyBytes = sent
            }
            state.outgoing.ram.transferred = Int64(clamping: sent)
            state.outgoing.ram.remaining = Int64(clamping: remaining)
            state.outgoing.ram.normal = Int64(clamping: sender.normalPages)
            state.outgoing.ram.normalBytes = state.outgoing.ram.normal * state.outgoing.ram.pageSize
            state.outgoing.ram.duplicate = Int64(clamping: sender.zeroPages)
        }
    }

    private func checkCancelled() throws(MigrationFailure) { if control.isCancelled { throw .cancelled } }

    private func step(to status: MigrationStatus) throws(MigrationFailure) {
        let done = controller.withState { controller.step(&$0, outgoing: status) }
        if !done { throw .cancelled }
    }
}

extension OutgoingRun {
    /// Looks at how the migration converges, after a harvest, and slows the guest down as the settings say.
    func judgeConvergence(sent: UInt64) {
        let settings = controller.settings
        let pages = work.reduce(0) { $0 + $1.count }
        let ended = convergence.notePass(
            dirtied: pages, sent: sent, now: clock.now(),
            settings: settings[.autoConverge] ? AutoConverge.Settings(settings.parameters) : nil)
        guard ended else { return }
        let (percentage, rate) = (convergence.percentage, convergence.dirtyPagesRate)
        if percentage > 0 { machine.parts.engine.setThrottle(percentage: percentage) }
        controller.withState { state in
            state.outgoing.ram.dirtyPagesRate = Int64(clamping: rate)
            state.outgoing.throttlePercentage = Int64(percentage)
        }
    }

    /// Lets the guest run freely again: however a migration ends, and before it becomes COLO.
    func releaseThrottle() {
        machine.parts.engine.setThrottle(percentage: 0)
        controller.withState { $0.outgoing.throttlePercentage = 0 }
    }
}
