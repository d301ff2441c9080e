import MigrationCore

// The data channels beside the main one.
extension SimulatedDestination {
    /// One has come, and said which it is. It may come before the main one: what it brings waits in `packets`.
    func dataChannelOpened(_ index: Int) {
        guard isAlive, !isOver else { return }
        world.note("data channel \(index) comes")
        if isOpened[index] { channelFailure = "data channel \(index) came twice" }
        isOpened[index] = true
        read()
    }

    func arrived(_ packet: DataPacket, on index: Int) {
        guard isAlive, !isOver else { return }
        packets[index].append(packet)
        read()
    }

    func dataChannelEnded(_ index: Int) {
        guard isAlive, !isOver else { return }
        isEnded[index] = true
        read()
    }

    /// Takes what the barrier lets through. A SYNC of one channel may be what the others wait for.
    func takePackets() {
        guard isLoading else { return }
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for index in packets.indices {
                while !packets[index].isEmpty, barrier.mayGoOn(channel: index) {
                    hasChanged = true
                    take(packets[index].removeFirst(), of: index)
                }
                if packets[index].isEmpty, isEnded[index] { barrier.ended(channel: index) }
            }
        }
    }

    private func take(_ packet: DataPacket, of index: Int) {
        switch packet {
        case .pages(let pages): write(pages)
        case .sync(let pages):
            write(pages)
            barrier.synced(channel: index)
        }
    }

    private func write(_ pages: [(page: Int, version: UInt64)]) {
        for (page, version) in pages { (memory[page], isHere[page]) = (version, true) }
    }
}
