/// The receiving side of one migration. See `MigrationCore` for the rules.
public struct DestinationMachine: Sendable {
    /// What holds for the whole run.
    public struct Configuration: Sendable {
        /// Only a stream that ends in COLO may come in: a member of a pair runs nothing else.
        public var acceptsOnlyCOLO = false
        /// The guest may move before its memory has.
        public var mayPostcopy = false
        /// Why a stream that ends in COLO cannot be taken; nil if it can.
        public var coloRefusal: String?
        /// A rule to break, for tests.
        public var brokenRule: BrokenMigrationRule?

        /// The defaults: whatever comes.
        public init() {}
    }

    /// The statuses that clients see, by their names in the schema.
    public enum Status: Sendable, Equatable {
        case none, active, completed, failed, colo, postcopyActive, postcopyPaused, postcopyRecover
    }

    /// What the source wants, other than to be loaded.
    public enum Command: Sendable, Equatable {
        /// Answers are wanted on the reverse direction.
        case openReturnPath
        /// Answer with the same value.
        case ping(UInt32)
        /// The stream ends in COLO.
        case enableCOLO
    }

    /// What happened. An event that belongs to an action tells its outcome.
    public enum Event: Sendable, Equatable {
        /// `accept` or `acceptRecovery`: a source is there.
        case accepted
        /// `accept` or `acceptRecovery`: somebody was sent away. Whether another may come.
        case turnedAway(String, anotherMayCome: Bool)
        /// `accept` or `acceptRecovery`: what was to be read ended without a byte, and nobody else will come.
        case nobodyCame(String)
        /// `load`: a command. Reading goes on with the next one.
        case command(Command)
        /// `load`: the first page or device.
        case contents
        /// `load`: the sections have ended; whether the description that belongs behind them was there.
        case loaded(isDescribed: Bool)
        /// `load`: the package of postcopy is there wholly, with all devices, and they are valid.
        case packageLoaded
        /// `receivePages`: the sections have ended, and no page is missing.
        case pagesLoaded
        /// `recover`: the source sends on.
        case resumed
        /// `applyState`: devices and memory are the guest's.
        case stateApplied
        /// `startGuest`: it runs, or stands as the source's did.
        case guestStarted
        /// `runCOLO` is over.
        case coloEnded
        /// The action that is under way failed.
        case failed(String)
        /// The action that is under way was cut short by `interrupt`.
        case interrupted
        /// The owner gives it up.
        case cancel
        /// The owner cuts the connection, as a network might.
        case cut
        /// The operator pauses the postcopy.
        case pause
        /// The operator gave a new address for a paused postcopy, and is listened there (`mayRecover`).
        case recoverRequested
        /// COLO is over: the status tells.
        case coloFinished
    }

    /// What is to be done, in this order.
    public enum Action: Sendable, Equatable {
        /// Tell clients that this status was reached.
        case tell(Status)
        /// Tell the owner that it failed: the machine cannot run.
        case report(String)
        /// Tell the owner that somebody was sent away, or that a recovery has come to nothing.
        case reportRefusal(String)
        /// Nobody will come: another address may be tried.
        case waitAgain
        /// Cut the action that is under way short.
        case interrupt
        /// Break all channels as a network would: what is under way there fails. They may be broken already.
        case breakChannel
        /// Let the `acceptRecovery` that is under way go on with the new listener; the one before is closed.
        case replaceListener
        /// Answer PONG.
        case pong(UInt32)
        /// Say on the return path how it ended: 0 for success.
        case shut(UInt32)
        /// Wait for a source.
        case accept
        /// Read on, pages into their places, until something else comes.
        case load
        /// Check that the state is whole, and make it the guest's.
        case applyState
        /// Place the pages that follow the guest, and ask for those that it waits for.
        case receivePages
        /// Wait for the source of a paused postcopy.
        case acceptRecovery
        /// Tell that source which pages are here, until it says that it goes on.
        case recover
        /// Announce the guest to its networks and start it.
        case startGuest
        /// Let COLO have the channel.
        case runCOLO
        /// All is over.
        case end

        /// Whether it takes its time and has an outcome.
        public var isLasting: Bool {
            switch self {
            case .accept, .load, .applyState, .startGuest, .runCOLO, .receivePages, .acceptRecovery, .recover: true
            default: false
            }
        }
    }

    enum Phase: Sendable {
        case idle, accepting, loading, applying, starting, colo, ended
        case receiving, postcopyPaused, acceptingRecovery, recovering
    }

    /// What holds for the whole run.
    public let configuration: Configuration
    /// The status.
    public internal(set) var status = Status.none
    /// Why it failed.
    public private(set) var failure: String?
    /// Why the postcopy paused last.
    public internal(set) var pauseReason: String?
    var phase = Phase.idle
    var hasReturnPath = false
    private var wantsCOLO = false
    var isCancelled = false
    private var isCut = false
    /// The guest moves before its memory has.
    var isPostcopy = false
    /// What is under way leads to a paused postcopy, whatever its outcome, unless all pages are there.
    var pauseWanted: String?
    private var hasContents = false

    /// A migration that nobody was waited for yet.
    public init(configuration: Configuration) { self.configuration = configuration }

    /// Whether `end` was said.
    public var hasEnded: Bool { phase == .ended }

