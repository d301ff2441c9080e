/// The protocol of a migration as pure state machines: events and the time come in, actions come out. Nothing here
/// touches a channel, a thread, guest memory or a clock; the module Migration carries the actions out, and Simulation
/// does the same over simulated channels.
///
/// - `SourceMachine`: connect, setup, the wait for the guest's primary cards, rounds over the dirty log, switchover (with
///   a pause before it, if that is wanted), the devices or the package of postcopy and the pages behind it, and the end:
///   completed, failed, cancelled, or COLO.
/// - `DestinationMachine`: accept, load, start the guest, in postcopy place what follows it, tell the source.
/// - `DataChannelBarrier` keeps pages that travel on several channels in order, at either end.
/// - `RateLimiter` keeps a source below its bandwidth, `AutoConverge` slows a guest down that dirties faster than is
///   sent, `BandwidthMeter` tells what the channel carries. All are values that the source machine owns.
///
/// **One action at a time.** Of the actions that take their time (`SourceMachine.Action.isLasting`) one is under way at
/// most, and its outcome comes back as an event. Whatever else happens meanwhile, a cancel, a failure, a new limit, is
/// another event; the machine notes what follows from it, and cuts the action short if it has to: with `interrupt` at the
/// end of everything, with `breakChannel` where it may go on. So there is no point at which a cancel is not looked at.
///
/// **Primary cards.** A guest with a failover pair is asked to give its primary card up as soon as there is a channel, and
/// moves without it; how long that takes is up to the guest, and to the operator who may cancel. A guest that stays gets
/// it back, after clients were told how the migration ended.
///
/// **Who runs the guest.** Until the byte that ends the sections has left, the destination cannot run the guest: whatever
/// fails, it goes on at the source. Afterwards only the destination's word tells. If it says that it failed, the guest
/// goes on at the source; if it says nothing (the channel broke, the deadline passed), it may be running there, and the
/// source keeps its guest stopped and says why: twice is worse than not at all, and an operator can look at both.
/// A command that takes the stream is no destination: if it ends and nobody has ever spoken through it, nobody has the
/// guest; if somebody has and it fails, the last word may be lost. One that lets nothing be heard is told that the stream
/// is over, since it may wait for that (`cat > file`).
/// Without a return path the destination's word is never heard, and a stream that has left wholly counts as completed.
///
/// **Postcopy.** If the operator wants it, the guest moves first and its memory follows. The source stops it, tells the
/// destination which pages there are old, and sends a package with all devices. Until the end of the package may have
/// left, the destination cannot run the guest: whatever fails, it goes on at the source. At the destination the guest runs
/// as soon as the package is there wholly and valid, and waits for a page only if that is missing. From then on each side has
/// memory that the other lacks, and the guest never runs at the source again.
/// In between the source knows only what it hears. A destination that fails before it has run the guest says so (SHUT, not 0),
/// and never says that afterwards; so who hears it on the channel that took the package, and has heard no answer to what
/// stands behind the package, gives the guest back to the source. If nothing is heard, the guest stands at the source; an
/// operator who knows that the destination is dead may take it back there, unless it is known to have run. Pages that were
/// given up (`releasesRAM`) cannot come back either way.
/// What is newer than what: a page that the destination was told to forget is old there until it comes anew, and each comes
/// once, on whichever channel, asked for or not. What is there is the newest there is, for the guest may have written to it
/// at once; so whatever else comes for it is dropped. The source keeps each page until the destination has said that it
/// has all of them; one that gives them up earlier (`releasesRAM`) cannot recover.
///
/// **Paused.** A channel that breaks in postcopy, a peer that falls silent, a pause or a cancel by the operator end the
/// channels and nothing else: the guest stands at the source, and at the destination it runs as long as it misses no page.
/// Either side waits there for its operator, without a deadline. When both have been told the same new address, the
/// destination says of each page whether it has it; the source takes all others for unsent, whatever it had sent; and
/// both go on. A try that fails leaves them paused, and may be repeated. A process that ends takes with it what it had.
///
/// **Background snapshots.** The guest stands for a moment only and goes on at the source, whatever comes of it: what
/// leaves is the guest of that moment, which a destination may run as well. So a cancel is obeyed until the very end. However
/// it ends, the last thing that is done is to let the guest write without a look at the snapshot.
public enum MigrationCore {
    /// Bytes of a guest page, the unit of everything that is counted here.
    public static let pageSize = 4096
    /// How many pages are sent between two looks at what else happened.
    public static let pagesPerBatch = 256
}

/// A rule to break on purpose, to show that the simulator's checkers notice.
public enum BrokenMigrationRule: String, Sendable, CaseIterable {
    /// The source goes on with its guest although the destination may run it.
    case resumeWhenUnsure = "resume-when-unsure"
    /// What the guest dirtied in the last round is not sent.
    case skipLastHarvest = "skip-last-harvest"
    /// A cancel is obeyed after the whole state has left.
    case cancelAfterCommitment = "cancel-after-commitment"
    /// The source completes without the destination's word.
    case completeUnheard = "complete-unheard"
    /// The source waits for the destination's word without a deadline.
    case waitForEver = "wait-for-ever"
    /// The destination starts the guest when the stream breaks off after the last page.
    case startTorn = "start-torn"
    /// A guest that stood for the switchover is not resumed when the migration is cancelled.
    case forgetGuest = "forget-guest"
    /// A guest that stays does not get its primary card back.
    case keepPrimary = "keep-primary"
    /// Pages that were sent are sent again in the last round.
    case sendTwice = "send-twice"
    /// A page of a snapshot is sent as it is when its turn comes, not as it was.
    case sendLateSnapshot = "send-late-snapshot"
    /// A snapshot that has ended goes on holding the guest up.
    case keepSnapshot = "keep-snapshot"
    /// A failure in postcopy gives the guest back to the source.
    case resumeSourceInPostcopy = "resume-source-in-postcopy"
    /// An operator gets a guest back that is known to have run at the destination.
    case takeBackWhatRuns = "take-back-what-runs"
    /// The destination starts the guest when the stream breaks off before the package of postcopy is there.
    case runBeforePackage = "run-before-package"
    /// The destination keeps the pages that it is told to forget.
    case keepDiscarded = "keep-discarded"
    /// The destination places a page although it is there.
    case placeTwice = "place-twice"
    /// A page that has been sent is sent again when the destination asks for it.
    case sendRequestedTwice = "send-requested-twice"
    /// A postcopy that is resumed goes on as if nothing had been lost.
    case forgetReceivedBitmap = "forget-received-bitmap"
    /// The destination takes what data channels bring whenever it comes.
    case ignoreBarrier = "ignore-barrier"
    /// A data channel goes on behind the end of a part although another has not handed in its SYNC.
    case releaseChannelAlone = "release-channel-alone"
}
