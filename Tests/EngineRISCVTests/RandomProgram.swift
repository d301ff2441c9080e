/// Random straight-line programs of integer, memory, jump and atomic instructions, in assembler, decided by a seed.
///
/// The assembler uses the 16-bit form of an instruction wherever there is one, so both lengths are met.
struct RandomProgram {
    private var state: UInt64
    private static let registers =
        ["t0", "t1", "t2", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "t3", "t4", "t5", "t6"]
    private static let blocks = 120

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    /// The source of `compute`, which leaves the registers after each block and at last the memory it used in `results`.
    static func source(seed: UInt64) -> String {
        var program = RandomProgram(seed: seed)
        var lines = [
            "    .text", "    .globl compute", "compute:", "    mv s3, ra", "    la a6, buffer + 2048",
            "    la s2, results",
        ]
        for register in registers { lines.append("    li \(register), \(Int64(bitPattern: program.next()))") }
        for block in 0..<blocks {
            for step in 0..<24 { lines.append("    " + program.instruction(label: "L\(block)_\(step)")) }
            for (index, register) in registers.enumerated() { lines.append("    sd \(register), \(8 * index)(s2)") }
            lines.append("    addi s2, s2, \(8 * registers.count)")
        }
        let size = blocks * registers.count * 8 + 4096
        lines += [
            "    la t0, buffer", "    li t1, 512", "1:  ld t2, 0(t0)", "    sd t2, 0(s2)", "    addi t0, t0, 8",
            "    addi s2, s2, 8", "    addi t1, t1, -1", "    bnez t1, 1b", "    mv ra, s3", "    ret", "    .data",
            "    .align 3",
            "    .globl results_size", "results_size: .dword \(size)", "    .bss", "    .align 12",
            "    .globl results",
            "results: .space \(size)", "    .align 12", "buffer: .space 4112", "",
        ]
        return lines.joined(separator: "\n")
    }

    private mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    private mutating func pick(_ choices: [String]) -> String { choices[Int(next() % UInt64(choices.count))] }

    private mutating func register() -> String {
        next() & 15 == 0 ? "zero" : pick(Self.registers)
    }

    private mutating func immediate() -> Int64 {
        let value = Int64(next() & 0xfff) - 2048
        return next() & 1 == 0 ? value : value >> 6
    }

    private mutating func instruction(label: String) -> String {
        let (rd, rs1, rs2) = (register(), register(), register())
        switch next() % 14 {
        case 0, 1, 2:
            let name = pick([
                "add", "sub", "sll", "slt", "sltu", "xor", "srl", "sra", "or", "and", "addw", "subw", "sllw", "srlw",
                "sraw", "mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu", "mulw", "divw", "divuw", "remw",
                "remuw",
            ])
            return "\(name) \(rd), \(rs1), \(rs2)"
        case 3: return "\(pick(["add", "sub", "xor", "or", "and", "addw", "subw"])) \(rs1), \(rs1), \(rs2)"
        case 4, 5:
            let name = pick(["addi", "addiw", "slti", "sltiu", "xori", "ori", "andi"])
            return "\(name) \(rd), \(next() & 1 == 0 ? rd : rs1), \(immediate())"
        case 6:
            let isWord = next() & 1 == 0
            let name = pick(isWord ? ["slliw", "srliw", "sraiw"] : ["slli", "srli", "srai"])
            return "\(name) \(rd), \(next() & 1 == 0 ? rd : rs1), \(next() % (isWord ? 32 : 64))"
        case 7: return next() & 1 == 0 ? "lui \(rd), \(next() & 0xfffff)" : "mv \(rd), \(rs1)"
        case 8: return memoryAccess(rd)
        case 9:
            // With a base that the 16-bit forms can name.
            let name = pick(["lw", "ld", "sw", "sd"])
            return "mv s0, a6\n    \(name) \(pick(["s1", "a0", "a3", "a5"])), \((next() & 15) * 8)(s0)"
        case 10:
            let isDouble = next() & 1 == 0
            let name = pick([
                "amoadd", "amoswap", "amoxor", "amoor", "amoand", "amomin", "amomax", "amominu", "amomaxu",
            ])
            let place = "addi a7, a6, \((next() & 127) * 8)"
            if next() & 7 == 0 {
                let width = isDouble ? "d" : "w"
                return "\(place)\n    lr.\(width) \(rd), (a7)\n    sc.\(width) \(rs1), \(rs2), (a7)"
            }
            return "\(place)\n    \(name).\(isDouble ? "d" : "w") \(rd), \(rs2), (a7)"
        case 11:
            let place = "mv s0, a6"
            switch next() & 3 {
            case 0: return "flw fa0, \(immediate() & ~3)(a6)\n    fsd fa0, \(immediate() & ~7)(a6)"
            case 1: return "fld ft0, \(immediate())(a6)\n    fsw ft0, \(immediate())(a6)"
            case 2: return "\(place)\n    fld fa1, \((next() & 31) * 8)(s0)\n    fsd fa1, \((next() & 31) * 8)(s0)"
            default: return "\(place)\n    flw fs0, \(next() & 255)(s0)\n    fmv.x.w \(rd), fs0"
            }
        case 12:
            let skipped = "addi \(rd), \(rs1), 1"
            switch next() & 3 {
            case 0: return "j \(label)\n    \(skipped)\n\(label):"
            case 1: return "jal \(label)\n    \(skipped)\n\(label):"
            case 2: return "la a7, \(label)\n    jr a7\n    \(skipped)\n\(label):"
            default: return "la a7, \(label)\n    jalr a7\n    \(skipped)\n\(label):"
            }
        default:
            let name = pick(["beq", "bne", "blt", "bge", "bltu", "bgeu"])
            return "\(name) \(rs1), \(rs2), \(label)\n    addi \(rd), \(rd), 1\n\(label):"
        }
    }

    private mutating func memoryAccess(_ register: String) -> String {
        let offset = Int64(next() & 0xfff) - 2048
        let name = pick(["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld", "sb", "sh", "sw", "sd"])
        return "\(name) \(register), \(min(offset, 2039))(a6)"
    }
}
