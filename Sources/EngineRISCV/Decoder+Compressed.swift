// The C extension for RV64 with D (RISC-V unprivileged spec, chapter "C").
extension Decoder {
    /// Decodes a 16-bit instruction at byte `offset` of its page.
    static func decodeCompressed(_ half: UInt16, offset: Int) -> DecodedInstruction {
        let word = UInt32(half)
        let funct3 = word >> 13
        switch word & 3 {
        case 0: return quadrant0(word, funct3)
        case 1: return quadrant1(word, funct3, offset: offset)
        default: return quadrant2(word, funct3)
        }
    }

    /// Bits `first..<first + count` of `word`, moved to bit `position`: immediates are scattered.
    @inline(__always)
    private static func move(_ word: UInt32, _ first: UInt32, _ count: UInt32, to position: UInt32) -> UInt32 {
        ((word >> first) & ((1 << count) - 1)) << position
    }

    /// One of x8…x15, from three bits.
    private static func small(_ bits: UInt32) -> UInt8 { UInt8(8 + (bits & 7)) }

    /// The six-bit immediate of bits 12 and 6:2, sign-extended.
    private static func immediate6(_ word: UInt32) -> Int32 {
        let raw = move(word, 12, 1, to: 5) | move(word, 2, 5, to: 0)
        return Int32(bitPattern: raw << 26) >> 26
    }

    private static func quadrant0(_ word: UInt32, _ funct3: UInt32) -> DecodedInstruction {
        let high = small(word >> 7)
        let low = small(word >> 2)
        let doubleOffset = Int32(move(word, 10, 3, to: 3) | move(word, 5, 2, to: 6))
        let wordOffset = Int32(move(word, 10, 3, to: 3) | move(word, 6, 1, to: 2) | move(word, 5, 1, to: 6))
        switch funct3 {
        case 0:
            var amount = move(word, 7, 4, to: 6) | move(word, 11, 2, to: 4)
            amount |= move(word, 5, 1, to: 3) | move(word, 6, 1, to: 2)
            return amount == 0 ? illegal(word) : .init(.cAddi, rd: low, rs1: 2, immediate: Int32(amount))
        case 1: return .init(.cFld, rd: low, rs1: high, immediate: doubleOffset)
        case 2: return .init(.cLw, rd: low, rs1: high, immediate: wordOffset)
        case 3: return .init(.cLd, rd: low, rs1: high, immediate: doubleOffset)
        case 5: return .init(.cFsd, rs1: high, rs2: low, immediate: doubleOffset)
        case 6: return .init(.cSw, rs1: high, rs2: low, immediate: wordOffset)
        case 7: return .init(.cSd, rs1: high, rs2: low, immediate: doubleOffset)
        default: return illegal(word)
        }
    }

    private static func quadrant1(_ word: UInt32, _ funct3: UInt32, offset: Int) -> DecodedInstruction {
        let register = word >> 7 & 31
        let rd = destination(register)
        let immediate = immediate6(word)
        switch funct3 {
        case 0:
            return register == 0
                ? .init(.cNop) : .init(.cAddi, rd: rd, rs1: UInt8(register), immediate: immediate)
        case 1:
            return register == 0 ? illegal(word) : .init(.cAddiw, rd: rd, rs1: UInt8(register), immediate: immediate)
        case 2: return .init(.cLoadImmediate, rd: rd, immediate: immediate)
        case 3:
            if register == 2 {
                var raw = move(word, 12, 1, to: 9) | move(word, 6, 1, to: 4) | move(word, 5, 1, to: 6)
                raw |= move(word, 3, 2, to: 7) | move(word, 2, 1, to: 5)
                let step = Int32(bitPattern: raw << 22) >> 22
                return step == 0 ? illegal(word) : .init(.cAddi, rd: 2, rs1: 2, immediate: step)
            }
            return immediate == 0 ? illegal(word) : .init(.cLoadImmediate, rd: rd, immediate: immediate << 12)
        case 4: return arithmetic(word, immediate)
        case 5:
            var raw = move(word, 12, 1, to: 11) | move(word, 11, 1, to: 4) | move(word, 9, 2, to: 8)
            raw |= move(word, 8, 1, to: 10) | move(word, 7, 1, to: 6) | move(word, 6, 1, to: 7)
            raw |= move(word, 3, 3, to: 1) | move(word, 2, 1, to: 5)
            return jump(
                rd: DecodedInstruction.discardRegister, distance: Int32(bitPattern: raw << 20) >> 20, offset: offset,
                length: 1)
        default:
            var raw = move(word, 12, 1, to: 8) | move(word, 10, 2, to: 3) | move(word, 5, 2, to: 6)
            raw |= move(word, 3, 2, to: 1) | move(word, 2, 1, to: 5)
            let distance = Int32(bitPattern: raw << 23) >> 23
            return branch(
                near: funct3 == 6 ? .beqzNear : .bnezNear, far: funct3 == 6 ? .beqFar : .bneFar,
                rs1: small(word >> 7), rs2: 0, distance: distance, offset: offset, length: 1)
        }
    }

