public import Environment

/// The sending side of one migration. See `MigrationCore` for the rules.
public struct SourceMachine: Sendable {
    /// What holds for the whole run.
    public struct Configuration: Sendable {
        /// The destination tells on the reverse direction how it fared.
        public var hasReturnPath = false
        /// The operator decides when the guest moves.
        public var pausesBeforeSwitchover = false
        /// The stream ends in COLO instead of in a running destination.
        public var isCOLO = false
        /// What is sent is the guest as it is at one instant at the beginning, and it goes on here. Without a return path.
        public var isBackgroundSnapshot = false
        /// The guest may move before its memory has, if the operator wants it. With a return path.
        public var mayPostcopy = false
        /// What was sent in postcopy is given up here, so a postcopy that breaks off cannot be resumed.
        public var releasesRAM = false
        /// The guest has cards that it is asked to give up before it moves.
        public var hasPrimaries = false
        /// How long the destination may take for its last word, and for its answers when a postcopy is resumed.
        public var returnPathTimeout = Nanoseconds.seconds(30)
        /// How long a command may carry the whole stream without an answer to the ping at its beginning, until it is told
        /// that nothing more comes. A destination behind it has answered long before; one that is told too early may lose
        /// its way back, because some relays end once one direction has.
        public var commandSilence = Nanoseconds.seconds(2)
        /// How often a destination hears of a source that is paused before the switchover, waits for a primary card, or
        /// for bandwidth.
        public var pausedInterval = Nanoseconds.seconds(10)
        /// How long whoever takes the guest of a paused postcopy back listens to what its channels still hold.
        public var lastWordsTimeout = Nanoseconds.seconds(2)
        /// A rule to break, for tests.
        public var brokenRule: BrokenMigrationRule?

        /// The defaults: a plain migration.
        public init() {}
    }

    /// What may change while it runs.
    public struct Tunables: Sendable, Equatable {
        /// Bytes in a second; 0 for no limit.
        public var maxBandwidth: UInt64
        /// Bytes in a second once the guest has moved, without those that it waits for; 0 for no limit.
        public var maxPostcopyBandwidth: UInt64
        /// How long the guest may stand, in milliseconds.
        public var downtimeLimit: UInt64
        /// How a guest is slowed down; nil if it is not.
        public var autoConverge: AutoConverge.Settings?

        /// Tunables with every part given.
        public init(
            maxBandwidth: UInt64, maxPostcopyBandwidth: UInt64 = 0, downtimeLimit: UInt64,
            autoConverge: AutoConverge.Settings? = nil
        ) {
            self.maxBandwidth = maxBandwidth
            self.maxPostcopyBandwidth = maxPostcopyBandwidth
            self.downtimeLimit = downtimeLimit
            self.autoConverge = autoConverge
        }
    }

    /// The statuses that clients see, by their names in the schema.
    public enum Status: Sendable, Equatable {
        case none, setup, waitUnplug, active, preSwitchover, device, completed, failed, cancelling, cancelled, colo
        case postcopyActive, postcopyPaused, postcopyRecover
    }

