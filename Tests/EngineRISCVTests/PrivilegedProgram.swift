/// A bare-metal program that checks privileged behaviour by itself.
enum PrivilegedProgram {
    /// Assembler; each numbered test is one promise of the privileged specification.
    static let source = #"""
        # Privileged behaviour, one numbered test after the other; the number is in gp. A test that fails ends the program.
        # The trap handler stores what happened in s-registers and goes on at the address in s11:
        #   s2 mcause, s3 mepc, s4 mtval, s5 mstatus at entry.
            .option norvc
            .macro TEST number
            li gp, \number
            .endm
            # Expects the value in \register to be the constant \value.
            .macro EXPECT register, value
            li t6, \value
            bne \register, t6, fail
            .endm
            # Runs the next instruction and expects it to trap with \cause.
            .macro TRAPS cause:req, instruction:vararg
            la s11, 9f
            li s2, -1
            \instruction
            j fail
        9:  EXPECT s2, \cause
            .endm
            # Goes on in S-mode (or U-mode) at the next instruction.
            .macro ENTER mode
            li t0, 0x1800
            csrc mstatus, t0
            li t0, \mode << 11
            csrs mstatus, t0
            la t0, 8f
            csrw mepc, t0
            mret
        8:
            .endm
            # Goes back to M-mode: the handler returns in M-mode from any ecall when s10 is 1.
            .macro LEAVE
            li s10, 1
            ecall
            li s10, 0
            .endm

            .section .text.start, "ax"
            .globl _start
        _start:
            la t0, handler
            csrw mtvec, t0
            la sp, stack_top
            li s10, 0
            # All of memory is open to all modes.
            li t0, -1
            csrw pmpaddr15, t0
            li t0, 0x1f << 56
            csrw pmpcfg2, t0

            TEST 1      # registers keep only what they can hold
            li t0, -1
            csrw mepc, t0
            csrr t1, mepc
            EXPECT t1, -2
            csrw mscratch, t0
            csrci mscratch, 5
            csrr t1, mscratch
            EXPECT t1, -6
            csrrsi t2, mscratch, 4
            EXPECT t2, -6
            csrr t1, mscratch
            EXPECT t1, -2
            csrr t1, misa
            li t2, 0x14112d
            and t1, t1, t2
            bne t1, t2, fail
            csrr t1, misa
            srli t1, t1, 62
            EXPECT t1, 2
            li t0, 9 << 60
            csrw satp, zero
            li t0, 7 << 60
            csrw satp, t0
            csrr t1, satp
            bnez t1, fail
            csrr t1, mhartid
            bnez t1, fail
            csrw tselect, zero
            csrr t1, tselect
            bnez t1, fail
            li t0, 0x1800
            csrs mstatus, t0
            li t0, 0x0800
            csrc mstatus, t0
            csrr t1, mstatus
            srli t1, t1, 11
            andi t1, t1, 3
            li t2, 2
            beq t1, t2, fail

            TEST 2      # ecall, ebreak and illegal instructions from M-mode
            li t0, 8
            csrs mstatus, t0
            csrw mie, zero
            TRAPS 11, ecall
            srli t1, s5, 11
            andi t1, t1, 3
            EXPECT t1, 3
            andi t1, s5, 0x88
            EXPECT t1, 0x80
            bnez s4, fail
            li t0, 8
            csrc mstatus, t0
            TRAPS 3, ebreak
            la s11, 1f
        2:  .word 0x0000000b
            j fail
        1:  EXPECT s2, 2
            la t1, 2b
            bne s3, t1, fail
            li t1, 0x0000000b
            bne s4, t1, fail
            TRAPS 2, csrw 0x015, zero
            TRAPS 2, csrw cycle, zero
            TRAPS 2, csrr t0, 0x3a1

            TEST 3      # minstret: the next instruction reads what was written
            csrwi minstret, 0
            csrr t0, minstret
            bnez t0, fail
            li t0, -1
            csrw minstret, t0
            csrr t1, minstret
            bne t0, t1, fail
            csrr t1, minstret
            EXPECT t1, 1
            csrr t0, mcycle
            csrr t1, mcycle
            bgeu t0, t1, fail

            TEST 4      # misaligned accesses, also across two pages
            la a0, pages + 4093
            li t0, 0x1122334455667788
            sd t0, 0(a0)
            ld t1, 0(a0)
            bne t0, t1, fail
            lw t1, 1(a0)
            EXPECT t1, 0x44556677
            lhu t1, 2(a0)
            EXPECT t1, 0x5566
            lb t1, 7(a0)
            EXPECT t1, 0x11
            sh t0, 2(a0)
            ld t1, 0(a0)
            EXPECT t1, 0x1122334477887788
            TRAPS 6, amoadd.w t1, t0, (a0)
            bne s4, a0, fail
            TRAPS 4, lr.d t1, (a0)

