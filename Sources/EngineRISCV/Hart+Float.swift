// Opcodes OP-FP and FMADD…FNMADD: the F and D extensions.
extension Hart {
    /// What boxes a single in a 64-bit register.
    private static let box: UInt64 = 0xffff_ffff_0000_0000

    /// Executes a computation on floating-point registers; false with an exception noted.
    @inline(never)
    func executeFloat(_ word: UInt32) -> Bool {
        guard state.pointee.isFloatEnabled else { return raise(ExceptionCause.illegalInstruction, UInt64(word)) }
        let isDone = word & 0x7f == 0x53 ? executeOperation(word) : executeMultiplyAdd(word)
        return isDone || raise(ExceptionCause.illegalInstruction, UInt64(word))
    }

    /// The rounding mode of an instruction; nil if it or frm holds a reserved value.
    private func rounding(_ word: UInt32) -> RoundingMode? {
        let field = UInt64(word >> 12 & 7)
        return RoundingMode(rawValue: field == 7 ? state.pointee.frm : field)
    }

    private static func format(_ word: UInt32) -> FloatFormat? {
        switch word >> 25 & 3 {
        case 0: .single
        case 1: .double
        default: nil
        }
    }

    private func read(_ index: UInt32, _ format: FloatFormat) -> UInt64 {
        let bits = state.pointee.f[UInt8(index & 31)]
        if format.fractionBits == 52 { return bits }
        return bits & Self.box == Self.box ? bits & ~Self.box : format.canonicalNaN
    }

    private func write(_ index: UInt32, _ bits: UInt64, _ format: FloatFormat) {
        let s = state
        s.pointee.f[UInt8(index & 31)] = format.fractionBits == 52 ? bits : bits | Self.box
        s.pointee.isFloatDirty = true
    }

    private func accrue(_ flags: UInt64) {
        if flags == 0 { return }
        state.pointee.fflags |= flags
        state.pointee.isFloatDirty = true
    }

    private func writeInteger(_ index: UInt32, _ value: UInt64) {
        state.pointee.x[Decoder.destination(index & 31)] = value
    }

    private static func signExtended(_ value: UInt64) -> UInt64 {
        UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
    }

    private func executeMultiplyAdd(_ word: UInt32) -> Bool {
        guard let format = Self.format(word), let mode = rounding(word) else { return false }
        var a = read(word >> 15, format)
        var c = read(word >> 27, format)
        // 0x43 madd, 0x47 msub, 0x4b nmsub, 0x4f nmadd.
        if word & 0x08 != 0 { a ^= format.signBit }
        if word & 0x04 != 0 { c ^= format.signBit }
        var unit = FloatUnit(format)
        let result = unit.compute(.multiplyAdd, a, read(word >> 20, format), c, mode)
        accrue(unit.flags)
        write(word >> 7, result, format)
        return true
    }

    /// False if there is no such instruction.
    private func executeOperation(_ word: UInt32) -> Bool {
        guard let format = Self.format(word) else { return false }
        let funct3 = word >> 12 & 7
        let rs2 = word >> 20 & 31
        switch word >> 27 {
        case 0: return arithmetic(.add, word, format)
        case 1: return arithmetic(.subtract, word, format)
        case 2: return arithmetic(.multiply, word, format)
        case 3: return arithmetic(.divide, word, format)
        case 0x0b: return rs2 == 0 && arithmetic(.squareRoot, word, format)
        case 0x04: return injectSign(word, funct3, format)
        case 0x05: return extremum(word, funct3, format)
        case 0x08: return convertFormat(word, rs2, format)
        case 0x14: return compare(word, funct3, format)
        case 0x18: return rs2 < 4 && convertToInteger(word, rs2, format)
        case 0x1a: return rs2 < 4 && convertFromInteger(word, rs2, format)
        case 0x1c: return rs2 == 0 && moveOrClassify(word, funct3, format)
        case 0x1e:
            guard rs2 == 0, funct3 == 0 else { return false }
            let value = state.pointee.x[UInt8(word >> 15 & 31)]
            write(word >> 7, format.fractionBits == 52 ? value : value & ~Self.box, format)
            return true
        default: return false
        }
    }

