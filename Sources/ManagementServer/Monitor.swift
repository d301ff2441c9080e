import QMP
import SystemCalls

/// One connection: takes requests in, has them run, and sends replies and events.
///
/// In-band commands run one after the other. Where out-of-band execution was negotiated, up to
/// `ManagementLimits.queuedRequests` of them wait meanwhile, and an out-of-band command among them is run at once, even
/// while another one runs. Nothing is read from the client beyond what may wait.
///
/// A client may send and go: what it had sent before it went is carried out, in order, though nobody takes the answers.
final class Monitor: @unchecked Sendable {
    // SAFETY: all mutable state is used on the loop's thread only; tasks come back to it through `MonitorLoop.post`.
    let connection: MonitorConnection
    private let loop: MonitorLoop
    private let hub: EventHub
    private let dispatcher: CommandDispatcher
    private let limits: ManagementLimits
    private let context: MonitorContext
    private let notice: @Sendable (String) -> Void
    /// Called once, when the connection has ended.
    private var whenClosed: () -> Void = {}

    private var session: MonitorSession
    private var input: [UInt8] = []
    private var offset = 0
    /// In-band requests that wait for their turn.
    private var queue: [MonitorSession.Action] = []
    private var isRunning = false
    private var isRunningOutOfBand = false
    private var inputEnded = false
    /// The server ends: no more requests.
    private var isDraining = false
    private var isProceeding = false
    /// `proceed` comes again by itself.
    private var isScheduled = false

    init(
        connection: MonitorConnection, loop: MonitorLoop, hub: EventHub, dispatcher: CommandDispatcher,
        limits: ManagementLimits, descriptors: DescriptorStore, notice: @escaping @Sendable (String) -> Void
    ) {
        self.connection = connection
        self.loop = loop
        self.hub = hub
        self.dispatcher = dispatcher
        self.limits = limits
        self.notice = notice
        context = MonitorContext(descriptors: descriptors, passed: connection.passed)
        session = MonitorSession(limits: limits.json)
    }

    /// Greets the client and serves it until `whenClosed`.
    func start(greeting: JSONValue, whenClosed: @escaping () -> Void) {
        self.whenClosed = whenClosed
        do throws(SystemError) {
            try connection.open { [self] in ready($0) }
        } catch {
            notice("a connection cannot be served: \(error)")
            return close()
        }
        connection.outbox.setOwner { [self] urgency in
            loop.post { [self] in
                switch urgency {
                case .flush: proceed()
                case .close:
                    notice("a client left more than \(limits.unsentBytes) bytes unread and was disconnected")
                    close()
                }
            }
        }
        send(greeting)
        proceed()
    }

    /// The connection has something for us, or room again.
    private func ready(_ readiness: Poller.Readiness) {
        if !readiness.isDisjoint(with: .hungUp) {
            connection.abandon()
        } else if readiness.contains(.readable) {
            read()
        }
        proceed()
    }

    private func read() {
        // A client with enough requests waiting is not read from until those are done.
        guard wantsInput, offset == input.count else { return connection.listen(false) }
        offset = 0
        input = []
        switch connection.receive() {
        case .bytes(let bytes): input = bytes
        case .nothing: break
        case .ended:
            inputEnded = true
            connection.listen(false)
        }
    }

    /// Reads what a client that has gone had sent, which the loop tells nothing of; false if there is nothing, or if it
    /// may not be read yet.
    private func readRemainder() -> Bool {
        guard connection.isAbandoned, wantsInput, offset == input.count, queue.isEmpty, !isRunning else { return false }
        read()
        return !input.isEmpty
    }

    /// Ends the connection once the running command was answered and the answer taken, or the time is up.
    func drain() {
        isDraining = true
        queue = []
        loop.schedule(after: limits.drainTime) { [self] in close() }
        proceed()
    }

    func close() {
        queue = []
        isDraining = true
        hub.unsubscribe(connection.outbox)
        connection.close()
        whenClosed()
        whenClosed = {}
    }

    // MARK: Requests

    /// Whether one more request may be taken in.
    private var wantsInput: Bool {
        guard !isDraining, !inputEnded, !isRunningOutOfBand else { return false }
        guard connection.outbox.unsentBytes <= limits.readPauseBytes else { return false }
        // Of a client that has gone, what was read is looked through: nothing may be left of it but half a request.
        return session.outOfBandEnabled || connection.isAbandoned
            ? queue.count < limits.queuedRequests : queue.isEmpty && !isRunning
    }

    /// Whether there is something to take a request out of.
    private var canTakeRequest: Bool { offset < input.count && wantsInput }

