import CLinux
public import Environment
import Glibc
import Synchronization
public import SystemCalls

/// A wire with what makes it a channel of a migration: buffers that gather small pieces and large ones, counters, and
/// deadlines. One thread reads and one thread writes; `shutDown`, `breakOff` and the counters may be used from any.
@safe public final class Channel: @unchecked Sendable {
    // SAFETY: the read list belongs to the reading thread, the write queue to the writing one; all else is constant or
    // atomic, but for the deadlines, of which it is said below.
    let wire: Wire
    /// The peer's address, for logs.
    public let name: String
    /// How long a read or write may make no progress. Set it before the channel is used by several threads.
    public var stallDeadline = Nanoseconds.milliseconds(Transport.stallDeadlineMilliseconds)
    /// When writing has to end, however much the peer still takes; belongs to the writing thread.
    public var writeDeadline = Nanoseconds.never
    private let received = Atomic<UInt64>(0)
    private let sent = Atomic<UInt64>(0)
    private let ended = Atomic<Bool>(false)
    private let clock = SystemClock()

    // Where the next bytes go, in order.
    private let places: UnsafeMutablePointer<iovec>
    private var placeCount = 0
    // Small pieces are copied to `arena`; `pieces` lists what is to be written, in order.
    private let arena: UnsafeMutableRawPointer
    private let pieces: UnsafeMutablePointer<iovec>
    private var arenaUsed = 0
    private var pieceCount = 0
    /// Sends of which the kernel has not said that it is done with their bytes.
    private var unreleased: UInt64 = 0
    /// Of those that it was done with, it copied one after all.
    private var wasCopied = false

    /// Takes over a connected stream socket and sets its options.
    public convenience init(_ descriptor: consuming Descriptor, name: String) {
        self.init(.socket(SocketWire(descriptor)), name: name)
    }

    /// A channel over `wire`.
    init(_ wire: Wire, name: String) {
        self.wire = wire
        self.name = name
        unsafe places = .allocate(capacity: Transport.scatterLimit)
        unsafe arena = .allocate(byteCount: Transport.writeBufferSize, alignment: 16)
        unsafe pieces = .allocate(capacity: Transport.gatherLimit)
    }

    deinit {
        unsafe places.deallocate()
        unsafe arena.deallocate()
        unsafe pieces.deallocate()
    }

    /// From now on the kernel gives the channel up once sent data stays unacknowledged for `span`, so that a cut cable is
    /// noticed whatever this side waits for: tcp(7) TCP_USER_TIMEOUT. Does nothing on other wires.
    public func giveUp(afterUnacknowledged span: Nanoseconds) { wire.limitUnacknowledged(to: span) }

    /// Bytes received so far.
    public var bytesReceived: UInt64 { received.load(ordering: .relaxed) }
    /// Bytes that the kernel took for sending so far; on a channel with TLS, counted before they were enciphered.
    public var bytesSent: UInt64 { sent.load(ordering: .relaxed) }

    /// Ends both directions. Reads and writes in progress and to come fail with `.cancelled`; the peer sees the end of
    /// the stream.
    public func shutDown() {
        ended.store(true, ordering: .releasing)
        wire.interrupt()
    }

    /// Breaks the connection as the network might: who reads or writes sees it end, not that somebody ended it. A wire
    /// that has no connection is shut down.
    public func breakOff() { if !wire.breakOff() { shutDown() } }

    /// Whether `shutDown` was called.
    public var isShutDown: Bool { ended.load(ordering: .acquiring) }

    /// Whether the peer has closed a socket, and nothing that it sent is left to be read.
    public var isExhausted: Bool { if case .socket(let socket) = wire { socket.isExhausted } else { false } }

    /// Whether the peer can be heard: a channel that only takes bytes has no return path.
    public var canReceive: Bool { wire.canReceive }

    /// Whether a few bytes can be written without waiting for the peer to take any.
    public var takesBytesAtOnce: Bool {
        if case .ready = wire.wait(for: .writing, until: .zero) { true } else { false }
    }

