import Environment
import MigrationCore

// Postcopy: the package, the pages behind it, those that are asked for, and the recovery.
extension SimulatedSource {
    // MARK: The switch

    func switchToPostcopy() {
        written {
            .spoke
        } then: { [self] _ in
            endPart { self.sendPackage() }
        }
    }

    private func sendPackage() {
        var isLeft = Array(repeating: false, count: memory.count)
        for page in left { isLeft[page] = true }
        world.channel.send(.discard(left))
        world.channel.send(.packageBegins)
        let number = lastNumber
        world.after(world.microseconds(10...3000)) { [self] in
            guard isAlive, underWay == number else { return }
            guard world.channel.takesBytes else { return finish(.failed("Unable to write: broken")) }
            following = FollowingPages(isLeft)
            stateHasLeft = true
            world.channel.send(.packageEnds)
            world.channel.send(.ping(4))
            if world.oneIn(4) { world.postcopyHasChanged() }
            outcome { [self] in .postcopySwitched(left: following?.count ?? 0) }
        }
    }

    // MARK: Pages

    func follow(_ limit: Int) -> SourceMachine.Event {
        let pages = following?.take(limit) ?? []
        pages.forEach(countSent)
        world.channel.send(.pages(pages.map { ($0, memory[$0]) }))
        return .sent(
            left: following?.count ?? 0, bytes: UInt64((sentCount - urgentCount) * MigrationCore.pageSize),
            pages: UInt64(sentCount))
    }

    /// The guest waits for this page: it overtakes the others, in a thread of its own.
    func serve(_ page: Int) {
        let asked = world.channel
        world.after(world.microseconds(5...100)) { [self] in
            guard isAlive, world.channel === asked, following != nil else { return }
            let isUnsent = following?.takeOne(page) ?? false
            guard isUnsent || world.settings.sabotage == .sendRequestedTwice else { return }
            let channel = world.preemptChannel ?? world.channel
            guard channel.takesBytes else { return channelLost() }
            countSent(page)
            urgentCount += 1
            channel.send(.pages([(page, memory[page])]))
        }
    }

    /// A source that does what it must not: it sends a page that it has sent.
    func repeatPage() {
        guard isAlive, following != nil, machine.status == .postcopyActive else { return }
        let page = Int(world.random(0...UInt64(memory.count - 1)))
        guard mayBeSent[page] == 0 else { return }
        (world.preemptChannel ?? world.channel).send(.pages([(page, memory[page])]))
    }

    func endPostcopy() -> SourceMachine.Event {
        if let urgent = world.preemptChannel, !urgent.takesBytes { return .failed("Unable to write: broken") }
        world.channel.send(.endOfPages)
        world.preemptChannel?.send(.endOfPages)
        return .postcopyEnded
    }

    func ping() -> SourceMachine.Event {
        world.channel.send(.ping(5))
        return .spoke
    }

    // MARK: Lost channels

    /// Whoever finds a channel broken, beside the action that is under way, tells the machine.
    func channelLost() { if following != nil { post(.channelBroke("Unable to use it: broken")) } }

    func breakChannels() {
        for channel in [world.channel, world.preemptChannel].compactMap({ $0 }) {
            // What was under way arrives, or does not.
            if world.oneIn(2) { channel.breakOff() } else { channel.closeSource() }
        }
        guard let number = underWay, !isMachineAtWork else { return }
        world.after(world.microseconds(1...2000)) { [self] in
            guard isAlive, underWay == number else { return }
            heard(.failed("cut", endMayHaveLeft: stateHasLeft))
        }
    }

    // MARK: Recovery

    /// The operator tells where to go on.
    func resume(at listener: Int) {
        guard isAlive, machine.mayResume else { return }
        listenerToUse = listener
        post(.resume)
    }

    func reconnect() {
        if world.settings.releasesRAM { world.checker.violated("what was given up is to be sent again") }
        let number = lastNumber
        world.after(world.microseconds(100...(world.oneIn(10) ? 4_000_000 : 3000))) { [self] in
            guard isAlive, underWay == number else { return }
            guard world.destination.takesRecovery(listenerToUse) else { return finish(.failed("Connection refused")) }
            hasReconnected = true
            world.renewChannels()
            world.destination.recoveryConnected()
            finish(.reconnected)
        }
    }

    func recover(until deadline: Nanoseconds) {
        answers = []
        guard world.channel.takesBytes else { return outcome { .failed("Unable to write: broken") } }
        world.channel.send(.askReceived)
        let number = lastNumber
        guard deadline != .never else { return }
        world.after(deadline - world.now) { [self] in
            if isAlive, underWay == number { finish(.failed("The destination said nothing")) }
        }
    }

    /// The operator has seen that the destination is dead.
    func takeBack() {
        guard isAlive, !world.destination.isAlive, machine.mayTakeBack else { return }
        if heardRuns { world.checker.violated("a guest that was heard of elsewhere is taken back") }
        if world.settings.releasesRAM { world.checker.violated("a guest is taken back whose pages were given up") }
        post(.takeBack)
    }

    /// Whoever listens hears of a failure, and so does whoever waits for the last word.
    private func hearRefusal(_ word: UInt32) {
        if !heardRuns { heardRefusal = true }
        if isWaitingForPeer, world.oneIn(2) { heard(.peerSaid(word)) }
        post(.peerGaveUp(word))
    }

    /// What is said on the return path in postcopy; false if it is something else.
    func takePostcopyAnswer(_ answer: Answer) -> Bool {
        switch answer {
        case .request(let page): serve(page)
        case .pong(4) where !hasReconnected:
            heardRuns = true
            post(.peerRuns)
        case .shut(let word) where word != 0 && !hasReconnected: hearRefusal(word)
        case .received(let isThere) where machine.status == .postcopyRecover:
            heardRuns = true
            post(.peerRuns)
            if world.settings.sabotage != .forgetReceivedBitmap { sendAgain(isThere) }
            world.channel.send(.resume)
        case .resumed where machine.status == .postcopyRecover:
            heardRuns = true
            finish(.recovered(left: following?.count ?? 0))
        default: return false
        }
        return true
    }

    private func sendAgain(_ isThere: [Bool]) {
        following = FollowingPages(isThere.map { !$0 })
        mayBeSent = isThere.map { $0 ? 0 : 1 }
    }
}
