import Environment
import MigrationCore

/// The sending process: carries out what its state machine says, on a guest made of version numbers.
final class SimulatedSource {
    unowned let world: MigrationWorld
    private(set) var machine: SourceMachine
    /// The version of each page: how often it was written.
    private(set) var memory: [UInt64]
    /// Whether the guest is this side's, running or stopped by its operator.
    private(set) var hasGuest = true
    private(set) var isAlive = true
    /// The guest stands although it has not left: the destination may run it.
    private(set) var keepsGuestStopped = false
    /// Whether the guest has its primary card, and whether it is to have it.
    private(set) var hasPrimary: Bool
    private(set) var isPrimaryHeld = false
    private var unplugsAt = Nanoseconds.zero
    private var guestRuns: Bool
    private var dirty: [Bool]
    var left: [Int] = []
    private(set) var snapshot: SimulatedSnapshot?
    private var sentOnce: Set<Int> = []
    private(set) var sentCount = 0
    /// How often each page may be sent: once for each harvest that found it, and for each recovery that found it missing.
    var mayBeSent: [Int]
    /// What is still to be sent once the package has left.
    var following: FollowingPages?
    /// Pages that the guest waited for.
    var urgentCount = 0
    /// The channels are not those that took the package.
    var hasReconnected = false
    /// What was heard of the guest in postcopy: that it runs at the destination, or that it never will.
    var heardRuns = false
    var heardRefusal = false
    /// The operator took it back.
    var wasTakenBack = false
    /// The listener that the operator named last.
    var listenerToUse = 0
    /// The lasting action under way, by a number; an outcome of an earlier one does not count.
    var underWay: UInt64?
    var lastNumber: UInt64 = 0
    private(set) var isMachineAtWork = false
    /// The end of the sections, or that of the package, has left.
    var stateHasLeft = false
    var answers: [Answer] = []
    private var waitsForPeer = false
    var barrier: DataChannelBarrier
    var nextDataChannel = 0
    /// Pages that go with a channel's next SYNC.
    var riding: [Int: [(page: Int, version: UInt64)]] = [:]

    private static let stallDeadline = Nanoseconds.seconds(30)

    init(world: MigrationWorld) {
        self.world = world
        let settings = world.settings
        var configuration = SourceMachine.Configuration()
        configuration.hasReturnPath = settings.hasReturnPath
        configuration.pausesBeforeSwitchover = settings.pausesBeforeSwitchover
        configuration.isBackgroundSnapshot = settings.isBackgroundSnapshot
        configuration.mayPostcopy = settings.mayPostcopy
        configuration.releasesRAM = settings.releasesRAM
        configuration.hasPrimaries = settings.hasPrimary
        configuration.brokenRule = settings.sabotage
        hasPrimary = settings.hasPrimary
        let limit = [0, 4096 * 2000, 4096 * 20_000][Int(world.random(0...2))]
        let postcopyLimit =
            settings.mayPostcopy ? [0, 4096 * 500, 4096 * 2000, 4096 * 20_000][Int(world.random(0...3))] : 0
        machine = SourceMachine(
            configuration: configuration,
            tunables: .init(
                maxBandwidth: UInt64(limit), maxPostcopyBandwidth: UInt64(postcopyLimit),
                downtimeLimit: world.random(0...300)))
        memory = Array(repeating: 0, count: settings.pages)
        dirty = Array(repeating: true, count: settings.pages)
        mayBeSent = Array(repeating: 0, count: settings.pages)
        guestRuns = settings.guestRuns
        barrier = DataChannelBarrier(channels: settings.dataChannels)
    }

    func start() { carryOut(machine.start(now: world.now)) }

    func post(_ event: SourceMachine.Event) {
        guard isAlive else { return }
        world.note("source \(event)")
        carryOut(machine.handle(event, now: world.now))
    }