    /// Begins to wait for a source.
    public mutating func start() -> [Action] {
        guard phase == .idle else { return [] }
        phase = .accepting
        return [.accept]
    }

    /// Takes an event and returns what follows from it.
    public mutating func handle(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .cancel:
            guard phase != .ended, phase != .idle else { break }
            isCancelled = true
            actions.append(.interrupt)
        case .cut: cut(&actions)
        case .pause: pausePostcopy(&actions)
        case .recoverRequested: recoverPostcopy(&actions)
        case .coloFinished:
            if status == .colo { step(to: .completed, &actions) }
        case _ where isPostcopy: postcopyOutcome(event, &actions)
        case .failed(let why):
            if configuration.brokenRule == .startTorn, phase == .loading, hasContents {
                begin(.applying, .applyState, &actions)
                break
            }
            if configuration.brokenRule == .runBeforePackage, phase == .loading, configuration.mayPostcopy {
                switchToPostcopy(&actions)
                break
            }
            fail(isCancelled ? "The migration was cancelled" : why, &actions)
        case .interrupted:
            isCancelled = true
            fail("The migration was cancelled", &actions)
        default: advance(event, &actions)
        }
        return actions
    }

    private mutating func advance(_ event: Event, _ actions: inout [Action]) {
        switch (phase, event) {
        case (.accepting, .accepted):
            step(to: .active, &actions)
            begin(.loading, .load, &actions)
        case (.accepting, .turnedAway(let why, let anotherMayCome)):
            actions.append(.reportRefusal(why))
            if anotherMayCome { return begin(.accepting, .accept, &actions) }
            leave(&actions)
        case (.accepting, .nobodyCame(let why)):
            actions.append(.reportRefusal(why))
            leave(&actions)
        case (.loading, .command(let command)): obey(command, &actions)
        case (.loading, .contents):
            hasContents = true
            // It is announced before the first page, so a stream that is not wanted changes nothing.
            if configuration.acceptsOnlyCOLO, !wantsCOLO {
                return fail("it is no COLO stream, and no other is accepted here", &actions)
            }
            begin(.loading, .load, &actions)
        case (.loading, .loaded(let isDescribed)):
            // A source of COLO counts the state as complete only once its last byte, that of the description, has left;
            // so does this side, or both could count on being the one that has it.
            guard isDescribed || !wantsCOLO else {
                return fail("the initial state ends before its description", &actions)
            }
            begin(.applying, .applyState, &actions)
        case (.loading, .packageLoaded): switchToPostcopy(&actions)
        case (.applying, .stateApplied):
            // A source that hears no last word takes the end of the channel for a failure, and goes on itself.
            if isCut, hasReturnPath { return fail("the connection was cut", &actions) }
            guard wantsCOLO else { return begin(.starting, .startGuest, &actions) }
            step(to: .colo, &actions)
            begin(.colo, .runCOLO, &actions)
        case (.starting, .guestStarted):
            step(to: .completed, &actions)
            if hasReturnPath { actions.append(.shut(0)) }
            end(&actions)
        case (.colo, .coloEnded): end(&actions)
        default: break
        }
    }

    /// While the guest is being started nothing is cut: the source has to hear of it.
    private mutating func cut(_ actions: inout [Action]) {
        if isPostcopy { return cutPostcopy(&actions) }
        switch phase {
        case .loading, .colo: actions.append(.breakChannel)
        case .applying:
            isCut = true
            actions.append(.breakChannel)
        default: break
        }
    }

    private mutating func obey(_ command: Command, _ actions: inout [Action]) {
        switch command {
        case .openReturnPath: hasReturnPath = true
        case .ping(let value): actions.append(.pong(value))
        case .enableCOLO:
            if let refusal = configuration.coloRefusal { return fail(refusal, &actions) }
            wantsCOLO = true
        }
        begin(.loading, .load, &actions)
    }

    private mutating func switchToPostcopy(_ actions: inout [Action]) {
        guard configuration.mayPostcopy, !wantsCOLO else {
            return fail("it moves the guest before its memory, which is not wanted here", &actions)
        }
        isPostcopy = true
        step(to: .postcopyActive, &actions)
        begin(.applying, .applyState, &actions)
    }

    mutating func begin(_ next: Phase, _ action: Action, _ actions: inout [Action]) {
        phase = next
        actions.append(action)
    }

    mutating func step(to next: Status, _ actions: inout [Action]) {
        status = next
        actions.append(.tell(next))
    }

    mutating func fail(_ why: String, _ actions: inout [Action]) {
        switch phase {
        case .idle, .ended: return
        case .colo: return end(&actions)
        case .accepting where isCancelled:
            // Nobody came, and nobody is waited for any more: that is no failure of a migration.
            return end(&actions)
        default: break
        }
        if hasReturnPath { actions.append(.shut(1)) }
        let text = "load of migration failed: \(why)"
        failure = text
        step(to: .failed, &actions)
        actions.append(.report(text))
        end(&actions)
    }

    private mutating func leave(_ actions: inout [Action]) {
        actions.append(.waitAgain)
        end(&actions)
    }

    mutating func end(_ actions: inout [Action]) {
        phase = .ended
        actions.append(.end)
    }
}
