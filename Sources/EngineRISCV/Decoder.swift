/// Turns instruction words into slots. Decoding depends on nothing but the word and its place in the page.
enum Decoder {
    /// Decodes a 32-bit instruction at byte `offset` of its page.
    static func decode(_ word: UInt32, offset: Int) -> DecodedInstruction {
        let rd = destination(word >> 7 & 31)
        let rs1 = UInt8(word >> 15 & 31)
        let rs2 = UInt8(word >> 20 & 31)
        let funct3 = word >> 12 & 7
        let immediate = Int32(bitPattern: word) >> 20
        switch word & 0x7f {
        case 0x37: return .init(.loadImmediate, rd: rd, immediate: Int32(bitPattern: word & 0xffff_f000))
        case 0x17:
            // The page's address is added when it runs: one decoded page serves all its mappings.
            return .init(.auipc, rd: rd, immediate: Int32(bitPattern: word & 0xffff_f000) | Int32(offset))
        case 0x6f: return jump(word, rd: rd, offset: offset)
        case 0x67: return funct3 == 0 ? .init(.jalr, rd: rd, rs1: rs1, immediate: immediate) : illegal(word)
        case 0x63: return branch(word, rs1: rs1, rs2: rs2, offset: offset)
        case 0x03: return load(word, funct3, rd: rd, rs1: rs1, immediate)
        case 0x23: return store(word, funct3, rs1: rs1, rs2: rs2)
        case 0x07:
            switch funct3 {
            case 2: return .init(.flw, rd: UInt8(word >> 7 & 31), rs1: rs1, immediate: immediate)
            case 3: return .init(.fld, rd: UInt8(word >> 7 & 31), rs1: rs1, immediate: immediate)
            default: return illegal(word)
            }
        case 0x27:
            let displacement = storeImmediate(word)
            switch funct3 {
            case 2: return .init(.fsw, rs1: rs1, rs2: rs2, immediate: displacement)
            case 3: return .init(.fsd, rs1: rs1, rs2: rs2, immediate: displacement)
            default: return illegal(word)
            }
        case 0x13: return operationImmediate(word, funct3, rd: rd, rs1: rs1, immediate)
        case 0x1b: return operationImmediateWord(word, funct3, rd: rd, rs1: rs1, immediate)
        case 0x33: return operation(word, funct3, rd: rd, rs1: rs1, rs2: rs2)
        case 0x3b: return operationWord(word, funct3, rd: rd, rs1: rs1, rs2: rs2)
        case 0x0f:
            switch funct3 {
            case 0: return .init(.fence)
            case 1: return .init(.system, immediate: Int32(bitPattern: word))
            default: return illegal(word)
            }
        case 0x73: return .init(.system, immediate: Int32(bitPattern: word))
        case 0x2f:
            return funct3 == 2 || funct3 == 3 ? .init(.atomic, immediate: Int32(bitPattern: word)) : illegal(word)
        case 0x43, 0x47, 0x4b, 0x4f, 0x53: return .init(.float, immediate: Int32(bitPattern: word))
        default: return illegal(word)
        }
    }

    /// Replaces x0 by the register whose content nobody reads.
    @inline(__always)
    static func destination(_ register: UInt32) -> UInt8 {
        register == 0 ? DecodedInstruction.discardRegister : UInt8(register)
    }

    /// An instruction that raises an illegal-instruction exception; the word becomes the trap value.
    static func illegal(_ word: UInt32) -> DecodedInstruction { .init(.illegal, immediate: Int32(bitPattern: word)) }

    /// The slot of a branch: near if the target lies in the same page, with the distance in slots, else far with the
    /// distance in bytes.
    static func branch(
        near: Operation, far: Operation, rs1: UInt8, rs2: UInt8, distance: Int32, offset: Int, length: UInt8
    ) -> DecodedInstruction {
        let target = offset + Int(distance)
        return target >= 0 && target < 4096
            ? .init(near, rd: length, rs1: rs1, rs2: rs2, immediate: distance / 2)
            : .init(far, rd: length, rs1: rs1, rs2: rs2, immediate: distance)
    }

    /// The slot of a jump that writes `rd`, which is `length` slots long.
    static func jump(rd: UInt8, distance: Int32, offset: Int, length: UInt8) -> DecodedInstruction {
        let target = offset + Int(distance)
        guard target >= 0 && target < 4096 else {
            return .init(.jalFar, rd: rd, rs2: length, immediate: distance)
        }
        let operation: Operation = rd == DecodedInstruction.discardRegister ? .jumpNear : .jalNear
        return .init(operation, rd: rd, rs2: length, immediate: distance / 2)
    }

    private static func jump(_ word: UInt32, rd: UInt8, offset: Int) -> DecodedInstruction {
        let sign = (Int32(bitPattern: word) >> 31) << 20
        let magnitude: UInt32 = (word & 0xff000) | (word >> 9 & 0x800) | (word >> 20 & 0x7fe)
        let distance = sign | Int32(magnitude)
        return jump(rd: rd, distance: distance, offset: offset, length: 2)
    }