    /// The guest at work.
    func dirtySomething() {
        world.after(world.microseconds(500...15_000)) { [self] in
            guard isAlive, !machine.hasEnded || snapshot?.isOver == false, following == nil else { return }
            if hasGuest, guestRuns {
                for _ in 0..<world.random(0...40) {
                    let page = Int(world.random(0...UInt64(memory.count - 1)))
                    // Nothing is written while the guest waits for room.
                    guard snapshot?.save(page, memory[page]) ?? true else { break }
                    memory[page] += 1
                    dirty[page] = true
                }
            }
            dirtySomething()
        }
    }

    func die() {
        guard isAlive else { return }
        isAlive = false
        hasGuest = false
        closeChannels()
    }

    private func closeChannels() {
        world.channel.closeSource()
        world.preemptChannel?.closeSource()
        world.dataChannels.closeSource()
    }

    /// Whether nothing more happens here.
    var isOver: Bool { !isAlive || machine.hasEnded }

    func arrived(_ answer: Answer) {
        guard isAlive else { return }
        if following != nil, takePostcopyAnswer(answer) { return }
        answers.append(answer)
        lookAtAnswers()
    }

    func channelChanged() {
        guard isAlive else { return }
        lookAtAnswers()
        guard following != nil, world.channel.sourceEnd != .open else { return }
        if machine.status == .postcopyRecover, underWay != nil { return finish(.failed("Unable to read: broken")) }
        // Whatever is under way finds out by itself.
        world.after(.zero) { [self] in if isAlive, underWay == nil { channelLost() } }
    }

    // MARK: Actions

    private func carryOut(_ actions: [SourceMachine.Action]) {
        for action in actions {
            guard isAlive else { return }
            world.anotherAction()
            world.note("source does \(action)")
            if action.isLasting { begin(action) } else { doAtOnce(action) }
        }
        wakeAtDeadline()
    }

    private func wakeAtDeadline() {
        let deadline = machine.nextDeadline
        guard deadline != .never else { return }
        world.after(deadline - world.now) { [self] in
            if isAlive, machine.nextDeadline == deadline { post(.timer) }
        }
    }

    private func doAtOnce(_ action: SourceMachine.Action) {
        switch action {
        case .tell(let status):
            world.checker.told(status)
            if status == .preSwitchover { operatorDecides() }
            if status == .postcopyPaused { world.operator.notice() }
        case .pass(let number): world.checker.passed(number)
        case .interrupt: interrupt()
        case .releasePrimaries(let giveBack):
            isPrimaryHeld = false
            if giveBack { hasPrimary = true }
        case .end: closeChannels()
        case .breakChannel: breakChannels()
        case .report, .reportRefusal, .throttle: break
        default: world.checker.violated("a lasting action was carried out at once: \(action)")
        }
    }

    private func operatorDecides() {
        let wait = world.microseconds(0...(world.oneIn(5) ? 40_000_000 : 2_000_000))
        let isGivenUp = world.oneIn(6)
        world.after(wait) { [self] in post(isGivenUp ? .cancel : .goOn) }
    }

