import Environment
import MigrationCore

/// The receiving process.
final class SimulatedDestination {
    unowned let world: MigrationWorld
    private(set) var machine: DestinationMachine
    private(set) lazy var guest = SimulatedGuest(world: world)
    var memory: [UInt64]
    /// Whether each page has come, and was not given up since.
    var isHere: [Bool]
    private(set) var hasGuest = false
    /// Whether it ever had it.
    private(set) var hadGuest = false
    private(set) var isAlive = true
    var inbox: [StreamItem] = []
    var urgentInbox: [StreamItem] = []
    /// What ends the pages has come on the main channel, and on that of urgent pages.
    var mainHasEnded = false
    var urgentHasEnded = false
    /// The package has come.
    private(set) var isPostcopy = false
    /// Pages are taken from there on, by a thread of their own, and the machine waits for all of them.
    var takesPages = false
    var isReceiving = false
    /// The devices are being loaded, and wait for this page.
    var isApplying = false
    var applicationNeeds: Int?
    /// What stands behind the package is answered once the guest runs.
    var pings: [UInt32] = []
    /// Pages that were asked for.
    var demanded: Set<Int> = []
    /// The number of the listener, which grows with each new address.
    var listener = 0
    var isAcceptingRecovery = false
    var isRecovering = false
    var barrier: DataChannelBarrier
    /// What each data channel has brought and was not taken yet.
    var packets: [[DataPacket]]
    var isOpened: [Bool]
    var isEnded: [Bool]
    /// What is wrong with the data channels.
    var channelFailure: String?
    private var isAccepting = false
    var isLoading = false
    private var hasContents = false
    private var hasEnded = false
    var lastArrival = Nanoseconds.zero

    private static let stallDeadline = Nanoseconds.seconds(60)

    init(world: MigrationWorld) {
        self.world = world
        var configuration = DestinationMachine.Configuration()
        configuration.brokenRule = world.settings.sabotage
        configuration.mayPostcopy = world.settings.mayPostcopy
        machine = DestinationMachine(configuration: configuration)
        memory = Array(repeating: .max, count: world.settings.pages)
        isHere = Array(repeating: false, count: world.settings.pages)
        let channels = world.settings.dataChannels
        barrier = DataChannelBarrier(channels: channels, brokenRule: world.settings.sabotage)
        packets = Array(repeating: [], count: channels)
        isOpened = Array(repeating: false, count: channels)
        isEnded = Array(repeating: false, count: channels)
    }

    func start() { carryOut(machine.start()) }

    /// Whether a source can connect.
    var isListening: Bool { isAlive && isAccepting }

    func post(_ event: DestinationMachine.Event) {
        guard isAlive else { return }
        world.note("destination \(event)")
        carryOut(machine.handle(event))
    }

    func die() {
        guard isAlive else { return }
        isAlive = false
        hasGuest = false
        closeChannels()
    }

    private func closeChannels() {
        world.channel.closeDestination()
        world.preemptChannel?.closeDestination()
        world.dataChannels.closeDestination()
    }

    func connected() {
        isAccepting = false
        lastArrival = world.now
        world.after(.zero) { [self] in post(.accepted) }
    }

    func arrived(_ item: StreamItem, on channel: SimulatedChannel) {
        guard isAlive else { return }
        lastArrival = world.now
        if channel === world.channel { inbox.append(item) } else { urgentInbox.append(item) }
        channelChanged()
    }

    func channelChanged() {
        guard isAlive else { return }
        read()
        receive()
        if isRecovering { answerRecovery() }
    }

    // MARK: Actions

    private func carryOut(_ actions: [DestinationMachine.Action]) {
        for action in actions {
            guard isAlive else { return }
            world.anotherAction()
            world.note("destination does \(action)")
            carryOut(action)
        }
    }

