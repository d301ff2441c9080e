import Environment

/// Why a guest was not paused: a vCPU did not come to a stand in time, or the holder of the machine lock did not release it. The
/// request is withdrawn then; all vCPUs run on.
public struct PauseTimeout: Error, Equatable, Sendable, CustomStringConvertible {
    /// A vCPU that still ran at the deadline.
    public struct Busy: Equatable, Sendable {
        /// Its number.
        public let vCPU: Int
        /// The guest-physical address of the device that it was accessing; nil if it was executing instructions.
        public let deviceAddress: UInt64?

        /// A vCPU and what it does.
        public init(vCPU: Int, deviceAddress: UInt64?) {
            self.vCPU = vCPU
            self.deviceAddress = deviceAddress
        }
    }

    /// Who did not stand; nobody if the vCPUs are not the reason.
    public let busy: [Busy]
    /// What the machine knows about the reason ("disk0 has not answered for 6000 ms"); nil if it knows nothing.
    public let reason: String?

    /// A pause that `busy` did not let happen.
    public init(busy: [Busy], reason: String? = nil) {
        self.busy = busy
        self.reason = reason
    }

    /// One line for a log or a client.
    public var description: String {
        let places = busy.map { busy in
            let place = busy.deviceAddress.map { "in a device access at 0x\(String($0, radix: 16))" }
            return "vCPU \(busy.vCPU) is \(place ?? "executing instructions")"
        }
        let reasons = [places.joined(separator: ", "), reason ?? ""].filter { !$0.isEmpty }
        return "The guest does not come to a stand: \(reasons.joined(separator: "; "))"
    }
}
