import MachineModel

// Control and status registers: who may touch which, and what reads and writes do.
extension Hart {
    /// Executes a CSR instruction; false with an illegal-instruction exception noted.
    func executeRegisterAccess(_ word: UInt32) -> Bool {
        let s = state
        let number = word >> 20
        let function = word >> 12 & 7
        let source = word >> 15 & 31
        let operand = function & 4 != 0 ? UInt64(source) : register(Int(source))
        let isSwap = function & 3 == 1
        let writes = isSwap || source != 0
        let isIllegal =
            UInt8(number >> 8 & 3) > s.pointee.privilege.rawValue || writes && number >> 10 == 3
            || !isAccessible(number, writes: writes)
        guard !isIllegal, let old = readRegister(number) else {
            return raise(ExceptionCause.illegalInstruction, UInt64(word))
        }
        if writes {
            // What a device asserts is seen in mip, but must not be written back into the bit that software owns.
            let base = number == RegisterNumber.mip ? writableInterruptBits(old) : old
            let new: UInt64
            switch function & 3 {
            case 1: new = operand
            case 2: new = base | operand
            default: new = base & ~operand
            }
            writeRegister(number, new)
        }
        s.pointee.x[Decoder.destination(word >> 7 & 31)] = old
        s.pointee.pc &+= 4
        return true
    }

    private func writableInterruptBits(_ visible: UInt64) -> UInt64 {
        visible & ~InterruptBits.seip | state.pointee.mipSoftware & InterruptBits.seip
    }

    /// The conditions beyond the privilege in the register's number.
    private func isAccessible(_ number: UInt32, writes: Bool) -> Bool {
        let s = state
        switch number {
        case RegisterNumber.fflags...RegisterNumber.fcsr: return s.pointee.isFloatEnabled
        case RegisterNumber.satp:
            return s.pointee.privilege != .supervisor || s.pointee.mstatus & StatusBits.tvm == 0
        case RegisterNumber.stimecmp:
            if s.pointee.privilege == .machine { return true }
            return s.pointee.menvcfg & EnvironmentBits.supervisorTimer != 0 && s.pointee.mcounteren & 2 != 0
        case RegisterNumber.cycle...RegisterNumber.hpmcounters.upperBound:
            let bit = UInt64(1) << UInt64(number & 31)
            if s.pointee.privilege == .machine { return true }
            if s.pointee.mcounteren & bit == 0 { return false }
            return s.pointee.privilege == .supervisor || s.pointee.scounteren & bit != 0
        default: return true
        }
    }

    /// Instructions retired before the one that executes now.
    private var retiredBefore: UInt64 {
        let s = state
        return s.pointee.retired &+ UInt64(truncatingIfNeeded: s.pointee.sliceStart - s.pointee.budget - 1)
    }

    /// mstatus with the bits that follow from others.
    func currentStatus() -> UInt64 {
        let s = state
        if s.pointee.isFloatDirty {
            s.pointee.isFloatDirty = false
            if s.pointee.mstatus & StatusBits.fs != 0 { s.pointee.mstatus |= StatusBits.fs }
        }
        let status = s.pointee.mstatus
        return status & StatusBits.fs == StatusBits.fs ? status | StatusBits.sd : status
    }

    /// The value of a register; nil if there is none of that number.
    private func readRegister(_ number: UInt32) -> UInt64? {
        let s = state
        switch number {
        case RegisterNumber.fflags: return s.pointee.fflags
        case RegisterNumber.frm: return s.pointee.frm
        case RegisterNumber.fcsr: return s.pointee.frm << 5 | s.pointee.fflags
        case RegisterNumber.cycle, RegisterNumber.mcycle: return retiredBefore &+ s.pointee.mcycleOffset
        case RegisterNumber.instret, RegisterNumber.minstret: return retiredBefore &+ s.pointee.minstretOffset
        case RegisterNumber.time: return environment.clock.ticks
        case RegisterNumber.hpmcounters, RegisterNumber.mhpmcounters, RegisterNumber.mhpmevents: return 0
        case RegisterNumber.sstatus: return currentStatus() & StatusBits.supervisorVisible
        case RegisterNumber.sie: return s.pointee.mie & s.pointee.mideleg
        case RegisterNumber.sip: return pendingInterrupts() & s.pointee.mideleg
        case RegisterNumber.stvec: return s.pointee.stvec
        case RegisterNumber.scounteren: return s.pointee.scounteren
        case RegisterNumber.senvcfg: return s.pointee.senvcfg
        case RegisterNumber.sscratch: return s.pointee.sscratch
        case RegisterNumber.sepc: return s.pointee.sepc
        case RegisterNumber.scause: return s.pointee.scause
        case RegisterNumber.stval: return s.pointee.stval
        case RegisterNumber.stimecmp: return s.pointee.stimecmp
        case RegisterNumber.satp: return s.pointee.satp
        default: return readMachineRegister(number)
        }
    }

