import MigrationCore
import VirtualMachine

// The primary cards of failover pairs: the guest gives them up before it moves.
extension SourceRun {
    func holdPrimaries() -> SourceMachine.Event {
        var count = 0
        for pair in machine.parts.failoverPairs {
            pair.onUnplug { [control = session.control] in control.look() }
            guard pair.hold() else { continue }
            count += 1
            controller.tell(.unplugPrimary(pair.id))
        }
        return .primariesHeld(count)
    }

    /// As long as the guest takes, or until somebody cancels.
    func awaitUnplug() throws(MigrationFailure) -> SourceMachine.Event {
        let pairs = machine.parts.failoverPairs
        guard session.control.wait(until: { !pairs.contains(where: \.isPlugged) }) else { throw .cancelled }
        return .unplugged
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
