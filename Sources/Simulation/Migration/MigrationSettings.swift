import Environment
public import MigrationCore

// A migration in the simulator: a source and a destination, the channel between them, a guest that dirties its pages, an
// operator, and whoever kills, cuts and cancels. One seed decides one run.
//
// Fault model
//   Channel    each direction has random delays and keeps its order. It stands still for up to some seconds, breaks (both
//              ends notice, what was under way is lost from a random point on), or is cut (nobody notices but by
//              deadlines).
//   Data       up to four data channels carry most pages, each with its own delays, so that pages overtake each other. One
//   channels   stands still, breaks or is cut like the main one; or it never comes, comes twice, or before the main one.
//   Processes  either one is killed at any instant, or at the n-th action that it carries out; its end of the channel
//              closes, what it had sent arrives, what was sent to it breaks the channel.
//   Operator   cancels, quits, yanks either end, changes the limits, and lets a paused migration go on late, or cancels
//              it instead; all at any instant or at the n-th action.
//   Guest      takes up to some seconds to give its primary card up.
//   State      the destination refuses the devices, or waits for a page to load them.
//   Postcopy   (of two seeds in five) the operator wants the guest to move first, at any instant; it reads and writes pages
//              at the destination, and those that it waits for come before the others, with or without a channel of their
//              own. Faults strike after the switch, in a pause and in a recovery, too: pauses from either side, strangers
//              at the new address, a wrong address, a source that sends a page again. The operator tries to recover until
//              it is over, or gives up.
//
// Checked
//   One guest  never do both sides have the guest; at the end one has it, or an error says why none does.
//   Memory     what the destination starts with is what the source stopped with.
//   Statuses   come in the order of the schema's state machine, passes are numbered, the first comes before `active`.
//   Words      completed with a return path means that the destination has the guest; cancelled, that it has not.
//   Cards      a guest moves without its primary card, and has it again if it stays.
//   Deadlines  both sides end, and no wait lasts longer than its deadline.
//   Once       a page is sent again only if it was dirtied.
//   Postcopy   no page is lost, none is placed where one is, none is read that is older than the source's last or the
//              guest's own; once the destination has had the guest, the source never has it again, unless an operator saw
//              the destination dead and nothing was heard of the guest there. A destination that says that it failed before
//              has the source get it back. An operator who goes on trying gets there.
//   Snapshots  (of one seed in five) the guest goes on at the source and what the destination starts with is the memory of
//              that instant, each page sent once; however it ends, the guest waits for the snapshot no more.

/// What a run is about; everything else follows from the seed.
public struct MigrationSettings: Sendable {
    /// The seed.
    public var seed: UInt64
    /// A rule to break.
    public var sabotage: BrokenMigrationRule?
    /// Whether the trace is kept as text.
    public var keepsTrace = false
    /// How many pages the guest has.
    public var pages: Int
    /// Whether the guest runs at the beginning.
    public var guestRuns: Bool
    /// How many faults there are.
    public var faults: Int
    /// How many data channels there are beside the main one.
    public var dataChannels: Int
    var dataChannelArrival: DataChannelArrival
    /// Whether the guest has a primary card, which it gives up before it moves.
    var hasPrimary: Bool
    var hasReturnPath: Bool
    var pausesBeforeSwitchover: Bool
    /// Whether the guest of one instant is sent while it runs on.
    public internal(set) var isBackgroundSnapshot: Bool
    var acceptsDevices: Bool
    /// Whether the guest may move before its memory has, with a channel for urgent pages or without, and what follows it.
    public internal(set) var mayPostcopy = false
    var hasPreemptChannel = false
    /// How many faults strike in postcopy, beside the others.
    var laterFaults = 0
    var releasesRAM = false
    /// Whether the operator recovers a postcopy that has paused.
    var recovers = true

    /// From the last fault to the end at the latest: longer than all deadlines together.
    var horizon: Nanoseconds { .seconds(mayPostcopy ? 1500 : 400) }

    /// The settings that a seed decides.
    public init(seed: UInt64, sabotage: BrokenMigrationRule? = nil, keepsTrace: Bool = false) {
        var chance = SeededGenerator(seed: seed)
        self.seed = seed
        self.sabotage = sabotage
        self.keepsTrace = keepsTrace
        pages = 1 + Int(chance.next() % 3000)
        guestRuns = !chance.chance(1, in: 8)
        faults = Int(chance.next() % 4)
        hasReturnPath = chance.chance(2, in: 3)
        pausesBeforeSwitchover = chance.chance(1, in: 3)
        acceptsDevices = !chance.chance(1, in: 10)
        dataChannels = chance.chance(1, in: 2) ? 0 : 1 + Int(chance.next() % 4)
        let arrivals = DataChannelArrival.allCases
        isBackgroundSnapshot = chance.chance(1, in: 5)
        dataChannelArrival = chance.chance(3, in: 4) ? .inTime : arrivals[Int(chance.next() % UInt64(arrivals.count))]
        // Neither of them goes with it.
        if isBackgroundSnapshot { (hasReturnPath, pausesBeforeSwitchover, dataChannels) = (false, false, 0) }
        hasPrimary = chance.chance(1, in: 4)
        guard !isBackgroundSnapshot, chance.chance(1, in: 2) else { return }
        (mayPostcopy, hasReturnPath) = (true, true)
        (faults, laterFaults) = (faults / 2, Int(chance.next() % 12))
        hasPreemptChannel = dataChannels == 0 && chance.chance(1, in: 2)
        releasesRAM = chance.chance(1, in: 8)
        recovers = !chance.chance(1, in: 8)
    }
}

/// What a run gave.
public struct MigrationResult: Sendable {
    /// The settings, with the seed.
    public var settings: MigrationSettings
    /// What the checkers found; empty if all is well.
    public var violations: [String]
    /// Equal for two runs of one seed.
    public var traceHash: UInt64
    /// How many events were simulated.
    public var events: Int
    /// How many pages were sent.
    public var pagesSent: Int
    /// Whether the guest moved before its memory had.
    public var isPostcopy: Bool
    /// How often that paused.
    public var pauses: Int
    /// How it ended at the source and at the destination.
    public var ending: String
    /// What happened, if the settings asked for it.
    public var trace: [String]
}

/// Runs one seed.
public func simulateMigration(_ settings: MigrationSettings) -> MigrationResult {
    let world = MigrationWorld(settings: settings)
    world.run()
    return MigrationResult(
        settings: settings, violations: world.checker.violations, traceHash: world.traceHash,
        events: world.eventCount, pagesSent: world.source.sentCount,
        isPostcopy: world.source.following != nil, pauses: world.checker.pauses,
        ending: "\(world.source.machine.status)/\(world.destination.machine.status)", trace: world.trace)
}