    /// Waits until there is something to read. False if the other end has gone without a byte.
    func awaitBytes(cancellation: Cancellation, deadline: Nanoseconds) throws(TransportError) -> Bool {
        try awaitBytes(orUntil: cancellation.descriptor, deadline: deadline)
    }

    /// The same; `.cancelled` once `descriptor` can be read.
    func awaitBytes(orUntil descriptor: Int32, deadline: Nanoseconds) throws(TransportError) -> Bool {
        switch wire.wait(for: .reading, until: deadline, orUntil: descriptor) {
        case .cancelled: throw .cancelled
        case .timedOut: throw .stalled(action: "Waiting for \(name)", milliseconds: 0)
        case .ready: return wire.holdsBytes
        }
    }

    // MARK: Reading

    /// Adds a place that the next bytes go to, after those that were added before. The memory must stay valid until
    /// `read` has returned. False, with nothing added, if the list is full. Belongs to the reading thread.
    public func addPlace(_ place: UnsafeMutableRawBufferPointer) -> Bool {
        guard unsafe !place.isEmpty else { return true }
        guard placeCount < Transport.scatterLimit else { return false }
        unsafe places[placeCount] = unsafe iovec(iov_base: place.baseAddress, iov_len: place.count)
        placeCount += 1
        return true
    }

    /// Adds `count` pairs of places: `size` bytes at `headers`, `pageSize` bytes at `pages`, what lies behind each of
    /// them, and so on; the first place without its first `skipping` bytes. False, with nothing added, if there is no
    /// room for all. As `addPlace`.
    public func addPlaces(
        _ headers: UnsafeMutableRawPointer, size: Int, skipping: Int, _ pages: UnsafeMutableRawPointer, pageSize: Int,
        count: Int
    ) -> Bool {
        precondition(skipping < size && count >= 0)
        guard placeCount + 2 * count <= Transport.scatterLimit else { return false }
        var skipped = skipping
        for index in 0..<count {
            unsafe places[placeCount] = unsafe iovec(
                iov_base: headers + index * size + skipped, iov_len: size - skipped)
            unsafe places[placeCount + 1] = unsafe iovec(iov_base: pages + index * pageSize, iov_len: pageSize)
            placeCount += 2
            skipped = 0
        }
        return true
    }

    /// Reads what is there, at least one byte, into the places that were added, with one call: readv(2). Returns the
    /// count; 0 when the peer has closed. The list of places is empty afterwards.
    ///
    /// Nothing is read once `deadline` has passed, however much there is: a caller that reads again and again with the same
    /// deadline comes to an end. Without one the channel's own counts, from now on.
    public func read(deadline: Nanoseconds? = nil) throws(TransportError) -> Int {
        defer { placeCount = 0 }
        let start = clock.now()
        if let deadline, start >= deadline { throw .stalled(action: readAction, milliseconds: 0) }
        let end = deadline ?? start + stallDeadline
        while true {
            if isShutDown { throw .cancelled }
            switch unsafe wire.read(places, placeCount) {
            case .moved(let count):
                if count == 0, isShutDown { throw .cancelled }
                received.add(UInt64(count), ordering: .relaxed)
                return count
            case .blocked(let direction): try wait(for: direction, until: end, readAction)
            case .failed(let code): throw failure(systemReason(code), readAction)
            case .broken(let reason): throw failure(reason, readAction)
            }
        }
    }

    /// Reads what is there, at least one byte, into `first` and then into `second` (which may be empty): `addPlace` and
    /// `read`.
    public func read(
        into first: UnsafeMutableRawBufferPointer,
        then second: UnsafeMutableRawBufferPointer = unsafe .init(start: nil, count: 0),
        deadline: Nanoseconds? = nil
    ) throws(TransportError) -> Int {
        placeCount = 0
        _ = unsafe addPlace(first)
        _ = unsafe addPlace(second)
        return try read(deadline: deadline)
    }

