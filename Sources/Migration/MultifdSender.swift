import Compression
import Environment
import GuestMemory
import MigrationFormat
import SystemCalls
import Transport

/// Sends pages on channels of their own (wire.md §11), each of which has a thread: the thread of the migration looks for
/// zeroes and fills packets, and whichever channel is idle sends the next one from where the pages lie. Pages of zeroes
/// stay in the stream itself. What a part of the section sends is older than what the next part does, because each part
/// ends with a synchronisation on every channel before it ends in the stream.
final class MultifdSender: PageSender {
    /// What a packet on its way to a channel holds; belongs to one thread at a time.
    @safe final class Packet {
        // SAFETY: the places are those of pages that the migration keeps valid until it has settled.
        var header = MultifdPacket(number: 0)
        var block = -1
        private(set) var places: [UnsafeRawPointer] = unsafe []

        init() {
            header.offsets.reserveCapacity(MultifdPacket.pageLimit)
            unsafe places.reserveCapacity(MultifdPacket.pageLimit)
        }

        var count: Int { unsafe places.count }

        /// How many more pages it takes.
        var room: Int { MultifdPacket.pageLimit - count }

        /// As many pages as lie at `first` and behind it.
        func append(_ pages: Range<Int>, at first: UnsafeRawPointer) {
            header.offsets.append(contentsOf: pages.lazy.map { UInt64($0 * MigrationFormat.pageSize) })
            unsafe places.append(
                contentsOf: pages.indices.lazy.map { page in
                    unsafe first + (page - pages.lowerBound) * MigrationFormat.pageSize
                })
        }

        func removeAll() {
            header.offsets.removeAll(keepingCapacity: true)
            header.isSync = false
            unsafe places.removeAll(keepingCapacity: true)
            block = -1
        }
    }

    private struct State {
        /// The channels that wait for a packet.
        var idle: [Int]
        var failure: TransportError?
    }
    private let layout: [BlockLayout]
    let workers: [MultifdSendWorker]
    private let gate: ThreadGate<State>
    private var current = Packet()
    private var packets: UInt64 = 0
    /// A packet of pages was handed to a channel.
    private var hasPages = false
    /// Bytes of all that was handed to channels, pages as they lie in memory: what a limit of the bandwidth goes by. What
    /// the channels have carried lags behind by a packet each, which of many channels is more than a limit lets pass.
    private(set) var bytesTaken: UInt64 = 0

    /// Begins to use `channels`, which have sent their openings: starts their threads. When one of them fails, `main` is shut
    /// down, because who waits there may wait for it.
    init(
        channels: [Channel], main: Channel, layout: [BlockLayout],
        encode: () throws(CompressionError) -> any PacketEncoder
    ) throws(MigrationFailure) {
        self.layout = layout
        let gate = ThreadGate(State(idle: Array(channels.indices.reversed())))
        self.gate = gate
        var workers: [MultifdSendWorker] = []
        defer { if workers.count < channels.count { for worker in workers { worker.end() } } }
        for (index, channel) in channels.enumerated() {
            let encoder: any PacketEncoder
            do throws(CompressionError) { encoder = try encode() } catch {
                throw .peer("multifd: \(error.description)")
            }
            do throws(SystemError) {
                workers.append(
                    try MultifdSendWorker(index, channel, encoder) { [gate] failure in
                        gate.withLock { state in
                            state.idle.append(index)
                            if let failure, state.failure == nil { state.failure = failure }
                        }
                        if failure != nil { main.shutDown() }
                    })
            } catch { throw .peer(error.description) }
        }
        self.workers = workers
    }

    /// Why a channel failed, if one did.
    var failure: TransportError? { gate.withLock(notify: false) { $0.failure } }

    /// Bytes that all channels have carried.
    var bytesSent: UInt64 { workers.reduce(0) { $0 + $1.channel.bytesSent } }

    func send(
        _ pages: Range<Int>, ofBlock block: Int, at first: UnsafeRawPointer, _ records: inout RAMRecords,
        on main: Channel
    ) throws(TransportError) {
        // SAFETY: the caller lends as many pages as `pages` has, from `first` on, until it has settled.
        if current.block != block, current.count > 0 { try dispatch(on: main) }
        var page = pages.lowerBound
        var place = unsafe first
        while page < pages.upperBound {
            let limit = min(pages.upperBound, page + current.room)
            let end = unsafe Self.endOfContent(from: page, limit: limit, at: place)
            if end > page {
                current.block = block
                unsafe current.append(page..<end, at: place)
                records.normalPages += UInt64(end - page)
                if current.room == 0 { try dispatch(on: main) }
            }
            let isZero = end < limit
            if isZero { try records.sendZero(PageLocation(block: block, page: end), on: main) }
            unsafe place += (end + (isZero ? 1 : 0) - page) * MigrationFormat.pageSize
            page = end + (isZero ? 1 : 0)
        }
    }

