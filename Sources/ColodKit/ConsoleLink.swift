import CLinux
import Configuration
import Diagnostics
import Environment
import Glibc
import SystemCalls

/// Where the guest's UART ends: the log, a file, this process's terminal or a unix socket.
///
/// `send` is called by the UART with the machine lock held, so it only queues; one thread does the I/O. What a slow
/// reader does not take beyond `queueLimit` is dropped, as on a serial line without flow control.
final class ConsoleLink: Sendable {
    /// The most bytes that wait for a slow reader.
    static let queueLimit = 1 << 20
    /// Milliseconds until somebody is accepted again after the process ran out of descriptors.
    private static let acceptPause: Int32 = 100
    /// The longest line that goes to the log in one piece.
    static let lineLimit = 1024

    private struct Queue {
        var bytes: [UInt8] = []
        var ended = false
    }

    private enum End {
        case log(@Sendable (String) -> Void)
        case descriptors(output: Int32, input: Int32?)
        case listener(Int32)
    }

    private let queue = ThreadGate(Queue())
    private let wake: EventSignal

    /// A console of that kind. `receive` gets what is typed; `log` gets the guest's lines, whole, and `notice` what this
    /// process has to say about the console: a guest cannot write there.
    init(
        _ kind: ConsoleConfiguration, receive: @escaping @Sendable ([UInt8]) -> Void,
        log: @escaping @Sendable (String) -> Void, notice: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        wake = try EventSignal()
        let end: End
        switch kind {
        case .none: return
        case .log: end = .log(log)
        case .stdio: end = .descriptors(output: STDOUT_FILENO, input: STDIN_FILENO)
        case .file(let path):
            let file = try Self.open(path)
            end = .descriptors(output: file.release(), input: nil)
        case .unix(let path):
            let socket = try UnixSocket.bind(path)
            guard listen(socket.number, 1) == 0 else {
                throw SystemError(code: errno, call: "listen", subject: path)
            }
            end = .listener(socket.release())
        }
        _ = try Thread(name: "console") { [queue, wake] in
            switch end {
            case .log(let log): Self.logLines(queue, wake, log, notice)
            case .descriptors(let output, let input):
                _ = Self.pump(queue, wake, output: output, input: input, receive: receive)
            case .listener(let listener): Self.serve(Descriptor(owning: listener), queue, wake, receive, notice)
            }
        }
    }

    /// Opens the file of a console. One that is made here can be read by the group, whatever the umask.
    private static func open(_ path: String) throws(SystemError) -> Descriptor {
        let flags = O_WRONLY | O_APPEND
        do throws(SystemError) {
            let file = try Descriptor.open(path, flags: flags | O_CREAT | O_EXCL, mode: 0o600)
            guard fchmod(file.number, 0o640) == 0 else { throw SystemError(code: errno, call: "fchmod", subject: path) }
            return file
        } catch {
            guard error.code == EEXIST else { throw error }
            return try Descriptor.open(path, flags: flags)
        }
    }

    /// Queues what the guest wrote.
    func send(_ bytes: [UInt8]) {
        queue.withLock(notify: false) { queue in
            guard queue.bytes.count + bytes.count <= Self.queueLimit else { return }
            queue.bytes += bytes
        }
        wake.raise()
    }

    /// Ends the thread after what is queued was written once.
    func shutDown() {
        queue.withLock(notify: false) { $0.ended = true }
        wake.raise()
    }

    private static func take(_ queue: ThreadGate<Queue>) -> Queue {
        queue.withLock(notify: false) { queue in
            defer { queue.bytes = [] }
            return queue
        }
    }

    private static func logLines(
        _ queue: ThreadGate<Queue>, _ wake: EventSignal, _ log: (String) -> Void, _ notice: (String) -> Void
    ) {
        let clock = SystemClock()
        var budget = LineBudget(now: clock.now())
        var line: [UInt8] = []
        func tell() {
            guard let leftOut = budget.admit(now: clock.now()) else { return }
            if leftOut > 0 {
                notice("\(leftOut) lines of the guest's console are left out: it writes too fast for the log")
            }
            log(text(line))
        }
        while true {
            var entry = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
            _ = Poll.wait(for: &entry, milliseconds: -1)
            wake.lower()
            let taken = take(queue)
            for byte in taken.bytes {
                if byte == UInt8(ascii: "\n") || line.count >= lineLimit {
                    tell()
                    line = []
                }
                if byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r") { line.append(byte) }
            }
            if taken.ended { return line.isEmpty ? () : tell() }
        }
    }

    /// The guest's bytes as text; the log escapes what is not printable.
    private static func text(_ line: [UInt8]) -> String { String(decoding: line, as: UTF8.self) }

    /// Copies both ways until the console ends (true) or the other side does (false).
    private static func pump(
        _ queue: ThreadGate<Queue>, _ wake: EventSignal, output: Int32, input: Int32?,
        receive: ([UInt8]) -> Void
    ) -> Bool {
        var input = input
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            var entries = [
                pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: input ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            _ = Poll.wait(for: &entries, milliseconds: -1)
            if entries[1].revents != 0 {
                // SAFETY: reads at most the length of `chunk` into it.
                let count = unsafe read(input ?? -1, &chunk, chunk.count)
                if count > 0 {
                    receive(Array(chunk[..<count]))
                } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
                    if output == input { return false }
                    input = nil
                }
            }
            wake.lower()
            let taken = take(queue)
            if !writeAll(taken.bytes, to: output) && output == input { return false }
            if taken.ended { return true }
        }
    }

    private static func serve(
        _ listener: consuming Descriptor, _ queue: ThreadGate<Queue>, _ wake: EventSignal,
        _ receive: ([UInt8]) -> Void, _ notice: (String) -> Void
    ) {
        let clock = SystemClock()
        var refusedAccepts = RepeatedNotice()
        /// Nobody is accepted for a moment: the process has no more descriptors.
        var isPausing = false
        while true {
            var entries = [
                pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isPausing ? -1 : listener.number, events: Int16(POLLIN), revents: 0),
            ]
            _ = Poll.wait(for: &entries, milliseconds: isPausing ? acceptPause : -1)
            isPausing = false
            if entries[0].revents != 0 {
                // Nobody listens: what the guest says now is lost, as on an unplugged line.
                wake.lower()
                if take(queue).ended { return }
            }
            guard entries[1].revents != 0 else { continue }
            do throws(SystemError) {
                guard let client = try listener.accept() else { continue }
                _ = refusedAccepts.ended(at: clock.now())
                if pump(queue, wake, output: client.number, input: client.number, receive: receive) { return }
            } catch {
                isPausing = true
                if refusedAccepts.happened(at: clock.now()) != nil {
                    notice("nobody can connect to the console: \(error)")
                }
            }
        }
    }

    /// Writes with a bound on how long a reader may take; false if the other side is gone.
    private static func writeAll(_ bytes: [UInt8], to output: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            var entry = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
            guard Poll.wait(for: &entry, milliseconds: 1000) > 0 else { return true }
            // SAFETY: writes from an array slice that is alive for the call; never more than its length.
            let count = unsafe rest.prefix(4096).withUnsafeBytes { unsafe send(output, $0) }
            if count < 0 && errno != EINTR && errno != EAGAIN { return false }
            rest = rest.dropFirst(max(0, count))
        }
        return true
    }

    private static func send(_ output: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        let count = unsafe Glibc.send(output, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        // SAFETY: the same bytes, for descriptors that are no sockets.
        return unsafe count < 0 && errno == ENOTSOCK ? write(output, bytes.baseAddress, bytes.count) : count
    }
}
