import Environment
import Glibc
import QMP
import SystemCalls

/// A negotiated connection to colod. It blocks, and every wait has a deadline.
final class Connection {
    private let path: String
    private let patience: Nanoseconds
    private let socket: Descriptor
    private var session = ClientSession()
    private var unread: [ClientSession.Message] = []
    private var keptEvents: [ClientSession.Event] = []
    private var lastId: Int64 = 0

    /// Connects and negotiates, with `outOfBand` also that commands may overtake others.
    init(path: String, patience: Nanoseconds, outOfBand: Bool = false) throws(Failure) {
        self.path = path
        self.patience = patience
        let deadline = Self.clock.now() + patience
        socket = try Self.open(path, within: patience)
        guard case .greeting = try next(until: deadline) else { throw unclear("it does not greet as a QMP server") }
        try send(ClientSession.negotiation(outOfBand: outOfBand), until: deadline)
        _ = try answer(to: nil, until: deadline)
    }

    /// Runs `command`; returns what it returned. `patience` overrules that of the connection. `outOfBand` needs a
    /// connection that negotiated it.
    func run(
        _ command: String, _ arguments: JSONObject = [:], patience: Nanoseconds? = nil, outOfBand: Bool = false
    ) throws(Failure) -> JSONValue {
        let deadline = Self.clock.now() + (patience ?? self.patience)
        lastId += 1
        let request = Request(command, arguments, id: .integer(lastId), outOfBand: outOfBand)
        try send(Reply.encode(request.json), until: deadline)
        return try answer(to: .integer(lastId), until: deadline)
    }

    /// Waits for the next event, as long as it takes.
    func nextEvent() throws(Failure) -> ClientSession.Event {
        while true {
            if let event = try nextEvent(until: .never) { return event }
        }
    }

    /// Waits for the next event; nil if none came until `deadline`.
    func nextEvent(until deadline: Nanoseconds) throws(Failure) -> ClientSession.Event? {
        if !keptEvents.isEmpty { return keptEvents.removeFirst() }
        while true {
            if unread.isEmpty, try !isReady(for: Int16(POLLIN), until: deadline) { return nil }
            if case .event(let event) = try next(until: .never) { return event }
        }
    }

    /// The reply that carries `id`; events that come before it are kept for `nextEvent`.
    private func answer(to id: JSONValue?, until deadline: Nanoseconds) throws(Failure) -> JSONValue {
        while true {
            switch try next(until: deadline) {
            case .success(let value, let replyId) where replyId == id: return value
            case .failure(let error, let replyId) where replyId == id:
                throw Failure(
                    error.errorClass == .commandNotFound ? .unclear : .refused, "colod refused: \(error.description)")
            case .event(let event): if keptEvents.count < Self.keptLimit { keptEvents.append(event) }
            default: continue
            }
        }
    }

    private func next(until deadline: Nanoseconds) throws(Failure) -> ClientSession.Message {
        while unread.isEmpty {
            let bytes = try receive(until: deadline)
            do { unread = try session.receive(bytes) } catch { throw unclear(error.description) }
        }
        return unread.removeFirst()
    }

    private func send(_ bytes: [UInt8], until deadline: Nanoseconds) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try wait(for: Int16(POLLOUT), until: deadline)
            // SAFETY: sends from an array that lives for the call, never more than its length.
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(socket.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EAGAIN && errno != EINTR {
                throw closed()
            }
        }
    }

    private func receive(until deadline: Nanoseconds) throws(Failure) -> [UInt8] {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        while true {
            try wait(for: Int16(POLLIN), until: deadline)
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = unsafe read(socket.number, &buffer, buffer.count)
            if count > 0 { return Array(buffer.prefix(count)) }
            if count == 0 || (errno != EAGAIN && errno != EINTR) { throw closed() }
        }
    }

    private func wait(for events: Int16, until deadline: Nanoseconds) throws(Failure) {
        guard try isReady(for: events, until: deadline) else {
            throw Failure(
                .unclear, "colod at \(path) does not answer in time",
                next: "wait longer with --timeout, or look at its log: journalctl -u 'colod@*' -n 50")
        }
    }

    /// Waits with poll(2); false if nothing came until `deadline`.
    private func isReady(for events: Int16, until deadline: Nanoseconds) throws(Failure) -> Bool {
        while true {
            let left = deadline == .never ? -1 : Int32(clamping: (deadline - Self.clock.now()).count / 1_000_000 + 1)
            var poller = pollfd(fd: socket.number, events: events, revents: 0)
            let count = Poll.wait(for: &poller, milliseconds: left)
            if count > 0 { return true }
            if count == 0 { return false }
            guard errno == EINTR else { throw closed() }
        }
    }

    private func closed() -> Failure {
        Failure(
            .closed, "colod at \(path) closed the connection",
            next: "look whether it still runs: systemctl status 'colod@*'")
    }

    private func unclear(_ text: String) -> Failure {
        Failure(.unclear, "\(path) is not colod's socket: \(text)", next: "check --socket, --name or COLOD_QMP")
    }

    private static func open(_ path: String, within patience: Nanoseconds) throws(Failure) -> Descriptor {
        do { return try UnixSocket.connect(path, within: patience) } catch { throw explain(error, path) }
    }

    private static func explain(_ error: SystemError, _ path: String) -> Failure {
        switch error.code {
        case ENOENT, ECONNREFUSED:
            Failure(
                .unreachable, "no colod listens at \(path)",
                next: "start it (systemctl start colod@NAME), or check --socket, --name or COLOD_QMP")
        case EACCES, EPERM: .denied(path)
        case ENAMETOOLONG:
            Failure(
                .usage,
                "the socket path is too long: \(path) has \(path.utf8.count) bytes, at most "
                    + "\(UnixSocket.longestPath) fit", next: "use a shorter path, for instance one in /run/colod")
        default: Failure(.unclear, "cannot connect: \(error.description)")
        }
    }

    private static let clock = SystemClock()
    /// Events that may wait while a reply is waited for.
    private static let keptLimit = 4096
}