    private func begin(_ action: SourceMachine.Action) {
        if underWay != nil { world.checker.violated("two actions at a time: \(action)") }
        lastNumber += 1
        underWay = lastNumber
        switch action {
        case .haltGuest, .leaveGuest, .giveGuestBack, .keepGuest, .beginSnapshot, .endSnapshot: isMachineAtWork = true
        default: isMachineAtWork = false
        }
        switch action {
        case .connect:
            outcome { [self] in
                guard world.destination.isListening else { return .failed("Connection refused") }
                world.channel.connect()
                world.preemptChannel?.connect()
                world.dataChannels.connectEarly()
                world.destination.connected()
                world.dataChannels.connect()
                return .connected
            }
        case .holdPrimaries:
            outcome { [self] in
                isPrimaryHeld = true
                unplugsAt = world.now + world.microseconds(1000...25_000_000)
                return .primariesHeld(1)
            }
        case .awaitUnplug(let deadline):
            outcome(after: max(world.now, min(unplugsAt, deadline)) - world.now) { [self] in
                guard world.now >= unplugsAt else { return .stillPlugged }
                hasPrimary = false
                return .unplugged
            }
        case .sendSetup:
            written { [self] in
                sendSetup()
            } then: { [self] in
                endPart($0)
            }
        case .beginSnapshot:
            outcome { [self] in
                guestRuns = true
                snapshot = SimulatedSnapshot(of: memory, hasPrimary: hasPrimary)
                return .snapshotBegun(pages: memory.count, pause: .milliseconds(1))
            }
        case .endSnapshot:
            outcome { [self] in
                snapshot?.isOver = true
                return .guestSettled
            }
        case .sendPages(let limit) where machine.configuration.isBackgroundSnapshot:
            written {
                self.sendCopies(limit)
            } then: { [self] event in
                if snapshot?.remaining == 0 { endPart(event) } else { finish(event) }
            }
        case .sendPages(let limit) where following != nil:
            written {
                self.follow(limit)
            } then: {
                self.finish($0)
            }
        case .switchToPostcopy: switchToPostcopy()
        case .endPostcopy:
            written {
                self.endPostcopy()
            } then: {
                self.finish($0)
            }
        case .sendPing:
            written {
                self.ping()
            } then: {
                self.finish($0)
            }
        case .reconnect: reconnect()
        case .recover(let deadline): recover(until: deadline)
        case .hearLastWords:
            outcome { [self] in
                wasTakenBack = !heardRuns
                return .lastWordsHeard
            }
        case .sendPages(let limit):
            written { [self] in
                sendPages(limit)
            } then: { [self] event in
                if left.isEmpty { endPart(event) } else { finish(event) }
            }
        case .harvest, .harvestLast: outcome { [self] in harvest(isLast: action == .harvestLast) }
        case .haltGuest:
            outcome { [self] in
                hasGuest = false
                return .halted(ran: guestRuns)
            }
        case .askSwitchover: outcome { .switchoverAllowed }
        case .sendEmptyPart:
            written {
                .spoke
            } then: { [self] in
                endPart($0)
            }
        case .sendState: sendState()
        case .closeStream: outcome { .streamClosed }
        case .awaitPeer(let deadline, _), .hearOut(let deadline): awaitPeer(until: deadline)
        case .runCOLO: outcome { .coloEnded }
        case .leaveGuest: outcome { .guestSettled }
        case .giveGuestBack:
            outcome { [self] in
                hasGuest = true
                return .guestSettled
            }
        case .keepGuest:
            outcome { [self] in
                keepsGuestStopped = true
                return .guestSettled
            }
        default: break
        }
    }

    /// The action ends after a while, unless it was cut short.
    func outcome(after delay: Nanoseconds? = nil, _ body: @escaping () -> SourceMachine.Event) {
        let number = lastNumber
        world.after(delay ?? world.microseconds(10...(world.oneIn(10) ? 50_000 : 400))) { [self] in
            guard isAlive, underWay == number else { return }
            finish(body())
        }
    }

    func finish(_ event: SourceMachine.Event) {
        underWay = nil
        post(event)
    }

    /// What is sent leaves, or the action fails for want of a channel; `then` ends the action.
    func written(
        _ body: @escaping () -> SourceMachine.Event, then: @escaping (SourceMachine.Event) -> Void
    ) {
        let isStuck = world.channel.isCut && world.oneIn(4)
        let number = lastNumber
        let delay = isStuck ? Self.stallDeadline : world.microseconds(10...(world.oneIn(10) ? 50_000 : 400))
        world.after(delay) { [self] in
            guard isAlive, underWay == number else { return }
            if isStuck { return finish(.failed("Unable to write: no progress")) }
            guard world.channel.takesBytes else { return finish(.failed("Unable to write: broken")) }
            then(body())
        }
    }

