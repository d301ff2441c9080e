import Environment
import MigrationCore

// Postcopy: the pages that follow the guest, those that it waits for, and the recovery.
extension SimulatedDestination {
    // MARK: Pages

    /// Takes what has come, from the package on, whatever else is under way.
    func receive() {
        guard isAlive, takesPages else { return }
        while !inbox.isEmpty { take(inbox.removeFirst(), hasEnded: &mainHasEnded) }
        while !urgentInbox.isEmpty { take(urgentInbox.removeFirst(), hasEnded: &urgentHasEnded) }
        guard let event = receptionOutcome else { return }
        if applicationNeeds != nil, case .failed = event {
            return finishApplying(.failed("a device waits for a page in vain"))
        }
        guard isReceiving else { return }
        (isReceiving, takesPages) = (false, false)
        post(event)
    }

    private func take(_ item: StreamItem, hasEnded: inout Bool) {
        switch item {
        case .pages(let pages): for (page, version) in pages { place(page, version) }
        case .endOfPages: hasEnded = true
        case .ping(let value):
            pings.append(value)
            if isReceiving { answerPings() }
        default: world.checker.violated("\(item) in the middle of postcopy")
        }
    }

    private func answerPings() {
        for value in pings { world.channel.answer(.pong(value)) }
        pings = []
    }

    private var receptionOutcome: DestinationMachine.Event? {
        let main = world.channel
        if mainHasEnded, urgentHasEnded || world.preemptChannel == nil {
            let missing = isHere.count { !$0 }
            return missing == 0 ? .pagesLoaded : .failed("\(missing) pages are missing at the end")
        }
        if !mainHasEnded, main.destinationEnd != .open { return .failed("Unable to read: broken") }
        if let urgent = world.preemptChannel, !urgentHasEnded, urgent.destinationEnd != .open {
            return .failed("Unable to read: broken")
        }
        return nil
    }

    private func place(_ page: Int, _ version: UInt64) {
        // What is here is the newest there is.
        guard !isHere[page] || world.settings.sabotage == .placeTwice else { return }
        if isHere[page] { world.checker.violated("page \(page) was placed where one is") }
        memory[page] = version
        isHere[page] = true
        if applicationNeeds == page { finishApplying(.stateApplied) }
        guest.arrived(page)
    }

    func discard(_ pages: [Int]) {
        if world.settings.sabotage == .keepDiscarded { return }
        for page in pages { isHere[page] = false }
    }

    /// Asks for a page once, or once more after a recovery.
    func demand(_ page: Int) {
        guard takesPages, demanded.insert(page).inserted else { return }
        world.channel.answer(.request(page))
    }

    // MARK: The devices

    /// Devices may need a page when they are loaded.
    func applyState() {
        isApplying = true
        guard isPostcopy, world.oneIn(8) else {
            return outcome { [self] in
                isApplying = false
                return world.settings.acceptsDevices ? .stateApplied : .failed("devices that do not fit")
            }
        }
        let page = Int(world.random(0...UInt64(memory.count - 1)))
        applicationNeeds = page
        if isHere[page] { return world.after(.zero) { [self] in finishApplying(.stateApplied) } }
        demand(page)
        watchForStall { [self] in
            isApplying
        } then: { [self] in
            finishApplying(.failed("nothing came"))
        }
        receive()
    }

    private func finishApplying(_ event: DestinationMachine.Event) {
        guard isAlive, isApplying else { return }
        (isApplying, applicationNeeds) = (false, nil)
        post(event)
    }

    func receivePages() {
        isReceiving = true
        answerPings()
        watchForStall { [self] in
            isReceiving
        } then: { [self] in
            (isReceiving, takesPages) = (false, false)
            post(.failed("nothing came for a while"))
        }
        world.after(.zero) { [self] in receive() }
    }

    // MARK: Recovery

    func breakChannels() {
        (inbox, urgentInbox, pings) = ([], [], [])
        (mainHasEnded, urgentHasEnded) = (false, false)
        world.channel.breakOff()
        world.preemptChannel?.breakOff()
    }

    /// The operator gives a new address.
    func requestRecovery() {
        guard isAlive, machine.mayRecover else { return }
        listener += 1
        post(.recoverRequested)
    }

    /// Whether a source that goes to this listener finds somebody there.
    func takesRecovery(_ number: Int) -> Bool { isAlive && isAcceptingRecovery && number == listener }

    func recoveryConnected() {
        isAcceptingRecovery = false
        lastArrival = world.now
        (inbox, urgentInbox) = ([], [])
        // The channel of urgent pages may be lost on its way: both have to be there.
        guard world.preemptChannel == nil || !world.oneIn(20) else {
            let lost = world.channel
            return world.after(.seconds(10)) { [self] in
                guard world.channel === lost, !isAcceptingRecovery, isAlive, !isOver else { return }
                breakChannels()
                post(.turnedAway("the other channel did not come", anotherMayCome: true))
            }
        }
        world.after(.zero) { [self] in post(.accepted) }
    }

    /// Somebody connects who is not the source.
    func strangerComes() {
        guard isAlive, isAcceptingRecovery else { return }
        isAcceptingRecovery = false
        post(.turnedAway("no source", anotherMayCome: world.oneIn(2)))
    }

    func recover() {
        isRecovering = true
        watchForStall { [self] in
            isRecovering
        } then: { [self] in
            finishRecovering(.failed("nothing came"))
        }
        world.after(.zero) { [self] in answerRecovery() }
    }

    func answerRecovery() {
        while isAlive, isRecovering, !inbox.isEmpty {
            switch inbox.removeFirst() {
            case .askReceived: world.channel.answer(.received(isHere))
            case .resume:
                world.channel.answer(.resumed)
                (takesPages, demanded) = (true, [])
                for page in guest.waitedFor { demand(page) }
                finishRecovering(.resumed)
            default: world.checker.violated("a recovery begins with something else")
            }
        }
        if isRecovering, world.channel.destinationEnd != .open { finishRecovering(.failed("Unable to read: broken")) }
    }

    private func finishRecovering(_ event: DestinationMachine.Event) {
        guard isAlive else { return }
        isRecovering = false
        post(event)
    }
}
