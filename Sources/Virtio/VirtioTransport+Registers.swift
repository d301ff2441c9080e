import MachineModel

/// Register offsets (virtio 1.2 §4.2.2).
private enum Register {
    static let magic: UInt64 = 0x000
    static let version: UInt64 = 0x004
    static let deviceID: UInt64 = 0x008
    static let vendorID: UInt64 = 0x00c
    static let deviceFeatures: UInt64 = 0x010
    static let deviceFeaturesSelect: UInt64 = 0x014
    static let driverFeatures: UInt64 = 0x020
    static let driverFeaturesSelect: UInt64 = 0x024
    static let queueSelect: UInt64 = 0x030
    static let queueSizeMaximum: UInt64 = 0x034
    static let queueSize: UInt64 = 0x038
    static let queueReady: UInt64 = 0x044
    static let queueNotify: UInt64 = 0x050
    static let interruptStatus: UInt64 = 0x060
    static let interruptAcknowledge: UInt64 = 0x064
    static let status: UInt64 = 0x070
    static let queueDescriptors: UInt64 = 0x080
    static let queueDriver: UInt64 = 0x090
    static let queueDevice: UInt64 = 0x0a0
    static let sharedMemoryLength: UInt64 = 0x0b0
    static let sharedMemoryEnd: UInt64 = 0x0c0
    static let configurationGeneration: UInt64 = 0x0fc
    static let configuration: UInt64 = 0x100
}

extension VirtioTransport {
    private static let magicValue: UInt32 = 0x7472_6976
    private static let vendor: UInt32 = 0x444c_4f43

    /// Reads a register.
    public func load(offset: UInt64, width: Int) -> UInt64 {
        if offset >= Register.configuration {
            return loadConfiguration(Int(offset - Register.configuration), width)
        }
        guard width == 4, offset % 4 == 0 else { return 0 }
        return UInt64(loadRegister(offset))
    }

    private func loadRegister(_ register: UInt64) -> UInt32 {
        switch register {
        case Register.magic: return Self.magicValue
        case Register.version: return 2
        case Register.deviceID: return device.deviceID
        case Register.vendorID: return Self.vendor
        case Register.deviceFeatures: return word(of: offeredFeatures, state.deviceFeaturesSelect)
        case Register.queueSizeMaximum: return selectedQueue.map { UInt32(state.queues[$0].maximumSize) } ?? 0
        case Register.queueReady: return selectedQueue.map { state.queues[$0].isReady ? 1 : 0 } ?? 0
        case Register.interruptStatus: return state.interruptStatus
        case Register.status: return state.status
        // There is no shared memory region: its length and base read as all ones (§4.2.2).
        case Register.sharedMemoryLength..<Register.sharedMemoryEnd: return .max
        case Register.configurationGeneration: return state.configurationGeneration
        default: return 0
        }
    }

    private func word(of features: UInt64, _ select: UInt32) -> UInt32 {
        select < 2 ? UInt32(truncatingIfNeeded: features >> UInt64(32 * select)) : 0
    }

    private func loadConfiguration(_ offset: Int, _ width: Int) -> UInt64 {
        let bytes = device.configuration
        var value: UInt64 = 0
        for index in 0..<width where offset + index < bytes.count {
            value |= UInt64(bytes[offset + index]) << UInt64(8 * index)
        }
        return value
    }

    private var selectedQueue: Int? {
        state.queueSelect < state.queues.count ? Int(state.queueSelect) : nil
    }

    /// Writes a register.
    public func store(offset: UInt64, width: Int, value: UInt64) {
        guard width == 4, offset % 4 == 0, offset < Register.configuration else { return }
        let word = UInt32(truncatingIfNeeded: value)
        switch offset {
        case Register.deviceFeaturesSelect: state.deviceFeaturesSelect = word
        case Register.driverFeaturesSelect: state.driverFeaturesSelect = word
        case Register.driverFeatures: storeDriverFeatures(word)
        case Register.queueSelect: state.queueSelect = word
        case Register.queueNotify: if word < state.queues.count { notifyDevice(ofQueue: Int(word)) }
        case Register.interruptAcknowledge:
            state.interruptStatus &= ~word
            driveLine()
        case Register.status: storeStatus(word)
        default: storeQueueRegister(offset, word)
        }
    }

    private func storeDriverFeatures(_ word: UInt32) {
        guard state.status & Status.featuresOK == 0, state.driverFeaturesSelect < 2 else { return }
        let shift = UInt64(32 * state.driverFeaturesSelect)
        state.driverFeatures = state.driverFeatures & ~(0xffff_ffff << shift) | UInt64(word) << shift
    }

    private func storeStatus(_ word: UInt32) {
        if word == 0 { return resetDevice() }
        // The driver only ever adds bits; what it may not have is taken back from FEATURES_OK (§3.1.1).
        var added = word & Status.all & ~Status.needsReset
        if added & Status.featuresOK != 0, state.status & Status.featuresOK == 0, !featuresAreAcceptable {
            added &= ~Status.featuresOK
        }
        state.status |= added
        updateReadiness()
    }

    private var featuresAreAcceptable: Bool {
        state.driverFeatures & ~offeredFeatures == 0 && hasNegotiated(TransportFeature.version1)
    }

    private func storeQueueRegister(_ register: UInt64, _ word: UInt32) {
        guard let index = selectedQueue else { return }
        if register == Register.queueReady { return storeReady(index, word) }
        guard !state.queues[index].isReady else { return }
        switch register {
        case Register.queueSize: state.queues[index].size = UInt16(clamping: word)
        case Register.queueDescriptors: Self.setLow(&state.queues[index].descriptors, word)
        case Register.queueDescriptors + 4: Self.setHigh(&state.queues[index].descriptors, word)
        case Register.queueDriver: Self.setLow(&state.queues[index].driverArea, word)
        case Register.queueDriver + 4: Self.setHigh(&state.queues[index].driverArea, word)
        case Register.queueDevice: Self.setLow(&state.queues[index].deviceArea, word)
        case Register.queueDevice + 4: Self.setHigh(&state.queues[index].deviceArea, word)
        default: break
        }
    }

    private func storeReady(_ index: Int, _ word: UInt32) {
        guard word & 1 == 1 else {
            state.queues[index].isReady = false
            return forgetPutAside(index)
        }
        guard state.queues[index].isWellFormed else {
            return fail("queue \(index) cannot have \(state.queues[index].size) entries at the addresses given")
        }
        state.queues[index].isReady = true
    }

    private static func setLow(_ address: inout UInt64, _ word: UInt32) {
        address = address & ~0xffff_ffff | UInt64(word)
    }

    private static func setHigh(_ address: inout UInt64, _ word: UInt32) {
        address = address & 0xffff_ffff | UInt64(word) << 32
    }
}