    private func readMachineRegister(_ number: UInt32) -> UInt64? {
        let s = state
        switch number {
        case RegisterNumber.mstatus: return currentStatus()
        case RegisterNumber.misa: return RegisterMasks.misa
        case RegisterNumber.medeleg: return s.pointee.medeleg
        case RegisterNumber.mideleg: return s.pointee.mideleg
        case RegisterNumber.mie: return s.pointee.mie
        case RegisterNumber.mip: return pendingInterrupts()
        case RegisterNumber.mtvec: return s.pointee.mtvec
        case RegisterNumber.mcounteren: return s.pointee.mcounteren
        case RegisterNumber.menvcfg: return s.pointee.menvcfg
        case RegisterNumber.mscratch: return s.pointee.mscratch
        case RegisterNumber.mepc: return s.pointee.mepc
        case RegisterNumber.mcause: return s.pointee.mcause
        case RegisterNumber.mtval: return s.pointee.mtval
        case RegisterNumber.pmpcfg0: return protection(from: 0)
        case RegisterNumber.pmpcfg2: return protection(from: 8)
        case RegisterNumber.pmpaddr:
            let index = Int(number - RegisterNumber.pmpaddr.lowerBound)
            return s.pointee.protection.visibleAddress(index)
        case RegisterNumber.mhartid: return UInt64(identifier)
        case RegisterNumber.tinfo: return 1
        case RegisterNumber.mvendorid, RegisterNumber.marchid, RegisterNumber.mimpid, RegisterNumber.mconfigptr,
            RegisterNumber.mcountinhibit, RegisterNumber.tselect, RegisterNumber.tdata,
            RegisterNumber.tcontrol:
            return 0
        default: return nil
        }
    }

    private func protection(from first: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<8 {
            value |= UInt64(state.pointee.protection.configurations[first + index]) << UInt64(8 * index)
        }
        return value
    }

    /// Writes a register that exists and may be written; each keeps only values it can hold.
    private func writeRegister(_ number: UInt32, _ value: UInt64) {
        let s = state
        switch number {
        case RegisterNumber.fflags: setFloatControl(rounding: s.pointee.frm, flags: value)
        case RegisterNumber.frm: setFloatControl(rounding: value, flags: s.pointee.fflags)
        case RegisterNumber.fcsr: setFloatControl(rounding: value >> 5, flags: value)
        case RegisterNumber.sstatus: writeStatus(value, mask: StatusBits.supervisorWritable)
        case RegisterNumber.sie:
            s.pointee.mie = s.pointee.mie & ~s.pointee.mideleg | value & s.pointee.mideleg
            s.pointee.mustCheckInterrupts = true
        case RegisterNumber.sip: writePending(value, mask: InterruptBits.ssip & s.pointee.mideleg)
        case RegisterNumber.stvec: s.pointee.stvec = value & ~2
        case RegisterNumber.scounteren: s.pointee.scounteren = value & RegisterMasks.counters
        case RegisterNumber.senvcfg: s.pointee.senvcfg = value & EnvironmentBits.fenceOfIO
        case RegisterNumber.sscratch: s.pointee.sscratch = value
        case RegisterNumber.sepc: s.pointee.sepc = value & ~1
        case RegisterNumber.scause: s.pointee.scause = value
        case RegisterNumber.stval: s.pointee.stval = value
        case RegisterNumber.stimecmp:
            s.pointee.stimecmp = value
            s.pointee.mustCheckInterrupts = true
        case RegisterNumber.satp: writeTranslation(value)
        default: writeMachineRegister(number, value)
        }
    }

