import CLinux
import Environment
import Glibc
import Synchronization
import SystemCalls

/// A connected socket of a migration, or a pair of pipes, or a file. One thread reads and one thread writes; `shutDown`
/// and the counters may be used from any.
public final class Channel: @unchecked Sendable {
    // SAFETY: the descriptors are closed only when nobody refers to the channel any more, or, the writing end, by the
    // writing thread; the write queue belongs to the writing thread; all else is constant or atomic.
    private let readEnd: Int32
    private var writeEnd: Int32
    private let medium: Medium
    /// Ends waits on what shutdown(2) does nothing to; nil for sockets.
    private let interruption: Cancellation?
    /// The peer's address, for logs.
    public let name: String
    /// How long a read or write may make no progress. Set it before the channel is used by several threads.
    public var stallDeadline = Nanoseconds.milliseconds(Transport.stallDeadlineMilliseconds)
    /// When writing has to end whatever the progress; belongs to the writing thread.
    public var writeDeadline = Nanoseconds.never
    private let received = Atomic<UInt64>(0)
    private let sent = Atomic<UInt64>(0)
    private let ended = Atomic<Bool>(false)
    private let clock = SystemClock()

    // Small pieces are copied to `arena`; `pieces` lists what is to be written, in order.
    private let arena: UnsafeMutableRawPointer
    private let pieces: UnsafeMutablePointer<iovec>
    private var arenaUsed = 0
    private var pieceCount = 0