    private func interrupt() {
        closeChannels()
        // What the machine under the guest does takes its time whatever happens.
        guard underWay == nil || !isMachineAtWork else { return }
        let number = underWay
        world.after(world.microseconds(1...2000)) { [self] in
            guard isAlive, underWay == number, !machine.hasEnded else { return }
            underWay = nil
            post(.interrupted(endMayHaveLeft: stateHasLeft))
        }
    }

    // MARK: The stream

    private func sendSetup() -> SourceMachine.Event {
        if world.settings.hasReturnPath {
            world.channel.send(.returnPath)
            world.channel.send(.ping(1))
        }
        takeDirty()
        return .setUp(pages: left.count, bytes: 0)
    }

    private func sendCopies(_ limit: Int) -> SourceMachine.Event {
        guard var copies = snapshot?.take(limit, memory) else { return .interrupted() }
        if world.settings.sabotage == .sendLateSnapshot { copies = copies.map { ($0.page, memory[$0.page]) } }
        for copy in copies where !sentOnce.insert(copy.page).inserted {
            world.checker.violated("page \(copy.page) of a snapshot was sent twice")
        }
        sentCount += copies.count
        world.channel.send(.pages(copies))
        return .sent(left: snapshot?.remaining ?? 0, bytes: UInt64(sentCount * 4096), pages: UInt64(sentCount))
    }

    private func takeDirty() {
        var isLeft = Array(repeating: false, count: memory.count)
        for page in left { isLeft[page] = true }
        for page in memory.indices where dirty[page] {
            dirty[page] = false
            mayBeSent[page] += isLeft[page] ? 0 : 1
            isLeft[page] = true
        }
        left = memory.indices.filter { isLeft[$0] }
    }

    private func harvest(isLast: Bool) -> SourceMachine.Event {
        takeDirty()
        if isLast, world.settings.sabotage == .sendTwice { left = Array(memory.indices) }
        return .harvested(pages: left.count)
    }

    private func sendPages(_ limit: Int) -> SourceMachine.Event {
        let batch = left.prefix(limit)
        batch.forEach(countSent)
        send(batch.map { ($0, memory[$0]) })
        left.removeFirst(batch.count)
        return .sent(left: left.count, bytes: UInt64(sentCount * MigrationCore.pageSize), pages: UInt64(sentCount))
    }

    func countSent(_ page: Int) {
        mayBeSent[page] -= 1
        if mayBeSent[page] < 0 { world.checker.violated("page \(page) was sent again and was not dirtied") }
        sentCount += 1
    }

    private func sendState() {
        let number = lastNumber
        world.after(world.microseconds(10...3000)) { [self] in
            guard isAlive, underWay == number else { return }
            guard world.channel.takesBytes else {
                underWay = nil
                return post(.failed("Unable to write: broken"))
            }
            stateHasLeft = true
            world.channel.send(.devices)
            world.channel.send(.endOfSections)
            world.channel.send(.description)
            outcome { .stateSent }
        }
    }

    private func awaitPeer(until deadline: Nanoseconds) {
        waitsForPeer = true
        let number = lastNumber
        if deadline != .never {
            world.after(deadline - world.now) { [self] in
                guard isAlive, underWay == number else { return }
                heard(.failed("The destination said nothing", endMayHaveLeft: true))
            }
        }
        lookAtAnswers()
    }

    var isWaitingForPeer: Bool { waitsForPeer && underWay != nil }

    private func lookAtAnswers() {
        guard waitsForPeer, underWay != nil else { return }
        while let answer = answers.first {
            answers.removeFirst()
            if case .shut(let word) = answer { return heard(.peerSaid(word)) }
        }
        switch world.channel.sourceEnd {
        case .open: break
        case .closedByPeer: heard(.peerLeft)
        case .broken: heard(.failed("Unable to read: broken", endMayHaveLeft: true))
        }
    }

    func heard(_ event: SourceMachine.Event) {
        waitsForPeer = false
        underWay = nil
        post(event)
    }
}
