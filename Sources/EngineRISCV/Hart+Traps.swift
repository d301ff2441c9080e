import MachineModel

// Exceptions, interrupts, and the return from them (RISC-V privileged spec 1.12 §3.1 and §4.1).
extension Hart {
    /// Enters the handler of the exception that was noted, at `pc`; or stays there if it is a page that keeps the
    /// instruction from being executed.
    func takeException() {
        let s = state
        if s.pointee.needsPage { return }
        let cause = s.pointee.trapCause
        let isDelegated = s.pointee.privilege != .machine && s.pointee.medeleg >> cause & 1 == 1
        enterTrap(cause: cause, value: s.pointee.trapValue, toSupervisor: isDelegated, isInterrupt: false)
    }

    /// Enters the handler of the interrupt that comes first among those pending and enabled, if there is one.
    func takeInterrupt() {
        let s = state
        s.pointee.mustCheckInterrupts = false
        let candidates = pendingInterrupts() & s.pointee.mie
        if candidates == 0 { return }
        let forMachine = candidates & interruptsForMachine
        if forMachine != 0 { return enterInterrupt(forMachine, toSupervisor: false) }
        let forSupervisor = candidates & interruptsForSupervisor
        if forSupervisor != 0 { enterInterrupt(forSupervisor, toSupervisor: true) }
    }

    /// The interrupts that may be taken in M-mode now, were they pending and enabled in mie.
    var interruptsForMachine: UInt64 {
        let s = state
        let isEnabled = s.pointee.privilege != .machine || s.pointee.mstatus & StatusBits.mie != 0
        return isEnabled ? ~s.pointee.mideleg : 0
    }

    /// The same in S-mode.
    var interruptsForSupervisor: UInt64 {
        let s = state
        let privilege = s.pointee.privilege
        let isEnabled = privilege == .user || privilege == .supervisor && s.pointee.mstatus & StatusBits.sie != 0
        return isEnabled ? s.pointee.mideleg : 0
    }

    private func enterInterrupt(_ set: UInt64, toSupervisor: Bool) {
        // MEI, MSI, MTI, SEI, SSI, STI: the order of the spec (§3.1.9).
        for bit: UInt64 in [11, 3, 7, 9, 1, 5] where set >> bit & 1 == 1 {
            return enterTrap(cause: bit, value: 0, toSupervisor: toSupervisor, isInterrupt: true)
        }
    }

    /// mip as it is now: what devices and software set, and the timers.
    func pendingInterrupts() -> UInt64 {
        let s = state
        var pending = inputs.levels & InterruptBits.external | s.pointee.mipSoftware
        let now = environment.clock.ticks
        if now >= inputs.timerCompare { pending |= InterruptBits.mtip }
        if s.pointee.menvcfg & EnvironmentBits.supervisorTimer != 0 {
            pending &= ~InterruptBits.stip
            if now >= s.pointee.stimecmp { pending |= InterruptBits.stip }
        }
        return pending
    }

    private func enterTrap(cause: UInt64, value: UInt64, toSupervisor: Bool, isInterrupt: Bool) {
        let s = state
        let causeRegister = cause | (isInterrupt ? 1 << 63 : 0)
        let from = s.pointee.privilege
        var status = s.pointee.mstatus
        let vector: UInt64
        s.pointee.reservationOffset = -1
        s.pointee.beginsInScratch = false
        if toSupervisor {
            s.pointee.scause = causeRegister
            s.pointee.sepc = s.pointee.pc
            s.pointee.stval = value
            status &= ~(StatusBits.spp | StatusBits.spie)
            if from == .supervisor { status |= StatusBits.spp }
            if status & StatusBits.sie != 0 { status |= StatusBits.spie }
            status &= ~StatusBits.sie
            vector = s.pointee.stvec
            s.pointee.privilege = .supervisor
        } else {
            s.pointee.mcause = causeRegister
            s.pointee.mepc = s.pointee.pc
            s.pointee.mtval = value
            status &= ~(StatusBits.mpp | StatusBits.mpie)
            status |= UInt64(from.rawValue) << 11
            if status & StatusBits.mie != 0 { status |= StatusBits.mpie }
            status &= ~StatusBits.mie
            vector = s.pointee.mtvec
            s.pointee.privilege = .machine
        }
        s.pointee.mstatus = status
        let base = vector & ~3
        s.pointee.pc = isInterrupt && vector & 1 == 1 ? base &+ 4 &* cause : base
        updateContext()
    }

    /// mret.
    func returnFromMachine() {
        let s = state
        var status = s.pointee.mstatus
        let to = PrivilegeMode(rawValue: UInt8(status >> 11 & 3)) ?? .user
        status = status & ~StatusBits.mie | (status & StatusBits.mpie != 0 ? StatusBits.mie : 0)
        status |= StatusBits.mpie
        status &= ~StatusBits.mpp
        if to != .machine { status &= ~StatusBits.mprv }
        returnFromTrap(to: to, status: status, pc: s.pointee.mepc)
    }

    /// sret.
    func returnFromSupervisor() {
        let s = state
        var status = s.pointee.mstatus
        let to: PrivilegeMode = status & StatusBits.spp != 0 ? .supervisor : .user
        status = status & ~StatusBits.sie | (status & StatusBits.spie != 0 ? StatusBits.sie : 0)
        status |= StatusBits.spie
        status &= ~(StatusBits.spp | StatusBits.mprv)
        returnFromTrap(to: to, status: status, pc: s.pointee.sepc)
    }

    private func returnFromTrap(to privilege: PrivilegeMode, status: UInt64, pc: UInt64) {
        let s = state
        s.pointee.mstatus = status
        s.pointee.privilege = privilege
        s.pointee.pc = pc
        s.pointee.reservationOffset = -1
        s.pointee.mustCheckInterrupts = true
        updateContext()
    }
}