    /// What happened. An event that belongs to an action tells its outcome.
    public enum Event: Sendable, Equatable {
        /// `connect`: the channel is there.
        case connected
        /// `holdPrimaries`: the guest was asked to give up so many cards.
        case primariesHeld(Int)
        /// `awaitUnplug`: it has given all of them up.
        case unplugged
        /// `awaitUnplug`: it has not by then.
        case stillPlugged
        /// `sendSetup`: header and block list are queued, and the first harvest found `pages` to send; `bytes` have left.
        case setUp(pages: Int, bytes: UInt64)
        /// `sendPages`: `left` pages of the round are still to be sent; in total `bytes` and `pages` have left. In postcopy
        /// what the guest waits for does not add to `bytes`, which are held below the limit.
        case sent(left: Int, bytes: UInt64, pages: UInt64)
        /// `beginSnapshot`: the instant is there, `pages` pages are to be sent, and the guest goes on after `pause`.
        case snapshotBegun(pages: Int, pause: Nanoseconds)
        /// `harvest` or `harvestLast`: so many pages are to be sent now.
        case harvested(pages: Int)
        /// `haltGuest`: it stands; whether it ran before.
        case halted(ran: Bool)
        /// `askSwitchover`: the pair agrees.
        case switchoverAllowed
        /// `sendEmptyPart` or `sendPing`: it has left.
        case spoke
        /// `sendState`: all of it has left.
        case stateSent
        /// `switchToPostcopy`: the package has left, and so many pages are still to be sent.
        case postcopySwitched(left: Int)
        /// `endPostcopy`: the end has left.
        case postcopyEnded
        /// `reconnect`: all channels are there again.
        case reconnected
        /// `recover`: the destination goes on, and so many pages are missing there.
        case recovered(left: Int)
        /// `hearLastWords`: nothing more comes from the channels of before.
        case lastWordsHeard
        /// `closeStream`: the consumer of the stream has taken all of them.
        case streamClosed
        /// `closeStream`: the consumer of the stream says that it failed.
        case streamFailed(String)
        /// `awaitPeer`: the destination's last word, 0 for success.
        case peerSaid(UInt32)
        /// `awaitPeer`: the destination closed the channel without a word, so it has failed or its process is over.
        case peerLeft
        /// `awaitPeer`: a command takes the stream, and nothing was heard until `silence`.
        case peerSilent
        /// `awaitPeer` or `hearOut`: a command takes the stream, and what it writes ended without a last word. `heard`: a
        /// destination answered before. `failure`: how the command ended, unless it says that it has done its work.
        case commandEnded(heard: Bool, failure: String?)
        /// `runCOLO` is over.
        case coloEnded
        /// `leaveGuest`, `giveGuestBack`, `keepGuest` or `endSnapshot` is done.
        case guestSettled
        /// The action that is under way failed. `endMayHaveLeft`: the byte that ends the sections was taken by the kernel.
        case failed(String, endMayHaveLeft: Bool = false)
        /// The action that is under way was cut short by `interrupt`; or there was none.
        case interrupted(endMayHaveLeft: Bool = false)
        /// The operator gives the migration up.
        case cancel
        /// The process ends.
        case quit
        /// The operator lets a paused migration go on.
        case goOn
        /// The operator wants the guest to move before its memory has.
        case startPostcopy
        /// The operator pauses the postcopy.
        case pause
        /// Whoever listens to the destination in postcopy, or sends what it asks for, found a channel broken. Also between
        /// two actions.
        case channelBroke(String)
        /// Whoever listens to the destination in postcopy heard it answer what stands behind the package, or tell in a
        /// recovery what has arrived: it has taken the guest over. Also between two actions.
        case peerRuns
        /// Whoever listens to the destination that was sent the package heard its last word, that it failed. The same.
        case peerGaveUp(UInt32)
        /// The operator tells where to go on with a paused postcopy (`mayResume`).
        case resume
        /// The operator knows that the destination is dead, and takes the guest of a paused postcopy back (`mayTakeBack`).
        case takeBack
        /// COLO harvests the dirty log.
        case coloPass
        /// COLO is over: the status tells.
        case coloFinished
        /// The settings changed.
        case tuned(Tunables)
        /// `nextDeadline` was reached.
        case timer
    }

