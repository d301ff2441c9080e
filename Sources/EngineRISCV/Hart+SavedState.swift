import ByteCoding
import MachineModel

/// A hart's state as plain data: what stands in the section "riscv-hart", in this order.
///
/// Nothing of the software TLBs or the decoded code is in it, and the reservation of LR is dropped, as an interrupt
/// would do. The counters are absolute, the timer compare value is in ticks of the guest clock.
private struct SavedHart: Sendable {
    var pc: UInt64 = 0
    var x: [UInt64] = []
    var f: [UInt64] = []
    var privilege = PrivilegeMode.machine
    var isWaiting = false
    var hasSoftwareInterrupt = false
    var management = HartManagementState.stopped
    var startAddress: UInt64 = 0
    var startOpaque: UInt64 = 0
    var registers: [UInt64] = []
    var pmpAddresses: [UInt64] = []
    var pmpConfigurations: [UInt8] = []
    var minstret: UInt64 = 0
    var mcycle: UInt64 = 0
    var fflags: UInt8 = 0
    var frm: UInt8 = 0
}

/// A control register that is saved as it is: where it stands, and which bits it can hold.
private struct SavedRegister: Sendable {
    let name: String
    let field: any WritableKeyPath<HartState, UInt64> & Sendable
    let mask: UInt64

    static let all: [SavedRegister] = [
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

    func saveState(to writer: inout ByteWriter) {
        let s = state
        writer.write(s.pointee.pc)
        for index in 1..<32 { writer.write(s.pointee.x[index]) }
        for index in 0..<32 { writer.write(s.pointee.f[index]) }
        writer.write(s.pointee.privilege.rawValue)
        writer.write(s.pointee.isWaiting)
        writer.write(inputs.levels & InterruptBits.ssip != 0)
        let start = management.pendingStart
        writer.write(management.state.rawValue)
        writer.write(start.address)
        writer.write(start.opaque)
        // Folds what the interpreter noted about floating-point registers into mstatus.
        _ = currentStatus()
        for register in SavedRegister.all { writer.write(s.pointee[keyPath: register.field]) }
        for index in 0..<HartLimits.pmpCount { writer.write(s.pointee.pmpAddresses[index]) }
        for index in 0..<HartLimits.pmpCount { writer.write(s.pointee.pmpConfigurations[index]) }
        writer.write(s.pointee.retired &+ s.pointee.minstretOffset)
        writer.write(s.pointee.retired &+ s.pointee.mcycleOffset)
        writer.write(UInt8(truncatingIfNeeded: s.pointee.fflags))
        writer.write(UInt8(truncatingIfNeeded: s.pointee.frm))
    }

    func prepareLoad(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceStateError) -> @Sendable () -> Void {
        let saved = try SavedHart(from: &reader)
        return { self.apply(saved) }
    }

    private func apply(_ saved: SavedHart) {
        let s = state
        s.pointee.pc = saved.pc
        s.pointee.x[0] = 0
        for (index, value) in saved.x.enumerated() { s.pointee.x[index + 1] = value }
        for (index, value) in saved.f.enumerated() { s.pointee.f[index] = value }
        s.pointee.privilege = saved.privilege
        s.pointee.isWaiting = saved.isWaiting
        for (register, value) in zip(SavedRegister.all, saved.registers) {
            s.pointee[keyPath: register.field] = value
        }
        for (index, value) in saved.pmpAddresses.enumerated() { s.pointee.pmpAddresses[index] = value }
        for (index, value) in saved.pmpConfigurations.enumerated() { s.pointee.pmpConfigurations[index] = value }
        s.pointee.minstretOffset = saved.minstret &- s.pointee.retired
        s.pointee.mcycleOffset = saved.mcycle &- s.pointee.retired
        s.pointee.fflags = UInt64(saved.fflags)
        s.pointee.frm = UInt64(saved.frm)
        s.pointee.isFloatDirty = false
        s.pointee.beginsInScratch = false
        s.pointee.mustCheckInterrupts = true
        s.pointee.reservationOffset = -1
        inputs.set(bit: 1, saved.hasSoftwareInterrupt)
        management.restore(saved.management, address: saved.startAddress, opaque: saved.startOpaque)
        forgetTranslations()
        updateContext()
    }
}

extension SavedHart {
    /// Reads a state and checks that a hart can be in it.
    init(from reader: inout ByteReader) throws(DeviceStateError) {
        do throws(ByteCodingError) {
            pc = try reader.read(UInt64.self)
            for _ in 1..<32 { x.append(try reader.read(UInt64.self)) }
            for _ in 0..<32 { f.append(try reader.read(UInt64.self)) }
        } catch { throw .malformed(error) }
        guard pc & 1 == 0 else { throw .invalid(field: "pc", value: String(pc, radix: 16)) }
        try readCondition(&reader)
        try readRegisters(&reader)
        do throws(ByteCodingError) {
            minstret = try reader.read(UInt64.self)
            mcycle = try reader.read(UInt64.self)
            fflags = try reader.read(UInt8.self)
            frm = try reader.read(UInt8.self)
        } catch { throw .malformed(error) }
        guard fflags < 32 else { throw .invalid(field: "fflags", value: "\(fflags)") }
        guard frm < 8 else { throw .invalid(field: "frm", value: "\(frm)") }
    }

    private mutating func readCondition(_ reader: inout ByteReader) throws(DeviceStateError) {
        let rawPrivilege: UInt8
        let rawManagement: UInt8
        do throws(ByteCodingError) {
            rawPrivilege = try reader.read(UInt8.self)
            isWaiting = try reader.readBool()
            hasSoftwareInterrupt = try reader.readBool()
            rawManagement = try reader.read(UInt8.self)
            startAddress = try reader.read(UInt64.self)
            startOpaque = try reader.read(UInt64.self)
        } catch { throw .malformed(error) }
        guard let privilege = PrivilegeMode(rawValue: rawPrivilege) else {
            throw .invalid(field: "privilege", value: "\(rawPrivilege)")
        }
        guard let management = HartManagementState(rawValue: rawManagement) else {
            throw .invalid(field: "hart state", value: "\(rawManagement)")
        }
        self.privilege = privilege
        self.management = management
    }

    private mutating func readRegisters(_ reader: inout ByteReader) throws(DeviceStateError) {
        do throws(ByteCodingError) {
            for _ in SavedRegister.all { registers.append(try reader.read(UInt64.self)) }
            for _ in 0..<HartLimits.pmpCount { pmpAddresses.append(try reader.read(UInt64.self)) }
            pmpConfigurations = try reader.readBytes(HartLimits.pmpCount)
        } catch { throw .malformed(error) }
        for (register, value) in zip(SavedRegister.all, registers) where value & ~register.mask != 0 {
            throw .invalid(field: register.name, value: String(value, radix: 16))
        }
        let status = registers[0]
        guard status & StatusBits.fixed == StatusBits.fixed, status & StatusBits.mpp != 2 << 11 else {
            throw .invalid(field: "mstatus", value: String(status, radix: 16))
        }
        for value in pmpAddresses where value & ~RegisterMasks.pmpAddress != 0 {
            throw .invalid(field: "pmpaddr", value: String(value, radix: 16))
        }
        for value in pmpConfigurations where PMP.configuration(value, over: 0) != value {
            throw .invalid(field: "pmpcfg", value: String(value, radix: 16))
        }
    }
}
