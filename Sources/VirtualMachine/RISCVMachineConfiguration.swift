public import BlockLayer
public import Environment
public import GuestMemory
public import MachineModel
public import PacketPath
public import SystemCalls

/// What a riscv64 machine is to be made of.
public struct RISCVMachineConfiguration: Sendable {
    /// A disk in a raw file.
    public struct Disk: Sendable, Equatable {
        /// The file.
        public var path: String
        /// Whether the guest may not write.
        public var isReadOnly: Bool

        /// The disk kept in `path`.
        public init(path: String, isReadOnly: Bool) {
            self.path = path
            self.isReadOnly = isReadOnly
        }
    }

    /// A network card.
    public struct Network: Sendable {
        /// Its hardware address, six bytes.
        public var mac: [UInt8]
        /// Where its frames go. The machine starts and stops it.
        public var backend: any NetworkBackend
        /// Where the frames of a second card with the same address go, for which this one stands by; nil if there is none.
        public var primary: (any NetworkBackend)?

        /// A card with the address `mac`.
        public init(mac: [UInt8], backend: any NetworkBackend, primary: (any NetworkBackend)? = nil) {
            self.mac = mac
            self.backend = backend
            self.primary = primary
        }
    }

    /// The guest's name; empty if it has none.
    public var name = ""
    /// The guest's UUID, sixteen bytes; nil if it has none.
    public var uuid: [UInt8]?
    /// RAM in bytes, a multiple of the page size.
    public var memorySize: Int
    /// What keeps RAM.
    public var memoryBacking = MemoryBacking.anonymous
    /// Whether the machine waits for its state: RAM that it shares with the machine where the guest still runs stays as it
    /// is then.
    public var isIncoming = false
    /// The number of harts.
    public var vCPUCount = 1
    /// File of the kernel: a flat "Image", not compressed.
    public var kernel: String
    /// File of the initial RAM file system.
    public var initrd: String?
    /// The kernel's command line.
    public var append = ""
    /// File of firmware that runs in M-mode (OpenSBI fw_dynamic or fw_jump). Without it the engine answers SBI calls
    /// and the kernel is entered in S-mode.
    public var firmware: String?
    /// Disks, in the order in which the guest finds them.
    public var disks: [Disk] = []
    /// Network cards, in the order in which the guest finds them.
    public var networks: [Network] = []
    /// What the guest's real-time clock follows.
    public var wallClock: any WallClock = SystemWallClock()
    /// Gets what the guest writes to its serial port. Must not block; may be called with the machine lock held.
    public var console: @Sendable ([UInt8]) -> Void = { _ in }
    /// Gets a line for what the operator should know (a driver that broke a rule, a failed disk request). Must not
    /// block; may be called with the machine lock held.
    public var log: @Sendable (String) -> Void = { _ in }
    /// Gets what the guest asks of its machine (power off, reset). Called on a vCPU thread and possibly with the machine
    /// lock held, so it must only pass the request on to another thread.
    public var onRequest: @Sendable (GuestRequest) -> Void = { _ in }

    /// A machine that boots `kernel` with `memorySize` bytes of RAM.
    public init(memorySize: Int, kernel: String) {
        self.memorySize = memorySize
        self.kernel = kernel
    }

    /// The most RAM of a machine, in bytes.
    public static let maximumMemorySize = 64 << 30
    /// The longest kernel command line, in bytes (what a riscv64 kernel keeps).
    public static let maximumAppendLength = 1024
}

/// Why a riscv64 machine could not be put together.
public enum RISCVMachineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A setting has a value that cannot be; the text says what is expected.
    case invalid(setting: String, why: String)
    /// A file cannot be read.
    case file(path: String, SystemError)
    /// A file is not what it should be.
    case badImage(path: String, why: String)
    /// The guest has too little RAM for a file.
    case doesNotFit(path: String, why: String)
    /// A disk cannot be used.
    case disk(BlockError)
    /// A network back-end cannot be used.
    case network(NetworkError)
    /// RAM cannot be kept where it should be.
    case memory(MemoryBackingError)
    /// The host gave no memory or no thread.
    case system(SystemError)

    /// One line that names the file or setting.
    public var description: String {
        switch self {
        case .invalid(let setting, let why): "\(setting): \(why)"
        case .file(let path, let error): "\(path): \(error)"
        case .badImage(let path, let why): "\(path): \(why)"
        case .doesNotFit(let path, let why): "\(path): \(why)"
        case .disk(let error): "\(error)"
        case .network(let error): "\(error)"
        case .memory(let error): "\(error)"
        case .system(let error): "\(error)"
        }
    }
}
