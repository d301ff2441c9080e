import Environment
import QAPI
import SystemCalls
import Transport

/// Takes the source of a migration that has one channel, or two that come one after the other. With TLS it comes to terms with
/// all who connect, side by side, so that somebody who stalls keeps no source away: the first with whom that succeeds is the
/// source.
final class Reception: Sendable {
    private enum Outcome {
        case secured(Channel)
        case refused(TLSFailure)
    }

    private struct State {
        var underWay: [(order: Int, channel: Channel)] = []
        var outcomes: [(order: Int, outcome: Outcome)] = []
        /// How many have connected.
        var connections = 0
        /// How many of the source's channels are there.
        var taken = 0
        /// All of them are.
        var isOver = false
        /// Somebody waits at the listener.
        var isAccepting = false
        /// Nobody is waited for any more.
        var isWithdrawn = false
    }

    private let listener: Listener
    private let controller: MigrationController
    private let set: ChannelSet
    private let count: Int
    private let mayBeWithdrawn: Bool
    private let gate = ThreadGate(State())
    /// Raised when there is an outcome, or nobody is waited for any more.
    private let changed: EventSignal
    /// How many handshakes there are at once; more connections wait.
    private static let limit = 16

    /// For a source with `count` channels, which belong to `set`. `mayBeWithdrawn`: `withdraw` and `end` are called, and not
    /// only the set cancelled, to end all waits.
    init(
        listener: Listener, controller: MigrationController, set: ChannelSet, count: Int, mayBeWithdrawn: Bool = false
    ) throws(SystemError) {
        self.listener = listener
        self.controller = controller
        self.set = set
        self.count = count
        self.mayBeWithdrawn = mayBeWithdrawn
        changed = try EventSignal()
    }

    /// Waits for the source's next channel, until `deadline`; nil once nobody is waited for any more. Throws `.channel(.tls)`
    /// of somebody who was sent away: call again if more may come. Whether TLS is asked for counts as it is when somebody
    /// connects.
    func next(deadline: Nanoseconds = .never) throws(MigrationFailure) -> Channel? {
        while true {
            if let outcome = gate.withLock(takeOutcome) {
                switch outcome {
                case .refused(let failure): throw .channel(.tls(failure))
                case .secured(let channel): return taken(channel)
                }
            }
            let isWanted = gate.wait { state -> Bool? in
                if state.isWithdrawn { return false }
                guard state.underWay.count < Self.limit else { return nil }
                state.isAccepting = true
                return true
            }
            guard isWanted == true else { return nil }
            let next = try onChannel { () throws(TransportError) in try accept(deadline) }
            guard let next else {
                changed.lower()
                continue
            }
            let settings = controller.incomingSettings
            // Without TLS there is nothing to wait for.
            if !bringsAnother || settings.parameters.tlsCredentials.isEmpty {
                return taken(try secure(next, settings))
            }
            begin(next, settings)
        }
    }

    /// That of whoever connected first. Channels are told apart by their order alone, so one of two waits for those that were
    /// made before it.
    private func takeOutcome(_ state: inout State) -> Outcome? {
        guard let first = state.outcomes.indices.min(by: { state.outcomes[$0].order < state.outcomes[$1].order }) else {
            return nil
        }
        let order = state.outcomes[first].order
        if count > 1, state.underWay.contains(where: { $0.order < order }) { return nil }
        return state.outcomes.remove(at: first).outcome
    }

    /// Nil once there is an outcome, or nobody is waited for.
    private func accept(_ deadline: Nanoseconds) throws(TransportError) -> Channel? {
        defer { gate.withLock { $0.isAccepting = false } }
        return listener.addresses.isEmpty && !mayBeWithdrawn
            ? try set.accept(from: listener) : try set.accept(from: listener, orUntil: changed, deadline: deadline)
    }

    /// Nobody is waited for any more, and who was being looked at is sent away. The address is free when this returns.
    func withdraw() {
        end()
        _ = gate.wait { $0.isAccepting ? nil : true }
        listener.stop()
        let others = gate.withLock { state in Self.takeOthers(&state) }
        for other in others { set.remove(other) }
    }

    /// Ends all waits, now and later.
    func end() {
        gate.withLock { $0.isWithdrawn = true }
        changed.raise()
    }

    /// Whether others may connect: what is behind a command or a passed descriptor comes once.
    var bringsAnother: Bool { !listener.addresses.isEmpty }

    /// What was taken is no source: all of its channels are still to come.
    func startAgain() { gate.withLock { $0.taken = 0 } }

    private func secure(
        _ channel: Channel, _ settings: MigrationSettings
    ) throws(MigrationFailure) -> Channel {
        try onChannel { () throws(TransportError) in
            do throws(TransportError) {
                return try controller.secure(channel, of: set, as: .server, host: nil, settings)
            } catch {
                set.remove(channel)
                throw error
            }
        }
    }

    /// Comes to terms with somebody on a thread of its own.
    private func begin(_ channel: Channel, _ settings: MigrationSettings) {
        gate.withLock { state in
            state.underWay.append((state.connections, channel))
            state.connections += 1
        }
        do {
            _ = try Thread(name: "tls-handshake") { [self] in
                do throws(TransportError) {
                    let secured = try controller.secure(channel, of: set, as: .server, host: nil, settings)
                    end(channel, .secured(secured))
                } catch {
                    guard case .tls(let failure) = error else { return end(channel, nil) }
                    end(channel, .refused(failure))
                }
            }
        } catch {
            end(channel, .refused(.session(reason: error.description)))
        }
    }

    private func end(_ channel: Channel, _ outcome: Outcome?) {
        var unwanted: Channel?
        gate.withLock { state in
            let order = state.underWay.first { $0.channel === channel }?.order ?? 0
            state.underWay.removeAll { $0.channel === channel }
            switch outcome {
            case .secured(let secured) where state.isOver || state.isWithdrawn: unwanted = secured
            case let outcome?: state.outcomes.append((order, outcome))
            case nil: break
            }
        }
        if case .secured? = outcome {} else { set.remove(channel) }
        if let unwanted { set.remove(unwanted) }
        changed.raise()
    }

    /// There is one source; once it is all there, others are sent away. Nil if nobody is waited for any more.
    private func taken(_ channel: Channel) -> Channel? {
        let (isWanted, others) = gate.withLock { state -> (Bool, [Channel]) in
            if state.isWithdrawn { return (false, [channel]) }
            state.taken += 1
            guard state.taken == count else { return (true, []) }
            state.isOver = true
            return (true, Self.takeOthers(&state))
        }
        for other in others { set.remove(other) }
        return isWanted ? channel : nil
    }

    /// All who were being looked at.
    private static func takeOthers(_ state: inout State) -> [Channel] {
        defer { state.outcomes = [] }
        let secured = state.outcomes.compactMap { entry -> Channel? in
            if case .secured(let channel) = entry.outcome { channel } else { nil }
        }
        return state.underWay.map(\.channel) + secured
    }
}
