import CLinux
import Environment
import Glibc

// SAFETY: the lists that are handed to the calls below describe memory that the caller lends until the call returns.

/// What the bytes of a channel travel through.
///
/// A wire makes the system calls, waits until they can go on, and ends such waits. Buffers, counters and deadlines belong
/// to the channel, which knows no more of its wire than is said here.
enum Wire {
    /// A connected stream socket.
    case socket(SocketWire)
    /// Pipes to and from a command, or one that a client has passed; also a FIFO or a terminal.
    case pipe(PipeWire)
    /// A file: always ready, with nobody at its other end.
    case file(FileWire)
    /// TLS over another one.
    case tls(TLSWire)

    /// Which way bytes go, seen from here.
    enum Direction {
        case reading
        case writing

        /// For poll(2).
        var events: Int32 { self == .reading ? Int32(POLLIN) : Int32(POLLOUT) }
    }

    /// What a call came to.
    enum Outcome {
        /// So many bytes were moved; reading, 0 says that the other end sends no more.
        case moved(Int)
        /// Nothing can be moved before the wire is ready in that direction, which need not be the one that was asked for.
        case blocked(Direction)
        /// The error number.
        case failed(Int32)
        /// The peer, or what came from it, cannot be gone on with; the text says why.
        case broken(String)
    }

    private var end: any WireEnd {
        switch self {
        case .socket(let wire): wire
        case .pipe(let wire): wire
        case .file(let wire): wire
        case .tls(let wire): wire
        }
    }

    /// What is done with it in one direction, as error texts begin.
    func action(_ direction: Direction) -> String { end.action(direction) }

    /// The command behind it, if there is one.
    var command: Command? {
        switch self {
        case .pipe(let wire): wire.command
        case .tls(let wire): wire.carrier.command
        case .socket, .file: nil
        }
    }

    /// Whether the other end can be heard: what only takes bytes has no return path.
    var canReceive: Bool { end.canReceive }

    /// Reads what is there into the places listed, in their order, with one call and without waiting.
    // SAFETY: the caller's array of places, `count` long, for the length of the call.
    func read(_ places: UnsafeMutablePointer<iovec>, _ count: Int) -> Outcome { unsafe end.read(places, count) }

    /// Writes as much as can be now of the pieces listed, with one call. Raises no SIGPIPE.
    // SAFETY: the caller's array of places, `count` long, for the length of the call.
    func write(_ pieces: UnsafeMutablePointer<iovec>, _ count: Int) -> Outcome { unsafe end.write(pieces, count) }

    /// Waits until `deadline` for readiness in one direction; `orUntil` is a descriptor whose readability ends it too.
    func wait(for direction: Direction, until deadline: Nanoseconds, orUntil other: Int32 = -1) -> PollResult {
        end.wait(for: direction, until: deadline, orUntil: other)
    }

    /// Whether something can be read now, rather than that the other end has gone without a byte. Only after `wait`.
    var holdsBytes: Bool { end.holdsBytes }

    /// Ends all waits, now and later; the other end sees that nothing more comes. Any thread.
    func interrupt() { end.interrupt() }

    /// Breaks the connection as the network might; false if this wire has none to break. Any thread.
    func breakOff() -> Bool {
        switch self {
        case .socket(let wire): wire.interrupt()
        case .pipe(let wire): wire.breakOff()
        case .tls(let wire): return wire.carrier.breakOff()
        case .file: return false
        }
        return true
    }

    /// Tells the other end that nothing more comes; reading goes on. Belongs to the writing thread.
    func closeWriting() { end.closeWriting() }

    /// Tells the other end that nothing more comes where that needs no end of the wire. Belongs to the writing thread.
    func sayEnd() { if case .tls(let wire) = self { wire.sayEnd() } }

    /// The kernel is to give the connection up once sent data stays unacknowledged for `span`.
    func limitUnacknowledged(to span: Nanoseconds) {
        switch self {
        case .socket(let wire): wire.limitUnacknowledged(to: span)
        case .tls(let wire): wire.carrier.limitUnacknowledged(to: span)
        case .pipe, .file: break
        }
    }
}

/// What every kind of wire does.
protocol WireEnd: AnyObject {
    /// As error texts name it.
    var name: String { get }
    func action(_ direction: Wire.Direction) -> String
    var canReceive: Bool { get }
    var holdsBytes: Bool { get }
    func read(_ places: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome
    func write(_ pieces: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome
    func wait(for direction: Wire.Direction, until deadline: Nanoseconds, orUntil other: Int32) -> PollResult
    func interrupt()
    func closeWriting()
}

extension WireEnd {
    func action(_ direction: Wire.Direction) -> String {
        direction == .reading ? "Unable to read from \(name)" : "Unable to write to \(name)"
    }
}

extension Wire.Outcome {
    /// What a system call returned.
    init(_ count: Int, _ direction: Wire.Direction) {
        if count >= 0 {
            self = .moved(count)
        } else {
            let code = errno
            self = code == EAGAIN ? .blocked(direction) : .failed(code)
        }
    }
}

/// Repeats a call that a signal has interrupted.
@inline(__always)
func uninterrupted(_ call: () -> Int) -> Int {
    while true {
        let count = call()
        if count >= 0 || errno != EINTR { return count }
    }
}

/// Makes the calls on a descriptor return at once instead of waiting. Files do not know the difference.
func setNonBlocking(_ number: Int32) {
    let flags = clinux_fcntl(number, F_GETFL, 0)
    if flags >= 0 { _ = clinux_fcntl(number, F_SETFL, flags | O_NONBLOCK) }
}
