import MigrationCore

// The data channels beside the main one.
extension SimulatedSource {
    /// Pages travel on the data channels, in packets, one channel after the other; a few (in truth those of zeroes) stay
    /// on the main one.
    func send(_ pages: [(page: Int, version: UInt64)]) {
        guard world.dataChannels.count > 0 else { return world.channel.send(.pages(pages)) }
        let onMain = pages.filter { _ in world.oneIn(5) }
        let others = pages.filter { page in !onMain.contains { $0.page == page.page } }
        world.channel.send(.pages(onMain))
        var rest = others[...]
        while !rest.isEmpty {
            let packet = Array(rest.prefix(Int(world.random(1...128))))
            rest.removeFirst(packet.count)
            // The last packet of a part may be still waiting when the SYNC is due, which then goes with it.
            if rest.isEmpty, pages.count == left.count, world.oneIn(2) {
                riding[nextDataChannel] = packet
            } else {
                world.dataChannels.send(.pages(packet), on: nextDataChannel)
            }
            nextDataChannel = (nextDataChannel + 1) % world.dataChannels.count
        }
    }

    /// Writes a SYNC on each data channel, each in its own time, and the end of the part once all of them have left.
    func endPart(_ event: SourceMachine.Event) { endPart { self.finish(event) } }

    func endPart(then: @escaping () -> Void) {
        let number = lastNumber
        for index in 0..<world.dataChannels.count {
            world.after(world.microseconds(0...(world.oneIn(20) ? 5000 : 50))) { [self] in
                guard isAlive, underWay == number else { return }
                guard world.dataChannels.takesBytes(index) else { return finish(.failed("Unable to write: broken")) }
                world.dataChannels.send(.sync(riding.removeValue(forKey: index) ?? []), on: index)
                barrier.synced(channel: index)
                closePart(then)
            }
        }
        closePart(then)
    }

    private func closePart(_ then: () -> Void) {
        guard barrier.mayEndPart else { return }
        guard world.channel.takesBytes else { return finish(.failed("Unable to write: broken")) }
        world.channel.send(.endOfPart)
        barrier.endOfPart()
        then()
    }
}
