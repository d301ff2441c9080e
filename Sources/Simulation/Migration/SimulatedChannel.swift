import Environment

/// What the source sends.
enum StreamItem {
    case returnPath
    case ping(UInt32)
    case pages([(page: Int, version: UInt64)])
    /// The end of a part: of the block list, or of a round of pages.
    case endOfPart
    case devices
    case endOfSections
    case description
    /// Pages that are old at the destination.
    case discard([Int])
    /// The package with the devices, which is torn if the channel breaks in between.
    case packageBegins
    case packageEnds
    /// No page follows.
    case endOfPages
    /// A postcopy that is resumed: which pages are there, and that it goes on.
    case askReceived
    case resume
}

/// What the destination answers.
enum Answer {
    case pong(UInt32)
    case shut(UInt32)
    /// The guest waits for this page.
    case request(Int)
    /// Which pages are there.
    case received([Bool])
    case resumed
}

/// How a channel's end is, as a read or a write there finds it.
enum ChannelEnd: Equatable {
    case open, closedByPeer, broken
}

/// A channel of a migration, the main one or that of urgent pages: two directions that keep their order, and ways to lose it.
final class SimulatedChannel {
    private unowned let world: MigrationWorld
    private(set) var isConnected = false
    private(set) var sourceEnd = ChannelEnd.open
    private(set) var destinationEnd = ChannelEnd.open
    /// What is sent goes nowhere, and nobody notices.
    private(set) var isCut = false
    private var stalledUntil = Nanoseconds.zero
    private var lastForward = Nanoseconds.zero
    private var lastBackward = Nanoseconds.zero
    /// What was under way before the channel broke does not arrive.
    private var generation = 0

    init(world: MigrationWorld) { self.world = world }

    func connect() { isConnected = true }

    /// Whether the source can still write.
    var takesBytes: Bool { sourceEnd == .open && destinationEnd != .broken }

    func send(_ item: StreamItem) {
        guard takesBytes, !isCut else { return }
        lastForward = arrival(after: lastForward)
        deliver(at: lastForward) { [self] in
            if destinationEnd != .broken { world.destination.arrived(item, on: self) }
        }
    }

    func answer(_ answer: Answer) {
        guard destinationEnd != .broken, !isCut else { return }
        lastBackward = arrival(after: lastBackward)
        deliver(at: lastBackward) { [self] in
            if sourceEnd != .broken { world.source.arrived(answer) }
        }
    }

    private func arrival(after last: Nanoseconds) -> Nanoseconds {
        max(max(last, stalledUntil), world.now + world.microseconds(30...(world.oneIn(20) ? 20_000 : 900)))
    }

    private func deliver(at time: Nanoseconds, _ run: @escaping () -> Void) {
        let current = generation
        world.after(time - world.now) { [self] in
            if generation == current, isInUse { run() }
        }
    }

    /// Whether no other channel has taken its place.
    private var isInUse: Bool { world.channel === self || world.preemptChannel === self }

    // MARK: Ends

    /// The source closes its end: the destination sees the end behind all that was sent.
    func closeSource() {
        guard sourceEnd != .broken else { return }
        sourceEnd = .broken
        guard isConnected, !isCut else { return }
        lastForward = arrival(after: lastForward)
        deliver(at: lastForward) { [self] in
            if destinationEnd == .open { destinationEnd = .closedByPeer }
            world.destination.channelChanged()
        }
    }

    /// The destination closes its end.
    func closeDestination() {
        guard destinationEnd != .broken else { return }
        destinationEnd = .broken
        guard isConnected, !isCut else { return }
        lastBackward = arrival(after: lastBackward)
        deliver(at: lastBackward) { [self] in
            if sourceEnd == .open { sourceEnd = .closedByPeer }
            world.source.channelChanged()
        }
    }

    /// Both ends notice that it is broken; what was under way is lost.
    func breakOff() {
        guard isConnected else { return }
        generation += 1
        sourceEnd = .broken
        destinationEnd = .broken
        world.source.channelChanged()
        world.destination.channelChanged()
    }

    /// What is under way is lost, and so is all that follows.
    func cut() {
        guard isConnected else { return }
        generation += 1
        isCut = true
    }

    /// Nothing that is sent from now on arrives before then.
    func stall(until time: Nanoseconds) { stalledUntil = max(stalledUntil, time) }
}