            TEST 5      # nothing there
            li a0, 0x10
            TRAPS 5, ld t0, 0(a0)
            EXPECT s4, 0x10
            TRAPS 7, sd t0, 0(a0)
            la s11, 1f
            jr a0
        1:  EXPECT s2, 1
            EXPECT s3, 0x10

            TEST 6      # S-mode and U-mode: their calls and what they may not do
            ENTER 1
            TRAPS 9, ecall
            TRAPS 2, csrr t0, mstatus
            TRAPS 2, mret
            csrr t0, sstatus
            sfence.vma
            LEAVE
            ENTER 0
            TRAPS 8, ecall
            TRAPS 2, csrr t0, sstatus
            TRAPS 2, sret
            TRAPS 2, wfi
            TRAPS 2, sfence.vma
            LEAVE

            TEST 7      # TVM, TW, TSR
            li t0, 7 << 20
            csrs mstatus, t0
            ENTER 1
            TRAPS 2, csrr t0, satp
            TRAPS 2, csrw satp, zero
            TRAPS 2, sfence.vma
            TRAPS 2, sret
            TRAPS 2, wfi
            LEAVE
            li t0, 7 << 20
            csrc mstatus, t0

            TEST 8      # counters below M-mode
            csrw mcounteren, zero
            csrw scounteren, zero
            ENTER 1
            TRAPS 2, csrr t0, cycle
            LEAVE
            csrwi mcounteren, 1
            ENTER 1
            csrr t0, cycle
            TRAPS 2, csrr t0, instret
            LEAVE
            ENTER 0
            TRAPS 2, csrr t0, cycle
            LEAVE
            csrwi scounteren, 1
            ENTER 0
            csrr t0, cycle
            LEAVE

            TEST 9      # delegation
            li t0, 1 << 8
            csrw medeleg, t0
            la t0, supervisor_handler
            csrw stvec, t0
            li s8, 0
            ENTER 0
            la s9, 1f
            ecall
            j fail
        1:  # in S-mode now
            EXPECT s8, 8
            csrr t0, sstatus
            andi t0, t0, 0x100
            bnez t0, fail
            csrw sepc, zero
            LEAVE
            csrw medeleg, zero

            TEST 10     # software interrupts of S-mode, direct and vectored, by priority
            csrci mstatus, 8
            csrwi mideleg, 0
            csrwi mie, 2
            csrwi mip, 2
            la s11, 1f
            li s2, 0
            csrsi mstatus, 8
            j fail
        1:  li t0, 1 << 63 | 1
            bne s2, t0, fail
            csrci mstatus, 8
            la t0, vectors + 1
            csrw mtvec, t0
            la s11, 1f
            li s7, 0
            csrsi mstatus, 8
            j fail
        1:  EXPECT s7, 1
            csrci mstatus, 8
            la t0, handler
            csrw mtvec, t0
            csrwi mideleg, 2
            la s9, 1f
            li s8, 0
            ENTER 1
            csrci sip, 2
            csrr t0, sip
            bnez t0, fail
            csrsi sip, 2
            csrsi sstatus, 2
            j fail
        1:  li t0, 1 << 63 | 1
            bne s8, t0, fail
            csrci sip, 2
            wfi_ready:
            csrsi sie, 2
            csrsi sip, 2
            wfi         # pending and enabled in sie: does not wait
            csrci sip, 2
            LEAVE
            csrwi mie, 0
            csrwi mideleg, 0

            TEST 11     # LR and SC
            la a0, pages
            sd zero, 0(a0)
            li t0, 5
            sc.d t1, t0, (a0)
            beqz t1, fail
            lr.d t1, (a0)
            sc.d t2, t0, (a0)
            bnez t2, fail
            ld t1, 0(a0)
            EXPECT t1, 5
            sc.d t2, zero, (a0)
            beqz t2, fail
            lr.w t1, (a0)
            addi a1, a0, 8
            sc.w t2, t0, (a1)
            beqz t2, fail
            li t0, -3
            amomax.w t1, t0, (a0)
            EXPECT t1, 5
            amominu.w t1, t0, (a0)
            EXPECT t1, 5
            amoswap.d t1, t0, (a0)
            EXPECT t1, 5
            amoand.w t1, zero, (a0)
            EXPECT t1, -3
            lwu t1, 4(a0)
            EXPECT t1, 0xffffffff

