import Synchronization

// LR, SC and AMOs: the A extension, with the host's atomic instructions on guest RAM.
extension Hart {
    /// Executes an instruction of opcode AMO; false with an exception noted.
    @inline(never)
    func executeAtomic(_ word: UInt32) -> Bool {
        let s = state
        let function = word >> 27
        let isDouble = word >> 12 & 1 == 1
        let rs2 = word >> 20 & 31
        let address = s.pointee.x[UInt8(word >> 15 & 31)]
        let isLoadReserved = function == 2
        guard Self.atomicFunctions >> function & 1 == 1, !isLoadReserved || rs2 == 0 else {
            return raise(ExceptionCause.illegalInstruction, UInt64(word))
        }
        guard address & (isDouble ? 7 : 3) == 0 else {
            return raise(isLoadReserved ? ExceptionCause.loadMisaligned : ExceptionCause.storeMisaligned, address)
        }
        var isFault = false
        guard let offset = locate(address, isLoadReserved ? .load : .store, isFault: &isFault) else {
            return isFault
                ? false : raise(isLoadReserved ? ExceptionCause.loadAccess : ExceptionCause.storeAccess, address)
        }
        let operand = s.pointee.x[UInt8(rs2)]
        let result =
            isDouble ? atomicDouble(function, offset, operand) : atomicWord(function, offset, operand)
        s.pointee.x[Decoder.destination(word >> 7 & 31)] = result
        return true
    }

    /// The functions that exist, one bit each.
    private static var atomicFunctions: UInt32 {
        1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8 | 1 << 12 | 1 << 16 | 1 << 20 | 1 << 24 | 1 << 28
    }

    /// Tags a reservation with its width, as an SC of the other width must fail.
    private static func reservation(_ offset: Int, isDouble: Bool) -> Int { offset << 1 | (isDouble ? 1 : 0) }

    private func atomicDouble(_ function: UInt32, _ offset: Int, _ operand: UInt64) -> UInt64 {
        let s = state
        let cell = s.pointee.ram.doubleWord(offset)
        switch function {
        case 2:
            let value = cell.load()
            s.pointee.reservationOffset = Self.reservation(offset, isDouble: true)
            s.pointee.reservationValue = value
            return value
        case 3:
            let isReserved = s.pointee.reservationOffset == Self.reservation(offset, isDouble: true)
            s.pointee.reservationOffset = -1
            guard isReserved else { return 1 }
            let (done, _) = cell.compareExchange(expected: s.pointee.reservationValue, desired: operand)
            return done ? 0 : 1
        default:
            var old = cell.load()
            while true {
                let new = Self.combine(function, old, operand, Int64(bitPattern: old), Int64(bitPattern: operand))
                let (done, seen) = cell.compareExchange(expected: old, desired: new)
                if done { return old }
                old = seen
            }
        }
    }

    private func atomicWord(_ function: UInt32, _ offset: Int, _ wide: UInt64) -> UInt64 {
        let s = state
        let operand = UInt32(truncatingIfNeeded: wide)
        let cell = s.pointee.ram.word(offset)
        switch function {
        case 2:
            let value = cell.load()
            s.pointee.reservationOffset = Self.reservation(offset, isDouble: false)
            s.pointee.reservationValue = UInt64(value)
            return Self.signExtended(value)
        case 3:
            let isReserved = s.pointee.reservationOffset == Self.reservation(offset, isDouble: false)
            s.pointee.reservationOffset = -1
            guard isReserved else { return 1 }
            let (done, _) = cell.compareExchange(
                expected: UInt32(truncatingIfNeeded: s.pointee.reservationValue), desired: operand)
            return done ? 0 : 1
        default:
            var old = cell.load()
            while true {
                let new = Self.combine(function, old, operand, Int32(bitPattern: old), Int32(bitPattern: operand))
                let (done, seen) = cell.compareExchange(expected: old, desired: new)
                if done { return Self.signExtended(old) }
                old = seen
            }
        }
    }

    @inline(__always)
    private static func signExtended(_ value: UInt32) -> UInt64 {
        UInt64(bitPattern: Int64(Int32(bitPattern: value)))
    }

    /// What an AMO writes for the value it found and its operand, both also as signed numbers.
    @inline(__always)
    private static func combine<U: FixedWidthInteger, S: FixedWidthInteger>(
        _ function: UInt32, _ old: U, _ operand: U, _ signedOld: S, _ signedOperand: S
    ) -> U {
        switch function {
        case 0: old &+ operand
        case 1: operand
        case 4: old ^ operand
        case 8: old | operand
        case 12: old & operand
        case 16: signedOld < signedOperand ? old : operand
        case 20: signedOld > signedOperand ? old : operand
        case 24: min(old, operand)
        default: max(old, operand)
        }
    }
}
