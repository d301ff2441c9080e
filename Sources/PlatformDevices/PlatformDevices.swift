/// The devices of the riscv64 machine that are not virtio: what firmware and kernel expect to find on the board.
///
/// | device | where its registers are specified |
/// |---|---|
/// | `ACLINT` | RISC-V ACLINT spec 1.0: MTIMER and MSWI, laid out as one SiFive CLINT |
/// | `PLIC` | RISC-V PLIC spec 1.0 |
/// | `UART16550` | PC16550D data sheet, registers one byte apart |
/// | `GoldfishRTC` | the real-time clock of Google's Goldfish board |
/// | `PowerController` | the SiFive test finisher, found by kernels as syscon-poweroff and syscon-reboot |
/// | `DeviceTree` | Devicetree specification 0.4, chapter 5: the flattened form |
///
/// All registers are touched with the machine lock held (`MemoryMappedDevice`), all state is saved and loaded with the
/// machine paused. A load or store that a device does not know reads as zero and changes nothing.