    private func arithmetic(_ operation: FloatUnit.Operation, _ word: UInt32, _ format: FloatFormat) -> Bool {
        guard let mode = rounding(word) else { return false }
        var unit = FloatUnit(format)
        let result = unit.compute(operation, read(word >> 15, format), read(word >> 20, format), 0, mode)
        accrue(unit.flags)
        write(word >> 7, result, format)
        return true
    }

    private func injectSign(_ word: UInt32, _ funct3: UInt32, _ format: FloatFormat) -> Bool {
        let a = read(word >> 15, format)
        let b = read(word >> 20, format)
        let sign: UInt64
        switch funct3 {
        case 0: sign = b
        case 1: sign = ~b
        case 2: sign = a ^ b
        default: return false
        }
        write(word >> 7, format.magnitude(a) | sign & format.signBit, format)
        return true
    }

    private func extremum(_ word: UInt32, _ funct3: UInt32, _ format: FloatFormat) -> Bool {
        guard funct3 < 2 else { return false }
        var unit = FloatUnit(format)
        let result = unit.extremum(read(word >> 15, format), read(word >> 20, format), isMaximum: funct3 == 1)
        accrue(unit.flags)
        write(word >> 7, result, format)
        return true
    }

    private func convertFormat(_ word: UInt32, _ rs2: UInt32, _ format: FloatFormat) -> Bool {
        let source: FloatFormat
        switch (rs2, format.fractionBits) {
        case (0, 52): source = .single
        case (1, 23): source = .double
        default: return false
        }
        guard let mode = rounding(word) else { return false }
        var unit = FloatUnit(source)
        let result = unit.convert(read(word >> 15, source), to: format, mode)
        accrue(unit.flags)
        write(word >> 7, result, format)
        return true
    }

    private func compare(_ word: UInt32, _ funct3: UInt32, _ format: FloatFormat) -> Bool {
        let comparison: FloatUnit.Comparison
        switch funct3 {
        case 0: comparison = .lessOrEqual
        case 1: comparison = .less
        case 2: comparison = .equal
        default: return false
        }
        var unit = FloatUnit(format)
        let result = unit.compare(read(word >> 15, format), read(word >> 20, format), comparison)
        accrue(unit.flags)
        writeInteger(word >> 7, result ? 1 : 0)
        return true
    }

    private func convertToInteger(_ word: UInt32, _ rs2: UInt32, _ format: FloatFormat) -> Bool {
        guard let mode = rounding(word) else { return false }
        let width = rs2 < 2 ? 32 : 64
        var unit = FloatUnit(format)
        let result = unit.integer(read(word >> 15, format), width: width, isSigned: rs2 & 1 == 0, mode)
        accrue(unit.flags)
        writeInteger(word >> 7, width == 32 ? Self.signExtended(result) : result)
        return true
    }

    private func convertFromInteger(_ word: UInt32, _ rs2: UInt32, _ format: FloatFormat) -> Bool {
        guard let mode = rounding(word) else { return false }
        let raw = state.pointee.x[UInt8(word >> 15 & 31)]
        let value: UInt64
        switch rs2 {
        case 0: value = Self.signExtended(raw)
        case 1: value = raw & 0xffff_ffff
        default: value = raw
        }
        let isNegative = rs2 & 1 == 0 && value >> 63 == 1
        var unit = FloatUnit(format)
        let result = unit.convert(magnitude: isNegative ? 0 &- value : value, isNegative: isNegative, mode)
        accrue(unit.flags)
        write(word >> 7, result, format)
        return true
    }

    private func moveOrClassify(_ word: UInt32, _ funct3: UInt32, _ format: FloatFormat) -> Bool {
        switch funct3 {
        case 0:
            let bits = state.pointee.f[UInt8(word >> 15 & 31)]
            writeInteger(word >> 7, format.fractionBits == 52 ? bits : Self.signExtended(bits))
        case 1: writeInteger(word >> 7, FloatUnit(format).classify(read(word >> 15, format)))
        default: return false
        }
        return true
    }
}
