import ByteCoding
import MachineModel

/// What a transport carries: one kind of virtio device. All calls come with the machine lock held or the machine
/// paused.
public protocol VirtioDevice: AnyObject, Sendable {
    /// The device ID (virtio 1.2 §5).
    var deviceID: UInt32 { get }
    /// The name of its state's section ("virtio-net").
    var sectionName: String { get }
    /// The feature bits of its kind that it offers.
    var features: UInt64 { get }
    /// The largest size of each of its queues, powers of two.
    var queueSizes: [UInt16] { get }
    /// The configuration space as it is now, little-endian.
    var configuration: [UInt8] { get }
    /// The driver notified queue `index`, which is ready and whose driver is ready too.
    func queueNotified(_ index: Int, of transport: VirtioTransport)
    /// The driver reset the device.
    func reset()
    /// Appends what the device knows beyond its transport.
    func saveState(to writer: inout ByteWriter)
    /// As `SavedDevice.prepareLoad`, for what `saveState` wrote.
    func prepareLoad(from reader: inout ByteReader) throws(DeviceStateError) -> @Sendable () -> Void
}

extension VirtioDevice {
    /// Forgets what the last driver left.
    public func reset() {}
    /// Appends the state, big-endian.
    public func saveState(to writer: inout ByteWriter) {}
    /// Reads and validates a state; the returned step makes it current.
    public func prepareLoad(from reader: inout ByteReader) throws(DeviceStateError) -> @Sendable () -> Void { {} }
}
