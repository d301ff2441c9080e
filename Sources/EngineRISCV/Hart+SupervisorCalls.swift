import CLinux
import GuestMemory
import MachineModel
import Synchronization

/// What one hart asks of another through SBI's remote fences, and the host of all.
enum RemoteFence {
    static let instructions: UInt32 = 1
    static let translations: UInt32 = 2
    /// Only the permissions to write without a mark are to go.
    static let writePermissions: UInt32 = 4
}

/// Numbers of the Supervisor Binary Interface 2.0.
private enum SBI {
    static let base: UInt64 = 0x10
    static let timer: UInt64 = 0x5449_4d45
    static let interProcessorInterrupt: UInt64 = 0x73_5049
    static let remoteFence: UInt64 = 0x5246_4e43
    static let hartState: UInt64 = 0x48_534d
    static let systemReset: UInt64 = 0x5352_5354
    static let debugConsole: UInt64 = 0x4442_434e

    static let version: UInt64 = 2 << 24
    /// Not among the assigned implementation numbers.
    static let implementation: UInt64 = 0xc010

    static let success: Int64 = 0
    static let failed: Int64 = -1
    static let notSupported: Int64 = -2
    static let invalidParameter: Int64 = -3
    static let invalidAddress: Int64 = -5
    static let alreadyAvailable: Int64 = -6

    /// The most that one call writes to the debug console, in bytes; a caller goes on with the rest.
    static let consoleLimit: UInt64 = 4096
}

// The engine's own SBI: what firmware would answer.
extension Hart {
    private typealias Answer = (error: Int64, value: UInt64)

    /// Whether what the call in the registers reads has not come yet; nothing is done then.
    var isCallWaiting: Bool {
        let x = state.pointee.x
        guard environment.memory.isPartial, x[17] == SBI.debugConsole, x[16] == 0 else { return false }
        let (first, last) = (x[11], x[11] &+ min(x[10], SBI.consoleLimit) &- 1)
        // At most two pages.
        return mustWait(forPageAt: first & ~0xfff) || last >= first && mustWait(forPageAt: last & ~0xfff)
    }

    /// Answers an `ecall` from S-mode whose `pc` has moved on already: extension in a7, function in a6.
    func answerSupervisorCall(console: @Sendable ([UInt8]) -> Void) {
        let x = state.pointee.x
        let function = x[16]
        let answer: Answer
        switch x[17] {
        case SBI.base: answer = base(function, x[10])
        case SBI.timer where function == 0:
            state.pointee.stimecmp = x[10]
            state.pointee.mustCheckInterrupts = true
            answer = (SBI.success, 0)
        case SBI.interProcessorInterrupt where function == 0:
            answer = forEach(mask: x[10], base: x[11]) { $0.inputs.set(bit: 1, true) }
            state.pointee.mustCheckInterrupts = true
        case SBI.remoteFence where function <= 2: answer = remoteFence(function, mask: x[10], base: x[11])
        case SBI.hartState:
            guard let result = hartState(function, x[10], x[11], x[12]) else { return }
            answer = result
        case SBI.systemReset where function == 0: answer = systemReset(kind: x[10], reason: x[11])
        case SBI.debugConsole: answer = debugConsole(function, x[10], x[11], console)
        default: answer = (SBI.notSupported, 0)
        }
        x[10] = UInt64(bitPattern: answer.error)
        x[11] = answer.value
    }

    private func base(_ function: UInt64, _ argument: UInt64) -> Answer {
        switch function {
        case 0: return (SBI.success, SBI.version)
        case 1: return (SBI.success, SBI.implementation)
        case 2: return (SBI.success, 1)
        case 3:
            let known = [
                SBI.base, SBI.timer, SBI.interProcessorInterrupt, SBI.remoteFence, SBI.hartState, SBI.systemReset,
                SBI.debugConsole,
            ]
            return (SBI.success, known.contains(argument) ? 1 : 0)
        case 4, 5, 6: return (SBI.success, 0)
        default: return (SBI.notSupported, 0)
        }
    }

    /// Calls `body` for each hart of a hart mask; all harts for a base of -1.
    private func forEach(mask: UInt64, base: UInt64, _ body: (Hart) -> Void) -> Answer {
        let harts = environment.harts
        if base == .max {
            for entry in harts { body(entry.hart) }
            return (SBI.success, 0)
        }
        let count = UInt64(harts.count)
        if base >= count || mask != 0 && UInt64(63 - mask.leadingZeroBitCount) >= count - base {
            return (SBI.invalidParameter, 0)
        }
        for bit in 0..<(count - base) where mask >> bit & 1 == 1 { body(harts[Int(base + bit)].hart) }
        return (SBI.success, 0)
    }

