import Environment
import MigrationCore

/// Everything outside of the two ends of a migration: time, chance, the channel, the operator and the faults.
final class MigrationWorld {
    let settings: MigrationSettings
    private(set) lazy var source = SimulatedSource(world: self)
    private(set) lazy var destination = SimulatedDestination(world: self)
    private(set) lazy var channel = SimulatedChannel(world: self)
    /// That of urgent pages, if they have one.
    private(set) lazy var preemptChannel = settings.hasPreemptChannel ? SimulatedChannel(world: self) : nil
    private(set) lazy var dataChannels = SimulatedDataChannels(world: self)
    private(set) lazy var checker = MigrationChecker(world: self)
    private(set) lazy var `operator` = MigrationOperator(world: self)
    private var scheduler = Scheduler()
    private var chance: SeededGenerator
    private(set) var traceHash: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var trace: [String] = []
    private(set) var eventCount = 0
    /// Faults that strike when an end begins its n-th action.
    private var atAction: [(count: Int, fault: MigrationFault)] = []
    private var actionCount = 0
    /// Faults of postcopy, which strike one after the other when it has reached another state.
    private var laterFaults: [MigrationFault] = []

    init(settings: MigrationSettings) {
        self.settings = settings
        chance = SeededGenerator(seed: settings.seed &* 2 &+ 1)
    }

    /// A run from the first action to the end of both sides.
    func run() {
        destination.start()
        source.start()
        source.dirtySomething()
        // A guest that dirties more than the limit lets through would be sent for ever: its operator raises the limit.
        after(.seconds(60)) { [self] in source.post(.tuned(.init(maxBandwidth: 0, downtimeLimit: 300))) }
        if settings.mayPostcopy { wantPostcopy() }
        for _ in 0..<settings.faults { plan(.random(&chance, of: MigrationFault.ofAny)) }
        laterFaults = (0..<settings.laterFaults).map { _ in .random(&chance, of: MigrationFault.ofPostcopy) }
        let end = settings.horizon
        while checker.violations.isEmpty, eventCount < 1_000_000, let next = scheduler.next(), scheduler.now < end {
            eventCount += 1
            next()
            checker.look()
        }
        checker.lookAtTheEnd()
    }

    private func plan(_ fault: MigrationFault) {
        // Half of the faults strike between two actions, where a state machine is weakest.
        if chance.chance(1, in: 2) {
            atAction.append((Int(random(0...60)), fault))
        } else {
            after(microseconds(0...(chance.chance(1, in: 3) ? 20_000_000 : 800_000))) { [self] in inject(fault) }
        }
    }

    /// The operator wants postcopy at the beginning, or some time later.
    private func wantPostcopy() {
        let delay = oneIn(2) ? .zero : microseconds(0...(oneIn(4) ? 1_000_000 : 8000))
        after(delay) { [self] in source.post(.startPostcopy) }
    }

    /// Postcopy has come to another state.
    func postcopyHasChanged() {
        for _ in 0..<random(1...2) {
            guard let fault = laterFaults.popLast() else { return }
            if oneIn(2) {
                atAction.append((actionCount + Int(random(0...16)), fault))
            } else {
                after(microseconds(0...(oneIn(3) ? 3_000_000 : 10_000))) { [self] in inject(fault) }
            }
        }
    }

    /// A source comes to the destination of a paused postcopy.
    func renewChannels() {
        channel = SimulatedChannel(world: self)
        channel.connect()
        guard settings.hasPreemptChannel else { return }
        preemptChannel = SimulatedChannel(world: self)
        preemptChannel?.connect()
    }

    func inject(_ fault: MigrationFault) {
        note("fault \(fault)")
        switch fault {
        case .breakChannel: channel.breakOff()
        case .cutChannel: channel.cut()
        case .stallChannel: channel.stall(until: now + microseconds(100_000...8_000_000))
        case .breakDataChannel: dataChannels.breakOff()
        case .cutDataChannel: dataChannels.cut()
        case .pauseSource: source.post(.pause)
        case .pauseDestination: destination.post(.pause)
        case .breakPreemptChannel: preemptChannel?.breakOff()
        case .cutPreemptChannel: preemptChannel?.cut()
        case .stallPreemptChannel: preemptChannel?.stall(until: now + microseconds(100_000...8_000_000))
        case .stranger: destination.strangerComes()
        case .repeatPage: for _ in 0..<20 { source.repeatPage() }
        case .resume: source.resume(at: destination.listener)
        case .recover: destination.requestRecovery()
        case .stallDataChannel: dataChannels.stall(until: now + microseconds(100_000...8_000_000))
        case .killSource: source.die()
        case .killDestination: destination.die()
        case .cancel: source.post(.cancel)
        case .quit: source.post(.quit)
        case .yankSource: channel.breakOff()
        case .yankDestination: destination.post(.cut)
        case .giveUpDestination: destination.post(.cancel)
        case .limit:
            let limits: [UInt64] = [0, 1, 4096 * 100, 4096 * 10_000]
            let limit = limits[Int(random(0...3))]
            source.post(
                .tuned(.init(maxBandwidth: limit, maxPostcopyBandwidth: limit, downtimeLimit: random(0...300))))
            after(microseconds(1000...30_000_000)) { [self] in
                source.post(.tuned(.init(maxBandwidth: 0, downtimeLimit: 300)))
            }
        }
    }

    /// An end is about to carry out another action.
    func anotherAction() {
        actionCount += 1
        let due = atAction.filter { $0.count <= actionCount }
        atAction.removeAll { $0.count <= actionCount }
        // Not in the middle of the state machine, but before whatever comes next.
        for (_, fault) in due { after(.zero) { [self] in inject(fault) } }
    }

    // MARK: Time and chance

    var now: Nanoseconds { scheduler.now }

    func after(_ delay: Nanoseconds, _ run: @escaping () -> Void) { scheduler.schedule(after: delay, run) }

    func random(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &chance) }

    func oneIn(_ count: UInt64) -> Bool { chance.chance(1, in: count) }

    func microseconds(_ range: ClosedRange<UInt64>) -> Nanoseconds { Nanoseconds(random(range) &* 1000) }

    // MARK: Trace

    func note(_ text: @autoclosure () -> String) {
        let line = "\(now) \(text())"
        for byte in line.utf8 { traceHash = (traceHash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        if settings.keepsTrace { trace.append(line) }
    }
}

/// What may go wrong, or is asked for.
enum MigrationFault: CaseIterable {
    case breakChannel, cutChannel, stallChannel, killSource, killDestination, cancel, quit, yankSource, yankDestination
    case giveUpDestination, limit, breakDataChannel, cutDataChannel, stallDataChannel
    // Of postcopy.
    case pauseSource, pauseDestination, breakPreemptChannel, cutPreemptChannel, stallPreemptChannel, stranger,
        repeatPage
    case resume, recover

    /// Those of every migration.
    static let ofAny = Array(allCases.prefix { $0 != .pauseSource })
    /// Those that strike in postcopy: all, and most often one that leads to a pause.
    static let ofPostcopy =
        allCases + [.breakChannel, .breakChannel, .cutChannel, .cutChannel, .stallChannel, .pauseSource, .pauseSource]
        + [.pauseDestination, .pauseDestination, .breakPreemptChannel, .cutPreemptChannel]

    static func random(_ chance: inout SeededGenerator, of faults: [MigrationFault]) -> MigrationFault {
        faults[Int(chance.next() % UInt64(faults.count))]
    }
}
