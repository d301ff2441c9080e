import GuestMemory
import MachineModel
import PacketPath
import QAPI
import Synchronization
import SystemCalls

/// Assembles a machine, runs it, saves and loads its state.
///
/// - `MachineParts` is what a machine is made of; `NoneMachine` and the riscv64 machine make one.
/// - `VirtualMachine` owns the run state: `run`, `halt`, `pauseBriefly`, `reset`, `shutDown`. Only here do the engine,
///   the guest clock and the freeze of the machine lock change, always together: the engine stands, then the clock
///   stands, then the lock is frozen; and the other way round to go on. A new machine is at rest.
/// - `saveDeviceSections` and `prepareLoad` turn the device state into the FULL sections of a migration stream and
///   back. Loading validates everything first and returns one step that cannot fail.
/// - `announce` tells the network where the guest is now.
///
/// Threads: every method may be called from any thread but those of the vCPUs and of devices (who would wait for
/// themselves); calls are served one after the other. `runState` may be read from everywhere. The event handler runs
/// on the thread that made the change and must not call back into the run control.
public final class VirtualMachine: Sendable {
    /// What the machine is made of.
    public let parts: MachineParts
    let globalState: GlobalStateDevice
    let sections: DeviceSections
    let control: ThreadGate<Control>
    private let published: Mutex<RunState>
    private let announcers = Mutex<[String: Announcer]>([:])
    private let handler = Mutex<(@Sendable (MachineEvent) -> Void)?>(nil)

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
        /// A reset was asked for in that time.
        var resetIsDue = false
    }

    /// A machine at rest. `incoming`: it waits for a migration (run state inmigrate), else it is in prelaunch.
    /// `autostart`: an incoming machine runs when its state has arrived, unless its source was paused.
    public init(parts: MachineParts, incoming: Bool = false, autostart: Bool = true) {
        self.parts = parts
        globalState = GlobalStateDevice()
        sections = DeviceSections(parts.savedDevices + [globalState])
        control = ThreadGate(Control(autostart: autostart))
        published = Mutex(incoming ? .inmigrate : .prelaunch)
        parts.lock.freeze()
    }

    /// The guest's RAM.
    public var memory: GuestMemory { parts.memory }

    /// The run state now.
    public var runState: RunState { published.withLock { $0 } }

    /// Sets who is told about STOP, RESUME, SHUTDOWN and RESET. To be set once, before the machine first runs.
    public func setEventHandler(_ body: @escaping @Sendable (MachineEvent) -> Void) { handler.withLock { $0 = body } }

    /// Sends an event; for those whose moment the caller knows (SHUTDOWN of a process that quits).
    public func emit(_ event: MachineEvent) { handler.withLock { $0 }?(event) }

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

    func publish(_ state: RunState) { published.withLock { $0 = state } }
}
