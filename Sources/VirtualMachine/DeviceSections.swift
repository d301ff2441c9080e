public import ByteCoding
public import MachineModel
public import MigrationFormat
public import QAPI
import Synchronization

/// The sections of one machine's devices: which handler stands for which name, and with which id it is sent.
///
/// Ids: "timer" has 0 and "ram" 2, as with QEMU's machine `none`; the others count up from 4 in stream order.
/// A receiver accepts any ids.
struct DeviceSections: Sendable {
    let devices: [(header: SectionHeader, device: any SavedDevice)]

    init(_ devices: [any SavedDevice]) {
        var next: UInt32 = 4
        self.devices = devices.map { device in
            let identity = device.identity
            var id: UInt32 = 0
            if identity.name != "timer" || identity.instance != 0 {
                id = next
                next += 1
            }
            return (
                SectionHeader(id: id, name: identity.name, instance: identity.instance, version: identity.version),
                device
            )
        }
    }

    /// The id of the RAM section.
    static let ramSectionID: UInt32 = 2
    /// The id of the section that carries disks.
    static let diskSectionID: UInt32 = 1
    /// The id of the section that carries dirty bitmaps of disks.
    static let bitmapSectionID: UInt32 = 3
}

extension VirtualMachine {
    /// The id of the RAM section in the streams that this machine sends.
    public var ramSectionID: UInt32 { DeviceSections.ramSectionID }

    /// The id of the section that carries disks.
    public var diskSectionID: UInt32 { DeviceSections.diskSectionID }

    /// The id of the section that carries dirty bitmaps of disks.
    public var bitmapSectionID: UInt32 { DeviceSections.bitmapSectionID }

    /// Appends a FULL section, with header and footer, for every device in stream order, `globalstate` last.
    /// The machine must be at rest (`pauseBriefly`, or halted).
    public func saveDeviceSections(to writer: inout ByteWriter) {
        for (header, device) in sections.devices {
            header.write(.sectionFull, to: &writer)
            device.saveState(to: &writer)
            header.writeFooter(to: &writer)
        }
    }

    /// What stands in those sections, for the description behind a stream and for people. The machine must be at rest.
    public func describeDeviceSections() -> [DescribedSection] {
        sections.devices.map { DescribedSection(header: $0.header, state: $0.device.describedState) }
    }

    /// The run state that the last applied `globalstate` section told; nil if none was applied.
    public var arrivedRunState: RunState? { globalState.arrived }

    /// The device behind a section name; nil if this machine has none of that name and instance.
    public func savedDevice(name: String, instance: UInt32) -> (any SavedDevice)? {
        sections.devices.first { $0.header.name == name && $0.header.instance == instance }?.device
    }
}

/// The `globalstate` section: the run state of the source before it stopped, as a NUL-padded text of 100 bytes.
final class GlobalStateDevice: SavedDevice {
    private struct States {
        var recorded = RunState.prelaunch
        var arrived: RunState?
    }
    private static let textSize = 100
    private let states = Mutex(States())

    var identity: DeviceIdentity { DeviceIdentity(name: "globalstate") }
    var arrived: RunState? { states.withLock { $0.arrived } }

    func forgetArrived() { states.withLock { $0.arrived = nil } }

    func record(_ state: RunState) { states.withLock { $0.recorded = state } }

    /// Runs `body`, which sees `state` recorded. What a migration that stands before its switchover has recorded is
    /// there again afterwards.
    func recording<Result>(_ state: RunState, _ body: () -> Result) -> Result {
        let before = states.withLock { $0.recorded }
        record(state)
        defer { record(before) }
        return body()
    }

    func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> RunState {
        let recorded = states.withLock { $0.recorded }
        var text = Array(recorded.rawValue.utf8)
        // The zero behind the text counts.
        let size = try fields.count("size", text.count + 1)
        text += [UInt8](repeating: 0, count: Self.textSize - text.count)
        try fields.bytes("runstate", &text, count: Self.textSize)
        try fields.check((1...UInt32(Self.textSize)).contains(size), "size", "\(size)")
        let name = String(decoding: text.prefix(Int(size)).prefix { $0 != 0 }, as: UTF8.self)
        let state = RunState(rawValue: name)
        try fields.check(state != nil, "runstate", name)
        return state ?? recorded
    }

    func restore(_ saved: RunState) {
        states.withLock {
            $0.arrived = saved
            // The next stream that goes out (a survivor's) tells its own state; until then this one holds.
            $0.recorded = saved
        }
    }
}
