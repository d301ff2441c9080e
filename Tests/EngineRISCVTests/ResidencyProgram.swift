/// A program in S-mode whose code, page tables, data and atomics each lie in pages of their own.
enum ResidencyProgram {
    /// The pages at `tables` are the page tables: root, middle, leaves; the test fills them. Data page n is at
    /// `data + n * 4096` and virtually at 0x40000000 + n * 4096.
    static let dataPages = 16

    static let source = #"""
            .option norvc
            .section .text.start, "ax"
            .globl _start
        _start:
            la t0, trapped
            csrw mtvec, t0
            li t0, -1
            csrw pmpaddr0, t0
            li t0, 0x1f
            csrw pmpcfg0, t0
            li t0, 0x6000
            csrs mstatus, t0
            la t0, tables
            srli t0, t0, 12
            li t1, 8 << 60
            or t0, t0, t1
            csrw satp, t0
            li t0, 0x1800
            csrc mstatus, t0
            li t0, 0x0800
            csrs mstatus, t0
            la t0, supervisor
            csrw mepc, t0
            mret
            # Any exception ends the program here.
            .align 2
        trapped:
            csrr s8, mcause
            csrr s9, mtval
            li s10, 0xbad
            j .

            .text
            .balign 4096
        supervisor:
            li s0, 0x40000000
            li s1, 0x1000
            ld a0, 0(s0)            # a load
            add s0, s0, s1
            sd a0, 8(s0)            # a store
            add s0, s0, s1
            amoadd.d a1, a0, (s0)   # an atomic operation
            amoor.w a1, a0, (s0)
            add s0, s0, s1
        1:  lr.d a2, (s0)           # a reservation
            add a2, a2, a0
            sc.d a3, a2, (s0)
            bnez a3, 1b
            li t0, 0x2000
            add s0, s0, t0
            ld a4, -3(s0)           # a load from two pages
            add s0, s0, t0
            sd a4, -5(s0)           # a store into two pages
            sw a4, -2(s0)
            lhu a5, -1(s0)
            add s0, s0, s1
            fld fa0, 0(s0)          # floating point
            fadd.d fa0, fa0, fa0
            add s0, s0, s1
            fsd fa0, 16(s0)
            add s0, s0, s1
            lr.w a6, (s0)           # a reservation alone
            add s0, s0, s1
            amoswap.d a7, a4, (s0)
            # Instructions that lie in two pages, of which the first one loads from a page that is missing, too.
            li t1, 0x4000b000
            j across
            .balign 4096
            .skip 4088
        across:
            .option rvc
            c.nop
            c.nop
            c.nop
            .option norvc
            ld t2, 0(t1)
            addi t2, t2, 1
            j 2f
            .balign 4096
            .skip 4094
            .option rvc
        2:  .option norvc
            addi t3, t2, 5
            # A loop over code and data that are here by now.
            li t4, 500
        3:  ld t5, 0(t1)
            add t3, t3, t5
            sd t3, 8(t1)
            addi t4, t4, -1
            bnez t4, 3b
            li s10, 0x600d
            j .

            .data
            .balign 4096
            .globl tables
        tables: .skip 3 * 4096
            .globl data
        data:
            .set value, 0x1122334455667700
            .rept 16
            .quad value, value + 1, value * 3
            .skip 4096 - 24 - 8
            .quad value * 5
            .set value, value + 0x101
            .endr
        """#
}
