/// Bits of mstatus (RISC-V privileged spec 1.12 §3.1.6).
enum StatusBits {
    static let sie: UInt64 = 1 << 1
    static let mie: UInt64 = 1 << 3
    static let spie: UInt64 = 1 << 5
    static let mpie: UInt64 = 1 << 7
    static let spp: UInt64 = 1 << 8
    static let mpp: UInt64 = 3 << 11
    static let fs: UInt64 = 3 << 13
    static let mprv: UInt64 = 1 << 17
    static let sum: UInt64 = 1 << 18
    static let mxr: UInt64 = 1 << 19
    static let tvm: UInt64 = 1 << 20
    static let tw: UInt64 = 1 << 21
    static let tsr: UInt64 = 1 << 22
    static let sd: UInt64 = 1 << 63
    /// UXL and SXL: 64 bits, not writable.
    static let fixed: UInt64 = 2 << 32 | 2 << 34
    static let writable = sie | mie | spie | mpie | spp | mpp | fs | mprv | sum | mxr | tvm | tw | tsr
    /// What of it is seen as sstatus.
    static let supervisorWritable = sie | spie | spp | fs | sum | mxr
    static let supervisorVisible = supervisorWritable | sd | 3 << 32
}

/// Bits of mip and mie.
enum InterruptBits {
    static let ssip: UInt64 = 1 << 1
    static let msip: UInt64 = 1 << 3
    static let stip: UInt64 = 1 << 5
    static let mtip: UInt64 = 1 << 7
    static let seip: UInt64 = 1 << 9
    static let meip: UInt64 = 1 << 11
    static let all = ssip | msip | stip | mtip | seip | meip
    /// The ones that devices and other harts set in `InterruptInputs`.
    static let external = ssip | msip | seip | meip
}

/// What of a WARL register can be written.
enum RegisterMasks {
    /// All exceptions but the ones reserved and the ecall from M-mode.
    static let medeleg: UInt64 = 0xb3ff
    static let supervisorInterrupts = InterruptBits.ssip | InterruptBits.stip | InterruptBits.seip
    /// cycle, time and instret.
    static let counters: UInt64 = 7
    static let pmpAddress: UInt64 = (1 << 54) - 1
    /// MXL 64, extensions A C D F I M S U.
    static let misa: UInt64 = 2 << 62 | 0x14_112d
}

/// Bits of menvcfg and senvcfg.
enum EnvironmentBits {
    static let fenceOfIO: UInt64 = 1
    static let supervisorTimer: UInt64 = 1 << 63
}

/// Codes of mcause for exceptions.
enum ExceptionCause {
    static let fetchAccess: UInt64 = 1
    static let illegalInstruction: UInt64 = 2
    static let breakpoint: UInt64 = 3
    static let loadMisaligned: UInt64 = 4
    static let loadAccess: UInt64 = 5
    static let storeMisaligned: UInt64 = 6
    static let storeAccess: UInt64 = 7
    static let userCall: UInt64 = 8
    static let supervisorCall: UInt64 = 9
    static let machineCall: UInt64 = 11
    static let fetchPage: UInt64 = 12
    static let loadPage: UInt64 = 13
    static let storePage: UInt64 = 15
}

/// Numbers of the control and status registers this engine has.
enum RegisterNumber {
    static let fflags: UInt32 = 0x001
    static let frm: UInt32 = 0x002
    static let fcsr: UInt32 = 0x003
    static let sstatus: UInt32 = 0x100
    static let sie: UInt32 = 0x104
    static let stvec: UInt32 = 0x105
    static let scounteren: UInt32 = 0x106
    static let senvcfg: UInt32 = 0x10a
    static let sscratch: UInt32 = 0x140
    static let sepc: UInt32 = 0x141
    static let scause: UInt32 = 0x142
    static let stval: UInt32 = 0x143
    static let sip: UInt32 = 0x144
    static let stimecmp: UInt32 = 0x14d
    static let satp: UInt32 = 0x180
    static let mstatus: UInt32 = 0x300
    static let misa: UInt32 = 0x301
    static let medeleg: UInt32 = 0x302
    static let mideleg: UInt32 = 0x303
    static let mie: UInt32 = 0x304
    static let mtvec: UInt32 = 0x305
    static let mcounteren: UInt32 = 0x306
    static let menvcfg: UInt32 = 0x30a
    static let mcountinhibit: UInt32 = 0x320
    static let mhpmevents: ClosedRange<UInt32> = 0x323...0x33f
    static let mscratch: UInt32 = 0x340
    static let mepc: UInt32 = 0x341
    static let mcause: UInt32 = 0x342
    static let mtval: UInt32 = 0x343
    static let mip: UInt32 = 0x344
    static let pmpcfg0: UInt32 = 0x3a0
    static let pmpcfg2: UInt32 = 0x3a2
    static let pmpaddr: ClosedRange<UInt32> = 0x3b0...0x3bf
    static let tselect: UInt32 = 0x7a0
    static let tdata: ClosedRange<UInt32> = 0x7a1...0x7a3
    static let tinfo: UInt32 = 0x7a4
    static let tcontrol: UInt32 = 0x7a5
    static let mcycle: UInt32 = 0xb00
    static let minstret: UInt32 = 0xb02
    static let mhpmcounters: ClosedRange<UInt32> = 0xb03...0xb1f
    static let cycle: UInt32 = 0xc00
    static let time: UInt32 = 0xc01
    static let instret: UInt32 = 0xc02
    static let hpmcounters: ClosedRange<UInt32> = 0xc03...0xc1f
    static let mvendorid: UInt32 = 0xf11
    static let marchid: UInt32 = 0xf12
    static let mimpid: UInt32 = 0xf13
    static let mhartid: UInt32 = 0xf14
    static let mconfigptr: UInt32 = 0xf15
}
