import Synchronization

/// Why the interpreter's loop came back.
enum LoopExit: UInt8 {
    /// The slice is used up.
    case budget
    /// `pc` lies in a page that the code TLB does not hold.
    case fetch
    /// An exception, in `trapCause` and `trapValue`; `pc` is the instruction's.
    case trap
    /// `instruction` is one that changes more than registers; `pc` is its address, and it counts as retired.
    case system
    /// The instruction at `pc` lies in two pages.
    case crossing
}

extension Hart {
    /// Executes from `pc` on until something happens that the loop does not do itself.
    ///
    /// One switch over decoded slots. Everything it touches is a local or behind a local pointer; whatever is rare
    /// goes through a call that gets the hart's state behind its pointer. Near jumps and loads and stores that hit the
    /// TLB never leave the loop.
    @inline(never)
    func interpret() -> LoopExit {
        // SAFETY: `state` and all tables behind it live as long as the hart, which outlives this call. Register
        // indexes come from the decoder, which makes none above 32. Slot pointers stay in their page: every page ends
        // in a `redirect` slot, and near jumps were checked by the decoder. TLB entries are made by `fill…`, which
        // puts in only whole pages of RAM, and the tag comparison covers the last byte of each access.
        let s = state
        let x = s.pointee.x
        let f = s.pointee.f
        let loads = s.pointee.loads
        let stores = s.pointee.stores
        let code = s.pointee.code
        let ram = s.pointee.ram
        let indexMask = UInt64(HartLimits.translationCount - 1)
        let pageMask = ~UInt64(4095)
        var budget = s.pointee.budget
        var target = s.pointee.pc
        var slots: UnsafeMutablePointer<DecodedInstruction>
        var page: UInt64
        var ip: UnsafeMutablePointer<DecodedInstruction>

        // Leaving a page: `target` is the address to go on at.
        outer: while true {
            if s.pointee.beginsInScratch {
                s.pointee.beginsInScratch = false
                slots = scratch
                page = target & pageMask
                ip = slots + (CodeCache.Page.slotCount - 1)
            } else {
                if budget <= 0 {
                    s.pointee.pc = target
                    s.pointee.budget = budget
                    return .budget
                }
                let entry = code[Int(truncatingIfNeeded: (target >> 12) & indexMask)]
                guard entry.tag == target & pageMask, let found = entry.slots else {
                    s.pointee.pc = target
                    s.pointee.budget = budget
                    return .fetch
                }
                slots = found
                page = entry.tag
                ip = slots + Int(truncatingIfNeeded: (target & 0xfff) >> 1)
            }

            while true {
                let e = ip.pointee
                budget &-= 1
                let address: UInt64
                switch e.operation {
                case .addi:
                    x[Int(e.rd)] = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .cAddi:
                    x[Int(e.rd)] = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    ip += 1
                    continue
                case .andi:
                    x[Int(e.rd)] = x[Int(e.rs1)] & UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .cAndi:
                    x[Int(e.rd)] = x[Int(e.rs1)] & UInt64(bitPattern: Int64(e.immediate))
                    ip += 1
                    continue
                case .slli:
                    x[Int(e.rd)] = x[Int(e.rs1)] &<< UInt64(truncatingIfNeeded: e.immediate)
                    ip += 2
                    continue
                case .cSlli:
                    x[Int(e.rd)] = x[Int(e.rs1)] &<< UInt64(truncatingIfNeeded: e.immediate)
                    ip += 1
                    continue
                case .srli:
                    x[Int(e.rd)] = x[Int(e.rs1)] &>> UInt64(truncatingIfNeeded: e.immediate)
                    ip += 2
                    continue
                case .cSrli:
                    x[Int(e.rd)] = x[Int(e.rs1)] &>> UInt64(truncatingIfNeeded: e.immediate)
                    ip += 1
                    continue
                case .srai:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(bitPattern: x[Int(e.rs1)]) &>> Int64(e.immediate))
                    ip += 2
                    continue
                case .cSrai:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(bitPattern: x[Int(e.rs1)]) &>> Int64(e.immediate))
                    ip += 1
                    continue
                case .add:
                    x[Int(e.rd)] = x[Int(e.rs1)] &+ x[Int(e.rs2)]
                    ip += 2
                    continue
                case .cAdd:
                    x[Int(e.rd)] = x[Int(e.rs1)] &+ x[Int(e.rs2)]
                    ip += 1
                    continue
                case .sub:
                    x[Int(e.rd)] = x[Int(e.rs1)] &- x[Int(e.rs2)]
                    ip += 2
                    continue
                case .cSub:
                    x[Int(e.rd)] = x[Int(e.rs1)] &- x[Int(e.rs2)]
                    ip += 1
                    continue
                case .xor:
                    x[Int(e.rd)] = x[Int(e.rs1)] ^ x[Int(e.rs2)]
                    ip += 2
                    continue
                case .cXor:
                    x[Int(e.rd)] = x[Int(e.rs1)] ^ x[Int(e.rs2)]
                    ip += 1
                    continue
                case .or:
                    x[Int(e.rd)] = x[Int(e.rs1)] | x[Int(e.rs2)]
                    ip += 2
                    continue
                case .cOr:
                    x[Int(e.rd)] = x[Int(e.rs1)] | x[Int(e.rs2)]
                    ip += 1
                    continue
                case .and:
                    x[Int(e.rd)] = x[Int(e.rs1)] & x[Int(e.rs2)]
                    ip += 2
                    continue
                case .cAnd:
                    x[Int(e.rd)] = x[Int(e.rs1)] & x[Int(e.rs2)]
                    ip += 1
                    continue
                case .addiw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Int32(truncatingIfNeeded: x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate)))))
                    ip += 2
                    continue
                case .cAddiw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Int32(truncatingIfNeeded: x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate)))))
                    ip += 1
                    continue
                case .addw:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[Int(e.rs1)] &+ x[Int(e.rs2)])))
                    ip += 2
                    continue
                case .cAddw:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[Int(e.rs1)] &+ x[Int(e.rs2)])))
                    ip += 1
                    continue
                case .subw:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[Int(e.rs1)] &- x[Int(e.rs2)])))
                    ip += 2
                    continue
                case .cSubw:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[Int(e.rs1)] &- x[Int(e.rs2)])))
                    ip += 1
                    continue
                case .loadImmediate:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .cLoadImmediate:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(e.immediate))
                    ip += 1
                    continue
                case .cMove:
                    x[Int(e.rd)] = x[Int(e.rs2)]
                    ip += 1
                    continue
                case .slti:
                    x[Int(e.rd)] = Int64(bitPattern: x[Int(e.rs1)]) < Int64(e.immediate) ? 1 : 0
                    ip += 2
                    continue
                case .sltiu:
                    x[Int(e.rd)] = x[Int(e.rs1)] < UInt64(bitPattern: Int64(e.immediate)) ? 1 : 0
                    ip += 2
                    continue
                case .xori:
                    x[Int(e.rd)] = x[Int(e.rs1)] ^ UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .ori:
                    x[Int(e.rd)] = x[Int(e.rs1)] | UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .sll:
                    x[Int(e.rd)] = x[Int(e.rs1)] &<< x[Int(e.rs2)]
                    ip += 2
                    continue
                case .srl:
                    x[Int(e.rd)] = x[Int(e.rs1)] &>> x[Int(e.rs2)]
                    ip += 2
                    continue
                case .sra:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(bitPattern: x[Int(e.rs1)]) &>> Int64(bitPattern: x[Int(e.rs2)]))
                    ip += 2
                    continue
                case .slt:
                    x[Int(e.rd)] = Int64(bitPattern: x[Int(e.rs1)]) < Int64(bitPattern: x[Int(e.rs2)]) ? 1 : 0
                    ip += 2
                    continue
                case .sltu:
                    x[Int(e.rd)] = x[Int(e.rs1)] < x[Int(e.rs2)] ? 1 : 0
                    ip += 2
                    continue
                case .slliw:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[Int(e.rs1)]) &<< e.immediate))
                    ip += 2
                    continue
                case .srliw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Int32(
                                truncatingIfNeeded: UInt32(truncatingIfNeeded: x[Int(e.rs1)])
                                    &>> UInt32(bitPattern: e.immediate))))
                    ip += 2
                    continue
                case .sraiw:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[Int(e.rs1)]) &>> e.immediate))
                    ip += 2
                    continue
                case .sllw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Int32(truncatingIfNeeded: x[Int(e.rs1)]) &<< Int32(truncatingIfNeeded: x[Int(e.rs2)])))
                    ip += 2
                    continue
                case .srlw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Int32(
                                truncatingIfNeeded: UInt32(truncatingIfNeeded: x[Int(e.rs1)])
                                    &>> UInt32(truncatingIfNeeded: x[Int(e.rs2)]))))
                    ip += 2
                    continue
                case .sraw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Int32(truncatingIfNeeded: x[Int(e.rs1)]) &>> Int32(truncatingIfNeeded: x[Int(e.rs2)])))
                    ip += 2
                    continue
                case .auipc:
                    x[Int(e.rd)] = page &+ UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .mul:
                    x[Int(e.rd)] = x[Int(e.rs1)] &* x[Int(e.rs2)]
                    ip += 2
                    continue
                case .mulh:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(bitPattern: x[Int(e.rs1)]).multipliedFullWidth(
                            by: Int64(bitPattern: x[Int(e.rs2)])
                        ).high)
                    ip += 2
                    continue
                case .mulhu:
                    x[Int(e.rd)] = x[Int(e.rs1)].multipliedFullWidth(by: x[Int(e.rs2)]).high
                    ip += 2
                    continue
                case .mulhsu:
                    x[Int(e.rd)] = Arithmetic.multiplyHigh(
                        signed: Int64(bitPattern: x[Int(e.rs1)]), unsigned: x[Int(e.rs2)])
                    ip += 2
                    continue
                case .mulw:
                    x[Int(e.rd)] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[Int(e.rs1)] &* x[Int(e.rs2)])))
                    ip += 2
                    continue
                case .div:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Arithmetic.divide(
                            Int64(bitPattern: x[Int(e.rs1)]), Int64(bitPattern: x[Int(e.rs2)])))
                    ip += 2
                    continue
                case .divu:
                    x[Int(e.rd)] = Arithmetic.divide(x[Int(e.rs1)], x[Int(e.rs2)])
                    ip += 2
                    continue
                case .divw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Arithmetic.divide(
                                Int32(truncatingIfNeeded: x[Int(e.rs1)]), Int32(truncatingIfNeeded: x[Int(e.rs2)]))))
                    ip += 2
                    continue
                case .divuw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Int32(
                                truncatingIfNeeded: Arithmetic.divide(
                                    UInt32(truncatingIfNeeded: x[Int(e.rs1)]), UInt32(truncatingIfNeeded: x[Int(e.rs2)])
                                ))))
                    ip += 2
                    continue
                case .rem:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Arithmetic.remainder(
                            Int64(bitPattern: x[Int(e.rs1)]), Int64(bitPattern: x[Int(e.rs2)])))
                    ip += 2
                    continue
                case .remu:
                    x[Int(e.rd)] = Arithmetic.remainder(x[Int(e.rs1)], x[Int(e.rs2)])
                    ip += 2
                    continue
                case .remw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Arithmetic.remainder(
                                Int32(truncatingIfNeeded: x[Int(e.rs1)]), Int32(truncatingIfNeeded: x[Int(e.rs2)]))))
                    ip += 2
                    continue
                case .remuw:
                    x[Int(e.rd)] = UInt64(
                        bitPattern: Int64(
                            Int32(
                                truncatingIfNeeded: Arithmetic.remainder(
                                    UInt32(truncatingIfNeeded: x[Int(e.rs1)]), UInt32(truncatingIfNeeded: x[Int(e.rs2)])
                                ))))
                    ip += 2
                    continue
                case .nop:
                    ip += 2
                    continue
                case .cNop:
                    ip += 1
                    continue
                case .fence:
                    atomicMemoryFence(ordering: .sequentiallyConsistent)
                    ip += 2
                    continue
                case .lb:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if address & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: Int8.self)
                        x[Int(e.rd)] = UInt64(bitPattern: Int64(value))
                        ip += 2
                        continue
                    }
                case .lh:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 1) & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: Int16.self)
                        x[Int(e.rd)] = UInt64(bitPattern: Int64(value))
                        ip += 2
                        continue
                    }
                case .lw:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 3) & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: Int32.self)
                        x[Int(e.rd)] = UInt64(bitPattern: Int64(value))
                        ip += 2
                        continue
                    }
                case .ld:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 7) & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: UInt64.self)
                        x[Int(e.rd)] = value
                        ip += 2
                        continue
                    }
                case .lbu:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if address & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: UInt8.self)
                        x[Int(e.rd)] = UInt64(value)
                        ip += 2
                        continue
                    }
                case .lhu:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 1) & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: UInt16.self)
                        x[Int(e.rd)] = UInt64(value)
                        ip += 2
                        continue
                    }
                case .lwu:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 3) & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: UInt32.self)
                        x[Int(e.rd)] = UInt64(value)
                        ip += 2
                        continue
                    }
                case .cLw:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 3) & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: Int32.self)
                        x[Int(e.rd)] = UInt64(bitPattern: Int64(value))
                        ip += 1
                        continue
                    }
                case .cLd:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 7) & pageMask == entry.tag {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: UInt64.self)
                        x[Int(e.rd)] = value
                        ip += 1
                        continue
                    }
                case .flw:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 3) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: UInt32.self)
                        f[Int(e.rd)] = UInt64(value) | 0xffff_ffff_0000_0000
                        s.pointee.isFloatDirty = true
                        ip += 2
                        continue
                    }
                case .fld:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 7) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: UInt64.self)
                        f[Int(e.rd)] = value
                        s.pointee.isFloatDirty = true
                        ip += 2
                        continue
                    }
                case .cFld:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 7) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let value = (ram + (Int(truncatingIfNeeded: address) &+ entry.addend)).loadUnaligned(
                            as: UInt64.self)
                        f[Int(e.rd)] = value
                        s.pointee.isFloatDirty = true
                        ip += 1
                        continue
                    }
                case .sb:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if address & pageMask == entry.tag {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt8(truncatingIfNeeded: x[Int(e.rs2)]), as: UInt8.self)
                        ip += 2
                        continue
                    }
                case .sh:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 1) & pageMask == entry.tag {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt16(truncatingIfNeeded: x[Int(e.rs2)]), as: UInt16.self)
                        ip += 2
                        continue
                    }
                case .sw:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 3) & pageMask == entry.tag {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt32(truncatingIfNeeded: x[Int(e.rs2)]), as: UInt32.self)
                        ip += 2
                        continue
                    }
                case .sd:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 7) & pageMask == entry.tag {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt64(truncatingIfNeeded: x[Int(e.rs2)]), as: UInt64.self)
                        ip += 2
                        continue
                    }
                case .cSw:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 3) & pageMask == entry.tag {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt32(truncatingIfNeeded: x[Int(e.rs2)]), as: UInt32.self)
                        ip += 1
                        continue
                    }
                case .cSd:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 7) & pageMask == entry.tag {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt64(truncatingIfNeeded: x[Int(e.rs2)]), as: UInt64.self)
                        ip += 1
                        continue
                    }
                case .fsw:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 3) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt32(truncatingIfNeeded: f[Int(e.rs2)]), as: UInt32.self)
                        ip += 2
                        continue
                    }
                case .fsd:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 7) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt64(truncatingIfNeeded: f[Int(e.rs2)]), as: UInt64.self)
                        ip += 2
                        continue
                    }
                case .cFsd:
                    address = x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[Int(truncatingIfNeeded: (address >> 12) & indexMask)]
                    if (address &+ 7) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let place = ram + (Int(truncatingIfNeeded: address) &+ entry.addend)
                        place.storeBytes(of: UInt64(truncatingIfNeeded: f[Int(e.rs2)]), as: UInt64.self)
                        ip += 1
                        continue
                    }
                case .beqNear:
                    if x[Int(e.rs1)] == x[Int(e.rs2)] {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bneNear:
                    if x[Int(e.rs1)] != x[Int(e.rs2)] {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bltNear:
                    if Int64(bitPattern: x[Int(e.rs1)]) < Int64(bitPattern: x[Int(e.rs2)]) {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bgeNear:
                    if Int64(bitPattern: x[Int(e.rs1)]) >= Int64(bitPattern: x[Int(e.rs2)]) {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bltuNear:
                    if x[Int(e.rs1)] < x[Int(e.rs2)] {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bgeuNear:
                    if x[Int(e.rs1)] >= x[Int(e.rs2)] {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .beqzNear:
                    if x[Int(e.rs1)] == 0 {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += 1
                    continue
                case .bnezNear:
                    if x[Int(e.rs1)] != 0 {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += 1
                    continue
                case .beqFar:
                    if x[Int(e.rs1)] == x[Int(e.rs2)] {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bneFar:
                    if x[Int(e.rs1)] != x[Int(e.rs2)] {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bltFar:
                    if Int64(bitPattern: x[Int(e.rs1)]) < Int64(bitPattern: x[Int(e.rs2)]) {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bgeFar:
                    if Int64(bitPattern: x[Int(e.rs1)]) >= Int64(bitPattern: x[Int(e.rs2)]) {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bltuFar:
                    if x[Int(e.rs1)] < x[Int(e.rs2)] {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bgeuFar:
                    if x[Int(e.rs1)] >= x[Int(e.rs2)] {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .jumpNear:
                    ip += Int(e.immediate)
                    if budget > 0 { continue }
                    target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    continue outer
                case .jalNear:
                    x[Int(e.rd)] = page &+ UInt64(truncatingIfNeeded: (ip - slots + Int(e.rs2)) &* 2)
                    ip += Int(e.immediate)
                    if budget > 0 { continue }
                    target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    continue outer
                case .jalFar:
                    let here = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    x[Int(e.rd)] = here &+ UInt64(e.rs2) &* 2
                    target = here &+ UInt64(bitPattern: Int64(e.immediate))
                    continue outer
                case .jalr:
                    target = (x[Int(e.rs1)] &+ UInt64(bitPattern: Int64(e.immediate))) & ~1
                    x[Int(e.rd)] = page &+ UInt64(truncatingIfNeeded: (ip - slots + 2) &* 2)
                    continue outer
                case .cJr:
                    target = x[Int(e.rs1)] & ~1
                    continue outer
                case .cJalr:
                    target = x[Int(e.rs1)] & ~1
                    x[Int(e.rd)] = page &+ UInt64(truncatingIfNeeded: (ip - slots + 1) &* 2)
                    continue outer
                case .undecoded:
                    CodeCache.decode(slots, index: ip - slots)
                    budget &+= 1
                    continue
                case .redirect:
                    budget &+= 1
                    target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    continue outer
                case .crossing:
                    s.pointee.pc = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    s.pointee.budget = budget &+ 1
                    s.pointee.instruction = UInt32(bitPattern: e.immediate)
                    return .crossing
                case .system:
                    s.pointee.pc = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    s.pointee.budget = budget
                    s.pointee.instruction = UInt32(bitPattern: e.immediate)
                    return .system
                case .illegal:
                    s.pointee.pc = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    s.pointee.budget = budget &+ 1
                    s.pointee.trapCause = ExceptionCause.illegalInstruction
                    s.pointee.trapValue = UInt64(UInt32(bitPattern: e.immediate))
                    return .trap
                case .cEbreak:
                    s.pointee.pc = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    s.pointee.budget = budget &+ 1
                    s.pointee.trapCause = ExceptionCause.breakpoint
                    s.pointee.trapValue = s.pointee.pc
                    return .trap
                case .atomic:
                    s.pointee.pc = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    s.pointee.budget = budget
                    if executeAtomic(UInt32(bitPattern: e.immediate)) {
                        budget = s.pointee.budget
                        ip += 2
                        continue
                    }
                    s.pointee.budget = budget &+ 1
                    return .trap
                case .float:
                    if executeFloat(UInt32(bitPattern: e.immediate)) {
                        ip += 2
                        continue
                    }
                    s.pointee.pc = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    s.pointee.budget = budget &+ 1
                    return .trap
                }

                // A load or store that the TLB does not answer: `continue` ended all others.
                s.pointee.pc = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                s.pointee.budget = budget
                guard accessSlowly(e, address) else {
                    s.pointee.budget = budget &+ 1
                    return .trap
                }
                budget = s.pointee.budget
                ip += e.operation.isCompressedAccess ? 1 : 2
            }
        }
    }
}