            TEST 12     # code that changes, and an instruction in two pages
            la a0, pages + 4094
            li t0, 0x00b50513       # addi a0, a0, 11
            sh t0, 0(a0)
            srli t0, t0, 16
            sh t0, 2(a0)
            li t0, 0x8082           # ret
            sh t0, 4(a0)
            fence.i
            mv a1, a0
            li a0, 1
            jalr a1
            EXPECT a0, 12
            li t0, 0x01650513       # addi a0, a0, 22
            srli t0, t0, 16
            sh t0, 2(a1)
            fence.i
            li a0, 1
            jalr a1
            EXPECT a0, 23
            # A branch that lies in two pages and goes back into the first.
            la a1, pages + 4088
            li t0, 0x00450513       # addi a0, a0, 4
            sw t0, 0(a1)
            li t0, 0x8082
            sh t0, 4(a1)
            li t0, 0xfe050de3       # beqz a0, -6
            sh t0, 6(a1)
            srli t0, t0, 16
            sh t0, 8(a1)
            fence.i
            addi a1, a1, 6
            li a0, 0
            jalr a1
            EXPECT a0, 4

            TEST 13     # Sv39
            la s6, pages
            call make_tables
            srli t0, s6, 12
            li t1, 8 << 60
            or t0, t0, t1
            csrw satp, t0
            csrr t1, satp
            bne t0, t1, fail
            sfence.vma
            li a0, 0x40000000       # a 4 KiB page: kernel, read and write, not yet accessed
            li a1, 0x40001000       # user page
            li a2, 0x40002000       # execute only
            li a3, 0x40003000       # invalid
            li a4, 0x40004000       # read only
            li a5, 0x40200000       # misaligned large page
            ENTER 1
            li gp, 14
            ld t0, 0(a0)
            la t1, pages + 0x2000
            ld t0, 0(t1)
            andi t0, t0, 0xc0
            EXPECT t0, 0x40
            sd t0, 0(a0)
            ld t0, 0(t1)
            andi t0, t0, 0xc0
            EXPECT t0, 0xc0
            li gp, 15
            TRAPS 13, ld t0, 0(a1)
            bne s4, a1, fail
            li t1, 1 << 18
            csrs sstatus, t1
            ld t0, 0(a1)
            sd t0, 8(a1)
            csrc sstatus, t1
            TRAPS 15, sd t0, 8(a1)
            li gp, 16
            TRAPS 13, ld t0, 0(a2)
            li t1, 1 << 19
            csrs sstatus, t1
            ld t0, 0(a2)
            csrc sstatus, t1
            TRAPS 13, ld t0, 0(a2)
            li gp, 17
            TRAPS 13, ld t0, 0(a3)
            TRAPS 15, sw t0, 4(a3)
            TRAPS 15, amoadd.d t0, t0, (a3)
            ld t0, 0(a4)
            TRAPS 15, sd t0, 0(a4)
            TRAPS 13, ld t0, 0(a5)
            li t1, 1 << 40
            TRAPS 13, ld t0, 0(t1)
            la s11, 1f
            jr a0
        1:  EXPECT s2, 12
            bne s3, a0, fail
            li gp, 18               # a fetch of a user page from S-mode
            la s11, 1f
            jr a1
        1:  EXPECT s2, 12
            li gp, 19               # sfence.vma after a change
            la t1, pages + 0x2000
            sd zero, 0(t1)
            sfence.vma a0, zero
            TRAPS 13, ld t0, 0(a0)
            LEAVE
            li gp, 20               # MPRV
            li t0, 0x1800
            csrc mstatus, t0
            li t0, 1 << 17
            csrs mstatus, t0        # loads as U-mode
            li t2, 1 << 17
            ld t1, 0(a1)
            la s11, 1f
            la t0, pages
            ld t1, 0(t0)
            csrc mstatus, t2
            j fail
        1:  EXPECT s2, 13
            li t2, 1 << 17
            csrc mstatus, t2
            csrw satp, zero
            sfence.vma

