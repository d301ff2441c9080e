public import MachineModel

extension VirtioTransport {
    /// A state of the slot, and the step that makes that of its device current.
    public struct Saved: Sendable {
        fileprivate var slot: State
        fileprivate var restoreDevice: @Sendable () -> Void
    }

    /// Visits the state: the slot's, then the device's.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> Saved {
        var saved = state
        var kind = device.deviceID
        try fields.number("device_id", &kind)
        try fields.number("device_features_sel", &saved.deviceFeaturesSelect)
        try fields.number("driver_features_sel", &saved.driverFeaturesSelect)
        try fields.number("driver_features", &saved.driverFeatures)
        try fields.number("queue_sel", &saved.queueSelect)
        try fields.number("isr", &saved.interruptStatus)
        try fields.number("status", &saved.status)
        try fields.number("generation", &saved.configurationGeneration)
        let count = try fields.count("num_queues", state.queues.count)
        try fields.check(kind == device.deviceID, "virtio.device", "\(kind)")
        try fields.check(Int(count) == state.queues.count, "virtio.queues", "\(count)")
        try fields.check(saved.status & ~Status.all == 0, "virtio.status", "\(saved.status)")
        try fields.check(saved.interruptStatus < 4, "virtio.interrupt-status", "\(saved.interruptStatus)")
        try fields.check(
            saved.status & Status.featuresOK == 0 || saved.driverFeatures & ~offeredFeatures == 0, "virtio.features",
            "\(saved.driverFeatures)")
        if Visitor.isLoading { saved.queues = [] }
        try fields.structures("queues", of: "virtqueue", count: state.queues.count) {
            (fields, index) throws(Visitor.Failure) in
            let queue = try state.queues[index].declared(to: &fields)
            if Visitor.isLoading { saved.queues.append(queue) }
        }
        return Saved(slot: saved, restoreDevice: try device.declareForRestoring(to: &fields))
    }

    /// Makes a loaded state current.
    public func restore(_ saved: Saved) {
        state = saved.slot
        forgetPutAside()
        saved.restoreDevice()
        updateReadiness()
        driveLine()
    }
}

extension VirtioDevice {
    /// Visits the state and returns the step that makes it current.
    fileprivate func declareForRestoring<Visitor: StateVisitor>(
        to fields: inout Visitor
    ) throws(Visitor.Failure) -> @Sendable () -> Void {
        let saved = try declare(to: &fields)
        guard Visitor.isLoading else { return {} }
        return { self.restore(saved) }
    }
}