    private static func arithmetic(_ word: UInt32, _ immediate: Int32) -> DecodedInstruction {
        let rd = small(word >> 7)
        let amount = Int32(move(word, 12, 1, to: 5) | move(word, 2, 5, to: 0))
        switch word >> 10 & 3 {
        case 0: return .init(.cSrli, rd: rd, rs1: rd, immediate: amount)
        case 1: return .init(.cSrai, rd: rd, rs1: rd, immediate: amount)
        case 2: return .init(.cAndi, rd: rd, rs1: rd, immediate: immediate)
        default: break
        }
        let operation: Operation
        switch (word >> 12 & 1, word >> 5 & 3) {
        case (0, 0): operation = .cSub
        case (0, 1): operation = .cXor
        case (0, 2): operation = .cOr
        case (0, 3): operation = .cAnd
        case (1, 0): operation = .cSubw
        case (1, 1): operation = .cAddw
        default: return illegal(word)
        }
        return .init(operation, rd: rd, rs1: rd, rs2: small(word >> 2))
    }

    private static func quadrant2(_ word: UInt32, _ funct3: UInt32) -> DecodedInstruction {
        let register = word >> 7 & 31
        let rd = destination(register)
        let rs2 = UInt8(word >> 2 & 31)
        let doubleLoad = Int32(move(word, 12, 1, to: 5) | move(word, 5, 2, to: 3) | move(word, 2, 3, to: 6))
        let wordLoad = Int32(move(word, 12, 1, to: 5) | move(word, 4, 3, to: 2) | move(word, 2, 2, to: 6))
        let doubleStore = Int32(move(word, 10, 3, to: 3) | move(word, 7, 3, to: 6))
        switch funct3 {
        case 0:
            let amount = move(word, 12, 1, to: 5) | move(word, 2, 5, to: 0)
            return .init(.cSlli, rd: rd, rs1: UInt8(register), immediate: Int32(amount))
        case 1: return .init(.cFld, rd: UInt8(register), rs1: 2, immediate: doubleLoad)
        case 2: return register == 0 ? illegal(word) : .init(.cLw, rd: rd, rs1: 2, immediate: wordLoad)
        case 3: return register == 0 ? illegal(word) : .init(.cLd, rd: rd, rs1: 2, immediate: doubleLoad)
        case 4: return registerForm(word, register, rd: rd, rs2: rs2)
        case 5: return .init(.cFsd, rs1: 2, rs2: rs2, immediate: doubleStore)
        case 6:
            let wordStore = move(word, 9, 4, to: 2) | move(word, 7, 2, to: 6)
            return .init(.cSw, rs1: 2, rs2: rs2, immediate: Int32(wordStore))
        default: return .init(.cSd, rs1: 2, rs2: rs2, immediate: doubleStore)
        }
    }

    private static func registerForm(
        _ word: UInt32, _ register: UInt32, rd: UInt8, rs2: UInt8
    ) -> DecodedInstruction {
        let rs1 = UInt8(register)
        switch (word >> 12 & 1, rs2) {
        case (0, 0): return register == 0 ? illegal(word) : .init(.cJr, rs1: rs1)
        case (0, _): return .init(.cMove, rd: rd, rs2: rs2)
        case (1, 0): return register == 0 ? .init(.cEbreak) : .init(.cJalr, rd: 1, rs1: rs1)
        default: return .init(.cAdd, rd: rd, rs1: rs1, rs2: rs2)
        }
    }
}
