import GuestMemory
import Synchronization

/// Fields of an Sv39 page table entry (RISC-V privileged spec 1.12 §4.4).
private enum PageTableEntry {
    static let valid: UInt64 = 1 << 0
    static let read: UInt64 = 1 << 1
    static let write: UInt64 = 1 << 2
    static let execute: UInt64 = 1 << 3
    static let user: UInt64 = 1 << 4
    static let accessed: UInt64 = 1 << 6
    static let dirty: UInt64 = 1 << 7
    /// Bits that only extensions give a meaning to which this engine lacks.
    static let reserved: UInt64 = 0x3ff << 54
    static let pageNumberMask: UInt64 = (1 << 44) - 1
}

// Addresses: virtual to physical, and the filling of the TLBs. All of this is off the fast path.
extension Hart {
    /// Notes an exception; returns false, for callers that hand that on.
    @inline(__always)
    func raise(_ cause: UInt64, _ value: UInt64) -> Bool {
        state.pointee.trapCause = cause
        state.pointee.trapValue = value
        return false
    }

    /// The privilege that loads and stores have now (MPRV).
    var dataPrivilege: PrivilegeMode {
        let s = state
        if s.pointee.privilege == .machine, s.pointee.mstatus & StatusBits.mprv != 0 {
            return PrivilegeMode(rawValue: UInt8(s.pointee.mstatus >> 11 & 3)) ?? .user
        }
        return s.pointee.privilege
    }

    /// The physical address of `address`, checked against page tables and PMP; nil with an exception noted.
    func translate(_ address: UInt64, _ access: MemoryAccess) -> UInt64? {
        let s = state
        let privilege = access == .fetch ? s.pointee.privilege : dataPrivilege
        var physical = address
        s.pointee.walkedLevel = 0
        if privilege != .machine, s.pointee.satp >> 60 != 0 {
            guard let walked = walk(address, access, privilege) else { return nil }
            physical = walked
        } else if address >> 56 != 0 {
            _ = raise(access.accessFault, address)
            return nil
        }
        guard isAllowed(physical, access, privilege) else {
            _ = raise(access.accessFault, address)
            return nil
        }
        return physical
    }

    private func isAllowed(_ physical: UInt64, _ access: MemoryAccess, _ privilege: PrivilegeMode) -> Bool {
        state.pointee.protection.allows(physical, access, privilege)
    }

    /// Walks the page tables and sets A and D, again from the start if an entry changes meanwhile.
    private func walk(_ address: UInt64, _ access: MemoryAccess, _ privilege: PrivilegeMode) -> UInt64? {
        let s = state
        guard UInt64(bitPattern: (Int64(bitPattern: address) << 25) >> 25) == address else {
            _ = raise(access.pageFault, address)
            return nil
        }
        restart: while true {
            var table = (s.pointee.satp & PageTableEntry.pageNumberMask) << 12
            var level: UInt64 = 2
            while true {
                let place = table + (address >> (12 + 9 * level) & 511) * 8
                guard isAllowed(place, .load, .supervisor),
                    let tableOffset = ramOffset(page: table, marking: false)
                else {
                    _ = raise(access.accessFault, address)
                    return nil
                }
                // The table is a whole page of RAM, and `place` lies in it, aligned to its eight bytes.
                let cell = s.pointee.ram.doubleWord(tableOffset + Int(place & 0xfff))
                let entry = cell.load()
                let rights = entry & (PageTableEntry.read | PageTableEntry.write | PageTableEntry.execute)
                let isInvalid =
                    entry & PageTableEntry.valid == 0 || entry & PageTableEntry.reserved != 0
                    || rights & (PageTableEntry.read | PageTableEntry.write) == PageTableEntry.write
                if isInvalid { break }
                let base = (entry >> 10 & PageTableEntry.pageNumberMask) << 12
                if rights == 0 {
                    let pointerBits = PageTableEntry.accessed | PageTableEntry.dirty | PageTableEntry.user
                    if level == 0 || entry & pointerBits != 0 { break }
                    level -= 1
                    table = base
                    continue
                }
                let span = (UInt64(1) << (12 + 9 * level)) - 1
                guard base & span & ~0xfff == 0, permits(entry, access, privilege) else { break }
                let physical = base & ~span | address & span
                let wanted = PageTableEntry.accessed | (access == .store ? PageTableEntry.dirty : 0)
                if entry & wanted != wanted {
                    // An entry does not change before the access that it is for can happen.
                    if environment.memory.isPartial, mustWait(forPageAt: physical & ~0xfff) { return nil }
                    guard isAllowed(place, .store, .supervisor) else {
                        _ = raise(access.accessFault, address)
                        return nil
                    }
                    _ = ramOffset(page: table, marking: true)
                    let (done, _) = cell.compareExchange(expected: entry, desired: entry | wanted)
                    if !done { continue restart }
                }
                s.pointee.walkedLevel = level
                return physical
            }
            _ = raise(access.pageFault, address)
            return nil
        }
    }

    private func permits(_ entry: UInt64, _ access: MemoryAccess, _ privilege: PrivilegeMode) -> Bool {
        let status = state.pointee.mstatus
        if entry & PageTableEntry.user != 0 {
            if privilege == .supervisor && (access == .fetch || status & StatusBits.sum == 0) { return false }
        } else if privilege == .user {
            return false
        }
        switch access {
        case .fetch: return entry & PageTableEntry.execute != 0
        case .store: return entry & PageTableEntry.write != 0
        case .load:
            return entry & PageTableEntry.read != 0
                || status & StatusBits.mxr != 0 && entry & PageTableEntry.execute != 0
        }
    }

    /// Puts the page of `pc` into the code TLB; false with an exception noted.
    func fillCode(_ pc: UInt64) -> Bool {
        guard let physical = translate(pc, .fetch) else { return false }
        let page = physical & ~0xfff
        guard let offset = ramOffset(page: page, marking: false) else {
            return raise(ExceptionCause.fetchAccess, pc)
        }
        if codeCache.isFull {
            codeCache.removeAll()
            flushCode()
        }
        noteFill(pc, state.pointee.codeContext)
        let slots = codeCache.slots(of: page, at: offset, in: state.pointee.ram)
        state.pointee.code[pc] = CodeTranslation(tag: pc & ~0xfff, slots: slots)
        return true
    }

    /// The offset from the base of RAM of `address`, which is put into the TLB; nil if it is no RAM, with the physical
    /// address in `slowValue`, or with an exception noted, or a page to wait for, and `isFault` set.
    func locate(_ address: UInt64, _ access: MemoryAccess, isFault: inout Bool) -> Int? {
        let s = state
        let table = access == .store ? s.pointee.stores : s.pointee.loads
        let known = table[address]
        if known.tag == address & ~0xfff { return Int(truncatingIfNeeded: address) &+ known.addend }
        guard let physical = translate(address, access) else {
            isFault = true
            return nil
        }
        // The mark in the dirty log comes before the write that it announces.
        guard let start = ramOffset(page: physical & ~0xfff, marking: access == .store) else {
            s.pointee.slowValue = physical
            isFault = s.pointee.needsPage
            return nil
        }
        noteFill(address, s.pointee.dataContext)
        let addend = start &- Int(truncatingIfNeeded: address & ~0xfff)
        table[address] = DataTranslation(tag: address & ~0xfff, addend: addend)
        return Int(truncatingIfNeeded: address) &+ addend
    }
}
