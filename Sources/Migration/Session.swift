import Environment
import QAPI
import Synchronization
import SystemCalls
import VirtualMachine

/// One run of a migration as all threads see it: its state machine, what its thread is to do next, and how it is cut
/// short.
final class Session<Machine: Sendable, Action: Sendable>: Sendable {
    /// What the run's thread does next.
    enum Step {
        case act(Action)
        /// It was cut short, and nothing is under way.
        case interrupted
        case deadline
        case end
    }

    private struct Slot {
        var action: Action?
        var isInterrupted = false
        var hasEnded = false
    }
    /// The protocol. Its lock is taken with that of the controller held, or alone.
    let machine: Mutex<Machine>
    /// The settings as they were when it began.
    let settings: MigrationSettings
    /// Whether the size of xbzrle's cache is what the parameters say now; one with settings of its own keeps its own.
    let followsCacheSize: Bool
    /// What it has sent; only of an outgoing one.
    let counters: MigrationCounters
    /// The cards that its guest is to give up, by name; only of an outgoing one.
    let primaryHolds = Mutex<[String: FailoverHold]>([:])
    /// Where a postcopy that is paused is to go on; only of an outgoing one.
    private let recovery = Mutex<Destination?>(nil)
    /// The channel, and the waits of the thread.
    let control: RunControl
    private let slot = ThreadGate(Slot())

    init(
        _ machine: Machine, settings: MigrationSettings, followsCacheSize: Bool = true, totalBytes: Int,
        control: RunControl
    ) {
        self.followsCacheSize = followsCacheSize
        self.settings = settings
        self.machine = Mutex(machine)
        counters = MigrationCounters(totalBytes: totalBytes, settings: settings)
        self.control = control
    }

    /// A paused postcopy is to go on there.
    func setRecovery(_ destination: Destination) { recovery.withLock { $0 = destination } }

    /// The same, once.
    func takeRecovery() -> Destination? {
        recovery.withLock { recovery in
            defer { recovery = nil }
            return recovery
        }
    }

    /// Gives the thread something to do.
    func give(_ action: Action) { slot.withLock { $0.action = action } }

    /// Nothing more is to be done.
    func end() { slot.withLock { $0.hasEnded = true } }

    /// Cuts what is under way short: its waits end and its channel breaks.
    func interrupt() {
        control.cancel()
        slot.withLock { $0.isInterrupted = true }
    }

    /// Waits for the next step, at most until `deadline`.
    func next(until deadline: Nanoseconds) -> Step {
        slot.wait(until: deadline) { slot in
            if let action = slot.action {
                slot.action = nil
                return .act(action)
            }
            if slot.hasEnded { return .end }
            guard slot.isInterrupted else { return nil }
            slot.isInterrupted = false
            return .interrupted
        } ?? .deadline
    }
}