            TEST 21     # PMP: a page closed to S-mode, a locked one closed to M-mode too
            la a0, pages + 0x3000
            srli t0, a0, 2
            ori t0, t0, 0x1ff
            csrw pmpaddr0, t0
            li t0, 0x18
            csrw pmpcfg0, t0
            ld t1, 0(a0)
            ENTER 1
            TRAPS 5, ld t1, 0(a0)
            TRAPS 7, sd t1, 0(a0)
            li t0, 4096
            add t0, a0, t0
            ld t1, 0(t0)
            LEAVE
            li t0, 0x19
            csrw pmpcfg0, t0
            ENTER 1
            ld t1, 0(a0)
            TRAPS 7, sd t1, 0(a0)
            LEAVE
            la t0, pages + 0x5000   # top of range: entry 1 is [pmpaddr0, pmpaddr1)
            srli t0, t0, 2
            csrw pmpaddr1, t0
            srli t0, a0, 2
            csrw pmpaddr0, t0
            li t0, 0x0900
            csrw pmpcfg0, t0
            ENTER 1
            la t0, pages + 0x4ff8
            ld t1, 0(t0)
            TRAPS 7, sd t1, 0(t0)
            sd t1, 8(t0)
            LEAVE
            li t0, 0x8900
            csrw pmpcfg0, t0
            csrw pmpcfg0, zero
            csrr t1, pmpcfg0
            EXPECT t1, 0x8900
            csrr t1, pmpaddr0
            csrw pmpaddr0, zero
            csrr t2, pmpaddr0
            bne t1, t2, fail
            TRAPS 7, sd t1, 0(a0)

            TEST 22     # floating point is off, then dirty
            li t0, 0x6000
            csrc mstatus, t0
            TRAPS 2, fadd.d ft0, ft0, ft0
            TRAPS 2, fld ft0, 0(sp)
            TRAPS 2, csrr t0, fcsr
            li t0, 0x4000
            csrs mstatus, t0
            csrr t1, mstatus
            bltz t1, fail
            fmv.d.x ft0, zero
            csrr t1, mstatus
            bgez t1, fail

            TEST 23     # the supervisor's timer
            li t0, -1
            csrw 0x14d, t0
            li t0, 1 << 63
            csrs 0x30a, t0
            csrr t0, mip
            andi t0, t0, 0x20
            bnez t0, fail
            csrr t0, time
            addi t0, t0, 100
            csrw 0x14d, t0
            li t1, 0x20
            csrw mie, t1
            wfi
            csrr t1, mip
            andi t1, t1, 0x20
            beqz t1, fail
            csrr t1, time
            bltu t1, t0, fail
            csrw mie, zero

            li gp, 0
            li t0, 1
            j report
        fail:
            slli t0, gp, 1
            ori t0, t0, 1
        report:
            csrw satp, zero
            li t1, 1 << 17
            csrc mstatus, t1
            la t1, tohost
            sd t0, 0(t1)
        1:  j 1b

        # In M-mode: tells what happened and goes on at s11 in the mode that trapped, or behind the ecall in M-mode if s10.
            .align 2
        handler:
            csrr s2, mcause
            csrr s3, mepc
            csrr s4, mtval
            csrr s5, mstatus
            csrw mscratch, t0
            beqz s10, 1f
            addi s3, s3, 4
            csrw mepc, s3
            li t0, 0x1800
            csrs mstatus, t0
            csrr t0, mscratch
            mret
        1:  csrw mepc, s11
            # An interrupt is not taken a second time.
            li t0, 0x80
            csrc mstatus, t0
            csrr t0, mscratch
            mret
            .align 2
        vectors:
            j handler
            j 1f
            j fail
            j fail
        1:  li s7, 1
            j handler
            .align 2
        supervisor_handler:
            csrr s8, scause
            csrw sepc, s9
            li t0, 0x100
            csrs sstatus, t0
            li t0, 0x20
            csrc sstatus, t0
            sret

        # At s6: the root table, and two below it. 1 GiB of identity where this program lies; 4 KiB pages from 1 GiB on.
        make_tables:
            li t0, 4096
            add t1, s6, t0          # second level
            add t2, t1, t0          # third level
            srli t3, t1, 12
            slli t3, t3, 10
            ori t3, t3, 1
            sd t3, 8(s6)            # 0x40000000
            li t3, 0x80000 << 10 | 0xcf
            sd t3, 16(s6)           # 0x80000000
            sd zero, 0(s6)
            srli t3, t2, 12
            slli t3, t3, 10
            ori t3, t3, 1
            sd t3, 0(t1)
            li t3, 0x80001 << 10 | 0xcf
            sd t3, 8(t1)            # a large page whose low bits are not zero
            add t4, t2, t0          # data page
            srli t4, t4, 12
            slli t4, t4, 10
            ori t3, t4, 0x07
            sd t3, 0(t2)
            ori t3, t4, 0xdf
            sd t3, 8(t2)
            ori t3, t4, 0xc9
            sd t3, 16(t2)
            ori t3, t4, 0xce
            sd t3, 24(t2)
            ori t3, t4, 0xc3
            sd t3, 32(t2)
            ret

            .bss
            .align 12
        pages:
            .space 0x8000
        stack_top:
            .section .tohost, "aw"
            .align 6
            .globl tohost
        tohost: .dword 0
        """#
}
