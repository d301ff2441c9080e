import Diagnostics
import Environment
import GuestMemory
import MachineModel
import Migration
import MigrationFormat
import QAPI
import ReplicationCore
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

/// What a COLO run tells its owner, on the run's own thread.
struct PrimaryRunHandlers: Sendable {
    /// The initial synchronisation is complete: the guest, which stands in finish-migrate, goes on.
    var startGuest: @Sendable () throws(RunStateError) -> Void
    /// The guest is about to be stopped for a checkpoint.
    var willPause: @Sendable () -> Void
    /// The guest runs again.
    var didResume: @Sendable () -> Void
    /// A checkpoint is complete on the secondary; 0 is the initial synchronisation.
    var completed: @Sendable (UInt64) -> Void
}

/// The primary's end of one COLO run: carries out what `COLOPrimary` says, on the migration's thread.
///
/// A second thread reads the secondary's messages. The pause holds four things: harvest of the dirty log, copies of its
/// pages, the device state, and the seal of the output epoch; everything else happens while the guest runs.
final class PrimaryRun: @unchecked Sendable {
    // SAFETY: `core`, `buffer` and `blob` belong to the run's thread; `inbox` has its own lock.
    private let session: COLOPrimarySession
    private let gate: OutputGate
    private let statistics: CheckpointStatistics
    private let handlers: PrimaryRunHandlers
    private let clock = SystemClock()
    private let inbox = PrimaryInbox()
    private let buffer: CheckpointBuffer
    private var core: COLOPrimary
    private var blob: [UInt8] = []
    private var bytesBefore: UInt64 = 0
    private let pauseIsStuck = Atomic<Bool>(false)

    /// The guest could not be paused for the last checkpoint of this run. From any thread.
    var isPauseStuck: Bool { pauseIsStuck.load(ordering: .relaxed) }

    init(
        session: COLOPrimarySession, gate: OutputGate, statistics: CheckpointStatistics, limits: COLOPrimary.Limits,
        handlers: PrimaryRunHandlers
    ) throws(SystemError) {
        self.session = session
        self.gate = gate
        self.statistics = statistics
        self.handlers = handlers
        buffer = try CheckpointBuffer(memory: session.machine.memory)
        core = COLOPrimary(limits: limits, now: clock.now())
    }

    /// Hands in an event, from any thread. A failover request also ends a send that waits for the secondary.
    func post(_ event: COLOPrimary.Event) {
        inbox.post(event)
        if event == .failoverRequested { session.shutDown() }
    }

    /// Runs until the run is left, and returns why. The guest runs then, or was never resumed.
    func perform() -> COLORunEnd {
        // Every answer of the guest waits for this thread, and vCPUs take what there is.
        Thread.favourCurrent()
        do {
            _ = try Thread(name: "colo-messages") { [self] in readMessages() }
        } catch {
            return .machineFailed("\(error)")
        }
        while true {
            let event = next()
            if let end = carryOut(core.handle(event, now: clock.now())) {
                session.shutDown()
                // The thread that reads messages may wait for room, and holds this run as long as it lives.
                inbox.close()
                return end
            }
        }
    }

    private func next() -> COLOPrimary.Event { inbox.next(until: core.nextDeadline) ?? .timer }

    private func readMessages() {
        Thread.favourCurrent()
        while true {
            do throws(MigrationFailure) {
                guard inbox.offer(.message(try session.messages.receive(until: .never))) else { return }
            } catch {
                if case .stream(let error) = error { return inbox.post(.malformed(error.description)) }
                return inbox.post(.channelLost(error.description))
            }
        }
    }

    private func carryOut(_ actions: [COLOPrimary.Action]) -> COLORunEnd? {
        for action in actions {
            switch action {
            case .startGuest:
                do throws(RunStateError) { try handlers.startGuest() } catch {
                    return .machineFailed(error.description)
                }
                handlers.completed(0)
            case .send(let message): sending { () throws(MigrationFailure) in try session.messages.send(message) }
            case .watchRest: session.machine.watchRest { [inbox] in inbox.post(.guestRests) }
            case .pauseAndCapture: capture()
            case .sendCheckpoint: sending { () throws(MigrationFailure) in try sendCheckpoint() }
            case .releaseOutput(let checkpoint):
                handlers.completed(checkpoint)
                statistics.complete(bytes: session.channel.bytesSent - bytesBefore)
            case .leave(let end): return end
            }
        }
        return nil
    }

    private func sending(_ body: () throws(MigrationFailure) -> Void) {
        // A secondary that takes nothing, or takes it too slowly, is given up when the wait that it delays is.
        session.channel.writeDeadline = core.nextDeadline
        do {
            try body()
        } catch .channel(.stalled) where clock.now() >= core.nextDeadline {
            inbox.post(.timer)
        } catch {
            inbox.post(.channelLost(error.description))
        }
    }

    private func capture() {
        buffer.prepare(for: session.tracker.count)
        handlers.willPause()
        bytesBefore = session.channel.bytesSent
        let start = clock.now()
        do throws(PauseTimeout) {
            let limit = Nanoseconds.milliseconds(ReplicationLimits.pauseMilliseconds)
            try session.machine.harvest(session.tracker, into: buffer.pages, within: limit) {
                buffer.capture()
                blob = session.machine.saveDeviceBlob(capacity: blob.count + 4096)
                gate.seal()
            }
        } catch {
            pauseIsStuck.store(true, ordering: .relaxed)
            handlers.didResume()
            return inbox.post(.captureTimedOut(error.description))
        }
        pauseIsStuck.store(false, ordering: .relaxed)
        let pause = clock.now() - start
        statistics.pauses.record(pause)
        session.passHarvested()
        handlers.didResume()
        inbox.post(.captured(pause: pause))
    }

    private func sendCheckpoint() throws(MigrationFailure) {
        try session.messages.queue(.vmstateSend)
        try session.beginLiveState()
        // SAFETY: the buffer's copies stay as they are until the next capture, which comes after the answer to this
        // checkpoint; by then `sendDeviceBlob` has sent them.
        try unsafe buffer.forEachPage { (location, copy) throws(MigrationFailure) in
            try unsafe session.sendPage(location, at: copy)
        }
        try session.endLiveState()
        try session.sendDeviceBlob(blob)
        // The next capture should not have to find memory: make room now, while the guest runs.
        do throws(SystemError) { try buffer.settle() } catch { throw .system(error) }
    }
}
