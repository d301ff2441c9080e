import Environment

// Postcopy: the guest moves first, and the pages that are missing there follow it.
extension SourceMachine {
    /// Whether a paused postcopy can be resumed now: it stands, and what was sent is still here.
    public var mayResume: Bool { phase == .postcopyPaused && !isQuitting && !configuration.releasesRAM }

    /// Whether an operator may have the guest of a paused postcopy back: nothing shows that it has run elsewhere, and all of
    /// it is here. Whether the destination is dead, or runs it unheard, only the operator can know.
    public var mayTakeBack: Bool {
        phase == .postcopyPaused && !isQuitting && mayGoOnHere
    }

    /// Whether that is being found out: what the channels still hold is heard first.
    public var isTakingBack: Bool { phase == .takingBack }

    private var mayGoOnHere: Bool { guestIsHere || configuration.brokenRule == .takeBackWhatRuns }

    /// Whether the destination of a postcopy has answered that it takes the guest over, as far as was heard.
    public var hasRunElsewhere: Bool { guestRunsThere }

    /// Nothing was heard of the guest at the destination, and nothing of it was given up here.
    private var guestIsHere: Bool { !guestRunsThere && !configuration.releasesRAM }

    /// Whether the destination may run the guest although its memory has not moved wholly. From then on the guest runs here
    /// again only if the destination says that it never ran there, or an operator answers for that.
    var hasSwitched: Bool { isPostcopy && endMayHaveLeft }

    /// The limit that holds now.
    var bandwidthLimit: UInt64 { hasSwitched ? tunables.maxPostcopyBandwidth : tunables.maxBandwidth }

    // MARK: The switch

    mutating func startPostcopy(_ actions: inout [Action]) {
        guard configuration.mayPostcopy, !configuration.isCOLO, !configuration.isBackgroundSnapshot else { return }
        wantsPostcopy = true
        // A wait for bandwidth is a boundary between batches, with pages left behind it.
        guard status == .active, pendingVerdict == nil, case .pacing = phase else { return }
        beginPostcopy(&actions)
    }

    mutating func beginPostcopy(_ actions: inout [Action]) {
        isPostcopy = true
        // With a pause before the switchover, clients are told when that is over.
        if !configuration.pausesBeforeSwitchover { step(to: .postcopyActive, &actions) }
        begin(.halting, .haltGuest, &actions)
    }

    private mutating func switched(_ now: Nanoseconds, _ actions: inout [Action]) {
        switchedAt = now
        isCommitted = true
        releaseThrottle(&actions)
    }

    /// Sends what is left, at the pace of postcopy.
    private mutating func followGuest(left: Int, _ now: Nanoseconds, _ actions: inout [Action]) {
        limiter = RateLimiter(bytesPerSecond: bandwidthLimit, now: now)
        pacedBytes = nil
        nextPing = now + configuration.pausedInterval
        guard left > 0 else { return begin(.endingPostcopy, .endPostcopy, &actions) }
        sendBatch(&actions)
    }

    // MARK: Outcomes

    /// The outcome of whatever was under way when the destination might run the guest.
    mutating func postcopyOutcome(_ event: Event, _ now: Nanoseconds, _ actions: inout [Action]) {
        if isQuitting { return conclude(.cancelled, now, &actions) }
        if switchedAt == nil { switched(now, &actions) }
        // All of it is there, whoever wanted a pause meanwhile.
        if case .awaitingPeer = phase, event == .peerSaid(0) { return conclude(.completed, now, &actions) }
        if let refusal { return endRefused(refusal, now, &actions) }
        if let why = pauseWanted { return standStill(why, now, &actions) }
        switch (phase, event) {
        case (.switching, .postcopySwitched(let left)): followGuest(left: left, now, &actions)
        case (.reconnecting, .reconnected):
            step(to: .postcopyRecover, &actions)
            begin(.recovering, .recover(until: peerDeadline(now)), &actions)
        case (.reconnecting, _): remainPaused(Self.fault(event), &actions)
        case (.takingBack, .lastWordsHeard) where mayGoOnHere: concludeTakenBack(now, &actions)
        // It runs there after all, or is not known not to.
        case (.takingBack, _): phase = .postcopyPaused
        // The last word of channels that are given up.
        case (.postcopyPaused, _): break
        case (.recovering, .recovered(let left)):
            step(to: .postcopyActive, &actions)
            followGuest(left: left, now, &actions)
        case (.recovering, _):
            let why = Self.fault(event)
            standStill(why, now, &actions)
            actions.append(.reportRefusal(why))
        case (.sending, .sent(let left, let bytes, let pages)):
            bandwidth.note(bytes: bytes, pages: pages, now: now)
            batchSent(left: left, bytes: bytes, now, &actions)
        case (.speakingBetweenBatches(let until), .spoke): spokeBetweenBatches(until, now, &actions)
        case (.endingPostcopy, .postcopyEnded): awaitPeer(now, &actions)
        case (.awaitingPeer, .peerSaid(let word)) where guestIsHere:
            endRefused(Self.refusal(word), now, &actions)
        default: standStill(Self.fault(event), now, &actions)
        }
    }

