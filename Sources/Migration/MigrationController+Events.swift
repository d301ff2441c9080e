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
    /// Something happened to the outgoing migration.
    func post(_ event: SourceMachine.Event, of session: SourceSession) {
        carryOut(take(event, of: session), of: session)
    }

    /// Asks what follows, and tells clients; what is left to do is returned.
    func take(_ event: SourceMachine.Event, of session: SourceSession) -> [SourceMachine.Action] {
        take(of: session) { $0.handle(event, now: clock.now()) }
    }

    func take(
        of session: SourceSession, _ body: (inout SourceMachine) -> [SourceMachine.Action]
    ) -> [SourceMachine.Action] {
        let actions = withState { state in ask(&state, session, body) }
        events.deliver()
        return actions
    }

    /// The same with the lock held; the caller delivers the events afterwards.
    func ask(
        _ state: inout State, _ session: SourceSession, _ body: (inout SourceMachine) -> [SourceMachine.Action]
    ) -> [SourceMachine.Action] {
        let (actions, isOver, pauseReason) = session.machine.withLock { machine in
            (body(&machine), !machine.isRunning && machine.status != .colo, machine.pauseReason)
        }
        var rest: [SourceMachine.Action] = []
        for action in actions {
            switch action {
            case .tell(let status):
                if state.settings[.events] { events.append(.status(status.inSchema)) }
                if status == .cancelled { events.append(.outgoingCancelled) }
                if status == .postcopyPaused { events.append(.postcopyPaused(pauseReason ?? "", isSource: true)) }
            case .pass(let number): if state.settings[.events] { events.append(.pass(number)) }
            case .reportRefusal(let text): events.append(.recoveryRefused(text))
            case .report(let text, let guestStands):
                events.append(.outgoingFailed(text, guestStands: guestStands))
            default: rest.append(action)
            }
        }
        if isOver { endOptions(&state) }
        return rest
    }

    func carryOut(_ actions: [SourceMachine.Action], of session: SourceSession) {
        for action in actions {
            switch action {
            case .interrupt: session.interrupt()
            case .breakChannel: session.control.cut()
            case .releasePrimaries(let giveBack): releasePrimaries(of: session, giveBack: giveBack)
            case .throttle(let percentage): machine.parts.engine.setThrottle(percentage: percentage)
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
        let rest = withState { state in
            let (actions, pauseReason) = session.machine.withLock { machine in (body(&machine), machine.pauseReason) }
            return actions.filter { action in
                switch action {
                case .tell(let status):
                    if state.settings[.events] { events.append(.status(status.inSchema)) }
                    if status == .postcopyPaused { events.append(.postcopyPaused(pauseReason ?? "", isSource: false)) }
                case .report(let text): events.append(.incomingFailed(text))
                case .reportRefusal(let text):
                    events.append(pauseReason == nil ? .incomingRefused(text) : .recoveryRefused(text))
                case .waitAgain: state.incoming.stopListening()
                default: return true
                }
                return false
            }
        }
        events.deliver()
        carryOut(rest, of: session)
    }

    private func carryOut(_ actions: [DestinationMachine.Action], of session: DestinationSession) {
        for action in actions {
            switch action {
            case .interrupt: session.interrupt()
            case .breakChannel: session.control.cut()
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