    /// Takes over a connected stream socket and sets its options: no delay, keep-alive, and a limit for data that the
    /// peer does not acknowledge (all three only mean something to TCP).
    public init(_ descriptor: consuming Descriptor, name: String) {
        let number = descriptor.release()
        readEnd = number
        writeEnd = number
        medium = .socket
        interruption = nil
        self.name = name
        arena = .allocate(byteCount: Transport.writeBufferSize, alignment: 16)
        pieces = .allocate(capacity: Transport.gatherLimit)
        Self.setNonBlocking(number)
        setOption(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        setOption(number, SOL_SOCKET, SO_KEEPALIVE, 1)
        setOption(number, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(Transport.stallDeadlineMilliseconds))
    }

    /// Takes over what is no socket: pipes to and from a command, or a file that is both ends.
    init(
        reading: consuming Descriptor, writing: consuming Descriptor, medium: Medium, name: String
    ) throws(SystemError) {
        interruption = try Cancellation()
        readEnd = reading.release()
        writeEnd = writing.release()
        self.medium = medium
        self.name = name
        arena = .allocate(byteCount: Transport.writeBufferSize, alignment: 16)
        pieces = .allocate(capacity: Transport.gatherLimit)
        Self.setNonBlocking(readEnd)
        Self.setNonBlocking(writeEnd)
    }

    deinit {
        arena.deallocate()
        pieces.deallocate()
        close(readEnd)
        if writeEnd >= 0, writeEnd != readEnd { close(writeEnd) }
    }

    /// What the bytes travel through, as error texts name it.
    enum Medium {
        case socket
        case command(ChildProcess)
        case file

        var name: String {
            switch self {
            case .socket: "socket"
            case .command: "command"
            case .file: "file"
            }
        }
    }

    private static func setNonBlocking(_ number: Int32) {
        let flags = clinux_fcntl(number, F_GETFL, 0)
        if flags >= 0 { _ = clinux_fcntl(number, F_SETFL, flags | O_NONBLOCK) }
    }

    /// From now on the kernel gives the channel up once sent data stays unacknowledged for `span`, so that a cut cable is
    /// noticed whatever this side waits for: tcp(7) TCP_USER_TIMEOUT. Does nothing on other sockets.
    public func giveUp(afterUnacknowledged span: Nanoseconds) {
        guard interruption == nil else { return }
        setOption(
            readEnd, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(clamping: span.count / 1_000_000))
    }

    /// Bytes received so far.
    public var bytesReceived: UInt64 { received.load(ordering: .relaxed) }
    /// Bytes that the kernel took for sending so far.
    public var bytesSent: UInt64 { sent.load(ordering: .relaxed) }

    /// Ends both directions: shutdown(2). Reads and writes in progress and to come fail with `.cancelled`; the peer
    /// sees the end of the stream.
    public func shutDown() {
        ended.store(true, ordering: .releasing)
        if let interruption { interruption.cancel() } else { Glibc.shutdown(readEnd, Int32(SHUT_RDWR)) }
    }

    /// Breaks the connection as the network might: who reads or writes sees it end, not that somebody ended it. What is no
    /// socket is shut down.
    public func breakOff() {
        guard interruption == nil else { return shutDown() }
        Glibc.shutdown(readEnd, Int32(SHUT_RDWR))
    }

    /// Tells the peer that nothing more comes; reading goes on. Belongs to the writing thread.
    public func shutDownWriting() {
        guard interruption != nil else { return _ = Glibc.shutdown(writeEnd, Int32(SHUT_WR)) }
        if writeEnd >= 0, writeEnd != readEnd { close(writeEnd) }
        writeEnd = -1
    }

    /// Everything was written. A command is told so and waited for, at most until `deadline`, so that what it does with
    /// the bytes is done when the migration is. Belongs to the writing thread.
    public func finishWriting(deadline: Nanoseconds) {
        guard case .command(let child) = medium else { return }
        shutDownWriting()
        _ = try? child.wait(until: deadline)
    }

    /// Whether the peer can be heard: a channel that only takes bytes has no return path.
    public var canReceive: Bool {
        if interruption == nil { return true }
        let flags = clinux_fcntl(readEnd, F_GETFL, 0)
        if case .command = medium { return true }
        return flags >= 0 && flags & O_ACCMODE == O_RDWR && isPipeLike
    }

    private var isPipeLike: Bool {
        var status = stat()
        return fstat(readEnd, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    }

    /// Waits until there is something to read. False if the other end has gone without a byte.
    func awaitBytes(cancellation: Cancellation, deadline: Nanoseconds) throws(TransportError) -> Bool {
        let wait = waitAny([readEnd], Int32(POLLIN), until: deadline, cancellation: cancellation.descriptor)
        switch wait.result {
        case .cancelled: throw .cancelled
        case .timedOut: throw .stalled(action: "Waiting for \(name)", milliseconds: 0)
        case .ready: return wait.returned & Int32(POLLIN) != 0
        }
    }

    /// Whether `shutDown` was called.
    public var isShutDown: Bool { ended.load(ordering: .acquiring) }

    // MARK: Reading

    /// Reads what is there, at least one byte, into `first` and then into `second` (which may be empty), with one call:
    /// readv(2). Returns the count; 0 when the peer has closed. Waits at most until `deadline`, or the channel's own
    /// one from now on if that is nil.
    public func read(
        into first: UnsafeMutableRawBufferPointer,
        then second: UnsafeMutableRawBufferPointer = .init(start: nil, count: 0),
        deadline: Nanoseconds? = nil
    ) throws(TransportError) -> Int {
        let end = deadline ?? clock.now() + stallDeadline
        while true {
            var vector = [
                iovec(iov_base: first.baseAddress, iov_len: first.count),
                iovec(iov_base: second.baseAddress, iov_len: second.count),
            ]
            // SAFETY: both entries describe memory that the caller lends for the length of this call.
            let count = readv(readEnd, &vector, second.isEmpty ? 1 : 2)
            if count >= 0 {
                if count == 0, isShutDown { throw .cancelled }
                received.add(UInt64(count), ordering: .relaxed)
                return count
            }
            try waitAfterFailure(
                readEnd, Int32(POLLIN), until: end, action: "Unable to read from \(medium.name)")
        }
    }

    /// Fills `target` wholly; a peer that closes before is an error.
    public func readAll(into target: UnsafeMutableRawBufferPointer, deadline: Nanoseconds? = nil) throws(TransportError)
    {
        var done = 0
        while done < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let count = try read(into: rest, deadline: deadline)
            guard count > 0 else { throw .closedByPeer }
            done += count
        }
    }

    // MARK: Writing

    /// Queues a copy of `bytes`.
    public func write(_ bytes: [UInt8]) throws(TransportError) {
        var start = 0
        while start < bytes.count {
            if arenaUsed == Transport.writeBufferSize || pieceCount == Transport.gatherLimit { try flush() }
            let count = min(bytes.count - start, Transport.writeBufferSize - arenaUsed)
            let place = arena + arenaUsed
            bytes.withUnsafeBytes { raw in
                // SAFETY: `count` bytes fit behind `arenaUsed`, and the array has as many from `start` on.
                if let from = raw.baseAddress { place.copyMemory(from: from + start, byteCount: count) }
            }
            arenaUsed += count
            start += count
            appendPiece(place, count)
        }
    }

    /// Queues a reference to `count` bytes, which must stay valid and should not change until `flush` has returned.
    public func writeReference(_ bytes: UnsafeRawPointer, count: Int) throws(TransportError) {
        if pieceCount == Transport.gatherLimit { try flush() }
        appendPiece(UnsafeMutableRawPointer(mutating: bytes), count)
    }

    /// Writes everything that is queued: sendmsg(2), which unlike writev(2) raises no SIGPIPE, or writev(2) with that
    /// signal blocked.
    public func flush() throws(TransportError) {
        var first = 0
        defer {
            pieceCount = 0
            arenaUsed = 0
        }
        while first < pieceCount {
            let end = min(clock.now() + stallDeadline, writeDeadline)
            if isShutDown { throw .cancelled }
            var count = writeOut(pieces + first, pieceCount - first)
            if count < 0 {
                try waitAfterFailure(
                    writeEnd, Int32(POLLOUT), until: end, action: "Unable to write to \(medium.name)")
                continue
            }
            sent.add(UInt64(count), ordering: .relaxed)
            while first < pieceCount, count >= pieces[first].iov_len {
                count -= pieces[first].iov_len
                first += 1
            }
            if count > 0, first < pieceCount, let base = pieces[first].iov_base {
                pieces[first] = iovec(iov_base: base + count, iov_len: pieces[first].iov_len - count)
            }
        }
    }

    private func writeOut(_ vector: UnsafeMutablePointer<iovec>, _ count: Int) -> Int {
        guard interruption == nil else {
            var pipeSignal = sigset_t()
            sigemptyset(&pipeSignal)
            sigaddset(&pipeSignal, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
            // SAFETY: as below.
            return writev(writeEnd, vector, Int32(count))
        }
        // SAFETY: the entries refer to the arena, or to memory that the caller keeps valid until flush returns.
        var message = msghdr()
        message.msg_iov = vector
        message.msg_iovlen = count
        return sendmsg(writeEnd, &message, Int32(MSG_NOSIGNAL))
    }

    private func appendPiece(_ base: UnsafeMutableRawPointer, _ count: Int) {
        if pieceCount > 0, let last = pieces[pieceCount - 1].iov_base, last + pieces[pieceCount - 1].iov_len == base {
            pieces[pieceCount - 1].iov_len += count
            return
        }
        pieces[pieceCount] = iovec(iov_base: base, iov_len: count)
        pieceCount += 1
    }

    private func waitAfterFailure(
        _ descriptor: Int32, _ events: Int32, until end: Nanoseconds, action: String
    ) throws(TransportError) {
        let code = errno
        if isShutDown { throw .cancelled }
        if code == EINTR { return }
        guard code == EAGAIN else { throw .failed(action: action, reason: systemReason(code)) }
        let start = clock.now()
        // Whoever moves a little whenever it is looked at must not outlast the deadline.
        let interruption = interruption?.descriptor ?? -1
        if start >= end || waitReady(descriptor, events, until: end, cancellation: interruption) == .timedOut {
            throw isShutDown
                ? .cancelled : .stalled(action: action, milliseconds: UInt64((end - start).inMilliseconds.rounded(.up)))
        }
    }
}
