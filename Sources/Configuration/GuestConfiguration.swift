/// The machine to run.
public struct GuestConfiguration: Sendable, Equatable {
    /// Letters, digits, dot, dash and underscore; at most `ConfigurationLimits.nameLength`. Nil if not configured.
    public var givenName: String?
    /// Lower-case, with dashes; nil if not configured.
    public var uuid: String?
    /// The kind of machine.
    public var machine: MachineKind
    /// RAM in bytes, a multiple of 4096.
    public var memory: Int
    /// Number of vCPUs; 0 for `none`.
    public var vcpus: Int
    /// Path of the kernel image; never nil for `riscv64`.
    public var kernel: String?
    /// Path of the initial RAM disk.
    public var initrd: String?
    /// The kernel's command line.
    public var append: String
    /// Path of M-mode firmware; nil for the engine's own SBI.
    public var firmware: String?
    /// Where the UART ends.
    public var console: ConsoleConfiguration
    /// The disks in the order the guest sees them.
    public var disks: [DiskConfiguration]
    /// The network cards in the order the guest sees them.
    public var network: [NetworkConfiguration]
}

/// The kinds of machine.
public enum MachineKind: String, Sendable, CaseIterable {
    /// A software RV64GC machine.
    case riscv64
    /// RAM only, no vCPU.
    case none
}

/// Where the guest's UART ends.
public enum ConsoleConfiguration: Sendable, Equatable {
    /// Each line goes to the log.
    case log
    /// Nowhere.
    case none
    /// Standard input and output of the process.
    case stdio
    /// Appended to the file at this path.
    case file(String)
    /// A listening unix socket at this path.
    case unix(String)

    /// Reads `log`, `none`, `stdio`, `file:PATH` or `unix:PATH`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "log": self = .log
        case "none": self = .none
        case "stdio": self = .stdio
        default:
            if let path = text.suffix(after: "file:"), isAbsolutePath(path) {
                self = .file(path)
            } else if case .unix(let path) = SocketAddress(text) {
                self = .unix(path)
            } else {
                return nil
            }
        }
    }
}

/// One disk.
public struct DiskConfiguration: Sendable, Equatable {
    /// Path of the raw image.
    public var file: String
    /// Whether the guest may only read it. A protected guest has read-only disks only.
    public var readOnly: Bool
}

/// One network card.
public struct NetworkConfiguration: Sendable, Equatable {
    /// What it is connected to.
    public var backend: NetworkBackend
    /// The card's address. Where the file names none it follows from the guest's name and the card's position, so that
    /// both hosts of a pair come to the same one.
    public var mac: MACAddress
}

/// What a network card is connected to.
public enum NetworkBackend: Sendable, Equatable {
    /// A tap interface, made if it does not exist, and put into `bridge` if one is named.
    case tap(name: String, bridge: String?)
    /// The user-mode network, with host ports forwarded to the guest.
    case user(forwards: [PortForward])
}

extension GuestConfiguration {
    /// The name of a guest that was given none.
    static let defaultName = "guest"

    /// What the guest is called in logs and paths.
    public var name: String { givenName ?? Self.defaultName }
}
