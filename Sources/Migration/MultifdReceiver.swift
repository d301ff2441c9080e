import Environment
import GuestMemory
import MigrationCore
import MigrationFormat
import SystemCalls
import Transport

/// Receives pages on data channels (wire.md §11), each of which has a thread, straight to their places in RAM.
///
/// A channel that has handed in a synchronisation waits until the stream has ended the part that it belongs to, and the
/// stream goes on only when every channel has handed one in: so what is newer never comes before what is older.
final class MultifdReceiver: Sendable {
    private struct State {
        var barrier: DataChannelBarrier
        var failure: MigrationFailure?
        var isEnding = false
        /// The part that ends now is the last one.
        var isLast = false
    }
    private let gate: ThreadGate<State>
    private let channels: [Channel]
    private let threads: [Thread]
    private let stall: Nanoseconds
    private let clock = SystemClock()

    /// Starts a thread for each of `channels`. When one of them fails, `main` is shut down, because who reads there may
    /// wait for it. `stall`: how long the end of a part waits without a byte from any of them.
    init(
        channels: [Channel], main: Channel, into arrivals: PageArrivals, layout: [BlockLayout],
        leavingOutShared: Bool, stall: Nanoseconds, decoders: [any PacketDecoder]
    ) throws(MigrationFailure) {
        let gate = ThreadGate(State(barrier: DataChannelBarrier(channels: channels.count)))
        self.gate = gate
        self.channels = channels
        self.stall = stall
        var threads: [Thread] = []
        do throws(SystemError) {
            for (index, channel) in channels.enumerated() {
                let computes = decoders[index].computes
                let reader = MultifdChannelReader(
                    channel, arrivals, layout, leavingOutShared: leavingOutShared, decoders[index])
                threads.append(
                    try Thread(name: "multifdrecv_\(index)") {
                        if computes { Thread.deferCurrent() }
                        let failure = Self.run(reader, index, gate)
                        gate.withLock { state in
                            state.barrier.ended(channel: index)
                            if let failure, state.failure == nil { state.failure = failure }
                        }
                        if failure != nil { main.shutDown() }
                    })
            }
        } catch {
            for channel in channels { channel.shutDown() }
            gate.withLock { $0.isEnding = true }
            for thread in threads { thread.join() }
            throw .peer(error.description)
        }
        self.threads = threads
    }

    /// Why a channel failed, if one did.
    var failure: MigrationFailure? { gate.withLock(notify: false) { $0.failure } }

    /// Bytes that all channels have brought.
    var bytesReceived: UInt64 { channels.reduce(0) { $0 + $1.bytesReceived } }

    /// A part of the section has ended in the stream: waits until every channel has brought what belongs to it, and lets
    /// them go on. Behind the last part nothing is read any more, because the guest may run then.
    func endPart(isLast: Bool) throws(MigrationFailure) {
        gate.withLock { state in
            state.isLast = isLast
            state.barrier.endOfPart()
        }
        while true {
            let before = bytesReceived
            let outcome = gate.wait(until: clock.now() + stall) { Self.endOfPart($0) }
            if let outcome { return try outcome.get() }
            guard bytesReceived == before else { continue }
            let late = gate.withLock(notify: false) { $0.barrier.lateChannel } ?? 0
            throw .peer(
                "multifd: channel \(late) brought nothing for \(stall.count / 1_000_000) ms, and lacks what belongs to "
                    + "a part")
        }
    }

    private static func endOfPart(_ state: State) -> Result<Void, MigrationFailure>? {
        if let failure = state.failure { return .failure(failure) }
        if state.isEnding { return .failure(.cancelled) }
        if state.barrier.mainMayGoOn { return .success(()) }
        return state.barrier.lostChannel.map { lost in
            .failure(.peer("multifd: channel \(lost) was closed before it had brought what belongs to a part"))
        }
    }

    /// Ends the channels and waits for their threads.
    func end() {
        gate.withLock { $0.isEnding = true }
        for channel in channels { channel.shutDown() }
        for thread in threads { thread.join() }
    }

