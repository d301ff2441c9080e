import MachineModel
import QAPI
import Synchronization
import SystemCalls

extension VirtualMachine {
    /// Gives the guest up for good, because another side serves it: no device takes anything in or does anything
    /// for a vCPU any more, every vCPU stands as soon as it looks, and whatever is called later, the guest never runs here
    /// again. The run state is paused from now on, with STOP if it said running.
    ///
    /// Waits for nothing and nobody, also not for who has the run control: a vCPU that stands in a disk access stands
    /// still when it comes back. From any thread, at any time; a second call does nothing.
    public func retire() {
        guard let previous = publishRetirement() else { return }
        hurryWriters()
        parts.engine.retire()
        parts.lock.close()
        endAnnouncements()
        if previous == .running { stopEventIsDue.store(true, ordering: .sequentiallyConsistent) }
        sendDueStop()
    }

    /// Sends the STOP of a retirement, after the events of the holder of the run control: if somebody has it, that
    /// one calls this again when done.
    func sendDueStop() {
        guard stopEventIsDue.load(ordering: .sequentiallyConsistent) else { return }
        _ = control.tryLock { _ in
            if stopEventIsDue.exchange(false, ordering: .sequentiallyConsistent) { emit(.stop) }
        }
    }
}
