/// Interrupt controllers, timer, UART and power of the riscv64 machine, and its device tree.
