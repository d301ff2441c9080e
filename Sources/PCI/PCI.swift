/// A small PCI Express hierarchy, for devices that a guest is to be asked to give up and gets back while it runs.
///
/// | part | where it is specified |
/// |---|---|
/// | `PCIHost` | PCI Express Base 4.0 §7.2.2: configuration space as memory (ECAM); in a device tree `pci-host-ecam-generic` |
/// | `RootPort` | PCI-to-PCI Bridge 1.2 §3.2, PCI Express Base 4.0 §7.5.3: a bridge with one hot-plug slot |
/// | `HotPlugSlot` | PCI Express Base 4.0 §6.7: the registers of a slot, without anything around them |
/// | `PCICard` | what can be in a slot: one function with configuration space and I/O ports |
/// | `PCNetCard` | AMD Am79C970A data sheet: a network card that kernels have a driver for |
///
/// The network card is no virtio one because Linux takes only a device that sits on the PCI bus itself as the primary card
/// of a failover pair (drivers/net/net_failover.c), and a virtio card sits on the virtio bus.
///
/// Root port n is device n + 1 of bus 0; function 0 of device 0 of the bus behind it is the card, as long as the slot has
/// one and powers it. Whatever else a guest looks for reads as all ones and ignores what is written. Only I/O ports are
/// routed to a card; the window for memory is there because bridges have one, and reads as all ones.
///
/// Threads and locks: everything runs with the machine lock held, or while the machine is paused.
///
/// State: a root port has a section with the registers of bridge and slot. A card has none: it is out of its slot before
/// the guest moves, and a state that has one in it is refused.
public enum PCI {
    /// The buses that configuration space has room for.
    public static let busCount = 16
    /// The length of configuration space as memory, in bytes: one page a function, eight functions a device, 32 devices a
    /// bus.
    public static let ecamSize = UInt64(busCount) << 20
    /// The length of the window of I/O ports, in bytes.
    public static let portsSize: UInt64 = 0x1_0000
    /// The length of the memory window, in bytes.
    public static let memorySize: UInt64 = 0x100_0000
}

/// All ones of `width` bytes: what nobody answers reads as.
func allOnes(width: Int) -> UInt64 { width >= 8 ? .max : (1 << UInt64(8 * width)) - 1 }
