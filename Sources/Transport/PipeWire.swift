import CLinux
import Environment
import Glibc
import SystemCalls

/// A descriptor for each way: the pipes of a command, or what a client has passed that is neither a socket nor a file.
final class PipeWire: WireEnd, @unchecked Sendable {
    // SAFETY: the writing end is closed by the writing thread alone; everything else is constant or thread-safe.
    private let readEnd: Int32
    private var writeEnd: Int32
    /// Ends waits, to which shutdown(2) does nothing here.
    private let interruption: Cancellation
    let command: Command?

    init(
        reading: consuming Descriptor, writing: consuming Descriptor, command: ChildProcess? = nil, text: String = ""
    ) throws(SystemError) {
        let interruption = try Cancellation()
        self.interruption = interruption
        self.command = command.map { Command(text, $0, interruption) }
        readEnd = reading.release()
        writeEnd = writing.release()
        setNonBlocking(readEnd)
        setNonBlocking(writeEnd)
    }

    deinit {
        close(readEnd)
        if writeEnd >= 0 { close(writeEnd) }
    }

    var name: String { command == nil ? "file" : "command" }

    var canReceive: Bool {
        if command != nil { return true }
        let flags = clinux_fcntl(readEnd, F_GETFL, 0)
        return flags >= 0 && flags & O_ACCMODE == O_RDWR
    }

    func read(_ places: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        // SAFETY: the entries describe memory that the reader lends until the call returns.
        Wire.Outcome(uninterrupted { unsafe readv(readEnd, places, Int32(count)) }, .reading)
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

    func closeWriting() {
        if writeEnd >= 0 { close(writeEnd) }
        writeEnd = -1
    }
}

/// A command that was started for a channel, and how it ends.
final class Command: @unchecked Sendable {
    // SAFETY: `child` belongs to the thread that finishes the channel; there is one.
    private let text: String
    private let child: ChildProcess
    private let interruption: Cancellation

    init(_ text: String, _ child: ChildProcess, _ interruption: Cancellation) {
        self.text = text
        self.child = child
        self.interruption = interruption
    }

    /// Waits for the end, and throws `.commandFailed` unless the command says with status 0 that it has done its work.
    /// One that has not ended at `deadline` is killed, and has failed.
    func awaitEnd(until deadline: Nanoseconds) throws(TransportError) {
        let ending: ChildProcess.Ending?
        do {
            ending = try child.wait(until: deadline, orUntil: interruption.signal)
        } catch {
            throw failure(error.description)
        }
        switch ending {
        case .exited(0): return
        case .exited(let status): throw failure("ended with status \(status)")
        case .killed(let signal): throw failure("was killed by signal \(signal)")
        case nil where interruption.isCancelled: throw .cancelled
        case nil: throw failure("did not end in time and was killed")
        }
    }

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
