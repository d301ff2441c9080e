import ByteCoding
import GuestMemory
import MachineModel
public import MigrationFormat
import Synchronization
import SystemCalls

/// A machine's device state that is read and valid, and not yet current.
public struct PreparedDeviceState: Sendable {
    private let sections: [DecodedSection]

    /// A state made of `sections`, in stream order.
    public init(_ sections: [DecodedSection]) { self.sections = sections }

    /// Which sections it holds.
    public var keys: Set<SectionKey> { Set(sections.map(\.key)) }

    /// Makes all of it current; cannot fail. The machine must be at rest (`pauseBriefly`, or halted), and its RAM must
    /// already be that of the same checkpoint.
    public func apply() { for section in sections { section.apply() } }
}

extension VirtualMachine {
    /// What a stream for this machine must look like. `comparingUUID`: compare a sent UUID with this machine's.
    /// `ignoringShared`: the capability x-ignore-shared is on.
    public func streamExpectations(
        comparingUUID: Bool = false, ignoringShared: Bool = false, acceptingCompressed: Bool = false,
        acceptingPostcopy: Bool = false
    ) -> StreamExpectations {
        StreamExpectations(
            machineType: parts.machineType, layout: layout, uuid: comparingUUID ? parts.uuid : nil,
            handlers: sectionHandlers, ignoresShared: ignoringShared, acceptsCompressedPages: acceptingCompressed,
            acceptsPostcopy: acceptingPostcopy)
    }

    /// What a stream knows of the RAM blocks, in stream order; the same indices as `memory.blocks`.
    public var layout: [BlockLayout] {
        memory.blocks.map { block in
            BlockLayout(
                name: block.name, size: UInt64(block.size), guestAddress: block.guestAddress,
                isShared: block.backing.isShared, hostPageSize: UInt64(block.hostPageSize))
        }
    }

    /// The machine's devices, as a decoder finds them.
    public var sectionHandlers: any DeviceSectionHandlers { MachineSectionHandlers(sections: sections) }

    /// The names of all device sections, sorted: two machines that differ in them cannot take each other's state.
    public var sectionNames: [String] { sectionKeys.map { "\($0.name) \($0.instance)" }.sorted() }

    /// The names and instances of the sections that this machine sends.
    public var sectionKeys: Set<SectionKey> {
        Set(sections.devices.map { SectionKey(name: $0.header.name, instance: $0.header.instance) })
    }

    /// The device blob of a checkpoint: all FULL sections and the byte that ends them. The machine must be at rest.
    public func saveDeviceBlob(capacity: Int = 64 << 10) -> [UInt8] {
        var writer = ByteWriter(capacity: capacity)
        saveDeviceSections(to: &writer)
        StreamEncoder.writeEndOfSections(to: &writer)
        return writer.bytes
    }

    /// Reads and validates a checkpoint's device blob without changing anything. `expected`: the sections that must
    /// all be there.
    public func prepareLoad(
        blob: [UInt8], expected: Set<SectionKey>
    ) throws(StreamError) -> PreparedDeviceState {
        PreparedDeviceState(try DeviceBlob.decode(blob, handlers: sectionHandlers, expected: expected))
    }

    /// Makes a whole machine state current: `replaceRAM` first, then the devices, with the machine at rest; afterwards
    /// the engine forgets what it had cached.
    public func load(_ state: PreparedDeviceState, replaceRAM: () -> Void = {}) {
        pauseBriefly {
            replaceRAM()
            apply(state)
        }
    }

    /// Makes a device state current, with the machine at rest. When the guest first runs on it, devices look at their queues.
    func apply(_ state: PreparedDeviceState) {
        state.apply()
        parts.engine.forgetTranslations()
        queuesAreUnseen.store(true, ordering: .relaxed)
    }

    /// Has devices look at their queues, if they have not done so since their state was loaded: while the guest runs, and
    /// by a thread of its own, for it may take as long as a disk takes. Without a thread it is done when the guest next runs.
    func lookAtQueuesOnce() {
        guard queuesAreUnseen.load(ordering: .relaxed) else { return }
        let devices = parts.savedDevices.compactMap { $0 as? any QueuedDevice }
        do throws(SystemError) {
            if !devices.isEmpty {
                try parts.deferredRequests.perform(devices.map { device in { device.lookAtQueues() } })
            }
            queuesAreUnseen.store(false, ordering: .relaxed)
        } catch {}
    }
}

struct MachineSectionHandlers: DeviceSectionHandlers {
    let sections: DeviceSections

    func handler(name: String, instance: UInt32) -> (any DeviceSectionHandler)? {
        guard let entry = sections.devices.first(where: { $0.header.name == name && $0.header.instance == instance })
        else { return nil }
        return MachineSectionHandler(device: entry.device)
    }
}

struct MachineSectionHandler: DeviceSectionHandler {
    let device: any SavedDevice

    var version: UInt32 { device.identity.version }
    var oldestVersion: UInt32 { device.identity.oldestVersion }

    func decode(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceSectionFailure) -> @Sendable () -> Void {
        do {
            return try device.prepareLoad(version: version, from: &reader)
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: DeviceStateError) -> DeviceSectionFailure {
        switch error {
        case .malformed(.truncated(let offset, let needed, _)):
            // A length that no section can have is an error now, not a wait for bytes that never come.
            let (count, overflow) = offset.addingReportingOverflow(needed)
            guard !overflow, needed >= 0 else { return .invalid("a length of \(needed) bytes at byte \(offset)") }
            return .needsBytes(count)
        case .malformed(let error): return .invalid("\(error)")
        case .invalid(let field, let value): return .invalid("\(field) is \(value)")
        }
    }
}
