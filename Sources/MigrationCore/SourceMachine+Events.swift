public import Environment

extension SourceMachine {
    /// Begins: clients are told of `setup`, and the channel is made.
    public mutating func start(now: Nanoseconds) -> [Action] {
        guard phase == .idle else { return [] }
        var actions: [Action] = []
        startedAt = now
        step(to: .setup, &actions)
        begin(.connecting, .connect, &actions)
        return actions
    }

    /// Takes an event and returns what follows from it.
    public mutating func handle(_ event: Event, now: Nanoseconds) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .cancel: cancel(now, &actions)
        case .quit: quit(now, &actions)
        case .goOn: goOn(now, &actions)
        case .startPostcopy: startPostcopy(&actions)
        case .pause: pausePostcopy("It was paused", now, &actions)
        case .channelBroke(let why): pausePostcopy(why, now, &actions)
        case .peerRuns: guestRunsThere = guestRunsThere || isPostcopy
        case .peerGaveUp(let word): peerGaveUp(word, now, &actions)
        case .resume: resumePostcopy(&actions)
        case .takeBack: takeBack(now, &actions)
        case .tuned(let changed): tune(changed, now, &actions)
        case .timer: deadlineReached(now, &actions)
        case .coloPass: countPass(&actions)
        case .coloFinished:
            guard status == .colo else { break }
            step(to: .completed, &actions)
        default: outcome(event, now, &actions)
        }
        return actions
    }

    /// Begins what takes its time.
    mutating func begin(_ next: Phase, _ action: Action, _ actions: inout [Action]) {
        phase = next
        actions.append(action)
    }

    // MARK: Outcomes

    private mutating func outcome(_ event: Event, _ now: Nanoseconds, _ actions: inout [Action]) {
        note(event)
        if case .settling(let verdict) = phase {
            if event == .guestSettled { settled(verdict, now, &actions) }
            return
        }
        guard phase != .ended else { return }
        // COLO has the channel until it says otherwise; the status is told by `coloFinished`.
        if phase == .colo {
            if event == .coloEnded { finish(now, &actions) }
            return
        }
        if hasSwitched { return postcopyOutcome(event, now, &actions) }
        if peerHasGuest, phase == .closing, pendingVerdict == nil { return conclude(.completed, now, &actions) }
        if case .failed(let why, _) = event { return conclude(pendingVerdict ?? .failed(why), now, &actions) }
        if case .interrupted = event {
            return conclude(pendingVerdict ?? .failed("The migration was cancelled"), now, &actions)
        }
        if let verdict = pendingVerdict { return conclude(verdict, now, &actions) }
        advance(event, now, &actions)
    }

    /// What an outcome tells whatever comes next.
    private mutating func note(_ event: Event) {
        switch event {
        case .primariesHeld(let count): (primariesAreHeld, primariesToUnplug) = (true, count)
        case .halted: guestStands = true
        case .snapshotBegun(_, let pause): snapshotPause = pause
        case .stateSent, .postcopySwitched: endMayHaveLeft = true
        case .failed(_, let mayHaveLeft), .interrupted(let mayHaveLeft):
            // A destination of COLO counts on nothing before the very last byte is there, which then has not left.
            if !configuration.isCOLO { endMayHaveLeft = endMayHaveLeft || mayHaveLeft }
        case .peerSaid(0): peerHasGuest = true
        case .recovered: guestRunsThere = true
        case .sent(_, let bytes, _), .setUp(_, let bytes): bytesSent = bytes
        // In postcopy they mean something else.
        case _ where hasSwitched: break
        case .peerSaid: peerFailed = true
        // With a return path the destination's own word is what counts.
        case .streamFailed: peerFailed = !peerHasGuest
        case .peerLeft: peerFailed = true
        // It took everything, and nobody ever spoke through it: then nobody has the guest. If somebody did, a command that
        // fails may have lost the last word.
        case .commandEnded(let heard, let failure): peerFailed = !heard || failure == nil
        default: break
        }
    }

    private mutating func advance(_ event: Event, _ now: Nanoseconds, _ actions: inout [Action]) {
        switch (phase, event) {
        case (.connecting, .connected):
            if configuration.hasPrimaries { return begin(.holdingPrimaries, .holdPrimaries, &actions) }
            begin(.settingUp, .sendSetup, &actions)
        case (.holdingPrimaries, .primariesHeld): begin(.settingUp, .sendSetup, &actions)
        case (.settingUp, .setUp):
            if !configuration.isBackgroundSnapshot { countPass(&actions) }
            guard primariesToUnplug > 0 else { return beginRounds(now, &actions) }
            step(to: .waitUnplug, &actions)
            awaitUnplug(now, &actions)
        case (.awaitingUnplug, .stillPlugged): begin(.speakingOfUnplug, .sendEmptyPart, &actions)
        case (.speakingOfUnplug, .spoke): awaitUnplug(now, &actions)
        case (.awaitingUnplug, .unplugged): beginRounds(now, &actions)
        case (.beginningSnapshot, .snapshotBegun): sendBatch(&actions)
        case (.sending, .sent(let left, let bytes, let pages)):
            bandwidth.note(bytes: bytes, pages: pages, now: now)
            batchSent(left: left, bytes: bytes, now, &actions)
        case (.speakingBetweenBatches(let until), .spoke): spokeBetweenBatches(until, now, &actions)
        case (.harvesting, .harvested(let pages)):
            countPass(&actions)
            judge(pages, now, &actions)
        case (.halting, .halted): halted(now, &actions)
        case (.asking, .switchoverAllowed): takeLast(&actions)
        case (.speaking, .spoke):
            phase = .paused(nextWord: now + configuration.pausedInterval)
            if mayGoOn { goOn(now, &actions) }
        case (.harvestingLast, .harvested):
            countPass(&actions)
            sendLast(&actions)
        case (.sendingLast, .sent(let left, _, _)):
            if left > 0 { return actions.append(.sendPages(MigrationCore.pagesPerBatch)) }
            isCommitted = configuration.brokenRule != .cancelAfterCommitment
            begin(.sendingState, .sendState, &actions)
        case (.sendingState, .stateSent): stateSent(now, &actions)
        case (.awaitingPeer, .peerSaid(let word)):
            if word != 0 {
                return conclude(.failed("The destination failed to load the guest (SHUT \(word))"), now, &actions)
            }
            begin(.closing, .closeStream, &actions)
        case (.awaitingPeer, .peerLeft), (.awaitingPeer, .commandEnded(heard: true, failure: nil)):
            conclude(.failed("The destination closed the channel without saying that it has the guest"), now, &actions)
        case (.awaitingPeer(let deadline), .peerSilent): actions.append(.hearOut(until: deadline))
        case (.awaitingPeer, .commandEnded(let heard, let failure?)):
            let silence = heard ? " before the destination said that it has the guest" : ""
            conclude(.failed(failure + silence), now, &actions)
        case (.awaitingPeer, .commandEnded):
            let advice = "with return-path off, a stream may go into a file"
            conclude(.failed("The command took the stream, and no destination answered; \(advice)"), now, &actions)
        case (.closing, .streamFailed(let why)): conclude(.failed(why), now, &actions)
        case (.closing, .streamClosed): conclude(.completed, now, &actions)
        default: break
        }
    }

    // MARK: Rounds

    private mutating func awaitUnplug(_ now: Nanoseconds, _ actions: inout [Action]) {
        begin(.awaitingUnplug, .awaitUnplug(until: now + configuration.pausedInterval), &actions)
    }

    private mutating func beginRounds(_ now: Nanoseconds, _ actions: inout [Action]) {
        setupTime = now - startedAt
        bandwidth.begin(bytes: bytesSent, now: now)
        convergence = AutoConverge(now: now, sent: bytesSent)
        limiter = RateLimiter(bytesPerSecond: bandwidthLimit, now: now)
        step(to: .active, &actions)
        if configuration.isBackgroundSnapshot { return begin(.beginningSnapshot, .beginSnapshot, &actions) }
        sendBatch(&actions)
    }

    mutating func sendBatch(_ actions: inout [Action]) {
        var pages = MigrationCore.pagesPerBatch
        // A batch never takes longer than a window of the bandwidth limit, if it can be that small.
        if let budget = limiter.bytesPerWindow {
            pages = Int(min(UInt64(pages), max(1, budget / UInt64(MigrationCore.pageSize))))
        }
        begin(.sending, .sendPages(pages), &actions)
    }

    mutating func batchSent(left: Int, bytes: UInt64, _ now: Nanoseconds, _ actions: inout [Action]) {
        let pause = limiter.pause(afterSending: bytes - min(bytes, pacedBytes ?? bytes), now: now)
        pacedBytes = bytes
        if left > 0 {
            if wantsPostcopy, !isPostcopy { return beginPostcopy(&actions) }
            // Pages show that this side lives, and only an answer that the other one does.
            if hasSwitched, now >= nextPing {
                return begin(.speakingBetweenBatches(until: pause ?? now), .sendPing, &actions)
            }
            if let pause { return pace(until: pause, now) }
            return sendBatch(&actions)
        }
        if isPostcopy { return begin(.endingPostcopy, .endPostcopy, &actions) }
        if configuration.isBackgroundSnapshot { return begin(.sendingState, .sendState, &actions) }
        // As long as nothing was measured, the round was so short that the next one will be, too.
        if bandwidth.bytesPerMillisecond == 0 { return begin(.halting, .haltGuest, &actions) }
        begin(.harvesting, .harvest, &actions)
    }

    /// Waits for bandwidth. A destination that heard nothing for long would take this side for dead.
    private mutating func pace(until end: Nanoseconds, _ now: Nanoseconds) {
        phase = .pacing(until: end, nextWord: hasSwitched ? nextPing : now + configuration.pausedInterval)
    }

    mutating func spokeBetweenBatches(_ until: Nanoseconds, _ now: Nanoseconds, _ actions: inout [Action]) {
        nextPing = now + configuration.pausedInterval
        if wantsPostcopy, !isPostcopy { return beginPostcopy(&actions) }
        if now >= until { return sendBatch(&actions) }
        pace(until: until, now)
    }

    private mutating func judge(_ pages: Int, _ now: Nanoseconds, _ actions: inout [Action]) {
        let milliseconds = Double(pages * MigrationCore.pageSize) / bandwidth.bytesPerMillisecond
        expectedDowntime = UInt64(milliseconds)
        if wantsPostcopy, pages > 0 { return beginPostcopy(&actions) }
        if milliseconds <= Double(tunables.downtimeLimit) { return begin(.halting, .haltGuest, &actions) }
        if convergence.notePass(dirtied: pages, sent: bytesSent, now: now, settings: tunables.autoConverge) {
            throttle(&actions)
        }
        sendBatch(&actions)
    }

    private mutating func throttle(_ actions: inout [Action]) {
        guard convergence.percentage != throttlePercentage else { return }
        throttlePercentage = convergence.percentage
        actions.append(.throttle(throttlePercentage))
    }

    // MARK: Switchover

    private mutating func halted(_ now: Nanoseconds, _ actions: inout [Action]) {
        haltedAt = now
        guard configuration.pausesBeforeSwitchover else { return askSwitchover(&actions) }
        step(to: .preSwitchover, &actions)
        phase = .paused(nextWord: now + configuration.pausedInterval)
    }

    private mutating func goOn(_ now: Nanoseconds, _ actions: inout [Action]) {
        guard status == .preSwitchover, pendingVerdict == nil else { return }
        mayGoOn = true
        guard case .paused = phase else { return }
        step(to: isPostcopy ? .postcopyActive : .device, &actions)
        askSwitchover(&actions)
    }

    private mutating func askSwitchover(_ actions: inout [Action]) {
        guard configuration.isCOLO else { return takeLast(&actions) }
        begin(.asking, .askSwitchover, &actions)
    }

    private mutating func takeLast(_ actions: inout [Action]) {
        if configuration.brokenRule == .skipLastHarvest { return sendLast(&actions) }
        begin(.harvestingLast, .harvestLast, &actions)
    }

    private mutating func sendLast(_ actions: inout [Action]) {
        if isPostcopy { return begin(.switching, .switchToPostcopy, &actions) }
        begin(.sendingLast, .sendPages(MigrationCore.pagesPerBatch), &actions)
    }

    private mutating func stateSent(_ now: Nanoseconds, _ actions: inout [Action]) {
        releaseThrottle(&actions)
        if configuration.isCOLO {
            // The times of a run that ends in COLO tell nothing about the run; clients know them as zero.
            startedAt = .never
            haltedAt = nil
            guestStands = false
            step(to: .colo, &actions)
            return begin(.colo, .runCOLO, &actions)
        }
        guard configuration.hasReturnPath, configuration.brokenRule != .completeUnheard else {
            return begin(.closing, .closeStream, &actions)
        }
        awaitPeer(now, &actions)
    }

    mutating func awaitPeer(_ now: Nanoseconds, _ actions: inout [Action]) {
        let deadline = peerDeadline(now)
        let silence = now + configuration.commandSilence
        begin(.awaitingPeer(until: deadline), .awaitPeer(until: deadline, silence: silence), &actions)
    }

    /// Until when the destination may take for an answer.
    func peerDeadline(_ now: Nanoseconds) -> Nanoseconds {
        configuration.brokenRule == .waitForEver ? .never : now + configuration.returnPathTimeout
    }

    mutating func releaseThrottle(_ actions: inout [Action]) {
        guard throttlePercentage > 0 else { return }
        throttlePercentage = 0
        actions.append(.throttle(0))
    }

    // MARK: Time and settings

    private mutating func deadlineReached(_ now: Nanoseconds, _ actions: inout [Action]) {
        guard now >= nextDeadline else { return }
        switch phase {
        case .pacing(let until, _) where now < until:
            begin(.speakingBetweenBatches(until: until), hasSwitched ? .sendPing : .sendEmptyPart, &actions)
        case .pacing: sendBatch(&actions)
        case .paused: begin(.speaking, .sendEmptyPart, &actions)
        default: break
        }
    }

    private mutating func tune(_ changed: Tunables, _ now: Nanoseconds, _ actions: inout [Action]) {
        guard changed != tunables else { return }
        let limit = bandwidthLimit
        tunables = changed
        limiter.bytesPerSecond = bandwidthLimit
        if throttlePercentage > 0 {
            convergence.tune(changed.autoConverge)
            throttle(&actions)
        }
        // What was due under the old limit is forgotten.
        guard bandwidthLimit != limit, pendingVerdict == nil else { return }
        switch phase {
        case .pacing: sendBatch(&actions)
        case .speakingBetweenBatches: phase = .speakingBetweenBatches(until: now)
        default: break
        }
    }
}
