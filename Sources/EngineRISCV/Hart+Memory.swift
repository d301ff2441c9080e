import MachineModel

extension Operation {
    /// The load or store takes two bytes of code.
    var isCompressedAccess: Bool {
        switch self {
        case .cLw, .cLd, .cSw, .cSd, .cFld, .cFsd: true
        default: false
        }
    }
}

// Loads and stores that the TLB does not answer: its misses, devices, and accesses that cross a page.
extension Hart {
    /// Does the load or store `e` at `address`; false with an exception noted.
    @inline(never)
    func accessSlowly(_ e: DecodedInstruction, _ address: UInt64) -> Bool {
        let s = state
        let x = s.pointee.x
        switch e.operation {
        case .lb, .lbu, .lh, .lhu, .lw, .cLw, .lwu, .ld, .cLd:
            let width = e.operation.accessWidth
            guard load(address, width: width) else { return false }
            let shift = UInt64(64 - 8 * width)
            let value = s.pointee.slowValue
            switch e.operation {
            case .lb, .lh, .lw, .cLw:
                x[e.rd] = UInt64(bitPattern: Int64(bitPattern: value << shift) >> Int64(shift))
            default: x[e.rd] = value
            }
            return true
        case .sb, .sh, .sw, .sd, .cSw, .cSd:
            return store(address, width: e.operation.accessWidth, value: x[e.rs2])
        case .flw, .fld, .cFld:
            guard requireFloat() else { return false }
            guard load(address, width: e.operation.accessWidth) else { return false }
            let value = s.pointee.slowValue
            s.pointee.f[e.rd] = e.operation == .flw ? value | 0xffff_ffff_0000_0000 : value
            s.pointee.isFloatDirty = true
            return true
        default:
            guard requireFloat() else { return false }
            return store(address, width: e.operation.accessWidth, value: s.pointee.f[e.rs2])
        }
    }

    /// False with an illegal-instruction exception noted while FS is Off.
    func requireFloat() -> Bool {
        state.pointee.isFloatEnabled || raise(ExceptionCause.illegalInstruction, 0)
    }

    /// Loads into `slowValue`, zero-extended; false with an exception noted.
    func load(_ address: UInt64, width: Int) -> Bool {
        let s = state
        let inPage = Int(address & 0xfff)
        guard inPage + width <= 4096 else { return loadAcross(address, width: width, first: 4096 - inPage) }
        var isFault = false
        guard let offset = locate(address, .load, isFault: &isFault) else {
            return isFault ? false : loadFromDevice(address, width: width)
        }
        let ram = s.pointee.ram
        switch width {
        case 1: s.pointee.slowValue = UInt64(ram.load(offset, as: UInt8.self))
        case 2: s.pointee.slowValue = UInt64(ram.load(offset, as: UInt16.self))
        case 4: s.pointee.slowValue = UInt64(ram.load(offset, as: UInt32.self))
        default: s.pointee.slowValue = ram.load(offset, as: UInt64.self)
        }
        return true
    }

    private func loadAcross(_ address: UInt64, width: Int, first: Int) -> Bool {
        var value: UInt64 = 0
        for (start, count, shift) in [(address, first, 0), (address &+ UInt64(first), width - first, first)] {
            var isFault = false
            guard let offset = locate(start, .load, isFault: &isFault) else {
                return isFault ? false : raise(ExceptionCause.loadMisaligned, address)
            }
            for byte in 0..<count {
                let piece = state.pointee.ram.load(offset + byte, as: UInt8.self)
                value |= UInt64(piece) << UInt64(8 * (shift + byte))
            }
        }
        state.pointee.slowValue = value
        return true
    }

    private func loadFromDevice(_ address: UInt64, width: Int) -> Bool {
        let s = state
        let physical = s.pointee.slowValue
        guard physical & UInt64(width - 1) == 0 else { return raise(ExceptionCause.loadMisaligned, address) }
        guard let value = loadFromBus(physical, width: width) else {
            return raise(ExceptionCause.loadAccess, address)
        }
        s.pointee.slowValue = value
        shortenSlice()
        return true
    }

    /// Ends the slice sooner after a device access, which costs more than many instructions and may have raised or
    /// lowered an interrupt of this hart. Both ends of the slice move: nothing more counts as retired.
    private func shortenSlice() {
        let s = state
        s.pointee.budget -= HartLimits.deviceAccessCost
        s.pointee.sliceStart -= HartLimits.deviceAccessCost
        s.pointee.mustCheckInterrupts = true
    }

    /// Stores the low `width` bytes of `value`; false with an exception noted.
    func store(_ address: UInt64, width: Int, value: UInt64) -> Bool {
        let s = state
        let inPage = Int(address & 0xfff)
        guard inPage + width <= 4096 else {
            return storeAcross(address, width: width, first: 4096 - inPage, value: value)
        }
        var isFault = false
        guard let offset = locate(address, .store, isFault: &isFault) else {
            return isFault ? false : storeToDevice(address, width: width, value: value)
        }
        let ram = s.pointee.ram
        switch width {
        case 1: ram.store(UInt8(truncatingIfNeeded: value), offset)
        case 2: ram.store(UInt16(truncatingIfNeeded: value), offset)
        case 4: ram.store(UInt32(truncatingIfNeeded: value), offset)
        default: ram.store(value, offset)
        }
        return true
    }

    private func storeAcross(_ address: UInt64, width: Int, first: Int, value: UInt64) -> Bool {
        // Both pages are looked up before either is written: a store happens wholly or not at all.
        var isFault = false
        let second = address &+ UInt64(first)
        guard let low = locate(address, .store, isFault: &isFault), let high = locate(second, .store, isFault: &isFault)
        else { return isFault ? false : raise(ExceptionCause.storeMisaligned, address) }
        for byte in 0..<width {
            let offset = byte < first ? low + byte : high + byte - first
            state.pointee.ram.store(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)), offset)
        }
        return true
    }

    private func storeToDevice(_ address: UInt64, width: Int, value: UInt64) -> Bool {
        let physical = state.pointee.slowValue
        guard physical & UInt64(width - 1) == 0 else { return raise(ExceptionCause.storeMisaligned, address) }
        let shift = UInt64(64 - 8 * width)
        guard storeToBus(physical, width: width, value: (value << shift) >> shift) else {
            return raise(ExceptionCause.storeAccess, address)
        }
        shortenSlice()
        return true
    }
}

extension Operation {
    /// Bytes of a load or store.
    var accessWidth: Int {
        switch self {
        case .lb, .lbu, .sb: 1
        case .lh, .lhu, .sh: 2
        case .lw, .lwu, .sw, .cLw, .cSw, .flw, .fsw: 4
        default: 8
        }
    }
}
