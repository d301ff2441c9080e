import ByteCoding
import MachineModel

extension VirtioTransport {
    /// Appends the state, big-endian.
    public func saveState(to writer: inout ByteWriter) {
        writer.write(device.deviceID)
        writer.write(state.deviceFeaturesSelect)
        writer.write(state.driverFeaturesSelect)
        writer.write(state.driverFeatures)
        writer.write(state.queueSelect)
        writer.write(state.interruptStatus)
        writer.write(state.status)
        writer.write(state.configurationGeneration)
        writer.write(UInt32(state.queues.count))
        for queue in state.queues { queue.save(to: &writer) }
        device.saveState(to: &writer)
    }

    /// Reads and validates a state; the returned step makes it current.
    public func prepareLoad(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceStateError) -> @Sendable () -> Void {
        let loaded = try decode(&reader)
        let loadDevice = try device.prepareLoad(from: &reader)
        return {
            self.state = loaded
            loadDevice()
            self.updateReadiness()
            self.driveLine()
        }
    }

    private func decode(_ reader: inout ByteReader) throws(DeviceStateError) -> State {
        var loaded = State(queues: [])
        let (kind, count) = try DeviceStateError.decoding { () throws(ByteCodingError) in
            let kind: UInt32 = try reader.read()
            loaded.deviceFeaturesSelect = try reader.read()
            loaded.driverFeaturesSelect = try reader.read()
            loaded.driverFeatures = try reader.read()
            loaded.queueSelect = try reader.read()
            loaded.interruptStatus = try reader.read()
            loaded.status = try reader.read()
            loaded.configurationGeneration = try reader.read()
            return (kind, try reader.read(UInt32.self))
        }
        try DeviceStateError.require(kind == device.deviceID, "virtio.device", kind)
        try DeviceStateError.require(Int(count) == state.queues.count, "virtio.queues", count)
        try DeviceStateError.require(loaded.status & ~Status.all == 0, "virtio.status", loaded.status)
        try DeviceStateError.require(loaded.interruptStatus < 4, "virtio.interrupt-status", loaded.interruptStatus)
        if loaded.status & Status.featuresOK != 0 {
            try DeviceStateError.require(
                loaded.driverFeatures & ~offeredFeatures == 0, "virtio.features", loaded.driverFeatures)
        }
        for queue in state.queues { loaded.queues.append(try queue.loaded(from: &reader)) }
        return loaded
    }
}
