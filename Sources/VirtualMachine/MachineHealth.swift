import BlockLayer
public import Environment
import PCI
import PacketPath
import QAPI

/// What keeps a guest from serving although its machine is there.
public struct MachineHealth: Equatable, Sendable {
    /// A disk with a request that has not come back.
    public struct StalledDisk: Equatable, Sendable, CustomStringConvertible {
        /// The disk's name ("disk0").
        public let name: String
        /// How long the oldest request is under way.
        public let duration: Nanoseconds

        /// A disk that has not answered for `duration`.
        public init(name: String, duration: Nanoseconds) {
            self.name = name
            self.duration = duration
        }

        /// Part of a line for a log or an operator.
        public var description: String { "\(name) has not answered for \(UInt64(duration.inMilliseconds)) ms" }
    }

    /// Why a network card reaches nobody; nil while all have their networks.
    public var networkFailure: String?
    /// The disk that keeps its oldest request for longest, beyond `stallThreshold`; nil if none does.
    public var stalledDisk: StalledDisk?
    /// Whether an operator has stopped the guest.
    public var isStopped: Bool

    /// How long a request may take before its disk counts as stalled.
    public static let stallThreshold = Nanoseconds.seconds(1)

    /// A state of health; that of a guest that can serve without arguments.
    public init(networkFailure: String? = nil, stalledDisk: StalledDisk? = nil, isStopped: Bool = false) {
        self.networkFailure = networkFailure
        self.stalledDisk = stalledDisk
        self.isStopped = isStopped
    }
}

extension VirtualMachine {
    /// What keeps the guest from serving now. From any thread; waits for no system call of anybody.
    public var health: MachineHealth {
        let failure =
            parts.networkDevices.lazy.compactMap(\.backend.failure).first
            ?? parts.failoverPairs.lazy.compactMap(\.card.backend.failure).first
        return MachineHealth(
            networkFailure: failure?.description, stalledDisk: stalledDisk,
            isStopped: runState == .paused && !isRetired)
    }

    var stalledDisk: MachineHealth.StalledDisk? {
        let ages = parts.disks.compactMap { disk in disk.backend.statistics.oldestRequestAge.map { (disk.name, $0) } }
        guard let oldest = ages.max(by: { $0.1 < $1.1 }), oldest.1 >= MachineHealth.stallThreshold else { return nil }
        return MachineHealth.StalledDisk(name: oldest.0, duration: oldest.1)
    }
}
