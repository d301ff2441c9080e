/// A device that answers loads and stores in a range of guest-physical addresses.
///
/// Both calls come with the machine lock held, from the thread of the vCPU that does the access. `offset` lies inside
/// the range and `offset + width` too; `width` is 1, 2, 4 or 8. A device ignores what it does not implement (reads 0).
public protocol MemoryMappedDevice: AnyObject, Sendable {
    /// The guest-physical addresses it answers to.
    var range: Range<UInt64> { get }
    /// A load of `width` bytes, little-endian, zero-extended.
    func load(offset: UInt64, width: Int) -> UInt64
    /// A store of the low `width` bytes of `value`.
    func store(offset: UInt64, width: Int, value: UInt64)
}

/// Finds the device behind an address and does the access under the machine lock.
public final class Bus: Sendable {
    /// The lock around all devices.
    public let lock: MachineLock
    private let devices: [any MemoryMappedDevice]

    /// A bus with `devices`, whose ranges must not overlap each other or RAM.
    public init(lock: MachineLock, devices: [any MemoryMappedDevice]) {
        self.lock = lock
        self.devices = devices.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// Does a load; nil if no device answers (the vCPU then raises an access fault). A machine that has ended answers 0.
    public func load(_ address: UInt64, width: Int) -> UInt64? {
        guard let device = device(at: address, width: width) else { return nil }
        return lock.withLock { device.load(offset: address - device.range.lowerBound, width: width) } ?? 0
    }

    /// Does a store; false if no device answers.
    public func store(_ address: UInt64, width: Int, value: UInt64) -> Bool {
        guard let device = device(at: address, width: width) else { return false }
        lock.withLock { device.store(offset: address - device.range.lowerBound, width: width, value: value) }
        return true
    }

    private func device(at address: UInt64, width: Int) -> (any MemoryMappedDevice)? {
        for device in devices where device.range.contains(address) {
            return address <= device.range.upperBound - UInt64(width) ? device : nil
        }
        return nil
    }
}
