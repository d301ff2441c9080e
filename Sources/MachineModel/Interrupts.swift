public import Environment
import Synchronization
import SystemCalls

/// An interrupt controller's inputs, seen from a device. Called with the machine lock held.
public protocol InterruptController: AnyObject, Sendable {
    /// Sets the level of input `source`.
    func setLevel(source: Int, _ high: Bool)
}

/// One wire from a device to an interrupt controller.
public struct InterruptLine: Sendable {
    private let controller: any InterruptController
    private let source: Int

    /// The wire to input `source` of `controller`.
    public init(controller: any InterruptController, source: Int) {
        self.controller = controller
        self.source = source
    }

    /// Sets the level. Called with the machine lock held.
    public func set(_ high: Bool) { controller.setLevel(source: source, high) }
}

/// The interrupt inputs of one vCPU: level bits that devices set and the vCPU polls without a lock, the compare value
/// of its timer, and the means to wake it while it waits for an interrupt.
public final class InterruptInputs: Sendable {
    /// One bit for each interrupt from outside; what a bit means is agreed between the engine and the board's controllers.
    private let levelBits = Atomic<UInt64>(0)
    private let timerCompareTicks = Atomic<UInt64>(.max)
    private let wakeups = ThreadGate<UInt64>(0)

    /// Inputs that are all low, with the timer not armed.
    public init() {}

    /// All level bits.
    @inline(__always)
    public var levels: UInt64 { levelBits.load(ordering: .acquiring) }

    /// Sets or clears one level bit, and wakes the vCPU when it sets one.
    public func set(bit: Int, _ high: Bool) {
        let mask = UInt64(1) << UInt64(bit)
        if high {
            levelBits.bitwiseOr(mask, ordering: .acquiringAndReleasing)
            wake()
        } else {
            levelBits.bitwiseAnd(~mask, ordering: .acquiringAndReleasing)
        }
    }

    /// Replaces all level bits, when state is loaded.
    public func restore(levels: UInt64) { levelBits.store(levels, ordering: .releasing) }

    /// The compare value of the vCPU's timer in ticks of the guest clock; `.max` when not armed. The timer interrupts while
    /// the guest clock is at or past it.
    @inline(__always)
    public var timerCompare: UInt64 { timerCompareTicks.load(ordering: .acquiring) }

    /// Sets the compare value and lets the vCPU look at it.
    public func setTimerCompare(_ ticks: UInt64) {
        timerCompareTicks.store(ticks, ordering: .releasing)
        wake()
    }

    /// Wakes the vCPU if it waits.
    public func wake() { wakeups.withLock { $0 &+= 1 } }

    /// How often `wake` was called: take it, check for interrupts, then wait for it to change.
    public var wakeCount: UInt64 { wakeups.withLock(notify: false) { $0 } }

    /// Waits until `wake` was called again after `seen` was taken, or until `deadline` of the host's clock.
    public func wait(after seen: UInt64, until deadline: Nanoseconds) {
        _ = wakeups.wait(until: deadline) { $0 == seen ? nil : true }
    }
}