    private func writeMachineRegister(_ number: UInt32, _ value: UInt64) {
        let s = state
        switch number {
        case RegisterNumber.mstatus: writeStatus(value, mask: StatusBits.writable)
        case RegisterNumber.medeleg: s.pointee.medeleg = value & RegisterMasks.medeleg
        case RegisterNumber.mideleg:
            s.pointee.mideleg = value & RegisterMasks.supervisorInterrupts
            s.pointee.mustCheckInterrupts = true
        case RegisterNumber.mie:
            s.pointee.mie = value & InterruptBits.all
            s.pointee.mustCheckInterrupts = true
        case RegisterNumber.mip:
            let hasTimer = s.pointee.menvcfg & EnvironmentBits.supervisorTimer != 0
            writePending(value, mask: RegisterMasks.supervisorInterrupts & ~(hasTimer ? InterruptBits.stip : 0))
        case RegisterNumber.mtvec: s.pointee.mtvec = value & ~2
        case RegisterNumber.mcounteren: s.pointee.mcounteren = value & RegisterMasks.counters
        case RegisterNumber.menvcfg:
            s.pointee.menvcfg = value & (EnvironmentBits.fenceOfIO | EnvironmentBits.supervisorTimer)
            s.pointee.mustCheckInterrupts = true
        case RegisterNumber.mscratch: s.pointee.mscratch = value
        case RegisterNumber.mepc: s.pointee.mepc = value & ~1
        case RegisterNumber.mcause: s.pointee.mcause = value
        case RegisterNumber.mtval: s.pointee.mtval = value
        case RegisterNumber.pmpcfg0: writeProtection(from: 0, value)
        case RegisterNumber.pmpcfg2: writeProtection(from: 8, value)
        case RegisterNumber.pmpaddr:
            let index = Int(number - RegisterNumber.pmpaddr.lowerBound)
            if s.pointee.protection.isAddressLocked(index) { return }
            s.pointee.protection.addresses[index] = value & RegisterMasks.pmpAddress
            flushTranslations()
        // A counter's own increment is suppressed by a write to it: the next instruction reads what was written.
        case RegisterNumber.mcycle: s.pointee.mcycleOffset = value &- (retiredBefore &+ 1)
        case RegisterNumber.minstret: s.pointee.minstretOffset = value &- (retiredBefore &+ 1)
        default: break  // Registers that are fixed: misa, counters that stand, triggers that are not there.
        }
    }

    private func setFloatControl(rounding: UInt64, flags: UInt64) {
        state.pointee.frm = rounding & 7
        state.pointee.fflags = flags & 31
        state.pointee.isFloatDirty = true
    }

    private func writeStatus(_ value: UInt64, mask: UInt64) {
        let s = state
        let old = currentStatus() & ~StatusBits.sd
        var new = old & ~mask | value & mask
        // MPP holds only modes that exist.
        if new >> 11 & 3 == 2 { new = new & ~StatusBits.mpp | old & StatusBits.mpp }
        s.pointee.mstatus = new
        s.pointee.mustCheckInterrupts = true
        // What MXR makes readable must not stay so in the TLB, nor stay out of it.
        if (old ^ new) & StatusBits.mxr != 0 { flushTranslations() }
        updateContext()
    }

    private func writePending(_ value: UInt64, mask: UInt64) {
        let s = state
        if mask & InterruptBits.ssip != 0 { inputs.set(bit: 1, value & InterruptBits.ssip != 0) }
        let software = mask & ~InterruptBits.ssip
        s.pointee.mipSoftware = s.pointee.mipSoftware & ~software | value & software
        s.pointee.mustCheckInterrupts = true
    }

    private func writeTranslation(_ value: UInt64) {
        let mode = value >> 60
        guard mode == 0 || mode == 8 else { return }
        // No ASIDs: those bits stay zero, and every change forgets all translations.
        let new = mode << 60 | value & ((1 << 44) - 1)
        if new == state.pointee.satp { return }
        state.pointee.satp = new
        flushTranslations()
    }

    private func writeProtection(from first: Int, _ value: UInt64) {
        for index in 0..<8 {
            let written = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            let old = state.pointee.protection.configurations[first + index]
            state.pointee.protection.configurations[first + index] = PMP.configuration(written, over: old)
        }
        flushTranslations()
    }
}
