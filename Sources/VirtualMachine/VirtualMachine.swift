public import Environment
public import GuestMemory
import MachineModel
import PacketPath
public import QAPI
import Synchronization
import SystemCalls

/// Assembles a machine, runs it, saves and loads its state.
///
/// - `MachineParts` is what a machine is made of; `NoneMachine` and the riscv64 machine make one.
/// - `VirtualMachine` owns the run state: `run`, `halt`, `pauseBriefly`, `reset`, `retire`, `shutDown`. Only here do the
///   engine, the guest clock and the freeze of the machine lock change, always together: the engine stands, then the
///   clock stands, then the lock is frozen; and the other way round to go on. A new machine is at rest.
/// - `health` tells what keeps the guest from serving although it runs.
/// - `saveDeviceSections` and `prepareLoad` turn the device state into the FULL sections of a migration stream and
///   back, and `describeDeviceSections` tells what stands in them. Loading validates everything first and returns one step that cannot fail.
/// - `beginResidency` and `endResidency` bracket the time in which the guest runs while pages of its RAM are still to come.
/// - `announce` tells the network where the guest is now.
///
/// Threads: every method may be called from any thread but those of the vCPUs and of devices (who would wait for
/// themselves); calls are served one after the other, and none holds the others up for longer than `pausePatience` at a
/// time. `runState` and `health` may be read from everywhere, and `retire` be called, without waiting for any of them.
/// The event handler runs on the thread that made the change and must not call back into the run control.
public final class VirtualMachine: Sendable {
    /// What the machine is made of.
    public let parts: MachineParts
    let globalState: GlobalStateDevice
    let sections: DeviceSections
    let control: TicketLock<Control>
    private let published: Mutex<Published>
    let stopEventIsDue = Atomic<Bool>(false)
    /// Devices have a loaded state, and the guest has not run on it yet. Changed with the run control.
    let queuesAreUnseen = Atomic<Bool>(false)
    /// The snapshot that keeps pages from being written.
    let snapshot = Mutex<MemorySnapshot?>(nil)
    private let announcers = Mutex<[String: Announcer]>([:])
    private let handler = Mutex(Handler())

    /// How long a command waits for the guest to come to a stand.
    public static let pausePatience = Nanoseconds.seconds(5)

    /// What may be read without the run control.
    private struct Published {
        var state: RunState
        var isRetired = false
    }

    /// A structure around the closure: one that a generic type holds itself is wrapped in two more calls, which stay, each
    /// time it is read in place, and a checkpoint sends two events.
    private struct Handler {
        var tell: (@Sendable (MachineEvent) -> Void)?
    }

    struct Control {
        /// Whether the engine really runs (a secondary's machine says "running" while it stands by).
        var engineRuns = false
        /// Whether the guest runs elsewhere and this machine only holds its checkpoints.
        var isStandby = false
        /// Whether an incoming machine starts when its state is there.
        var autostart: Bool
        var ended = false
        /// Whether the last of a migration is on its way out, with nothing to be changed any more.
        var isLeaving = false
        /// A reset that was asked for in that time, or by the guest while pages of its RAM were missing.
        var dueReset: DueReset?
        /// An operator stopped the guest while it stood in finish-migrate: it does not go on by itself.
        var isStopWanted = false
    }

    /// A reset that is still to be carried out: what its event tells.
    struct DueReset {
        var guest: Bool
        var reason: String
    }

    /// A machine at rest. `incoming`: it waits for a migration (run state inmigrate), else it is in prelaunch.
    /// `autostart`: an incoming machine runs when its state has arrived, unless its source was paused.
    public init(parts: MachineParts, incoming: Bool = false, autostart: Bool = true) {
        self.parts = parts
        globalState = GlobalStateDevice()
        sections = DeviceSections(parts.savedDevices + [globalState])
        control = TicketLock(Control(autostart: autostart))
        published = Mutex(Published(state: incoming ? .inmigrate : .prelaunch))
        if incoming { parts.lock.detach() } else { parts.lock.freeze() }
    }

    /// The guest's RAM.
    public var memory: GuestMemory { parts.memory }

    /// The run state now.
    public var runState: RunState { published.withLock { $0.state } }

    /// Whether `retire` was called.
    public var isRetired: Bool { published.withLock { $0.isRetired } }

    /// Sets who is told about STOP, RESUME, SHUTDOWN and RESET. To be set once, before the machine first runs.
    public func setEventHandler(_ body: @escaping @Sendable (MachineEvent) -> Void) {
        handler.withLock { $0.tell = body }
    }

    /// Sends an event; for those whose moment the caller knows (SHUTDOWN of a process that quits).
    public func emit(_ event: MachineEvent) { handler.withLock { $0.tell }?(event) }

    /// At most one announcement of a name goes on at a time.
    func replaceAnnouncer(_ next: Announcer, name: String) {
        let ended = announcers.withLock { announcers in
            var ended = [announcers.updateValue(next, forKey: name)]
            if announcers.count > Self.maximumAnnouncementCount,
                let other = announcers.keys.first(where: { $0 != name })
            {
                ended.append(announcers.removeValue(forKey: other))
            }
            return ended
        }
        for announcer in ended { announcer?.cancel() }
    }

    /// No further round of any announcement begins: the guest is no longer here.
    public func endAnnouncements() {
        let ended = announcers.withLock { announcers in
            defer { announcers = [:] }
            return announcers
        }
        for announcer in ended.values { announcer.cancel() }
    }

    /// Makes `state` the run state; false, with nothing changed, of a retired machine.
    @discardableResult
    func publish(_ state: RunState) -> Bool {
        published.withLock { published in
            guard !published.isRetired else { return false }
            published.state = state
            return true
        }
    }

    /// The run state is paused from now on, and changes no more. Returns the one before; nil if it was so already.
    func publishRetirement() -> RunState? {
        published.withLock { published in
            guard !published.isRetired else { return nil }
            defer { published = Published(state: .paused, isRetired: true) }
            return published.state
        }
    }
}
