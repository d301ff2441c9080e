import MachineModel
import MigrationCore
import MigrationFormat
import QAPI
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

/// An outgoing migration as all threads see it.
typealias SourceSession = Session<SourceMachine, SourceMachine.Action>
/// An incoming one.
typealias DestinationSession = Session<DestinationMachine, DestinationMachine.Action>

// What happens is asked of the state machines, and what follows is carried out: what is told first, then what is done at
// once, by the posting thread, and what takes its time by the thread of the migration.
extension MigrationController {
    /// What is left to do once clients were told.
    struct Orders<Action: Sendable>: Sendable {
        var actions: [Action]
        /// The channels that `breakChannel` means: those that there were when that was decided. By the time that it is carried
        /// out, a postcopy may go on over others.
        var channels: [Channel]

        fileprivate init(_ actions: [Action], breaking isBroken: Bool, of control: RunControl) {
            self.actions = actions
            channels = isBroken ? control.channels.all : []
        }

        fileprivate func breakChannels() { for channel in channels { channel.breakOff() } }
    }

    /// Something happened to the outgoing migration.
    func post(_ event: SourceMachine.Event, of session: SourceSession) {
        carryOut(take(event, of: session), of: session)
    }

    /// Asks what follows, and tells clients; what is left to do is returned.
    func take(_ event: SourceMachine.Event, of session: SourceSession) -> Orders<SourceMachine.Action> {
        let orders = withState { state in ask(&state, session) { $0.handle(event, now: clock.now()) } }
        events.deliver()
        return orders
    }

    /// The same with the lock held; the caller delivers the events afterwards.
    func ask(
        _ state: inout State, _ session: SourceSession, _ body: (inout SourceMachine) -> [SourceMachine.Action]
    ) -> Orders<SourceMachine.Action> {
        let (actions, isOver, pause) = session.machine.withLock { machine in
            (body(&machine), !machine.isRunning && machine.status != .colo, machine.pause)
        }
        // Before anything is told: who hears that it has ended finds a guest at full speed.
        for case .throttle(let percentage) in actions { machine.parts.engine.setThrottle(percentage: percentage) }
        var rest: [SourceMachine.Action] = []
        for action in actions {
            switch action {
            case .throttle: break
            case .tell(let status):
                if state.settings[.events] { events.append(.status(status.inSchema)) }
                if status == .cancelled { events.append(.outgoingCancelled) }
                if status == .postcopyPaused, let pause { events.append(.postcopyPaused(pause)) }
            case .pass(let number): if state.settings[.events] { events.append(.pass(number)) }
            case .reportRefusal(let text): events.append(.recoveryRefused(text))
            case .report(let text, let guestStands):
                events.append(.outgoingFailed(text, guestStands: guestStands))
            default: rest.append(action)
            }
        }
        if isOver { endOptions(&state) }
        return Orders(rest, breaking: rest.contains(.breakChannel), of: session.control)
    }

    func carryOut(_ orders: Orders<SourceMachine.Action>, of session: SourceSession) {
        for action in orders.actions {
            switch action {
            case .interrupt: session.interrupt()
            case .breakChannel: orders.breakChannels()
            case .releasePrimaries(let giveBack): releasePrimaries(of: session, giveBack: giveBack)
            case .end: session.end()
            default: session.give(action)
            }
        }
    }

    /// Something happened to the incoming migration.
    func post(_ event: DestinationMachine.Event, of session: DestinationSession) {
        take(of: session) { $0.handle(event) }
    }

    func take(of session: DestinationSession, _ body: (inout DestinationMachine) -> [DestinationMachine.Action]) {
        carryOut(withState { state in ask(&state, session, body) }, of: session)
    }

    /// What follows from what the incoming migration is told.
    struct IncomingOrders: Sendable {
        /// To be done before clients are told.
        fileprivate var first: Orders<DestinationMachine.Action>
        fileprivate var rest: Orders<DestinationMachine.Action>
    }

    /// Asks with the lock held; the caller carries out what follows.
    func ask(
        _ state: inout State, _ session: DestinationSession,
        _ body: (inout DestinationMachine) -> [DestinationMachine.Action]
    ) -> IncomingOrders {
        let (actions, pause) = session.machine.withLock { machine in (body(&machine), machine.pause) }
        var (first, rest): ([DestinationMachine.Action], [DestinationMachine.Action]) = ([], [])
        var isTold = false
        for action in actions {
            switch action {
            case .tell(let status):
                if state.settings[.events] { events.append(.status(status.inSchema)) }
                if status == .postcopyPaused, let pause { events.append(.postcopyPaused(pause)) }
            case .report(let text): events.append(.incomingFailed(text))
            case .reportRefusal(let text):
                events.append(pause == nil ? .incomingRefused(text) : .recoveryRefused(text))
            case .waitAgain: state.incoming.stopListening()
            default:
                if isTold { rest.append(action) } else { first.append(action) }
                continue
            }
            isTold = true
        }
        let isBroken = actions.contains(.breakChannel)
        return IncomingOrders(
            first: Orders(first, breaking: isBroken, of: session.control),
            rest: Orders(rest, breaking: isBroken, of: session.control))
    }

    /// A last word that comes before the status is said before it, too: its owner may end the process for that.
    func carryOut(_ orders: IncomingOrders, of session: DestinationSession) {
        carryOut(orders.first, of: session)
        events.deliver()
        carryOut(orders.rest, of: session)
    }

    private func carryOut(_ orders: Orders<DestinationMachine.Action>, of session: DestinationSession) {
        for action in orders.actions {
            switch action {
            case .interrupt: session.interrupt()
            case .breakChannel: orders.breakChannels()
            case .replaceListener: break
            case .pong(let value): session.control.answer(.pong(value))
            case .shut(let word): session.control.answer(.shut(word))
            case .end: session.end()
            default: session.give(action)
            }
        }
    }
}

extension SourceMachine.Tunables {
    /// What `parameters` say now; the capabilities are those that the migration began with.
    init(_ parameters: MigrationSettings.Values, _ settings: MigrationSettings) {
        self.init(
            maxBandwidth: parameters.maxBandwidth, maxPostcopyBandwidth: parameters.maxPostcopyBandwidth,
            downtimeLimit: parameters.downtimeLimit,
            autoConverge: settings[.autoConverge] ? AutoConverge.Settings(parameters) : nil)
    }
}

extension AutoConverge.Settings {
    /// What `parameters` say.
    init(_ parameters: MigrationSettings.Values) {
        self.init(
            threshold: Int(parameters.throttleTriggerThreshold), initial: Int(parameters.cpuThrottleInitial),
            increment: Int(parameters.cpuThrottleIncrement), maximum: Int(parameters.maxCPUThrottle),
            isTailslow: parameters.cpuThrottleTailslow)
    }
}
