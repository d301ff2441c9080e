import Environment
import QAPI
import SystemCalls
import Transport

/// Takes the source of a migration that has one channel. With TLS it comes to terms with all who connect, side by side, so
/// that somebody who stalls keeps no source away: the first with whom that succeeds is the source.
final class Reception: Sendable {
    private enum Outcome {
        case secured(Channel)
        case refused(TLSFailure)
    }

    private struct State {
        var underWay: [Channel] = []
        var outcomes: [Outcome] = []
        /// The source is found.
        var isOver = false
    }

    private let listener: Listener
    private let controller: MigrationController
    private let gate = ThreadGate(State())
    /// Raised when there is an outcome.
    private let changed: EventSignal
    /// How many handshakes there are at once; more connections wait.
    private static let limit = 16

    init(listener: Listener, controller: MigrationController) throws(SystemError) {
        self.listener = listener
        self.controller = controller
        changed = try EventSignal()
    }

    /// Waits for the source. Throws `.channel(.tls)` of somebody who was sent away: call again if more may come. Whether TLS
    /// is asked for counts as it is when somebody connects.
    func next(in set: ChannelSet) throws(MigrationFailure) -> Channel {
        while true {
            if let outcome = gate.withLock({ $0.outcomes.isEmpty ? nil : $0.outcomes.removeFirst() }) {
                switch outcome {
                case .refused(let failure): throw .channel(.tls(failure))
                case .secured(let channel): return taken(channel, in: set)
                }
            }
            _ = gate.wait(until: .never) { $0.underWay.count < Self.limit ? true : nil }
            let next = try onChannel { () throws(TransportError) in try accept(in: set) }
            guard let next else {
                changed.lower()
                continue
            }
            let settings = controller.incomingSettings
            // What is behind a command or a passed descriptor comes once; and without TLS there is nothing to wait for.
            if listener.addresses.isEmpty || settings.parameters.tlsCredentials.isEmpty {
                return taken(try secure(next, in: set, settings), in: set)
            }
            begin(next, in: set, settings)
        }
    }

    /// Nil once there is an outcome.
    private func accept(in set: ChannelSet) throws(TransportError) -> Channel? {
        listener.addresses.isEmpty
            ? try set.accept(from: listener) : try set.accept(from: listener, orUntil: changed, deadline: .never)
    }

    private func secure(
        _ channel: Channel, in set: ChannelSet, _ settings: MigrationSettings
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
    private func begin(_ channel: Channel, in set: ChannelSet, _ settings: MigrationSettings) {
        gate.withLock { $0.underWay.append(channel) }
        do {
            _ = try Thread(name: "tls-handshake") { [self] in
                do throws(TransportError) {
                    let secured = try controller.secure(channel, of: set, as: .server, host: nil, settings)
                    end(channel, .secured(secured), in: set)
                } catch {
                    guard case .tls(let failure) = error else { return end(channel, nil, in: set) }
                    end(channel, .refused(failure), in: set)
                }
            }
        } catch {
            end(channel, .refused(.session(reason: error.description)), in: set)
        }
    }

    private func end(_ channel: Channel, _ outcome: Outcome?, in set: ChannelSet) {
        var unwanted: Channel?
        gate.withLock { state in
            state.underWay.removeAll { $0 === channel }
            switch outcome {
            case .secured(let secured) where state.isOver: unwanted = secured
            case let outcome?: state.outcomes.append(outcome)
            case nil: break
            }
        }
        if case .secured? = outcome {} else { set.remove(channel) }
        if let unwanted { set.remove(unwanted) }
        changed.raise()
    }

    /// There is one source; all others are sent away.
    private func taken(_ channel: Channel, in set: ChannelSet) -> Channel {
        let others = gate.withLock { state in
            defer { state.outcomes = [] }
            state.isOver = true
            return state.underWay
                + state.outcomes.compactMap { if case .secured(let channel) = $0 { channel } else { nil } }
        }
        for other in others { set.remove(other) }
        return channel
    }
}
