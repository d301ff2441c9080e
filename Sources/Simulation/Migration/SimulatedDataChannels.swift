import Environment

/// What a data channel carries.
enum DataPacket {
    case pages([(page: Int, version: UInt64)])
    /// The end of a part, with the last pages of it or without.
    case sync([(page: Int, version: UInt64)])
}

/// How a data channel comes to the destination.
enum DataChannelArrival: CaseIterable {
    case inTime, beforeMain, never, twice
}

/// The data channels of a migration, which run from the source to the destination: each keeps its own order, has delays of
/// its own, and is lost on its own.
final class SimulatedDataChannels {
    private unowned let world: MigrationWorld
    private var channels: [State]

    private struct State {
        var isOpen = false
        /// What is sent goes nowhere, and nobody notices.
        var isCut = false
        /// Both ends know that it is lost.
        var isBroken = false
        var stalledUntil = Nanoseconds.zero
        var last = Nanoseconds.zero
        /// What was under way before it broke does not arrive.
        var generation = 0
    }

    init(world: MigrationWorld) {
        self.world = world
        channels = Array(repeating: State(), count: world.settings.dataChannels)
    }

    var count: Int { channels.count }

    /// Those that come before the main channel, because the network is slower with that.
    func connectEarly() {
        guard world.settings.dataChannelArrival == .beforeMain, count > 0 else { return }
        let index = Int(world.random(0...UInt64(count - 1)))
        channels[index].isOpen = true
        world.destination.dataChannelOpened(index)
    }

    /// The others, each in its own time.
    func connect() {
        let strange = count > 0 ? Int(world.random(0...UInt64(count - 1))) : 0
        for index in channels.indices where !channels[index].isOpen {
            channels[index].isOpen = true
            let arrival = index == strange ? world.settings.dataChannelArrival : .inTime
            if arrival == .never { channels[index].isCut = true }
            for _ in 0..<(arrival == .twice ? 2 : 1) {
                deliver(index) { [world] in world.destination.dataChannelOpened(index) }
            }
        }
    }

    /// Whether the source can write on it.
    func takesBytes(_ index: Int) -> Bool { channels[index].isOpen && !channels[index].isBroken }

    func send(_ packet: DataPacket, on index: Int) {
        guard takesBytes(index) else { return }
        deliver(index) { [world] in world.destination.arrived(packet, on: index) }
    }

    private func deliver(_ index: Int, _ run: @escaping () -> Void) {
        guard !channels[index].isCut else { return }
        let delay = world.microseconds(30...(world.oneIn(20) ? 60_000 : 900))
        let time = max(max(channels[index].last, channels[index].stalledUntil), world.now + delay)
        channels[index].last = time
        let generation = channels[index].generation
        world.after(time - world.now) { [self] in
            if channels[index].generation == generation { run() }
        }
    }

    // MARK: Ends

    /// The source closes all of them: the destination sees each end behind what was sent there.
    func closeSource() {
        for index in channels.indices where takesBytes(index) {
            deliver(index) { [world] in world.destination.dataChannelEnded(index) }
            channels[index].isOpen = false
        }
    }

    /// The destination closes all of them.
    func closeDestination() {
        for index in channels.indices where !channels[index].isCut { channels[index].isBroken = true }
    }

    /// Both ends of one notice that it is broken; what was under way is lost.
    func breakOff() {
        guard let index = any() else { return }
        channels[index].generation += 1
        channels[index].isBroken = true
        world.destination.dataChannelEnded(index)
    }

    /// What is under way on one is lost, and so is all that follows.
    func cut() {
        guard let index = any() else { return }
        channels[index].generation += 1
        channels[index].isCut = true
    }

    /// Nothing that is sent on one from now on arrives before then.
    func stall(until time: Nanoseconds) {
        guard let index = any() else { return }
        channels[index].stalledUntil = max(channels[index].stalledUntil, time)
    }

    private func any() -> Int? {
        let open = channels.indices.filter { takesBytes($0) && !channels[$0].isCut }
        return open.isEmpty ? nil : open[Int(world.random(0...UInt64(open.count - 1)))]
    }
}
