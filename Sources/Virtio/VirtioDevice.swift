public import MachineModel

/// What a transport carries: one kind of virtio device. All calls come with the machine lock held or the machine
/// paused.
///
/// Its declared state is what it knows beyond its transport, and stands behind the transport's in the same section.
public protocol VirtioDevice: DeclaredState {
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
    /// A driver begins or ends to serve the device, also by a reset or a loaded state.
    func driverChanged(of transport: VirtioTransport)
}

extension VirtioDevice {
    /// The version of the state.
    public var stateVersion: UInt32 { 1 }
    /// Forgets what the last driver left.
    public func reset() {}
    /// Nothing that depends on it.
    public func driverChanged(of transport: VirtioTransport) {}
}

extension VirtioDevice where Saved == Void {
    /// A device that knows nothing beyond its transport.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) {}
    /// Nothing to make current.
    public func restore(_ saved: Void) {}
}
