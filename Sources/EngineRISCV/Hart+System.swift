import Environment
import GuestMemory
import MachineModel
import Synchronization
import SystemCalls

// Opcode SYSTEM and fence.i.
extension Hart {
    private enum Word {
        static let call: UInt32 = 0x0000_0073
        static let breakpoint: UInt32 = 0x0010_0073
        static let supervisorReturn: UInt32 = 0x1020_0073
        static let machineReturn: UInt32 = 0x3020_0073
        static let waitForInterrupt: UInt32 = 0x1050_0073
    }

    /// Executes the instruction in `instruction` and moves `pc`; false with an exception noted, or a page to wait for.
    func executeSystem() -> Bool {
        let s = state
        let word = s.pointee.instruction
        if word & 0x7f == 0x0f {
            flushCode()
            codeCache.expire()
            s.pointee.pc &+= 4
            return true
        }
        if word >> 12 & 3 != 0 { return executeRegisterAccess(word) }
        switch word {
        case Word.call: return executeCall()
        case Word.breakpoint: return raise(ExceptionCause.breakpoint, s.pointee.pc)
        case Word.supervisorReturn:
            let isTrapped = s.pointee.mstatus & StatusBits.tsr != 0 && s.pointee.privilege == .supervisor
            guard s.pointee.privilege != .user, !isTrapped else { break }
            returnFromSupervisor()
            return true
        case Word.machineReturn:
            guard s.pointee.privilege == .machine else { break }
            returnFromMachine()
            return true
        case Word.waitForInterrupt:
            let isTrapped = s.pointee.mstatus & StatusBits.tw != 0 && s.pointee.privilege == .supervisor
            guard s.pointee.privilege != .user, !isTrapped else { break }
            s.pointee.isWaiting = true
            s.pointee.pc &+= 4
            return true
        default:
            let isTrapped = s.pointee.mstatus & StatusBits.tvm != 0 && s.pointee.privilege == .supervisor
            guard word & 0xfe00_7fff == 0x1200_0073, s.pointee.privilege != .user, !isTrapped else { break }
            let register = UInt8(word >> 15 & 31)
            if register == 0 { flushTranslations() } else { flushTranslation(of: s.pointee.x[register]) }
            s.pointee.pc &+= 4
            return true
        }
        return raise(ExceptionCause.illegalInstruction, UInt64(word))
    }

    private func executeCall() -> Bool {
        switch state.pointee.privilege {
        case .user: return raise(ExceptionCause.userCall, 0)
        case .machine: return raise(ExceptionCause.machineCall, 0)
        case .supervisor:
            guard case .builtIn(let console) = environment.binaryInterface else {
                return raise(ExceptionCause.supervisorCall, 0)
            }
            if isCallWaiting { return false }
            state.pointee.pc &+= 4
            answerSupervisorCall(console: console)
            return true
        }
    }

    /// An instruction in two pages: fetches its second half, and has the loop execute it in the scratch page.
    func prepareCrossing() -> Bool {
        let s = state
        let pc = s.pointee.pc
        let low = s.pointee.instruction
        guard let physical = translate(pc &+ 2, .fetch) else { return false }
        // The second half begins a page.
        guard let page = ramOffset(page: physical, marking: false) else {
            return raise(ExceptionCause.fetchAccess, pc &+ 2)
        }
        let high = s.pointee.ram.load(page, as: UInt16.self)
        (scratch.slots + (CodePage.slotCount - 1)).pointee = Decoder.decode(UInt32(high) << 16 | low, offset: 4094)
        s.pointee.beginsInScratch = true
        return true
    }
}
