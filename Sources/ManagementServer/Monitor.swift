import NIOCore
import QMP

/// One connection: takes requests in, has them run one after the other, and puts replies into the outbox.
///
/// All of its state belongs to the channel's event loop.
final class Monitor: Sendable {
    private struct State {
        var session: MonitorSession
        var waiting: [MonitorSession.Action] = []
        var isRunning = false
        /// The client sends nothing more.
        var inputEnded = false
        /// The server closes: no more requests.
        var isDraining = false
        var readPending = false
    }

    private let outbox: Outbox
    private let hub: EventHub
    private let dispatcher: CommandDispatcher
    private let limits: ManagementLimits
    private let greeting: JSONValue
    private let channel: any Channel
    private let state: NIOLoopBoundBox<State>

    init(
        outbox: Outbox, hub: EventHub, dispatcher: CommandDispatcher, limits: ManagementLimits, greeting: JSONValue,
        channel: any Channel
    ) {
        self.outbox = outbox
        self.hub = hub
        self.dispatcher = dispatcher
        self.limits = limits
        self.greeting = greeting
        self.channel = channel
        state = .makeBoxSendingValue(
            State(session: MonitorSession(limits: limits.json)), eventLoop: channel.eventLoop)
    }

    func start() {
        outbox.append(reply: Reply.encode(greeting))
        proceed()
    }

    func receive(_ bytes: [UInt8]) {
        guard !state.value.isDraining else { return }
        state.value.waiting += state.value.session.receive(bytes)
    }

    func readCompleted() {
        state.value.readPending = false
        proceed()
    }

    func inputEnded() {
        state.value.inputEnded = true
        proceed()
    }

    func stop() {
        state.value.waiting = []
        state.value.isDraining = true
        hub.unsubscribe(outbox)
        outbox.close()
    }

    /// Ends the connection once the running command was answered and the answer taken, or the time is up.
    func drain() {
        channel.eventLoop.execute { [self] in
            state.value.isDraining = true
            state.value.waiting = []
            channel.eventLoop.scheduleTask(in: limits.drainTime) { [channel] in channel.close(promise: nil) }
            proceed()
        }
    }

    func waitUntilClosed() async { try? await channel.closeFuture.get() }

    /// Does what can be done now: run the next request, read on, or close.
    func proceed() {
        while !state.value.isRunning, !state.value.waiting.isEmpty {
            let actions = state.value.waiting
            state.value.waiting = []
            var rest = actions[...]
            while !state.value.isRunning, let action = rest.popFirst() { perform(action) }
            state.value.waiting = Array(rest) + state.value.waiting
        }
        guard !state.value.isRunning else { return }
        let unsent = outbox.unsentBytes
        if state.value.inputEnded || state.value.isDraining {
            if unsent == 0 { channel.close(promise: nil) }
        } else if !state.value.readPending, unsent <= limits.readPauseBytes {
            state.value.readPending = true
            channel.read()
        }
    }

    private func perform(_ action: MonitorSession.Action) {
        switch action {
        case .reply(let value): outbox.append(reply: Reply.encode(value))
        case .negotiated(let value): hub.subscribe(outbox, after: Reply.encode(value))
        case .execute(let request):
            state.value.isRunning = true
            let eventLoop = channel.eventLoop
            Task { [self] in
                let reply = await dispatcher.run(request)
                outbox.append(reply: Reply.encode(reply))
                eventLoop.execute { [self] in
                    state.value.isRunning = false
                    proceed()
                }
            }
        }
    }
}

/// Puts a monitor into its channel's pipeline.
final class MonitorHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let monitor: Monitor

    init(_ monitor: Monitor) { self.monitor = monitor }

    func channelActive(context: ChannelHandlerContext) { monitor.start() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        monitor.receive(Array(buffer: unwrapInboundIn(data)))
    }

    func channelReadComplete(context: ChannelHandlerContext) { monitor.readCompleted() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is OutboxEvent: monitor.proceed()
        case ChannelEvent.inputClosed: monitor.inputEnded()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { monitor.stop() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