    private func carryOut(_ action: DestinationMachine.Action) {
        switch action {
        case .tell(let status):
            world.checker.told(status)
            if status == .postcopyPaused { world.operator.notice() }
        case .report, .reportRefusal, .waitAgain: break
        case .interrupt: interrupt()
        case .breakChannel: breakChannels()
        case .pong(let value): world.channel.answer(.pong(value))
        case .shut(let word): world.channel.answer(.shut(word))
        case .accept: isAccepting = true
        case .load:
            isLoading = true
            watchForStall { [self] in
                isLoading
            } then: { [self] in
                finishLoading(.failed("nothing came for a while"))
            }
            world.after(.zero) { [self] in read() }
        case .applyState: applyState()
        case .startGuest:
            outcome { [self] in
                hasGuest = true
                hadGuest = true
                world.checker.starts()
                if isPostcopy {
                    guest.start()
                    world.postcopyHasChanged()
                }
                return .guestStarted
            }
        case .runCOLO: outcome { .coloEnded }
        case .receivePages: receivePages()
        case .acceptRecovery, .replaceListener: isAcceptingRecovery = true
        case .recover:
            isAcceptingRecovery = false
            recover()
        case .end:
            hasEnded = true
            // A process that ends takes the guest with it.
            if isPostcopy, machine.status != .completed { return die() }
            closeChannels()
        }
    }

    func outcome(_ body: @escaping () -> DestinationMachine.Event) {
        world.after(world.microseconds(10...(world.oneIn(10) ? 300_000 : 3000))) { [self] in
            if isAlive { post(body()) }
        }
    }

    private func interrupt() {
        let waits = isAccepting || isLoading || isReceiving || isAcceptingRecovery || isRecovering
        guard waits || machine.status == .postcopyPaused else { return }
        (isAccepting, isLoading, isReceiving, takesPages) = (false, false, false, false)
        (isAcceptingRecovery, isRecovering) = (false, false)
        world.after(.zero) { [self] in post(.interrupted) }
    }

    /// Does `fail` if nothing comes for too long while it is waited for something.
    func watchForStall(_ isWaiting: @escaping () -> Bool, then fail: @escaping () -> Void) {
        let seen = lastArrival
        world.after(Self.stallDeadline) { [self] in
            guard isAlive, isWaiting() else { return }
            guard lastArrival == seen else { return watchForStall(isWaiting, then: fail) }
            fail()
        }
    }

    private func finishLoading(_ event: DestinationMachine.Event) {
        isLoading = false
        post(event)
    }

    /// Reads on until something is for the state machine.
    func read() {
        takePackets()
        while isLoading, isAlive, barrier.mainMayGoOn, !inbox.isEmpty {
            switch inbox.removeFirst() {
            case .endOfPart:
                barrier.endOfPart()
                takePackets()
            case .returnPath: return finishLoading(.command(.openReturnPath))
            case .ping(let value): return finishLoading(.command(.ping(value)))
            case .pages(let pages):
                for (page, version) in pages { (memory[page], isHere[page]) = (version, true) }
                guard hasContents else {
                    hasContents = true
                    return finishLoading(.contents)
                }
            case .devices, .endOfSections, .packageBegins: break
            case .description: return finishLoading(.loaded(isDescribed: true))
            case .discard(let pages): discard(pages)
            case .packageEnds:
                (isPostcopy, takesPages) = (true, true)
                return finishLoading(.packageLoaded)
            case .endOfPages, .askReceived, .resume: return finishLoading(.failed("postcopy before its package"))
            }
        }
        guard isLoading, isAlive else { return }
        if let channelFailure { return finishLoading(.failed(channelFailure)) }
        if let lost = barrier.lostChannel { return finishLoading(.failed("data channel \(lost) ended too early")) }
        guard inbox.isEmpty else { return }
        switch world.channel.destinationEnd {
        case .open: break
        case .closedByPeer: finishLoading(.failed("the channel was closed"))
        case .broken: finishLoading(.failed("Unable to read: broken"))
        }
    }

    /// Whether it is still waited for a source, for which there is no deadline.
    var waitsForSource: Bool { isAccepting }
    /// Whether all is over here.
    var isOver: Bool { !isAlive || hasEnded }
}