    private func remoteFence(_ function: UInt64, mask: UInt64, base: UInt64) -> Answer {
        let request = function == 0 ? RemoteFence.instructions : RemoteFence.translations
        var others: [Hart] = []
        let answer = forEach(mask: mask, base: base) { hart in
            hart.remoteFences.bitwiseOr(request, ordering: .sequentiallyConsistent)
            if hart !== self { others.append(hart) }
        }
        answerFences()
        // A hart that does not execute answers before it executes again.
        for hart in others {
            while hart.remoteFences.load(ordering: .sequentiallyConsistent) & request != 0,
                hart.isExecuting.load(ordering: .sequentiallyConsistent)
            {
                answerFences()
                sched_yield()
            }
        }
        return answer
    }

    /// Does the fences that were asked for.
    func answerFences() {
        guard remoteFences.load(ordering: .sequentiallyConsistent) != 0 else { return }
        let requests = remoteFences.exchange(0, ordering: .sequentiallyConsistent)
        if requests == RemoteFence.writePermissions { return forgetWritePermissions() }
        flushTranslations()
        if requests & RemoteFence.instructions != 0 { codeCache.expire() }
    }

    /// Nil if the caller does not get an answer, as it starts anew.
    private func hartState(_ function: UInt64, _ first: UInt64, _ second: UInt64, _ third: UInt64) -> Answer? {
        switch function {
        case 0: return startHart(first, address: second, opaque: third)
        case 1:
            management.stop()
            return nil
        case 2:
            guard first < UInt64(environment.harts.count) else { return (SBI.invalidParameter, 0) }
            return (SBI.success, UInt64(environment.harts[Int(first)].hart.management.state.rawValue))
        case 3:
            // Suspension is a wfi; with the non-retentive kind the hart goes on at an address of its choice.
            guard first == 0 || first == 0x8000_0000 else { return (SBI.invalidParameter, 0) }
            state.pointee.isWaiting = true
            if first == 0 { return (SBI.success, 0) }
            begin(at: second, opaque: third)
            return nil
        default: return (SBI.notSupported, 0)
        }
    }

    private func startHart(_ identifier: UInt64, address: UInt64, opaque: UInt64) -> Answer {
        guard identifier < UInt64(environment.harts.count) else { return (SBI.invalidParameter, 0) }
        guard environment.memory.locate(address, count: 2) != nil else { return (SBI.invalidAddress, 0) }
        let hart = environment.harts[Int(identifier)].hart
        guard hart.management.requestStart(address: address, opaque: opaque) else { return (SBI.alreadyAvailable, 0) }
        hart.inputs.wake()
        return (SBI.success, 0)
    }

    /// Begins to execute if another hart asked for that; false if none did.
    func beginIfAsked() -> Bool {
        guard let (address, opaque) = management.takeStart() else { return false }
        begin(at: address, opaque: opaque)
        return true
    }

    private func begin(at address: UInt64, opaque: UInt64) {
        let s = state
        s.pointee.pc = address
        s.pointee.privilege = .supervisor
        s.pointee.satp = 0
        s.pointee.mstatus &= ~StatusBits.sie
        s.pointee.x[10] = UInt64(identifier)
        s.pointee.x[11] = opaque
        s.pointee.mustCheckInterrupts = true
        flushTranslations()
        updateContext()
    }

    private func systemReset(kind: UInt64, reason: UInt64) -> Answer {
        guard kind <= 2, reason <= 1 else { return (SBI.invalidParameter, 0) }
        // The hart executes nothing more; the machine resets it or ends.
        management.stop()
        environment.onRequest(kind == 0 ? .powerOff : .reset)
        return (SBI.success, 0)
    }

    private func debugConsole(
        _ function: UInt64, _ first: UInt64, _ second: UInt64, _ console: @Sendable ([UInt8]) -> Void
    ) -> Answer {
        switch function {
        case 0:
            let count = min(first, SBI.consoleLimit)
            guard let bytes = environment.memory.read(second, count: Int(count)) else {
                return (SBI.invalidParameter, 0)
            }
            console(bytes)
            return (SBI.success, count)
        case 1: return (SBI.success, 0)
        case 2:
            console([UInt8(truncatingIfNeeded: first)])
            return (SBI.success, 0)
        default: return (SBI.notSupported, 0)
        }
    }
}
