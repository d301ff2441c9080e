/// What can be in the slot of a root port: a card with one function. All calls come with the machine lock held or the
/// machine paused, and with offsets and addresses of the guest's choice.
public protocol PCICard: AnyObject, Sendable {
    /// A load of `width` bytes of its configuration space, at an `offset` below 4096.
    func loadConfiguration(offset: Int, width: Int) -> UInt64
    /// A store of the low `width` bytes of `value` there.
    func storeConfiguration(offset: Int, width: Int, value: UInt64)
    /// A load at an address of I/O space; nil if the card does not answer there.
    func loadPort(_ address: UInt64, width: Int) -> UInt64?
    /// A store there, which the card ignores if it does not answer.
    func storePort(_ address: UInt64, width: Int, value: UInt64)
    /// Whether it pulls its interrupt pin.
    var isInterrupting: Bool { get }
    /// Sets what is called whenever that may have changed. To be set once.
    func onInterruptChange(_ body: @escaping @Sendable () -> Void)
    /// As it is when it gets power.
    func reset()
}
