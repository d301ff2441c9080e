/// Virtio devices (virtio 1.2) over the MMIO transport, version 2.
///
/// - `VirtioTransport` is the register block of one slot (§4.2.2) with its split virtqueues (§2.7). It knows nothing of
///   what the queues carry.
/// - `VirtioDevice` is what plugs into a transport: `VirtioNetwork`, `VirtioBlock`, `VirtioEntropy`, `VirtioConsole`.
/// - `Virtqueue` and `DescriptorChain` are the only code that reads rings. Each descriptor is copied once, checked
///   (inside RAM, no loop, no more than `VirtioLimit` allows) and used from the copy.
///
/// Threads and locks: everything runs with the machine lock held, either on the vCPU thread that touched a register or
/// on a back-end's thread that took the lock to deliver input. So whatever a device writes to guest memory is written,
/// and marked in the dirty log, while no checkpoint is being taken.
///
/// A driver that breaks the rules of a ring stops only its own device: the transport sets DEVICE_NEEDS_RESET (§2.1.2),
/// says why in the log, and the queues stand until the driver resets the device. The guest keeps running.
///
/// While pages of RAM have not come yet (`GuestMemory.isPartial`) a request is taken only when all of its pages are here.
/// Else it stays in its ring, the missing pages are asked for, all at once, and the device looks at the queue again when
/// they have come (`DeferredRequests`). So do frames from a back-end, up to a limit.
///
/// State: registers, negotiated features and the two counters of each queue. A request is carried out wholly within one
/// notification, so between two register accesses nothing is in flight but what stands in the guest's own rings, and
/// those are read anew from guest memory after a load. Whether a notification came for what stands there is not told: all
/// queues are looked at once when the guest first runs on a loaded state (`QueuedDevice`).
public enum VirtioLimit {
    /// The most descriptors of one chain, indirect ones counted.
    public static let chainLength = 1024
    /// The most bytes that one chain describes.
    public static let chainBytes = 128 << 20
    /// The largest Ethernet frame that passes a virtio-net device, in bytes.
    public static let frame = 65535 + 14
    /// How many bytes of frames wait for pages of receive buffers at most.
    public static let waitingFrames = 1 << 20
    /// How much console input waits for the guest at most, in bytes.
    public static let consoleInput = 4096
    /// How many random bytes are given for one request at most.
    public static let entropy = 4096
}

/// Feature bits that belong to the transport and the rings (§6).
enum TransportFeature {
    static let indirectDescriptors: UInt64 = 1 << 28
    static let version1: UInt64 = 1 << 32
}
