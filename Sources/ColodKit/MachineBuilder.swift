import Configuration
import Environment
import GuestMemory
import MachineModel
import PacketPath
import Replication
import Synchronization
import SystemCalls
import VirtualMachine

/// A machine and what the rest of the daemon has to know of its insides.
struct BuiltMachine: Sendable {
    /// The machine, at rest.
    let machine: VirtualMachine
    /// The holds in front of its network cards.
    let gate: OutputGate
    /// The user-mode networks, whose host ports are opened only by the side that serves.
    let userNetworks: [UserBackend]
    /// Where its UART ends; nil without one.
    let console: ConsoleLink?
}

extension MemoryBacking {
    /// As the operator wrote it.
    init(_ configuration: MemoryBackingConfiguration) {
        switch configuration {
        case .anonymous: self = .anonymous
        case .memfd: self = .memfd
        case .file(let path, let isShared): self = .file(path: path, isShared: isShared)
        case .hugePages(let path): self = .hugePages(path: path)
        }
    }
}

/// What a machine being built reports to, filled in later by the parts that do not exist yet.
final class MachineHooks: Sendable {
    private struct Targets {
        var held: @Sendable (OutputHold.Notice) -> Void = { _ in }
        var request: @Sendable (String) -> Void = { _ in }
        var type: @Sendable ([UInt8]) -> Void = { _ in }
    }
    private let targets = Mutex(Targets())

    /// Called when the guest's output is held.
    func onHeld(_ body: @escaping @Sendable (OutputHold.Notice) -> Void) { targets.withLock { $0.held = body } }
    /// Called with "power-off", "reset", or what broke the guest.
    func onGuestRequest(_ body: @escaping @Sendable (String) -> Void) { targets.withLock { $0.request = body } }
    /// Called with what is typed at the console.
    func onTyping(_ body: @escaping @Sendable ([UInt8]) -> Void) { targets.withLock { $0.type = body } }

    func held(_ notice: OutputHold.Notice) { targets.withLock { $0.held }(notice) }
    func guestRequests(_ what: String) { targets.withLock { $0.request }(what) }
    func typed(_ bytes: [UInt8]) { targets.withLock { $0.type }(bytes) }
}

/// Turns the guest's description into a machine.
struct MachineBuilder {
    let guest: GuestConfiguration
    let checkpoint: CheckpointConfiguration
    /// Whether host ports are forwarded from the start; a member of a pair opens them when it serves.
    let opensForwards: Bool
    /// Whether this is a member of a pair, which says what it lacks and goes on.
    let isPaired: Bool
    let isIncoming: Bool
    let autostart: Bool
    let hooks: MachineHooks
    /// For what a device complains of.
    let log: @Sendable (String) -> Void
    /// For the lines that the guest writes to its console.
    let consoleLog: @Sendable (String) -> Void

    func build() throws -> BuiltMachine {
        switch guest.machine {
        case .none:
            let parts = try NoneMachine.parts(
                memorySize: guest.memory, backing: MemoryBacking(guest.memoryBacking), name: guest.givenName ?? "",
                uuid: Self.bytes(guest.uuid))
            return BuiltMachine(
                machine: VirtualMachine(parts: parts, incoming: isIncoming, autostart: autostart),
                gate: OutputGate(holds: []), userNetworks: [], console: nil)
        case .riscv64:
            return try buildRISCV()
        }
    }

    private func buildRISCV() throws -> BuiltMachine {
        guard let kernel = guest.kernel else {
            throw StartFailure("guest.kernel: a riscv64 machine needs a kernel image", isConfiguration: true)
        }
        let console = try ConsoleLink(guest.console, receive: { hooks.typed($0) }, log: consoleLog, notice: log)
        var settings = RISCVMachineConfiguration(memorySize: guest.memory, kernel: kernel)
        settings.name = guest.givenName ?? ""
        settings.uuid = Self.bytes(guest.uuid)
        settings.memoryBacking = MemoryBacking(guest.memoryBacking)
        // Either member of a pair may have to boot its guest.
        settings.isIncoming = isIncoming && !isPaired
        settings.vCPUCount = guest.vcpus
        settings.initrd = guest.initrd
        settings.append = guest.append
        settings.firmware = guest.firmware
        settings.disks = guest.disks.map { .init(path: $0.file, isReadOnly: $0.readOnly) }
        settings.console = { console.send($0) }
        settings.log = log
        settings.onRequest = { [hooks] request in
            switch request {
            case .powerOff: hooks.guestRequests("power-off")
            case .reset: hooks.guestRequests("reset")
            case .crashed(let why): hooks.guestRequests(why)
            }
        }
        var holds: [OutputHold] = []
        var userNetworks: [UserBackend] = []
        for card in guest.network {
            let backend = try backend(card.backend, &userNetworks)
            let hold = OutputHold(backend, holdLimit: checkpoint.holdLimit, dropLimit: checkpoint.dropLimit) {
                [hooks] in hooks.held($0)
            }
            holds.append(hold)
            // No pair has a primary card, so that nothing of it is ever held.
            let primary = try card.primary.map { try self.backend($0, &userNetworks) }
            settings.networks.append(.init(mac: card.mac.bytes, backend: hold, primary: primary))
        }
        let board = try RISCVMachine(settings)
        hooks.onTyping { board.typeAtConsole($0) }
        return BuiltMachine(
            machine: VirtualMachine(parts: board.parts, incoming: isIncoming, autostart: autostart),
            gate: OutputGate(holds: holds), userNetworks: userNetworks, console: console)
    }

    private func backend(
        _ configuration: Configuration.NetworkBackend, _ userNetworks: inout [UserBackend]
    ) throws -> any PacketPath.NetworkBackend {
        switch configuration {
        case .tap(let name, let bridge):
            // A side that begins anew must not depend on a bridge that is being remade.
            return try TapBackend(name: name, bridge: bridge, waitsForBridge: isPaired)
        case .user(let forwards):
            let rules = try forwards.map { try PacketPath.PortForward($0.description) }
            let network = try UserBackend(forwards: rules, opensForwardsAtStart: opensForwards)
            userNetworks.append(network)
            return network
        }
    }

    /// The sixteen bytes of a UUID text.
    private static func bytes(_ uuid: String?) -> [UInt8]? {
        guard let digits = uuid?.filter({ $0 != "-" }), digits.utf8.count == 32 else { return nil }
        let pairs = Array(digits)
        return stride(from: 0, to: 32, by: 2).compactMap { UInt8(String(pairs[$0...$0 + 1]), radix: 16) }
    }
}