    /// Reads until the source closes the channel or something is wrong.
    private static func run(
        _ reader: MultifdChannelReader, _ index: Int, _ gate: ThreadGate<State>
    ) -> MigrationFailure? {
        var syncs = 0
        do throws(MigrationFailure) {
            while let packet = try reader.next() {
                guard packet.isSync else { continue }
                syncs += 1
                gate.withLock { $0.barrier.synced(channel: index) }
                let mayGoOn = gate.wait { state -> Bool? in
                    if state.isEnding || state.failure != nil { return false }
                    if state.isLast, syncs >= state.barrier.parts { return false }
                    return state.barrier.mayGoOn(channel: index) ? true : nil
                }
                guard mayGoOn == true else { return nil }
            }
            return nil
        } catch {
            if gate.withLock(notify: false, { $0.isEnding }) { return nil }
            guard error != .cancelled else { return error }
            return .peer("multifd channel \(index), packet at offset \(reader.packetStart): \(error.description)")
        }
    }
}

/// Reads one data channel; belongs to its thread.
@safe final class MultifdChannelReader: @unchecked Sendable {
    // SAFETY: made by one thread and used by the channel's alone; the buffer is allocated and freed here.
    private let channel: Channel
    private let arrivals: PageArrivals
    private let layout: [BlockLayout]
    private let leavesOutShared: Bool
    private let decoder: any PacketDecoder
    private let header: UnsafeMutableRawBufferPointer
    private var block = 0
    /// Where the packet begins that is read, in bytes of the channel.
    private(set) var packetStart = MultifdOpening.size
    private var nextStart = MultifdOpening.size

    init(
        _ channel: Channel, _ arrivals: PageArrivals, _ layout: [BlockLayout], leavingOutShared: Bool,
        _ decoder: any PacketDecoder
    ) {
        self.channel = channel
        self.arrivals = arrivals
        self.layout = layout
        leavesOutShared = leavingOutShared
        self.decoder = decoder
        unsafe header = .allocate(byteCount: MultifdPacket.size, alignment: 8)
    }

    deinit { unsafe header.deallocate() }

    /// Reads the next packet, its pages to their places; nil if the source has closed the channel.
    func next() throws(MigrationFailure) -> MultifdPacket? {
        packetStart = nextStart
        guard try readHeader() else { return nil }
        var window = ByteWindow(capacity: MultifdPacket.size)
        unsafe window.append(copying: UnsafeRawBufferPointer(header))
        let packet: MultifdPacket
        do throws(StreamError) {
            guard case .complete(let value, _) = try MultifdPacket.read(window, at: 0) else { return nil }
            packet = value
        } catch { throw .peer("\(error.problem) (at its byte \(error.offset))") }
        nextStart += MultifdPacket.size + Int(packet.payloadSize)
        if !packet.offsets.isEmpty { try takePages(of: packet) }
        return packet
    }

    /// False if the channel was closed where a packet would begin.
    private func readHeader() throws(MigrationFailure) -> Bool {
        var done = 0
        while unsafe done < header.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: header[done...])
            let count = try onChannel { () throws(TransportError) in try unsafe channel.read(into: rest) }
            guard count > 0 else {
                if done == 0 { return false }
                throw .channel(.closedByPeer)
            }
            done += count
        }
        return true
    }

    private func takePages(of packet: MultifdPacket) throws(MigrationFailure) {
        if layout[block].name != packet.block {
            guard let found = layout.firstIndex(where: { $0.name == packet.block }) else {
                throw .peer("unknown ram block \(packet.block)")
            }
            block = found
        }
        guard !(leavesOutShared && layout[block].isShared) else {
            throw .peer("a page of block \(packet.block), which stays out of the stream")
        }
        let size = layout[block].size
        guard packet.offsets.allSatisfy({ $0 < size }) else {
            let offset = packet.offsets.first { $0 >= size } ?? 0
            throw .peer(
                "offset 0x\(String(offset, radix: 16)) is beyond block \(packet.block)")
        }
        // SAFETY: each page was found to lie in its block.
        let base = unsafe arrivals.place(of: PageLocation(block: block, page: 0))
        try unsafe decoder.take(packet, to: base, from: channel)
        for offset in packet.offsets {
            let page = Int(offset) / MigrationFormat.pageSize
            arrivals.noteWrittenElsewhere(page..<page + 1, ofBlock: block)
        }
    }
}
