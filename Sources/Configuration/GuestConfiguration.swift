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
    /// What keeps RAM.
    public var memoryBacking: MemoryBackingConfiguration
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

/// What keeps the guest's RAM.
public enum MemoryBackingConfiguration: Sendable, Equatable {
    /// Memory of the process.
    case anonymous
    /// A file without a name that is only memory.
    case memfd
    /// The file at this path. Shared: the guest writes to it; else it is only what RAM begins with.
    case file(String, isShared: Bool)
    /// Huge pages: the file at this path on a hugetlbfs, or without one a memfd.
    case hugePages(String?)

    /// Reads `anonymous`, `memfd`, `file:PATH[,share=on|off]` or `hugetlb[:PATH]`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "anonymous": self = .anonymous
        case "memfd": self = .memfd
        case "hugetlb": self = .hugePages(nil)
        default:
            if let path = text.suffix(after: "hugetlb:"), isAbsolutePath(path) {
                self = .hugePages(path)
            } else if let rest = text.suffix(after: "file:") {
                let (path, isShared) = Self.parts(rest)
                guard isAbsolutePath(path) else { return nil }
                self = .file(path, isShared: isShared)
            } else {
                return nil
            }
        }
    }

    /// What is wrong with a text that looks like a backing and is none.
    static func objection(to text: String) -> String? {
        let path = text.suffix(after: "file:").map { parts($0).path } ?? text.suffix(after: "hugetlb:")
        return path.flatMap(pathObjection)
    }

    private static func parts(_ rest: String) -> (path: String, isShared: Bool) {
        for (suffix, isShared) in [(",share=on", true), (",share=off", false)] where rest.hasSuffix(suffix) {
            return (String(rest.dropLast(suffix.count)), isShared)
        }
        return (rest, false)
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
    /// What a second card with the same address is connected to, for which this one stands by; nil if there is none.
    public var primary: NetworkBackend?
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