    /// The first page of zeroes, not before `page`, which lies at `place`; `limit` if there is none before that.
    private static func endOfContent(from page: Int, limit: Int, at place: UnsafeRawPointer) -> Int {
        // SAFETY: the caller lends the pages up to `limit`.
        var end = page
        var next = unsafe place
        while end < limit, unsafe !PageContent.isZero(next) {
            end += 1
            unsafe next += MigrationFormat.pageSize
        }
        return end
    }

    func settle(_ records: inout RAMRecords, on main: Channel) throws(TransportError) {
        if current.count > 0 { try dispatch(on: main) }
        try awaitAll()
        for index in workers.indices {
            gate.withLock(notify: false) { state in state.idle.removeAll { $0 == index } }
            current.header.isSync = true
            give(to: index)
        }
        try awaitAll()
    }

    /// Hands the packet to a channel that is idle, as soon as there is one. What the stream begins with leaves before the
    /// first packet: the destination reads no data channel beyond its opening until it knows the main one, and a packet
    /// may be more than the sockets hold.
    private func dispatch(on main: Channel) throws(TransportError) {
        if !hasPages { try main.flush() }
        hasPages = true
        let next = gate.wait { state -> Result<Int, TransportError>? in
            if let failure = state.failure { return .failure(failure) }
            return state.idle.popLast().map { .success($0) }
        }
        guard let index = try next?.get() else { return }
        current.header.block = layout[current.block].name
        give(to: index)
    }

    private func give(to index: Int) {
        current.header.number = packets
        packets += 1
        bytesTaken += UInt64(MultifdPacket.size + current.count * MigrationFormat.pageSize)
        current = workers[index].exchange(current)
    }

    private func awaitAll() throws(TransportError) {
        let (gate, count) = (gate, workers.count)
        let outcome = gate.wait { state -> Result<Void, TransportError>? in
            if let failure = state.failure { return .failure(failure) }
            return state.idle.count == count ? .success(()) : nil
        }
        try outcome?.get()
    }

    /// Ends the channels and waits for their threads.
    func end() { for worker in workers { worker.end() } }
}

/// The thread of one channel that sends packets.
final class MultifdSendWorker: Sendable {
    private struct Slot {
        /// The packet that is sent, or was.
        var packet: MultifdSender.Packet
        var hasWork = false
        var hasEnded = false
    }
    let channel: Channel
    private let gate: ThreadGate<Slot>
    private let identity = ThreadGate<Int32?>(nil)
    private let thread: Thread

    /// `report` is called by the thread after each packet, with what went wrong; after a failure it is over.
    init(
        _ index: Int, _ channel: Channel, _ encoder: sending any PacketEncoder,
        report: @escaping @Sendable (TransportError?) -> Void
    ) throws(SystemError) {
        self.channel = channel
        let gate = ThreadGate(Slot(packet: MultifdSender.Packet()))
        self.gate = gate
        let box = EncoderBox(encoder)
        thread = try Thread(name: "multifdsend_\(index)") { [identity] in
            if box.encoder.computes { Thread.deferCurrent() }
            identity.withLock { $0 = Thread.currentID }
            defer { identity.withLock { $0 = nil } }
            Self.run(gate, channel, box, report)
        }
    }

    /// The encoder on its way to the thread.
    private final class EncoderBox: @unchecked Sendable {
        // SAFETY: made by one thread and used by the other alone.
        let encoder: any PacketEncoder
        init(_ encoder: any PacketEncoder) { self.encoder = encoder }
    }

    /// The thread's number; nil before it runs and when it is over.
    var threadID: Int32? { identity.withLock(notify: false) { $0 } }

    /// Gives the thread a packet, which was idle, and takes the one that it had before.
    func exchange(_ packet: MultifdSender.Packet) -> MultifdSender.Packet {
        gate.withLock { slot in
            let before = slot.packet
            slot.packet = packet
            slot.hasWork = true
            before.removeAll()
            return before
        }
    }

    /// Ends the channel and waits for the thread.
    func end() {
        channel.shutDown()
        gate.withLock { $0.hasEnded = true }
        thread.join()
    }

    private static func run(
        _ gate: ThreadGate<Slot>, _ channel: Channel, _ box: EncoderBox, _ report: (TransportError?) -> Void
    ) {
        while true {
            let next = gate.wait { slot -> MultifdSender.Packet?? in
                if slot.hasWork { return .some(slot.packet) }
                return slot.hasEnded ? .some(nil) : nil
            }
            guard let packet = next ?? nil else { return }
            do throws(TransportError) {
                try box.encoder.send(packet, on: channel)
                gate.withLock(notify: false) { $0.hasWork = false }
                report(nil)
            } catch {
                return report(error)
            }
        }
    }
}
