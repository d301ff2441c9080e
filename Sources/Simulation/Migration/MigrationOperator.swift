import Environment
import MigrationCore

/// Who recovers a postcopy that has paused: tries, in a right order or a wrong one, until it is over. Where the destination is
/// dead, the guest is taken back, if it may be.
final class MigrationOperator {
    private unowned let world: MigrationWorld
    private var isAtWork = false

    init(world: MigrationWorld) { self.world = world }

    /// One side says that it paused.
    func notice() {
        guard world.settings.recovers, !isAtWork else { return }
        isAtWork = true
        tend()
    }

    private func tend() {
        let (source, destination) = (world.source, world.destination)
        if !destination.isAlive { world.after(world.microseconds(100...2_000_000)) { source.takeBack() } }
        if source.isOver || destination.isOver { return isAtWork = false }
        // A new address replaces one where nobody came, now and then for no reason.
        let isWaiting = destination.isAcceptingRecovery
        world.after(world.microseconds(100...2_000_000)) { [self] in
            if !isWaiting || world.oneIn(4) { destination.requestRecovery() }
        }
        world.after(world.microseconds(100...3_000_000)) { [self] in
            source.resume(at: destination.listener - (world.oneIn(8) ? 1 : 0))
        }
        world.after(world.microseconds(3_100_000...12_000_000)) { [self] in tend() }
    }
}