    private static func branch(_ word: UInt32, rs1: UInt8, rs2: UInt8, offset: Int) -> DecodedInstruction {
        let sign = (Int32(bitPattern: word) >> 31) << 12
        let magnitude: UInt32 = (word << 4 & 0x800) | (word >> 20 & 0x7e0) | (word >> 7 & 0x1e)
        let distance = sign | Int32(magnitude)
        let near: Operation
        let far: Operation
        switch word >> 12 & 7 {
        case 0: (near, far) = (.beqNear, .beqFar)
        case 1: (near, far) = (.bneNear, .bneFar)
        case 4: (near, far) = (.bltNear, .bltFar)
        case 5: (near, far) = (.bgeNear, .bgeFar)
        case 6: (near, far) = (.bltuNear, .bltuFar)
        case 7: (near, far) = (.bgeuNear, .bgeuFar)
        default: return illegal(word)
        }
        return branch(near: near, far: far, rs1: rs1, rs2: rs2, distance: distance, offset: offset, length: 2)
    }

    private static func load(
        _ word: UInt32, _ funct3: UInt32, rd: UInt8, rs1: UInt8, _ immediate: Int32
    ) -> DecodedInstruction {
        let operations: [Operation] = [.lb, .lh, .lw, .ld, .lbu, .lhu, .lwu]
        guard funct3 < 7 else { return illegal(word) }
        return .init(operations[Int(funct3)], rd: rd, rs1: rs1, immediate: immediate)
    }

    private static func storeImmediate(_ word: UInt32) -> Int32 {
        (Int32(bitPattern: word) >> 25) << 5 | Int32(word >> 7 & 31)
    }

    private static func store(_ word: UInt32, _ funct3: UInt32, rs1: UInt8, rs2: UInt8) -> DecodedInstruction {
        let operations: [Operation] = [.sb, .sh, .sw, .sd]
        guard funct3 < 4 else { return illegal(word) }
        return .init(operations[Int(funct3)], rs1: rs1, rs2: rs2, immediate: storeImmediate(word))
    }

    private static func operationImmediate(
        _ word: UInt32, _ funct3: UInt32, rd: UInt8, rs1: UInt8, _ immediate: Int32
    ) -> DecodedInstruction {
        // A result that goes nowhere: hints and nops.
        if rd == DecodedInstruction.discardRegister, funct3 != 1, funct3 != 5 { return .init(.nop) }
        switch funct3 {
        case 0:
            return rs1 == 0
                ? .init(.loadImmediate, rd: rd, immediate: immediate)
                : .init(.addi, rd: rd, rs1: rs1, immediate: immediate)
        case 2: return .init(.slti, rd: rd, rs1: rs1, immediate: immediate)
        case 3: return .init(.sltiu, rd: rd, rs1: rs1, immediate: immediate)
        case 4: return .init(.xori, rd: rd, rs1: rs1, immediate: immediate)
        case 6: return .init(.ori, rd: rd, rs1: rs1, immediate: immediate)
        case 7: return .init(.andi, rd: rd, rs1: rs1, immediate: immediate)
        default: break
        }
        let amount = Int32(word >> 20 & 63)
        switch (funct3, word >> 26) {
        case (1, 0): return .init(.slli, rd: rd, rs1: rs1, immediate: amount)
        case (5, 0): return .init(.srli, rd: rd, rs1: rs1, immediate: amount)
        case (5, 0x10): return .init(.srai, rd: rd, rs1: rs1, immediate: amount)
        default: return illegal(word)
        }
    }

    private static func operationImmediateWord(
        _ word: UInt32, _ funct3: UInt32, rd: UInt8, rs1: UInt8, _ immediate: Int32
    ) -> DecodedInstruction {
        let amount = Int32(word >> 20 & 31)
        switch (funct3, word >> 25) {
        case (0, _): return .init(.addiw, rd: rd, rs1: rs1, immediate: immediate)
        case (1, 0): return .init(.slliw, rd: rd, rs1: rs1, immediate: amount)
        case (5, 0): return .init(.srliw, rd: rd, rs1: rs1, immediate: amount)
        case (5, 0x20): return .init(.sraiw, rd: rd, rs1: rs1, immediate: amount)
        default: return illegal(word)
        }
    }

    private static func operation(
        _ word: UInt32, _ funct3: UInt32, rd: UInt8, rs1: UInt8, rs2: UInt8
    ) -> DecodedInstruction {
        let base: [Operation] = [.add, .sll, .slt, .sltu, .xor, .srl, .or, .and]
        let multiply: [Operation] = [.mul, .mulh, .mulhsu, .mulhu, .div, .divu, .rem, .remu]
        let operation: Operation
        switch (word >> 25, funct3) {
        case (0, _): operation = base[Int(funct3)]
        case (1, _): operation = multiply[Int(funct3)]
        case (0x20, 0): operation = .sub
        case (0x20, 5): operation = .sra
        default: return illegal(word)
        }
        return .init(operation, rd: rd, rs1: rs1, rs2: rs2)
    }

    private static func operationWord(
        _ word: UInt32, _ funct3: UInt32, rd: UInt8, rs1: UInt8, rs2: UInt8
    ) -> DecodedInstruction {
        let operation: Operation
        switch (word >> 25, funct3) {
        case (0, 0): operation = .addw
        case (0, 1): operation = .sllw
        case (0, 5): operation = .srlw
        case (0x20, 0): operation = .subw
        case (0x20, 5): operation = .sraw
        case (1, 0): operation = .mulw
        case (1, 4): operation = .divw
        case (1, 5): operation = .divuw
        case (1, 6): operation = .remw
        case (1, 7): operation = .remuw
        default: return illegal(word)
        }
        return .init(operation, rd: rd, rs1: rs1, rs2: rs2)
    }
}