    private static func fault(_ event: Event) -> String {
        switch event {
        case .failed(let why, _): why
        case .peerSaid(let word): "The destination gave up (SHUT \(word))"
        case .peerLeft: "The destination closed the channel"
        default: "The channel was cut"
        }
    }

    // MARK: A guest that comes back

    private static func refusal(_ word: UInt32) -> String {
        "The destination failed before it ran the guest (SHUT \(word))"
    }

    /// A destination says that it failed only as long as its guest has never run. It comes back once nothing is under way.
    mutating func peerGaveUp(_ word: UInt32, _ now: Nanoseconds, _ actions: inout [Action]) {
        guard isPostcopy, guestIsHere else {
            return pausePostcopy("The destination said SHUT \(word) before it had all pages", now, &actions)
        }
        switch phase {
        case .settling, .ended: break
        case .pacing, .postcopyPaused: endRefused(Self.refusal(word), now, &actions)
        default:
            refusal = Self.refusal(word)
            actions.append(.breakChannel)
        }
    }

    private mutating func endRefused(_ why: String, _ now: Nanoseconds, _ actions: inout [Action]) {
        peerFailed = true
        conclude(status == .cancelling ? .cancelled : .failed(why), now, &actions)
    }

    mutating func takeBack(_ now: Nanoseconds, _ actions: inout [Action]) {
        guard mayTakeBack else { return }
        begin(.takingBack, .hearLastWords(until: now + configuration.lastWordsTimeout), &actions)
    }

    private mutating func concludeTakenBack(_ now: Nanoseconds, _ actions: inout [Action]) {
        peerFailed = true
        let why = "The guest was taken back by command from a postcopy that was paused"
        conclude(.failed(pauseReason.map { "\(why) (\($0))" } ?? why), now, &actions)
    }

    // MARK: Paused

    mutating func pausePostcopy(_ why: String, _ now: Nanoseconds, _ actions: inout [Action]) {
        if status == .postcopyActive { giveWay(why, now, &actions) }
    }

    /// A cancel once postcopy was decided on; false if it is one of an ordinary migration, which takes the guest back.
    mutating func cancelPostcopy(_ now: Nanoseconds, _ actions: inout [Action]) -> Bool {
        switch phase {
        case .halting, .paused, .speaking, .harvestingLast: return false
        case .settling, .postcopyPaused, .reconnecting, .recovering, .takingBack: return true
        default: break
        }
        guard status == .postcopyActive else { return true }
        step(to: .cancelling, &actions)
        // Whether the destination may run the guest is known once this is over; if not, it comes back.
        if phase == .switching { pendingVerdict = .cancelled }
        giveWay("It was cancelled, and can be resumed", now, &actions)
        return true
    }

    /// Ends what is under way, and pauses then.
    private mutating func giveWay(_ why: String, _ now: Nanoseconds, _ actions: inout [Action]) {
        switch phase {
        case .settling, .ended: break
        case .pacing: standStill(why, now, &actions)
        // Nothing is under way on the channel: the guest moves first.
        case .halting, .harvestingLast: pauseWanted = why
        default:
            // The first reason is that of all others.
            pauseWanted = pauseWanted ?? why
            actions.append(.breakChannel)
        }
    }

    /// The channels are given up. The destination runs the guest as long as it misses no page; here it stands.
    private mutating func standStill(_ why: String, _ now: Nanoseconds, _ actions: inout [Action]) {
        if configuration.brokenRule == .resumeSourceInPostcopy { return conclude(.failed(why), now, &actions) }
        (pauseWanted, pendingVerdict) = (nil, nil)
        pauseReason = why
        phase = .postcopyPaused
        step(to: .postcopyPaused, &actions)
        actions.append(.breakChannel)
    }

    private mutating func remainPaused(_ why: String, _ actions: inout [Action]) {
        phase = .postcopyPaused
        actions.append(.reportRefusal(why))
    }

    mutating func resumePostcopy(_ actions: inout [Action]) {
        guard mayResume else { return }
        expectedDowntime = tunables.downtimeLimit
        begin(.reconnecting, .reconnect, &actions)
    }
}
