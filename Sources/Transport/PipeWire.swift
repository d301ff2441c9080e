import CLinux
import Environment
import Glibc
import Synchronization
import SystemCalls

/// A descriptor for each way: the pipes of a command, or what a client has passed that is neither a socket nor a file.
final class PipeWire: WireEnd, Sendable {
    /// Their numbers stay the same until the end; what lies behind them may be let go before (`gone`).
    private let readEnd: Int32
    private let writeEnd: Int32
    /// Nobody is at its other end: takes the place of an end that is let go while other threads may use its number.
    private let gone: Descriptor
    /// Ends waits, to which shutdown(2) does nothing here.
    private let interruption: Cancellation
    /// Once the channel is broken off, how many bytes may still be read; negative before. What the other end has said is
    /// heard, as on a socket, but an end that goes on to write is not.
    private let unread = Atomic<Int>(-1)
    let command: Command?

    init(
        reading: consuming Descriptor, writing: consuming Descriptor, command: ChildProcess? = nil, text: String = ""
    ) throws(SystemError) {
        let interruption = try Cancellation()
        self.interruption = interruption
        gone = try Self.endWithoutPeer()
        self.command = command.map { Command(text, $0, interruption) }
        readEnd = reading.release()
        writeEnd = writing.release()
        setNonBlocking(readEnd)
        setNonBlocking(writeEnd)
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Reading from it meets the end at once, and writing to it fails.
    private static func endWithoutPeer() throws(SystemError) -> Descriptor {
        // SAFETY: the call writes two numbers to a local array of two.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SystemError(code: errno, call: "socketpair")
        }
        close(ends[1])
        return Descriptor(owning: ends[0])
    }

    /// Lets what is behind `end` go, whoever uses it: dup3(2) leaves no moment at which its number is another's.
    private func letGo(of end: Int32) { _ = clinux_replace_descriptor(gone.number, end) }

    var name: String { command == nil ? "file" : "command" }

    var canReceive: Bool {
        if command != nil { return true }
        let flags = clinux_fcntl(readEnd, F_GETFL, 0)
        return flags >= 0 && flags & O_ACCMODE == O_RDWR
    }

    func read(_ places: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        // Looked at before the call: what the other end said before the break is there when nothing can be read after it.
        let left = unread.load(ordering: .acquiring)
        if left == 0 { letGo(of: readEnd) }
        // SAFETY: the entries describe memory that the reader lends until the call returns.
        let outcome = Wire.Outcome(uninterrupted { unsafe readv(readEnd, places, Int32(count)) }, .reading)
        return left > 0 ? afterBreak(outcome, left) : outcome
    }

    /// Notes what was read of the last `left` bytes. Behind them is the end, which the other end is to see at once.
    private func afterBreak(_ outcome: Wire.Outcome, _ left: Int) -> Wire.Outcome {
        var rest = 0
        if case .moved(let count) = outcome { rest = max(0, left - count) }
        unread.store(rest, ordering: .releasing)
        if rest == 0 { letGo(of: readEnd) }
        if case .blocked = outcome { return .moved(0) }
        return outcome
    }

    func write(_ pieces: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        blockPipeSignal()
        // SAFETY: the entries describe memory that the writer keeps valid until the call returns.
        return Wire.Outcome(uninterrupted { unsafe writev(writeEnd, pieces, Int32(count)) }, .writing)
    }

    func wait(for direction: Wire.Direction, until deadline: Nanoseconds, orUntil other: Int32) -> PollResult {
        let number = direction == .reading ? readEnd : writeEnd
        return waitAny(
            [number], direction.events, until: deadline, cancellations: (interruption.descriptor, other)
        ).result
    }

    var holdsBytes: Bool { isReadable(readEnd) }

    func interrupt() { interruption.cancel() }

    /// Lets both ends go, the one that is read from once what is there was read, and ends a command, which may have a
    /// connection of its own to break.
    func breakOff() {
        // Before the command sees an end: who waits for that of the command is not to take it for its own failure.
        interruption.cancel()
        letGo(of: writeEnd)
        // Only now: who reads the end can rely on it that nothing can be written any more.
        _ = unread.compareExchange(
            expected: -1, desired: readableCount(readEnd), ordering: .acquiringAndReleasing)
        if unread.load(ordering: .acquiring) == 0 { letGo(of: readEnd) }
        command?.kill()
    }

    func closeWriting() { letGo(of: writeEnd) }
}

/// A command that was started for a channel, and how it ends.
final class Command: Sendable {
    private let text: String
    private let child: ChildProcess
    private let interruption: Cancellation

    init(_ text: String, _ child: ChildProcess, _ interruption: Cancellation) {
        self.text = text
        self.child = child
        self.interruption = interruption
    }

    /// Waits for the end, and throws `.commandFailed` unless the command says with status 0 that it has done its work.
    /// One that has not ended at `deadline` is killed, and has failed. Throws `.cancelled` if the channel was interrupted or
    /// broken off: that may be why the command has failed.
    func awaitEnd(until deadline: Nanoseconds) throws(TransportError) {
        let ending: ChildProcess.Ending?
        do {
            ending = try child.wait(until: deadline, orUntil: interruption.signal)
        } catch {
            throw failure(error.description)
        }
        if ending == .exited(0) { return }
        if interruption.isCancelled { throw .cancelled }
        switch ending {
        case .exited(let status): throw failure("ended with status \(status)")
        case .killed(let signal): throw failure("was killed by signal \(signal)")
        case nil: throw failure("did not end in time and was killed")
        }
    }

    /// Ends it, and whatever it has started.
    func kill() { child.kill() }

    private func failure(_ how: String) -> TransportError { .commandFailed(command: text, how: how) }
}

/// Keeps SIGPIPE from the calling thread, which gets EPIPE instead. Only sendmsg(2) can do without.
func blockPipeSignal() {
    // SAFETY: the calls use the places of their arguments until they return, and no longer.
    var pipeSignal = sigset_t()
    unsafe sigemptyset(&pipeSignal)
    unsafe sigaddset(&pipeSignal, SIGPIPE)
    unsafe pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
}
