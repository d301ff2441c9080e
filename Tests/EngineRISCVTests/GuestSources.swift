/// What all test programs are built with.
enum GuestSources {
    /// Entry of the test programs, in two forms: a Linux program and a bare-metal one.
    static let start = #"""
        # Entry of the test programs, in two forms: a Linux program that writes its results to standard output, and a
        # bare-metal one that says through tohost that they lie in memory.
            .section .text.start, "ax"
            .globl _start
        _start:
        #ifdef BARE
            la sp, stack_top
            li t0, 0x6000
            csrs mstatus, t0
        #endif
            call compute
        #ifdef BARE
            la t0, tohost
            li t1, 1
            sd t1, 0(t0)
        1:  j 1b
        #else
            la s0, results
            la s1, results_size
            ld s1, 0(s1)
        2:  li a0, 1
            mv a1, s0
            mv a2, s1
            li a7, 64
            ecall
            blez a0, 3f
            add s0, s0, a0
            sub s1, s1, a0
            bnez s1, 2b
        3:  li a0, 0
            li a7, 93
            ecall
        #endif
            .bss
            .align 4
            .space 65536
        stack_top:
            .section .tohost, "aw"
            .align 6
            .globl tohost
        tohost:
            .dword 0
        """#

    /// Where the parts of a program lie.
    static let linkScript = #"""
        OUTPUT_ARCH(riscv)
        ENTRY(_start)
        SECTIONS
        {
            . = 0x80000000;
            .text : { *(.text.start) *(.text*) }
            . = ALIGN(0x1000);
            .tohost : { *(.tohost) }
            .data : { *(.rodata*) *(.srodata*) *(.sdata*) *(.data*) }
            .bss : { *(.sbss*) *(.bss*) }
        }
        """#
}
