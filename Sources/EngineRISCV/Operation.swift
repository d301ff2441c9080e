/// What one slot of a decoded code page tells the interpreter to do.
///
/// Names follow the ISA manual; the prefix `c` marks the 16-bit form of an operation that is frequent enough to have a
/// case of its own, so that the distance to the next instruction is a constant and not a load. Rare instructions keep
/// their instruction word in `immediate` and are decoded again by the code that carries them out.
enum Operation: UInt8 {
    /// Not decoded yet; zero, so that a fresh page of slots is all of this.
    case undecoded
    /// The program continues in another page (the slot behind the last one), or the slot belongs to a scratch page.
    case redirect
    /// A 32-bit instruction that begins in the last two bytes of the page.
    case crossing
    case illegal

    // 32-bit forms
    case addi, slti, sltiu, xori, ori, andi, slli, srli, srai
    case add, sub, sll, slt, sltu, xor, srl, sra, or, and
    case addiw, slliw, srliw, sraiw, addw, subw, sllw, srlw, sraw
    case loadImmediate, auipc
    case lb, lh, lw, ld, lbu, lhu, lwu
    case sb, sh, sw, sd
    case flw, fld, fsw, fsd
    case mul, mulh, mulhsu, mulhu, div, divu, rem, remu
    case mulw, divw, divuw, remw, remuw
    case fence
    case nop

    // 16-bit forms
    case cAddi, cAddiw, cLoadImmediate, cSlli, cSrli, cSrai, cAndi
    case cAdd, cMove, cSub, cXor, cOr, cAnd, cAddw, cSubw
    case cLw, cLd, cSw, cSd, cFld, cFsd
    case cNop

    // Control transfer; `rd` of a branch holds its length in slots. `Near` stays in its page.
    case beqNear, bneNear, bltNear, bgeNear, bltuNear, bgeuNear
    case beqFar, bneFar, bltFar, bgeFar, bltuFar, bgeuFar
    case beqzNear, bnezNear
    case jumpNear, jalNear, jalFar
    case jalr, cJr, cJalr

    /// Anything of opcode SYSTEM, and fence.i.
    case system
    /// ebreak in 16 bits.
    case cEbreak
    /// LR, SC and AMOs.
    case atomic
    /// Computation on floating-point registers.
    case float
}

/// One slot of a decoded code page: eight bytes, loaded at once.
struct DecodedInstruction {
    var operation: Operation
    /// Index of the destination; x0 is replaced by `discardRegister`.
    var rd: UInt8
    var rs1: UInt8
    var rs2: UInt8
    var immediate: Int32

    init(_ operation: Operation, rd: UInt8 = 0, rs1: UInt8 = 0, rs2: UInt8 = 0, immediate: Int32 = 0) {
        self.operation = operation
        self.rd = rd
        self.rs1 = rs1
        self.rs2 = rs2
        self.immediate = immediate
    }

    /// The integer register that takes results meant for x0, so that no write needs a test.
    static let discardRegister: UInt8 = 32
    /// How many integer registers there are, with the one that takes what is discarded.
    static let integerRegisterCount = 33
}
