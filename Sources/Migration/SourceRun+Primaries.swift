import Environment
import MigrationCore
import SystemCalls
import VirtualMachine

// The primary cards of failover pairs: the guest gives them up before it moves.
extension SourceRun {
    func holdPrimaries() throws(MigrationFailure) -> SourceMachine.Event {
        let pairs = machine.parts.failoverPairs
        var count = 0
        for (index, pair) in pairs.enumerated() {
            pair.onUnplug { [control = session.control] in control.look() }
            guard let wasPlugged = pair.hold(until: clock.now() + VirtualMachine.pausePatience) else {
                for other in pairs[..<index] { other.giveBack() }
                throw .peer(
                    "the guest's devices are busy, so that it could not be asked to give up its card \(pair.id)")
            }
            guard wasPlugged else { continue }
            count += 1
            controller.tell(.unplugPrimary(pair.id))
        }
        return .primariesHeld(count)
    }

    func awaitUnplug(until deadline: Nanoseconds) throws(MigrationFailure) -> SourceMachine.Event {
        let pairs = machine.parts.failoverPairs
        if session.control.wait(until: deadline, for: { !pairs.contains(where: \.isPlugged) }) { return .unplugged }
        guard !session.control.isCancelled else { throw .cancelled }
        return .stillPlugged
    }
}

extension MigrationController {
    /// The guest may have its primary cards again.
    func releasePrimaries(giveBack: Bool) {
        for pair in machine.parts.failoverPairs {
            if giveBack { pair.giveBack() } else { pair.release() }
        }
    }

    /// Tells the owner at once.
    func tell(_ event: MigrationEvent) {
        events.append(event)
        events.deliver()
    }
}
