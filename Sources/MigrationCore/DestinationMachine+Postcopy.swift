// Postcopy: the guest is here, and the pages that it misses follow.
extension DestinationMachine {
    /// Whether a new listener is wanted for the source of a paused postcopy; it replaces one that is waited at already.
    public var mayRecover: Bool {
        switch phase {
        case .postcopyPaused, .acceptingRecovery: !isCancelled
        default: false
        }
    }

    // MARK: Outcomes

    mutating func postcopyOutcome(_ event: Event, _ actions: inout [Action]) {
        guard phase != .ended else { return }
        // The process ends, and the guest with it, wherever its memory is.
        if isCancelled { return end(&actions) }
        switch (phase, event) {
        case (.applying, .stateApplied): begin(.starting, .startGuest, &actions)
        case (.starting, .guestStarted):
            begin(.receiving, .receivePages, &actions)
            if pauseWanted != nil { actions.append(.breakChannel) }
        // Nobody has the guest then: it cannot run here, and the source cannot know that.
        case (.applying, _), (.starting, _): fail(Self.fault(event), &actions)
        case (.receiving, .pagesLoaded): complete(&actions)
        case (.receiving, _): standStill(Self.fault(event), &actions)
        case (.acceptingRecovery, .accepted):
            step(to: .postcopyRecover, &actions)
            begin(.recovering, .recover, &actions)
        case (.acceptingRecovery, .turnedAway(let why, anotherMayCome: true)):
            actions.append(.reportRefusal(why))
            begin(.acceptingRecovery, .acceptRecovery, &actions)
        case (.acceptingRecovery, _):
            phase = .postcopyPaused
            actions.append(.reportRefusal(Self.fault(event)))
        case (.recovering, .resumed):
            step(to: .postcopyActive, &actions)
            begin(.receiving, .receivePages, &actions)
        case (.recovering, _):
            let why = Self.fault(event)
            standStill(why, &actions)
            actions.append(.reportRefusal(why))
        // The last word of channels that are given up.
        default: break
        }
    }

    private static func fault(_ event: Event) -> String {
        switch event {
        case .failed(let why), .turnedAway(let why, _), .nobodyCame(let why): why
        default: "the channel was cut"
        }
    }

    private mutating func complete(_ actions: inout [Action]) {
        step(to: .completed, &actions)
        if hasReturnPath { actions.append(.shut(0)) }
        end(&actions)
    }

    // MARK: Paused

    mutating func pausePostcopy(_ actions: inout [Action]) {
        guard status == .postcopyActive, !isCancelled else { return }
        // A guest that does not run yet may need pages for that: it is paused when it does.
        guard phase == .receiving else { return pauseWanted = "it was paused" }
        breakPostcopy("it was paused", &actions)
    }

    /// The guest runs nowhere else: cut off or not, it is started.
    mutating func cutPostcopy(_ actions: inout [Action]) {
        switch phase {
        case .applying, .starting, .receiving, .recovering: breakPostcopy("it was cut", &actions)
        default: break
        }
    }

    private mutating func breakPostcopy(_ why: String, _ actions: inout [Action]) {
        pauseWanted = why
        actions.append(.breakChannel)
    }

    /// The channels are given up. The guest runs on as long as it misses no page.
    private mutating func standStill(_ why: String, _ actions: inout [Action]) {
        pauseReason = pauseWanted ?? why
        pauseWanted = nil
        phase = .postcopyPaused
        step(to: .postcopyPaused, &actions)
        actions.append(.breakChannel)
    }

    mutating func recoverPostcopy(_ actions: inout [Action]) {
        guard mayRecover else { return }
        if phase == .acceptingRecovery { return actions.append(.replaceListener) }
        begin(.acceptingRecovery, .acceptRecovery, &actions)
    }
}