    /// What is to be done, in this order.
    public enum Action: Sendable, Equatable {
        /// Tell clients that this status was reached.
        case tell(Status)
        /// Tell clients that this pass over the dirty log began.
        case pass(UInt64)
        /// Tell the owner that it failed, and why. The guest goes on, or stands if `guestStands`.
        case report(String, guestStands: Bool)
        /// Tell the owner that a try to go on with a paused postcopy has come to nothing, and why.
        case reportRefusal(String)
        /// Cut the action that is under way short: its waits end and its channel breaks.
        case interrupt
        /// Break all channels as a network would: what is under way there fails. They may be broken already.
        case breakChannel
        /// Let the guest run at this many hundredths less than its speed.
        case throttle(Int)
        /// Make the channel.
        case connect
        /// Ask the guest to give up its primary cards, and let it have none from now on.
        case holdPrimaries
        /// Queue header and block list, and harvest for the first time.
        case sendSetup
        /// Stop the guest for a moment, keep the devices as they are then, and see to it that of each page what it holds then
        /// is sent, whatever the guest writes.
        case beginSnapshot
        /// Wait until the guest has given them up, but no longer than that.
        case awaitUnplug(until: Nanoseconds)
        /// Let the guest have primary cards again: give back what it had, or leave it to what boots here next.
        case releasePrimaries(giveBack: Bool)
        /// Send the next pages of the round, at most so many.
        case sendPages(Int)
        /// Harvest the dirty log: a new round.
        case harvest
        /// Stop the guest for the switchover.
        case haltGuest
        /// Ask the pair whether the guest may move now.
        case askSwitchover
        /// Send an empty part, which shows that this side lives.
        case sendEmptyPart
        /// Send a command that is answered, in postcopy, for the same.
        case sendPing
        /// Harvest the dirty log with the guest stopped for good.
        case harvestLast
        /// Send the devices and the end of the stream.
        case sendState
        /// End the sections that cannot follow the guest, tell the destination which pages it has to forget, and send it the
        /// package with the devices, from the end of which on it may run the guest.
        case switchToPostcopy
        /// Send the end of the pages and of the stream.
        case endPostcopy
        /// Make all channels anew, to where the operator said.
        case reconnect
        /// Ask which pages the destination has, take the others for unsent, and have it go on; all until then.
        case recover(until: Nanoseconds)
        /// Wait until all is heard that the channels hold that broke, at most until then.
        case hearLastWords(until: Nanoseconds)
        /// Tell the consumer of the stream that these were all, and wait until it has taken them.
        case closeStream
        /// Wait for the destination's last word until then; behind a command that lets nothing be heard, until `silence`.
        case awaitPeer(until: Nanoseconds, silence: Nanoseconds)
        /// Tell the command that takes the stream that nothing more comes, and wait for a last word until then.
        case hearOut(until: Nanoseconds)
        /// Let COLO have the channel.
        case runCOLO
        /// The guest is the destination's now.
        case leaveGuest
        /// Let the guest go on as it was.
        case giveGuestBack
        /// The guest stays where it stands: the destination may run it.
        case keepGuest
        /// The guest may write what it likes: nothing more of the snapshot is sent.
        case endSnapshot
        /// All is over.
        case end

        /// Whether it takes its time and has an outcome.
        public var isLasting: Bool {
            switch self {
            case .tell, .pass, .report, .reportRefusal, .interrupt, .breakChannel, .throttle, .releasePrimaries, .end:
                false
            default: true
            }
        }
    }

    /// What is under way.
    enum Phase: Sendable, Equatable {
        case idle, connecting, holdingPrimaries, settingUp, awaitingUnplug, speakingOfUnplug
        case sending, harvesting, halting, asking, speaking, harvestingLast, sendingLast
        case sendingState, closing, colo, beginningSnapshot
        case switching, endingPostcopy, postcopyPaused, reconnecting, recovering, takingBack
        case awaitingPeer(until: Nanoseconds)
        case pacing(until: Nanoseconds, nextWord: Nanoseconds)
        case speakingBetweenBatches(until: Nanoseconds)
        case paused(nextWord: Nanoseconds)
        case settling(Verdict)
        case ended
    }

    /// How it ends.
    enum Verdict: Sendable, Equatable {
        case completed, cancelled
        case failed(String)
    }

