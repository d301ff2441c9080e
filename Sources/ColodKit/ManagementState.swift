import Configuration
import GuestMemory
import Jobs
import ManagedObjects
import QAPI
import Synchronization
import VirtualMachine

/// What the commands around migration work on: the objects that clients made, the tree in which they are found, the
/// jobs, and the monitors and consoles.
final class ManagementState: Sendable {
    /// A monitor or console, as `query-chardev` and `query-yank` show it.
    struct CharacterDevice: Sendable {
        /// Its name ("compat_monitor0", "serial0").
        var label: String
        /// What it is connected to, in QEMU's notation.
        var filename: String
        /// Whether something is connected to it from our side.
        var isOpen = true
        /// Cuts its connections; nil if there are none to cut.
        var disconnect: (@Sendable () -> Void)?
    }

    let objects: ObjectRegistry
    let tree: ObjectTree
    let jobs: JobRegistry
    private let devices: DeviceList

    /// The state of a process that runs `machine`.
    init(machine: VirtualMachine, emit: @escaping @Sendable (Event) -> Void) {
        let devices = DeviceList()
        let memory = machine.memory.blocks.map { block in
            (name: block.name, object: MachineMemory(size: block.size) as any ManagedObject)
        }
        objects = ObjectRegistry(memory)
        jobs = JobRegistry { name, status in emit(.jobStatusChange(id: name, status: status)) }
        let node = MachineTree.node(of: machine.parts)
        tree = ObjectTree(
            registry: objects, machine: { node },
            characterDevices: {
                devices.all.map {
                    ObjectNode.Child($0.label, ObjectNode($0.disconnect == nil ? "chardev" : "chardev-socket"))
                }
            })
        self.devices = devices
    }

    /// The monitors, then the consoles, each in the order in which they were added.
    var characterDevices: [CharacterDevice] { devices.all }

    /// One more monitor, which gets the next name of its kind.
    func addMonitor(filename: String, disconnect: @escaping @Sendable () -> Void) {
        devices.change { list in
            let count = list.count { $0.label.hasPrefix("compat_monitor") }
            list.insert(
                CharacterDevice(label: "compat_monitor\(count)", filename: filename, disconnect: disconnect),
                at: count)
        }
    }

    /// A console of the guest.
    func addConsole(filename: String) {
        devices.change { list in
            let count = list.count { $0.label.hasPrefix("serial") }
            list.append(CharacterDevice(label: "serial\(count)", filename: filename))
        }
    }

    private final class DeviceList: Sendable {
        private let list = Mutex<[CharacterDevice]>([])
        var all: [CharacterDevice] { list.withLock { $0 } }
        func change(_ body: (inout [CharacterDevice]) -> Void) { list.withLock { body(&$0) } }
    }
}

extension DaemonParts {
    /// What the guest's serial port is connected to, in QEMU's notation; nil if it has none.
    static func consoleName(_ guest: GuestConfiguration) -> String? {
        guard guest.machine == .riscv64 else { return nil }
        return switch guest.console {
        case .none: "null"
        case .log: "log"
        case .stdio: "stdio"
        case .file: "file"
        case .unix(let path): "unix:\(path),server=on"
        }
    }
}
