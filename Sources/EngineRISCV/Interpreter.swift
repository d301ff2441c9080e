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
        // The tag comparison of a load or store covers its last byte: an access that leaves its page goes the slow way.
        let s = state
        let x = s.pointee.x
        let f = s.pointee.f
        let loads = s.pointee.loads
        let stores = s.pointee.stores
        let code = s.pointee.code
        let ram = s.pointee.ram
        let pageMask = ~UInt64(4095)
        var budget = s.pointee.budget
        var target = s.pointee.pc
        var slots: SlotCursor
        var page: UInt64
        var ip: SlotCursor

        // Leaving a page: `target` is the address to go on at.
        outer: while true {
            if s.pointee.beginsInScratch {
                s.pointee.beginsInScratch = false
                slots = scratch.slots
                page = target & pageMask
                ip = slots + (CodePage.slotCount - 1)
            } else {
                if budget <= 0 {
                    s.pointee.pc = target
                    s.pointee.budget = budget
                    return .budget
                }
                let entry = code[target]
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
                    x[e.rd] = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .cAddi:
                    x[e.rd] = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    ip += 1
                    continue
                case .andi:
                    x[e.rd] = x[e.rs1] & UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .cAndi:
                    x[e.rd] = x[e.rs1] & UInt64(bitPattern: Int64(e.immediate))
                    ip += 1
                    continue
                case .slli:
                    x[e.rd] = x[e.rs1] &<< UInt64(truncatingIfNeeded: e.immediate)
                    ip += 2
                    continue
                case .cSlli:
                    x[e.rd] = x[e.rs1] &<< UInt64(truncatingIfNeeded: e.immediate)
                    ip += 1
                    continue
                case .srli:
                    x[e.rd] = x[e.rs1] &>> UInt64(truncatingIfNeeded: e.immediate)
                    ip += 2
                    continue
                case .cSrli:
                    x[e.rd] = x[e.rs1] &>> UInt64(truncatingIfNeeded: e.immediate)
                    ip += 1
                    continue
                case .srai:
                    x[e.rd] = UInt64(bitPattern: Int64(bitPattern: x[e.rs1]) &>> Int64(e.immediate))
                    ip += 2
                    continue
                case .cSrai:
                    x[e.rd] = UInt64(bitPattern: Int64(bitPattern: x[e.rs1]) &>> Int64(e.immediate))
                    ip += 1
                    continue
                case .add:
                    x[e.rd] = x[e.rs1] &+ x[e.rs2]
                    ip += 2
                    continue
                case .cAdd:
                    x[e.rd] = x[e.rs1] &+ x[e.rs2]
                    ip += 1
                    continue
                case .sub:
                    x[e.rd] = x[e.rs1] &- x[e.rs2]
                    ip += 2
                    continue
                case .cSub:
                    x[e.rd] = x[e.rs1] &- x[e.rs2]
                    ip += 1
                    continue
                case .xor:
                    x[e.rd] = x[e.rs1] ^ x[e.rs2]
                    ip += 2
                    continue
                case .cXor:
                    x[e.rd] = x[e.rs1] ^ x[e.rs2]
                    ip += 1
                    continue
                case .or:
                    x[e.rd] = x[e.rs1] | x[e.rs2]
                    ip += 2
                    continue
                case .cOr:
                    x[e.rd] = x[e.rs1] | x[e.rs2]
                    ip += 1
                    continue
                case .and:
                    x[e.rd] = x[e.rs1] & x[e.rs2]
                    ip += 2
                    continue
                case .cAnd:
                    x[e.rd] = x[e.rs1] & x[e.rs2]
                    ip += 1
                    continue
                case .addiw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Int32(truncatingIfNeeded: x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate)))))
                    ip += 2
                    continue
                case .cAddiw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Int32(truncatingIfNeeded: x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate)))))
                    ip += 1
                    continue
                case .addw:
                    x[e.rd] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[e.rs1] &+ x[e.rs2])))
                    ip += 2
                    continue
                case .cAddw:
                    x[e.rd] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[e.rs1] &+ x[e.rs2])))
                    ip += 1
                    continue
                case .subw:
                    x[e.rd] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[e.rs1] &- x[e.rs2])))
                    ip += 2
                    continue
                case .cSubw:
                    x[e.rd] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[e.rs1] &- x[e.rs2])))
                    ip += 1
                    continue
                case .loadImmediate:
                    x[e.rd] = UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .cLoadImmediate:
                    x[e.rd] = UInt64(bitPattern: Int64(e.immediate))
                    ip += 1
                    continue
                case .cMove:
                    x[e.rd] = x[e.rs2]
                    ip += 1
                    continue
                case .slti:
                    x[e.rd] = Int64(bitPattern: x[e.rs1]) < Int64(e.immediate) ? 1 : 0
                    ip += 2
                    continue
                case .sltiu:
                    x[e.rd] = x[e.rs1] < UInt64(bitPattern: Int64(e.immediate)) ? 1 : 0
                    ip += 2
                    continue
                case .xori:
                    x[e.rd] = x[e.rs1] ^ UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .ori:
                    x[e.rd] = x[e.rs1] | UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .sll:
                    x[e.rd] = x[e.rs1] &<< x[e.rs2]
                    ip += 2
                    continue
                case .srl:
                    x[e.rd] = x[e.rs1] &>> x[e.rs2]
                    ip += 2
                    continue
                case .sra:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(bitPattern: x[e.rs1]) &>> Int64(bitPattern: x[e.rs2]))
                    ip += 2
                    continue
                case .slt:
                    x[e.rd] = Int64(bitPattern: x[e.rs1]) < Int64(bitPattern: x[e.rs2]) ? 1 : 0
                    ip += 2
                    continue
                case .sltu:
                    x[e.rd] = x[e.rs1] < x[e.rs2] ? 1 : 0
                    ip += 2
                    continue
                case .slliw:
                    x[e.rd] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[e.rs1]) &<< e.immediate))
                    ip += 2
                    continue
                case .srliw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Int32(
                                truncatingIfNeeded: UInt32(truncatingIfNeeded: x[e.rs1])
                                    &>> UInt32(bitPattern: e.immediate))))
                    ip += 2
                    continue
                case .sraiw:
                    x[e.rd] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[e.rs1]) &>> e.immediate))
                    ip += 2
                    continue
                case .sllw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Int32(truncatingIfNeeded: x[e.rs1]) &<< Int32(truncatingIfNeeded: x[e.rs2])))
                    ip += 2
                    continue
                case .srlw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Int32(
                                truncatingIfNeeded: UInt32(truncatingIfNeeded: x[e.rs1])
                                    &>> UInt32(truncatingIfNeeded: x[e.rs2]))))
                    ip += 2
                    continue
                case .sraw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Int32(truncatingIfNeeded: x[e.rs1]) &>> Int32(truncatingIfNeeded: x[e.rs2])))
                    ip += 2
                    continue
                case .auipc:
                    x[e.rd] = page &+ UInt64(bitPattern: Int64(e.immediate))
                    ip += 2
                    continue
                case .mul:
                    x[e.rd] = x[e.rs1] &* x[e.rs2]
                    ip += 2
                    continue
                case .mulh:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(bitPattern: x[e.rs1]).multipliedFullWidth(
                            by: Int64(bitPattern: x[e.rs2])
                        ).high)
                    ip += 2
                    continue
                case .mulhu:
                    x[e.rd] = x[e.rs1].multipliedFullWidth(by: x[e.rs2]).high
                    ip += 2
                    continue
                case .mulhsu:
                    x[e.rd] = Arithmetic.multiplyHigh(
                        signed: Int64(bitPattern: x[e.rs1]), unsigned: x[e.rs2])
                    ip += 2
                    continue
                case .mulw:
                    x[e.rd] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: x[e.rs1] &* x[e.rs2])))
                    ip += 2
                    continue
                case .div:
                    x[e.rd] = UInt64(
                        bitPattern: Arithmetic.divide(
                            Int64(bitPattern: x[e.rs1]), Int64(bitPattern: x[e.rs2])))
                    ip += 2
                    continue
                case .divu:
                    x[e.rd] = Arithmetic.divide(x[e.rs1], x[e.rs2])
                    ip += 2
                    continue
                case .divw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Arithmetic.divide(
                                Int32(truncatingIfNeeded: x[e.rs1]), Int32(truncatingIfNeeded: x[e.rs2]))))
                    ip += 2
                    continue
                case .divuw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Int32(
                                truncatingIfNeeded: Arithmetic.divide(
                                    UInt32(truncatingIfNeeded: x[e.rs1]), UInt32(truncatingIfNeeded: x[e.rs2])
                                ))))
                    ip += 2
                    continue
                case .rem:
                    x[e.rd] = UInt64(
                        bitPattern: Arithmetic.remainder(
                            Int64(bitPattern: x[e.rs1]), Int64(bitPattern: x[e.rs2])))
                    ip += 2
                    continue
                case .remu:
                    x[e.rd] = Arithmetic.remainder(x[e.rs1], x[e.rs2])
                    ip += 2
                    continue
                case .remw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Arithmetic.remainder(
                                Int32(truncatingIfNeeded: x[e.rs1]), Int32(truncatingIfNeeded: x[e.rs2]))))
                    ip += 2
                    continue
                case .remuw:
                    x[e.rd] = UInt64(
                        bitPattern: Int64(
                            Int32(
                                truncatingIfNeeded: Arithmetic.remainder(
                                    UInt32(truncatingIfNeeded: x[e.rs1]), UInt32(truncatingIfNeeded: x[e.rs2])
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
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if address & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: Int8.self)
                        x[e.rd] = UInt64(bitPattern: Int64(value))
                        ip += 2
                        continue
                    }
                case .lh:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 1) & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: Int16.self)
                        x[e.rd] = UInt64(bitPattern: Int64(value))
                        ip += 2
                        continue
                    }
                case .lw:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 3) & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: Int32.self)
                        x[e.rd] = UInt64(bitPattern: Int64(value))
                        ip += 2
                        continue
                    }
                case .ld:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 7) & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: UInt64.self)
                        x[e.rd] = value
                        ip += 2
                        continue
                    }
                case .lbu:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if address & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: UInt8.self)
                        x[e.rd] = UInt64(value)
                        ip += 2
                        continue
                    }
                case .lhu:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 1) & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: UInt16.self)
                        x[e.rd] = UInt64(value)
                        ip += 2
                        continue
                    }
                case .lwu:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 3) & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: UInt32.self)
                        x[e.rd] = UInt64(value)
                        ip += 2
                        continue
                    }
                case .cLw:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 3) & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: Int32.self)
                        x[e.rd] = UInt64(bitPattern: Int64(value))
                        ip += 1
                        continue
                    }
                case .cLd:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 7) & pageMask == entry.tag {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: UInt64.self)
                        x[e.rd] = value
                        ip += 1
                        continue
                    }
                case .flw:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 3) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: UInt32.self)
                        f[e.rd] = UInt64(value) | 0xffff_ffff_0000_0000
                        s.pointee.isFloatDirty = true
                        ip += 2
                        continue
                    }
                case .fld:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 7) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: UInt64.self)
                        f[e.rd] = value
                        s.pointee.isFloatDirty = true
                        ip += 2
                        continue
                    }
                case .cFld:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = loads[address]
                    if (address &+ 7) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        let value = ram.load(Int(truncatingIfNeeded: address) &+ entry.addend, as: UInt64.self)
                        f[e.rd] = value
                        s.pointee.isFloatDirty = true
                        ip += 1
                        continue
                    }
                case .sb:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if address & pageMask == entry.tag {
                        ram.store(UInt8(truncatingIfNeeded: x[e.rs2]), Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 2
                        continue
                    }
                case .sh:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if (address &+ 1) & pageMask == entry.tag {
                        ram.store(
                            UInt16(truncatingIfNeeded: x[e.rs2]), Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 2
                        continue
                    }
                case .sw:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if (address &+ 3) & pageMask == entry.tag {
                        ram.store(
                            UInt32(truncatingIfNeeded: x[e.rs2]), Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 2
                        continue
                    }
                case .sd:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if (address &+ 7) & pageMask == entry.tag {
                        ram.store(x[e.rs2], Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 2
                        continue
                    }
                case .cSw:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if (address &+ 3) & pageMask == entry.tag {
                        ram.store(
                            UInt32(truncatingIfNeeded: x[e.rs2]), Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 1
                        continue
                    }
                case .cSd:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if (address &+ 7) & pageMask == entry.tag {
                        ram.store(x[e.rs2], Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 1
                        continue
                    }
                case .fsw:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if (address &+ 3) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        ram.store(
                            UInt32(truncatingIfNeeded: f[e.rs2]), Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 2
                        continue
                    }
                case .fsd:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if (address &+ 7) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        ram.store(f[e.rs2], Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 2
                        continue
                    }
                case .cFsd:
                    address = x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))
                    let entry = stores[address]
                    if (address &+ 7) & pageMask == entry.tag, s.pointee.isFloatEnabled {
                        ram.store(f[e.rs2], Int(truncatingIfNeeded: address) &+ entry.addend)
                        ip += 1
                        continue
                    }
                case .beqNear:
                    if x[e.rs1] == x[e.rs2] {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bneNear:
                    if x[e.rs1] != x[e.rs2] {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bltNear:
                    if Int64(bitPattern: x[e.rs1]) < Int64(bitPattern: x[e.rs2]) {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bgeNear:
                    if Int64(bitPattern: x[e.rs1]) >= Int64(bitPattern: x[e.rs2]) {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bltuNear:
                    if x[e.rs1] < x[e.rs2] {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bgeuNear:
                    if x[e.rs1] >= x[e.rs2] {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .beqzNear:
                    if x[e.rs1] == 0 {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += 1
                    continue
                case .bnezNear:
                    if x[e.rs1] != 0 {
                        ip += Int(e.immediate)
                        if budget > 0 { continue }
                        target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                        continue outer
                    }
                    ip += 1
                    continue
                case .beqFar:
                    if x[e.rs1] == x[e.rs2] {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bneFar:
                    if x[e.rs1] != x[e.rs2] {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bltFar:
                    if Int64(bitPattern: x[e.rs1]) < Int64(bitPattern: x[e.rs2]) {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bgeFar:
                    if Int64(bitPattern: x[e.rs1]) >= Int64(bitPattern: x[e.rs2]) {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bltuFar:
                    if x[e.rs1] < x[e.rs2] {
                        target =
                            page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                            &+ UInt64(bitPattern: Int64(e.immediate))
                        continue outer
                    }
                    ip += Int(e.rd)
                    continue
                case .bgeuFar:
                    if x[e.rs1] >= x[e.rs2] {
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
                    x[e.rd] = page &+ UInt64(truncatingIfNeeded: (ip - slots + Int(e.rs2)) &* 2)
                    ip += Int(e.immediate)
                    if budget > 0 { continue }
                    target = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    continue outer
                case .jalFar:
                    let here = page &+ UInt64(truncatingIfNeeded: (ip - slots) &* 2)
                    x[e.rd] = here &+ UInt64(e.rs2) &* 2
                    target = here &+ UInt64(bitPattern: Int64(e.immediate))
                    continue outer
                case .jalr:
                    target = (x[e.rs1] &+ UInt64(bitPattern: Int64(e.immediate))) & ~1
                    x[e.rd] = page &+ UInt64(truncatingIfNeeded: (ip - slots + 2) &* 2)
                    continue outer
                case .cJr:
                    target = x[e.rs1] & ~1
                    continue outer
                case .cJalr:
                    target = x[e.rs1] & ~1
                    x[e.rd] = page &+ UInt64(truncatingIfNeeded: (ip - slots + 1) &* 2)
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