    private var canRunNext: Bool {
        !queue.isEmpty && !isRunning && connection.outbox.unsentBytes <= limits.readPauseBytes
    }

    /// Does what can be done now: take requests in, run the next one, send, or close. Comes back later if there is
    /// much to do, so that the other connections have their turn.
    func proceed() {
        // A command that is answered at once ends within.
        guard !isProceeding else { return }
        guard !connection.isClosed else { return close() }
        isProceeding = true
        var turns = limits.requestsPerTurn
        while turns > 0, takeRequest() || runNext() || readRemainder() { turns -= 1 }
        isProceeding = false
        let wasAbandoned = connection.isAbandoned
        connection.flush()
        // What was sent may have made room, or shown that the client has gone.
        if turns == 0 || canTakeRequest || canRunNext || connection.isAbandoned != wasAbandoned {
            proceedLater()
        } else {
            settle()
        }
    }

    /// Nothing can be done now: decides what to wait for.
    private func settle() {
        guard !connection.isClosed else { return close() }
        let hasRequests = !queue.isEmpty || offset < input.count
        if connection.isAbandoned {
            // Nobody waits for the answer of a command that still runs, only requests behind it do.
            if isDraining || !(hasRequests || connection.hasInput) { close() }
            return
        }
        let isBusy = isRunning || isRunningOutOfBand
        if isDraining || (inputEnded && !hasRequests) {
            if !isBusy && connection.outbox.unsentBytes == 0 { close() }
        } else if wantsInput {
            connection.listen(true)
        }
    }

    private func proceedLater() {
        guard !isScheduled else { return }
        isScheduled = true
        loop.post { [self] in
            isScheduled = false
            proceed()
        }
    }

    /// Takes one request out of what was read; false if there is none or it may not be taken yet.
    private func takeRequest() -> Bool {
        guard canTakeRequest, let action = session.next(input.span, &offset) else { return false }
        switch action {
        case .execute(let request) where request.outOfBand:
            isRunningOutOfBand = true
            run(request) { [self] in isRunningOutOfBand = false }
        case .replyOutOfBand(let value): send(value)
        default: queue.append(action)
        }
        return true
    }

    /// Begins with the in-band request whose turn it is; false if there is none.
    private func runNext() -> Bool {
        guard canRunNext else { return false }
        switch queue.removeFirst() {
        case .reply(let value), .replyOutOfBand(let value): send(value)
        case .negotiated(let value): hub.subscribe(connection.outbox, after: encode(value))
        case .execute(let request):
            isRunning = true
            run(request) { [self] in isRunning = false }
        }
        return true
    }

    /// Runs `request` and sends its reply; `ended` follows on the loop's thread.
    private func run(_ request: Request, _ ended: @escaping @Sendable () -> Void) {
        let isQuick = CommandUrgency.isQuick(request)
        // A query neither takes descriptors nor leaves anything to be done.
        let afterReply = isQuick && !request.outOfBand ? nil : AfterReply()
        let work: @Sendable () async -> Void = { [self] in
            let reply = encode(await result(of: request, afterReply))
            if loop.isCurrent {
                connection.outbox.append(reply: reply)
                afterReply?.perform()
                ended()
            } else {
                loop.post { [self] in
                    connection.outbox.append(reply: reply)
                    afterReply?.perform()
                    ended()
                    proceed()
                }
            }
        }
        // A command that has its answer at hand is answered on this thread, without a detour.
        if isQuick { Task.immediate(operation: work) } else { Task(operation: work) }
    }

    private func result(of request: Request, _ afterReply: AfterReply?) async -> JSONValue {
        guard let afterReply else { return await dispatcher.run(request) }
        return await AfterReply.$current.withValue(afterReply) {
            await MonitorContext.$current.withValue(context) { await dispatcher.run(request) }
        }
    }

    private func send(_ value: JSONValue) { connection.outbox.append(reply: encode(value)) }

    private func encode(_ value: JSONValue) -> [UInt8] { Reply.encode(value, pretty: connection.outbox.isPretty) }
}

/// Which commands are answered from memory.
enum CommandUrgency {
    /// Queries that take no lock which anybody holds for long, and no time of their own.
    private static let quick: Set<String> = [
        "query-status", "query-version", "query-name", "query-uuid", "query-kvm", "query-target", "query-migrate",
        "query-migrate-capabilities", "query-migrate-parameters", "query-colo-status", "query-jobs", "query-yank",
    ]

    /// Whether the command may run on the thread of all connections: such a query, or what came out of band, which by
    /// its nature must not wait for anything.
    static func isQuick(_ request: Request) -> Bool { request.outOfBand || quick.contains(request.command) }
}
