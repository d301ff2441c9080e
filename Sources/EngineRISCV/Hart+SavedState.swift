import MachineModel

/// A hart's state as plain data: what stands in the section "riscv-hart", in this order.
///
/// Nothing of the software TLBs or the decoded code is in it, and the reservation of LR is dropped, as an interrupt
/// would do. The counters are absolute, the timer compare value is in ticks of the guest clock.
struct SavedHart: Sendable {
    fileprivate var pc: UInt64 = 0
    /// x1 to x31.
    fileprivate var x = InlineArray<31, UInt64>(repeating: 0)
    fileprivate var f = InlineArray<32, UInt64>(repeating: 0)
    fileprivate var privilege = PrivilegeMode.machine
    fileprivate var isWaiting = false
    fileprivate var hasSoftwareInterrupt = false
    fileprivate var management = HartManagementState.stopped
    fileprivate var startAddress: UInt64 = 0
    fileprivate var startOpaque: UInt64 = 0
    fileprivate var registers = InlineArray<21, UInt64>(repeating: 0)
    fileprivate var pmpAddresses = InlineArray<16, UInt64>(repeating: 0)
    fileprivate var pmpConfigurations = InlineArray<16, UInt8>(repeating: 0)
    fileprivate var minstret: UInt64 = 0
    fileprivate var mcycle: UInt64 = 0
    fileprivate var fflags: UInt8 = 0
    fileprivate var frm: UInt8 = 0
}

/// A control register that is saved as it is: where it stands, and which bits it can hold.
private struct SavedRegister: Sendable {
    let name: String
    let field: any WritableKeyPath<HartState, UInt64> & Sendable
    let mask: UInt64

    static let all: InlineArray<21, SavedRegister> = [
        SavedRegister(name: "mstatus", field: \.mstatus, mask: StatusBits.writable | StatusBits.fixed),
        SavedRegister(name: "mie", field: \.mie, mask: InterruptBits.all),
        SavedRegister(name: "mip", field: \.mipSoftware, mask: InterruptBits.stip | InterruptBits.seip),
        SavedRegister(name: "mtvec", field: \.mtvec, mask: ~2),
        SavedRegister(name: "mscratch", field: \.mscratch, mask: ~0),
        SavedRegister(name: "mepc", field: \.mepc, mask: ~1),
        SavedRegister(name: "mcause", field: \.mcause, mask: ~0),
        SavedRegister(name: "mtval", field: \.mtval, mask: ~0),
        SavedRegister(name: "medeleg", field: \.medeleg, mask: RegisterMasks.medeleg),
        SavedRegister(name: "mideleg", field: \.mideleg, mask: RegisterMasks.supervisorInterrupts),
        SavedRegister(name: "mcounteren", field: \.mcounteren, mask: RegisterMasks.counters),
        SavedRegister(
            name: "menvcfg", field: \.menvcfg, mask: EnvironmentBits.fenceOfIO | EnvironmentBits.supervisorTimer),
        SavedRegister(name: "stvec", field: \.stvec, mask: ~2),
        SavedRegister(name: "sscratch", field: \.sscratch, mask: ~0),
        SavedRegister(name: "sepc", field: \.sepc, mask: ~1),
        SavedRegister(name: "scause", field: \.scause, mask: ~0),
        SavedRegister(name: "stval", field: \.stval, mask: ~0),
        SavedRegister(name: "scounteren", field: \.scounteren, mask: RegisterMasks.counters),
        SavedRegister(name: "senvcfg", field: \.senvcfg, mask: EnvironmentBits.fenceOfIO),
        SavedRegister(name: "satp", field: \.satp, mask: 8 << 60 | (1 << 44) - 1),
        SavedRegister(name: "stimecmp", field: \.stimecmp, mask: ~0),
    ]
}

extension Hart: SavedDevice {
    var identity: DeviceIdentity { DeviceIdentity(name: "riscv-hart", instance: UInt32(identifier)) }

    func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> SavedHart {
        var saved = captured()
        try fields.number("pc", &saved.pc)
        try fields.array("x", &saved.x)
        try fields.array("f", &saved.f)
        try fields.check(saved.pc & 1 == 0, "pc", hex(saved.pc))
        try declareCondition(of: &saved, to: &fields)
        try declareRegisters(of: &saved, to: &fields)
        try fields.number("minstret", &saved.minstret)
        try fields.number("mcycle", &saved.mcycle)
        try fields.number("fflags", &saved.fflags)
        try fields.number("frm", &saved.frm)
        try fields.check(saved.fflags < 32, "fflags", "\(saved.fflags)")
        try fields.check(saved.frm < 8, "frm", "\(saved.frm)")
        return saved
    }

