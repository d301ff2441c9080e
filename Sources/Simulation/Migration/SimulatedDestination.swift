import Environment
import MigrationCore

/// The receiving process.
final class SimulatedDestination {
    unowned let world: MigrationWorld
    private(set) var machine: DestinationMachine
    var memory: [UInt64]
    private(set) var hasGuest = false
    /// Whether it ever had it.
    private(set) var hadGuest = false
    private(set) var isAlive = true
    private var inbox: [StreamItem] = []
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
    private var lastArrival = Nanoseconds.zero

    private static let stallDeadline = Nanoseconds.seconds(60)

    init(world: MigrationWorld) {
        self.world = world
        var configuration = DestinationMachine.Configuration()
        configuration.brokenRule = world.settings.sabotage
        machine = DestinationMachine(configuration: configuration)
        memory = Array(repeating: .max, count: world.settings.pages)
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
        world.channel.closeDestination()
        world.dataChannels.closeDestination()
    }

    func connected() {
        isAccepting = false
        lastArrival = world.now
        world.after(.zero) { [self] in post(.accepted) }
    }

    func arrived(_ item: StreamItem) {
        guard isAlive else { return }
        lastArrival = world.now
        inbox.append(item)
        read()
    }

    func channelChanged() {
        guard isAlive else { return }
        read()
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
        case .tell(let status): world.checker.told(status)
        case .report, .reportRefusal, .waitAgain: break
        case .interrupt: interrupt()
        case .breakChannel: world.channel.breakOff()
        case .pong(let value): world.channel.answer(.pong(value))
        case .shut(let word): world.channel.answer(.shut(word))
        case .accept: isAccepting = true
        case .load:
            isLoading = true
            watchForStall()
            world.after(.zero) { [self] in read() }
        case .applyState:
            outcome { [self] in world.settings.acceptsDevices ? .stateApplied : .failed("devices that do not fit") }
        case .startGuest:
            outcome { [self] in
                hasGuest = true
                hadGuest = true
                world.checker.startsWith(memory)
                return .guestStarted
            }
        case .runCOLO: outcome { .coloEnded }
        case .end:
            hasEnded = true
            world.channel.closeDestination()
            world.dataChannels.closeDestination()
        }
    }

    private func outcome(_ body: @escaping () -> DestinationMachine.Event) {
        world.after(world.microseconds(10...(world.oneIn(10) ? 300_000 : 3000))) { [self] in
            if isAlive { post(body()) }
        }
    }

    private func interrupt() {
        guard isAccepting || isLoading else { return }
        isAccepting = false
        isLoading = false
        world.after(.zero) { [self] in post(.interrupted) }
    }

    private func watchForStall() {
        let seen = lastArrival
        world.after(Self.stallDeadline) { [self] in
            guard isAlive, isLoading else { return }
            guard lastArrival == seen else { return watchForStall() }
            finishLoading(.failed("nothing came for \(Self.stallDeadline)"))
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
                for (page, version) in pages { memory[page] = version }
                guard hasContents else {
                    hasContents = true
                    return finishLoading(.contents)
                }
            case .devices, .endOfSections: break
            case .description: return finishLoading(.loaded(isDescribed: true))
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
