public import MachineModel

/// The host bridge: configuration space as memory, and the windows of I/O ports and memory, for the root ports of bus 0.
/// It has no registers of its own, and no state.
public final class PCIHost: Sendable {
    /// The root ports.
    public let ports: [RootPort]
    /// What answers to the guest's addresses: configuration space, I/O ports, memory.
    public let windows: [any MemoryMappedDevice]

    /// A bridge with `ports` whose configuration space begins at `ecam`, and whose windows begin at `portsBase` and
    /// `memoryBase`.
    public init(ecam: UInt64, portsBase: UInt64, memoryBase: UInt64, ports: [RootPort]) {
        self.ports = ports
        windows = [
            PCIWindow(
                ecam..<ecam + PCI.ecamSize,
                load: { Self.loadConfiguration(ports, $0, $1) },
                store: { Self.storeConfiguration(ports, $0, $1, $2) }),
            PCIWindow(
                portsBase..<portsBase + PCI.portsSize,
                load: { address, width in
                    for port in ports where port.forwards(port: address) {
                        if let value = port.reachableCard?.loadPort(address, width: width) { return value }
                    }
                    return allOnes(width: width)
                },
                store: { address, width, value in
                    for port in ports where port.forwards(port: address) {
                        port.reachableCard?.storePort(address, width: width, value: value)
                    }
                }),
            PCIWindow(memoryBase..<memoryBase + PCI.memorySize, load: { _, width in allOnes(width: width) }) {
                _, _, _ in
            },
        ]
    }

    /// What a place in configuration space belongs to.
    private enum Function {
        case port(RootPort)
        case card(any PCICard)
    }

    private static func function(_ ports: [RootPort], at offset: UInt64) -> Function? {
        let (bus, device) = (Int(offset >> 20), Int(offset >> 15 & 31))
        guard offset >> 12 & 7 == 0 else { return nil }
        if bus == 0 { return ports.first { $0.device == device }.map { .port($0) } }
        guard device == 0 else { return nil }
        return ports.first { $0.secondaryBus == bus }?.reachableCard.map { .card($0) }
    }

    private static func loadConfiguration(_ ports: [RootPort], _ offset: UInt64, _ width: Int) -> UInt64 {
        let register = Int(offset & 0xfff)
        switch function(ports, at: offset) {
        case .port(let port): return port.loadConfiguration(offset: register, width: width)
        case .card(let card): return card.loadConfiguration(offset: register, width: width)
        case nil: return allOnes(width: width)
        }
    }

    private static func storeConfiguration(_ ports: [RootPort], _ offset: UInt64, _ width: Int, _ value: UInt64) {
        let register = Int(offset & 0xfff)
        switch function(ports, at: offset) {
        case .port(let port): port.storeConfiguration(offset: register, width: width, value: value)
        case .card(let card): card.storeConfiguration(offset: register, width: width, value: value)
        case nil: break
        }
    }
}

/// A range of guest-physical addresses and what is done with accesses to it.
private final class PCIWindow: MemoryMappedDevice {
    let range: Range<UInt64>
    private let loadBody: @Sendable (UInt64, Int) -> UInt64
    private let storeBody: @Sendable (UInt64, Int, UInt64) -> Void

    init(
        _ range: Range<UInt64>, load: @escaping @Sendable (UInt64, Int) -> UInt64,
        store: @escaping @Sendable (UInt64, Int, UInt64) -> Void
    ) {
        self.range = range
        loadBody = load
        storeBody = store
    }

    func load(offset: UInt64, width: Int) -> UInt64 { loadBody(offset, width) }
    func store(offset: UInt64, width: Int, value: UInt64) { storeBody(offset, width, value) }
}
