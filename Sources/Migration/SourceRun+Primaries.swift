import Environment
import MigrationCore
import Synchronization
import SystemCalls
import VirtualMachine

// The primary cards of failover pairs: the guest gives them up before it moves.
extension SourceRun {
    func holdPrimaries() throws(MigrationFailure) -> SourceMachine.Event {
        let pairs = machine.parts.failoverPairs
        var count = 0
        for pair in pairs {
            pair.onUnplug { [control = session.control] in control.look() }
            guard let hold = pair.hold(until: clock.now() + VirtualMachine.pausePatience) else {
                controller.releasePrimaries(of: session, giveBack: true)
                throw .peer(
                    "the guest's devices are busy, so that it could not be asked to give up its card \(pair.id)")
            }
            session.primaryHolds.withLock { $0[pair.id] = hold }
            guard hold.wasPlugged else { continue }
            count += 1
            controller.tell(.unplugPrimary(pair.id))
        }
        return .primariesHeld(count)
    }

    func awaitUnplug(until deadline: Nanoseconds) throws(MigrationFailure) -> SourceMachine.Event {
        let pairs = machine.parts.failoverPairs
        if session.control.wait(until: deadline, for: { !pairs.contains(where: \.isPlugged) }) { return .unplugged }
        guard !session.control.isCancelled else { throw .cancelled }
        for pair in pairs { pair.askAgain() }
        return .stillPlugged
    }

    /// No destination takes a guest that has its card.
    func checkPrimaries() throws(MigrationFailure) {
        if let pair = machine.parts.failoverPairs.first(where: \.isPlugged) {
            throw .peer("the guest has its card \(pair.id) again")
        }
    }
}

extension MigrationController {
    /// The guest may have its primary cards again.
    func releasePrimaries(of session: SourceSession, giveBack: Bool) {
        for pair in machine.parts.failoverPairs {
            guard let hold = session.primaryHolds.withLock({ $0.removeValue(forKey: pair.id) }) else { continue }
            if giveBack { pair.giveBack(hold) } else { pair.release(hold) }
        }
    }

    /// Tells the owner at once.
    func tell(_ event: MigrationEvent) {
        events.append(event)
        events.deliver()
    }
}
