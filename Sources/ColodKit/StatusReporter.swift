import Configuration
import Diagnostics
import Environment
import MachineModel
import QAPI
import Replication
import ReplicationCore
import SystemCalls
import VirtualMachine

/// Puts together what `x-colod-status` and systemd's status line tell.
struct StatusReporter: Sendable {
    let machine: VirtualMachine
    let replication: ReplicationService
    let pair: PairService?
    let configuration: ColodConfiguration
    private let clock = SystemClock()

    init(
        machine: VirtualMachine, replication: ReplicationService, pair: PairService?,
        configuration: ColodConfiguration
    ) {
        self.machine = machine
        self.replication = replication
        self.pair = pair
        self.configuration = configuration
    }

    /// How things are now.
    var current: ColodStatus {
        let snapshot = pair?.snapshot
        let statistics = replication.statistics
        var status = ColodStatus(
            role: role(snapshot), state: state(snapshot), protected: snapshot?.isProtected ?? false,
            serving: isServing(snapshot), term: snapshot?.term.number ?? 0,
            peer: .init(
                connected: snapshot?.peerIsAlive ?? false,
                lastHeardMs: snapshot?.lastHeardAt.map { (clock.now() - $0).count / 1_000_000 },
                networks: UInt64(configuration.pair?.host(configuration.role.other).heartbeat.count ?? 0),
                networksUp: UInt64(snapshot?.heartbeatNetworks ?? 0), ignored: snapshot?.ignoredPeers ?? 0,
                serving: snapshot.flatMap { $0.peerIsAlive ? $0.peerReport?.isServing : nil },
                heartbeat: networks(snapshot), keys: pair?.peerKeyMarks),
            checkpoints: statistics.completed, heldPackets: 0, heldBytes: 0,
            failover: configuration.failover == .automatic ? .automatic : .manual, arbiter: arbiterName)
        status.pauseMs = statistics.pauses.summary.map { .init(median: $0.median, p99: $0.p99, max: $0.max) }
        status.bytesPerCheckpoint = statistics.bytesPerCheckpoint
        status.lastCheckpointAgeMs = statistics.lastAge.map { $0.count / 1_000_000 }
        (status.heldPackets, status.heldBytes) = replication.gate.held
        status.droppedPackets = replication.gate.droppedPackets
        status.lastFailure = failure(snapshot)
        status.lastFailureAgeMs = snapshot?.lastFailureAge(clock.now()).map { $0.count / 1_000_000 }
        status.takeoverMs = replication.takeoverDuration.map(\.inMilliseconds)
        status.impairments = snapshot.map(impairments).flatMap { $0.isEmpty ? nil : $0 }
        status.stopped = isStopped(snapshot)
        status.encryption = pair == nil ? nil : replication.encryption
        status.keys = pair?.keyMarks
        status.waitsFor = waitsFor(snapshot)
        let engine = machine.parts.engine
        status.retiredInstructions = engine.vCPUCount > 0 ? engine.retiredInstructions : nil
        return status
    }

    /// Role, protection and what is waited for in one line. A guest that was never to be protected is not told that it is
    /// not.
    var line: String {
        let status = current
        if configuration.pair == nil, status.role == .alone { return "no pair, guest \(machine.runState.rawValue)" }
        let protection = status.protected ? "protected" : status.state.rawValue
        let waiting = status.waitsFor.map { ", waits for \($0)" } ?? ""
        return "\(status.role.rawValue), \(protection), term \(status.term)\(waiting)"
    }

    /// Has the log name the role in fact, which is not the one in the file, and the term.
    func tellLogTheRole() {
        let snapshot = pair?.snapshot
        let (role, term) = (role(snapshot).rawValue, snapshot?.term.number)
        LogContext.update { identity in
            identity.role = role
            identity.term = term
        }
    }

    private var arbiterName: String {
        switch configuration.arbiter {
        case .none: "none"
        case .command: "command"
        }
    }

    private func role(_ snapshot: PairSnapshot?) -> ColodRole {
        guard let snapshot else {
            switch replication.coloStatus.mode {
            case .primary: return .primary
            case .secondary: return .secondary
            case .none: return machine.runState == .inmigrate ? .waiting : .alone
            }
        }
        switch snapshot.state {
        case .starting, .waiting, .failed, .ended: return .waiting
        case .receiving, .secondary: return .secondary
        case .takingOver, .unprotected: return .alone
        case .synchronising, .protected, .degraded, .holding: return .primary
        }
    }

    private func state(_ snapshot: PairSnapshot?) -> ColodState {
        guard let snapshot else { return machine.runState == .inmigrate ? .connecting : .unprotected }
        switch snapshot.state {
        case .starting: return snapshot.supersededBy == nil ? .starting : .superseded
        case .waiting: return snapshot.supersededBy == nil ? .connecting : .superseded
        case .receiving, .synchronising: return .synchronising
        case .secondary, .protected: return snapshot.isProtected ? .protected : .unprotected
        case .takingOver: return .takingOver
        case .unprotected, .degraded, .holding: return .unprotected
        case .failed: return .failed
        case .ended: return .ended
        }
    }

    private func isServing(_ snapshot: PairSnapshot?) -> Bool {
        guard let snapshot else { return machine.runState == .running && replication.coloStatus.mode != .secondary }
        return snapshot.report.isServing && snapshot.state != .holding && machine.runState == .running
    }

    private func failure(_ snapshot: PairSnapshot?) -> String? {
        guard let snapshot else { return nil }
        return snapshot.lastFailure ?? snapshot.supersededBy.map { "superseded by the peer in term \($0)" }
    }
}