    /// What holds for the whole run.
    public let configuration: Configuration
    /// The status.
    public internal(set) var status = Status.none
    /// Why it failed.
    public internal(set) var failure: String?
    /// How many passes over the dirty log there were.
    public internal(set) var passes: UInt64 = 0
    /// What the channel carries.
    public internal(set) var bandwidth = BandwidthMeter()
    /// How the guest's dirtying compares with what is sent.
    public internal(set) var convergence = AutoConverge(now: .zero, sent: 0)
    /// How much the guest is slowed down now.
    public internal(set) var throttlePercentage = 0
    /// How long the guest would stand if it were stopped now, in milliseconds.
    public internal(set) var expectedDowntime: UInt64
    /// When it began.
    public internal(set) var startedAt = Nanoseconds.zero
    /// How long it took until the first pages could be sent.
    public internal(set) var setupTime = Nanoseconds.zero
    /// Since when the guest stands for the switchover.
    public internal(set) var haltedAt: Nanoseconds?
    /// When the destination was sent all that it needs to run the guest before its memory has come.
    public internal(set) var switchedAt: Nanoseconds?
    /// Why the postcopy paused last.
    public internal(set) var pauseReason: String?
    /// How long the guest stood for a snapshot.
    public internal(set) var snapshotPause: Nanoseconds?
    /// When it was over.
    public internal(set) var endedAt: Nanoseconds?

    var tunables: Tunables
    var phase = Phase.idle
    var limiter: RateLimiter
    /// Bytes of all that was paced; nil if something else has left since.
    var pacedBytes: UInt64? = 0
    /// Bytes that have left, as the last action told.
    var bytesSent: UInt64 = 0
    /// What the action under way will lead to, whatever its outcome.
    var pendingVerdict: Verdict?
    var isQuitting = false
    var mayGoOn = false
    /// Primary cards are held back, and how many the guest is to give up.
    var primariesAreHeld = false
    var primariesToUnplug = 0
    /// The guest stands for the switchover, and may have to be given back.
    var guestStands = false
    /// The whole state is leaving or has left: a cancel comes too late.
    var isCommitted = false
    /// The byte that ends the sections may have left: the destination may run the guest.
    var endMayHaveLeft = false
    /// The operator wants postcopy.
    var wantsPostcopy = false
    /// The guest moves before its memory has.
    var isPostcopy = false
    /// When the destination of a postcopy is next to be asked for an answer, whatever else is sent.
    var nextPing = Nanoseconds.never
    /// What is under way leads to a paused postcopy, whatever its outcome, unless that is the destination's last word.
    var pauseWanted: String?
    /// What is under way leads to the end, whatever its outcome: the destination said that it has never run the guest.
    var refusal: String?
    /// The destination said that it failed, or is known to be dead, so it does not run the guest.
    var peerFailed = false
    /// The destination of a postcopy has answered that it takes the guest over.
    var guestRunsThere = false
    /// The destination said that it has the guest.
    var peerHasGuest = false

    /// A migration that has not begun.
    public init(configuration: Configuration, tunables: Tunables) {
        self.configuration = configuration
        self.tunables = tunables
        expectedDowntime = tunables.downtimeLimit
        limiter = RateLimiter(bytesPerSecond: tunables.maxBandwidth, now: .zero)
    }

    /// When `.timer` is wanted.
    public var nextDeadline: Nanoseconds {
        switch phase {
        case .pacing(let until, let nextWord) where pendingVerdict == nil: min(until, nextWord)
        case .paused(let nextWord) where pendingVerdict == nil: nextWord
        default: .never
        }
    }

    /// Whether it has begun and is not over. COLO does not count.
    public var isRunning: Bool {
        switch status {
        case .setup, .waitUnplug, .active, .preSwitchover, .device, .cancelling: true
        case .postcopyActive, .postcopyPaused, .postcopyRecover: true
        case .none, .completed, .failed, .cancelled, .colo: false
        }
    }

    /// Whether `end` was said.
    public var hasEnded: Bool { phase == .ended }

    /// Whether the process ends.
    public var hasQuit: Bool { isQuitting }

    /// Whether the whole state is leaving, so that nothing can be taken back.
    public var isHandingOver: Bool { isCommitted && isRunning }

    mutating func step(to next: Status, _ actions: inout [Action]) {
        status = next
        if !isQuitting || next == .cancelling { actions.append(.tell(next)) }
    }

    mutating func countPass(_ actions: inout [Action]) {
        passes += 1
        actions.append(.pass(passes))
    }
}