    private func declareCondition<Visitor: StateVisitor>(
        of saved: inout SavedHart, to fields: inout Visitor
    ) throws(Visitor.Failure) {
        var (privilege, management) = (saved.privilege.rawValue, saved.management.rawValue)
        try fields.number("priv", &privilege)
        try fields.flag("waiting", &saved.isWaiting)
        try fields.flag("ssip", &saved.hasSoftwareInterrupt)
        try fields.number("hsm_state", &management)
        try fields.number("hsm_address", &saved.startAddress)
        try fields.number("hsm_opaque", &saved.startOpaque)
        let (mode, state) = (PrivilegeMode(rawValue: privilege), HartManagementState(rawValue: management))
        try fields.check(mode != nil, "privilege", "\(privilege)")
        try fields.check(state != nil, "hart state", "\(management)")
        saved.privilege = mode ?? saved.privilege
        saved.management = state ?? saved.management
    }

    private func declareRegisters<Visitor: StateVisitor>(
        of saved: inout SavedHart, to fields: inout Visitor
    ) throws(Visitor.Failure) {
        for index in SavedRegister.all.indices {
            try fields.number(SavedRegister.all[index].name, &saved.registers[index])
        }
        try fields.array("pmpaddr", &saved.pmpAddresses)
        try fields.array("pmpcfg", &saved.pmpConfigurations)
        guard Visitor.isLoading else { return }
        for index in SavedRegister.all.indices {
            let (register, value) = (SavedRegister.all[index], saved.registers[index])
            try fields.check(value & ~register.mask == 0, register.name, hex(value))
        }
        let status = saved.registers[0]
        try fields.check(
            status & StatusBits.fixed == StatusBits.fixed && status & StatusBits.mpp != 2 << 11, "mstatus", hex(status))
        for index in saved.pmpAddresses.indices {
            let value = saved.pmpAddresses[index]
            try fields.check(value & ~RegisterMasks.pmpAddress == 0, "pmpaddr", hex(value))
        }
        for index in saved.pmpConfigurations.indices {
            let value = saved.pmpConfigurations[index]
            try fields.check(PMP.configuration(value, over: 0) == value, "pmpcfg", String(value, radix: 16))
        }
    }

    /// The state now.
    private func captured() -> SavedHart {
        let s = state
        var saved = SavedHart()
        saved.pc = s.pointee.pc
        for index in saved.x.indices { saved.x[index] = s.pointee.x[UInt8(index + 1)] }
        for index in saved.f.indices { saved.f[index] = s.pointee.f[UInt8(index)] }
        saved.privilege = s.pointee.privilege
        saved.isWaiting = s.pointee.isWaiting
        saved.hasSoftwareInterrupt = inputs.levels & InterruptBits.ssip != 0
        saved.management = management.state
        (saved.startAddress, saved.startOpaque) = management.pendingStart
        // Folds what the interpreter noted about floating-point registers into mstatus.
        _ = currentStatus()
        for index in SavedRegister.all.indices {
            saved.registers[index] = s.pointee[keyPath: SavedRegister.all[index].field]
        }
        saved.pmpAddresses = s.pointee.protection.addresses
        saved.pmpConfigurations = s.pointee.protection.configurations
        saved.minstret = s.pointee.retired &+ s.pointee.minstretOffset
        saved.mcycle = s.pointee.retired &+ s.pointee.mcycleOffset
        saved.fflags = UInt8(truncatingIfNeeded: s.pointee.fflags)
        saved.frm = UInt8(truncatingIfNeeded: s.pointee.frm)
        return saved
    }

    func restore(_ saved: SavedHart) {
        let s = state
        s.pointee.pc = saved.pc
        s.pointee.x[0] = 0
        for index in saved.x.indices { s.pointee.x[UInt8(index + 1)] = saved.x[index] }
        for index in saved.f.indices { s.pointee.f[UInt8(index)] = saved.f[index] }
        s.pointee.privilege = saved.privilege
        s.pointee.isWaiting = saved.isWaiting
        for index in SavedRegister.all.indices {
            s.pointee[keyPath: SavedRegister.all[index].field] = saved.registers[index]
        }
        s.pointee.protection.addresses = saved.pmpAddresses
        s.pointee.protection.configurations = saved.pmpConfigurations
        s.pointee.minstretOffset = saved.minstret &- s.pointee.retired
        s.pointee.mcycleOffset = saved.mcycle &- s.pointee.retired
        s.pointee.fflags = UInt64(saved.fflags)
        s.pointee.frm = UInt64(saved.frm)
        s.pointee.isFloatDirty = false
        s.pointee.beginsInScratch = false
        s.pointee.mustCheckInterrupts = true
        s.pointee.reservationOffset = -1
        giveUpPageWait()
        inputs.set(bit: 1, saved.hasSoftwareInterrupt)
        management.restore(saved.management, address: saved.startAddress, opaque: saved.startOpaque)
        forgetTranslations()
        updateContext()
    }
}

private func hex(_ value: UInt64) -> String { String(value, radix: 16) }