    /// Fills `target` wholly; a peer that closes before is an error.
    public func readAll(into target: UnsafeMutableRawBufferPointer, deadline: Nanoseconds? = nil) throws(TransportError)
    {
        var done = 0
        while done < target.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let count = try unsafe read(into: rest, deadline: deadline)
            guard count > 0 else { throw .closedByPeer }
            done += count
        }
    }

    private var readAction: String { wire.action(.reading) }

    // MARK: Writing

    /// Queues a copy of `bytes`.
    public func write(_ bytes: [UInt8]) throws(TransportError) {
        // SAFETY: the array keeps its bytes for the length of the closure.
        try unsafe bytes.span.bytes.withUnsafeBytes { (raw) throws(TransportError) in
            try unsafe write(copying: raw)
        }
    }

    /// Queues a copy of `bytes`, which somebody else owns.
    public func write(copying bytes: UnsafeRawBufferPointer) throws(TransportError) {
        guard let from = bytes.baseAddress else { return }
        var start = 0
        while start < bytes.count {
            if arenaUsed == Transport.writeBufferSize || pieceCount == Transport.gatherLimit { try flush() }
            let count = min(bytes.count - start, Transport.writeBufferSize - arenaUsed)
            let place = unsafe arena + arenaUsed
            // SAFETY: `count` bytes fit behind `arenaUsed`, and `bytes` has as many from `start` on.
            unsafe place.copyMemory(from: from + start, byteCount: count)
            arenaUsed += count
            start += count
            unsafe appendPiece(place, count)
        }
    }

    /// Queues the eight bytes of `word`, as they lie in memory, and `tail` behind them, if there is one.
    public func write(word: UInt64, tail: UInt8? = nil) throws(TransportError) {
        let count = tail == nil ? 8 : 9
        if Transport.writeBufferSize - arenaUsed < count || pieceCount == Transport.gatherLimit { try flush() }
        let place = unsafe arena + arenaUsed
        // SAFETY: `count` bytes fit behind `arenaUsed`.
        unsafe place.storeBytes(of: word, as: UInt64.self)
        if let tail { unsafe place.storeBytes(of: tail, toByteOffset: 8, as: UInt8.self) }
        arenaUsed += count
        unsafe appendPiece(place, count)
    }

    /// Queues a reference to `count` bytes, which must stay valid and should not change until `flush` has returned.
    public func writeReference(_ bytes: UnsafeRawPointer, count: Int) throws(TransportError) {
        if pieceCount == Transport.gatherLimit { try flush() }
        unsafe appendPiece(UnsafeMutableRawPointer(mutating: bytes), count)
    }

    /// Has pieces that are queued by reference be sent from where they lie, by `flushZeroCopy`. Throws if the wire has no such
    /// thing. Before the channel is used by several threads.
    public func enableZeroCopy() throws(TransportError) {
        guard case .socket(let socket) = wire, socket.enableZeroCopy() else {
            throw .failed(action: "zero-copy-send", reason: "Zero copy send feature not detected in host kernel")
        }
    }

    /// As `flush`, but the kernel may read the bytes until `awaitReleased` has returned: no piece may be a copy that was
    /// queued, which another one would take the place of.
    public func flushZeroCopy() throws(TransportError) {
        precondition(arenaUsed == 0, "copies are flushed before what is sent from where it lies")
        guard case .socket(let socket) = wire else { return try flush() }
        try unsafe flush { pieces, count in
            let outcome = unsafe socket.writeZeroCopy(pieces, count)
            if case .moved = outcome { unreleased += 1 }
            return outcome
        }
    }

    /// Waits until the kernel is done with all that `flushZeroCopy` has sent. Returns whether it copied any of it after
    /// all, as it does on a connection to the same host. Belongs to the writing thread.
    public func awaitReleased() throws(TransportError) -> Bool {
        guard case .socket(let socket) = wire else { return false }
        defer { wasCopied = false }
        while true {
            takeNotices(socket)
            if unreleased == 0 { return wasCopied }
            if isShutDown { throw .cancelled }
            let end = clock.now() + stallDeadline
            if socket.awaitNotice(until: end) == .timedOut {
                throw .stalled(action: writeAction, milliseconds: UInt64(stallDeadline.inMilliseconds))
            }
            // An error of the connection also ends the wait, and no notice follows it.
            if let code = socket.pendingError { throw failure(systemReason(code), writeAction) }
        }
    }

    /// Takes what the kernel says of sends that it is done with. As long as it lies there, poll(2) never waits.
    private func takeNotices(_ socket: SocketWire) {
        while unreleased > 0, let notice = socket.takeZeroCopyNotice() {
            unreleased -= min(unreleased, UInt64(notice.sends))
            wasCopied = wasCopied || notice.copied
        }
    }

    /// Writes everything that is queued. Nothing more is written once `writeDeadline` has passed, also to a peer, or a
    /// file, that would take it.
    public func flush() throws(TransportError) {
        // SAFETY: the pieces are those that are queued.
        try unsafe flush { pieces, count in unsafe wire.write(pieces, count) }
    }

    private func flush(
        by write: (UnsafeMutablePointer<iovec>, Int) -> Wire.Outcome
    ) throws(TransportError) {
        var first = 0
        defer {
            pieceCount = 0
            arenaUsed = 0
        }
        while first < pieceCount {
            let start = clock.now()
            if isShutDown { throw .cancelled }
            if start >= writeDeadline { throw .stalled(action: writeAction, milliseconds: 0) }
            switch unsafe write(pieces + first, pieceCount - first) {
            case .moved(let count):
                sent.add(UInt64(count), ordering: .relaxed)
                first = skipWritten(count, from: first)
            case .blocked(let direction):
                try wait(for: direction, until: min(start + stallDeadline, writeDeadline), writeAction)
            case .failed(let code): throw failure(systemReason(code), writeAction)
            case .broken(let reason): throw failure(reason, writeAction)
            }
        }
    }

    private var writeAction: String { wire.action(.writing) }

    /// The first piece, from `first` on, that is not written wholly, when `count` bytes more are.
    private func skipWritten(_ count: Int, from first: Int) -> Int {
        var (first, left) = (first, count)
        while first < pieceCount, unsafe left >= pieces[first].iov_len {
            unsafe left -= pieces[first].iov_len
            first += 1
        }
        if left > 0, first < pieceCount, let base = unsafe pieces[first].iov_base {
            unsafe pieces[first] = unsafe iovec(iov_base: base + left, iov_len: pieces[first].iov_len - left)
        }
        return first
    }

    private func appendPiece(_ base: UnsafeMutableRawPointer, _ count: Int) {
        if pieceCount > 0, let last = unsafe pieces[pieceCount - 1].iov_base,
            unsafe last + pieces[pieceCount - 1].iov_len == base
        {
            unsafe pieces[pieceCount - 1].iov_len += count
            return
        }
        unsafe pieces[pieceCount] = unsafe iovec(iov_base: base, iov_len: count)
        pieceCount += 1
    }

    // MARK: Waiting

    private func failure(_ reason: String, _ action: String) -> TransportError {
        isShutDown ? .cancelled : .failed(action: action, reason: reason)
    }

    private func wait(
        for direction: Wire.Direction, until end: Nanoseconds, _ action: @autoclosure () -> String
    ) throws(TransportError) {
        if isShutDown { throw .cancelled }
        if direction == .writing, unreleased > 0, case .socket(let socket) = wire { takeNotices(socket) }
        let start = clock.now()
        // A peer that moves a little whenever it is looked at must not outlast the deadline.
        if start < end, wire.wait(for: direction, until: end) != .timedOut { return }
        if isShutDown { throw .cancelled }
        throw .stalled(action: action(), milliseconds: UInt64((end - start).inMilliseconds.rounded(.up)))
    }
}
