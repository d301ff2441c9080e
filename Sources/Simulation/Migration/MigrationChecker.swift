import Environment
import MigrationCore

/// Looks at both ends from outside.
final class MigrationChecker {
    private unowned let world: MigrationWorld
    private(set) var violations: [String] = []
    private var statuses: [SourceMachine.Status] = [.none]
    private var destinationStatuses: [DestinationMachine.Status] = [.none]
    private var passes: UInt64 = 0

    init(world: MigrationWorld) { self.world = world }

    func violated(_ text: String) {
        guard violations.count < 5 else { return }
        violations.append(text)
        world.note("violated: \(text)")
    }

    // MARK: What clients are told

    /// From each status to those that may follow it (qmp.md §4).
    private static let successors: [(SourceMachine.Status, [SourceMachine.Status])] = [
        (.none, [.setup]), (.setup, [.waitUnplug, .active, .failed, .cancelling]),
        (.waitUnplug, [.active, .failed, .cancelling]),
        (.active, [.completed, .failed, .cancelling, .preSwitchover, .colo]),
        (.preSwitchover, [.device, .failed, .cancelling]), (.device, [.completed, .failed, .cancelling, .colo]),
        (.cancelling, [.cancelled]), (.colo, [.completed]),
    ]

    func told(_ status: SourceMachine.Status) {
        let last = statuses[statuses.count - 1]
        let allowed = Self.successors.first { $0.0 == last }?.1 ?? []
        if !allowed.contains(status) { violated("the source was \(last) and says \(status)") }
        let first: UInt64 = world.settings.isBackgroundSnapshot ? 0 : 1
        if status == .active, passes != first { violated("\(passes) passes before the migration was active") }
        if status == .completed, world.settings.hasReturnPath, !world.destination.hadGuest {
            violated("the source completed and the destination has no guest")
        }
        if status == .cancelled, world.destination.hadGuest, !world.settings.isBackgroundSnapshot {
            violated("the migration was cancelled and the destination has the guest")
        }
        statuses.append(status)
    }

    func told(_ status: DestinationMachine.Status) {
        let last = destinationStatuses[destinationStatuses.count - 1]
        let allowed: [DestinationMachine.Status] =
            switch last {
            case .none: [.active, .failed]
            case .active: [.completed, .failed, .colo]
            case .colo: [.completed]
            case .completed, .failed: []
            }
        if !allowed.contains(status) { violated("the destination was \(last) and says \(status)") }
        if status == .completed, !world.destination.hadGuest { violated("the destination completed without the guest") }
        destinationStatuses.append(status)
    }

    func passed(_ number: UInt64) {
        if number != passes + 1 { violated("pass \(number) follows pass \(passes)") }
        passes = number
    }

    // MARK: The guest

    /// The destination starts the guest with this memory.
    func startsWith(_ memory: [UInt64]) {
        let source = world.source
        let hadPrimary = source.snapshot?.hasPrimary ?? source.hasPrimary
        if hadPrimary { violated("the guest moved with its primary card") }
        let wanted = source.snapshot?.image ?? source.memory
        let differing = memory.indices.filter { memory[$0] != wanted[$0] }
        if let first = differing.first {
            violated(
                "\(differing.count) pages differ at the start, the first is \(first): \(memory[first]) instead of"
                    + " \(wanted[first])")
        }
    }

    /// After every event.
    func look() {
        guard !world.settings.isBackgroundSnapshot else { return }
        if world.source.hasGuest, world.destination.hasGuest { violated("both sides have the guest") }
    }

    /// Nothing happens any more.
    func lookAtTheEnd() {
        guard violations.isEmpty else { return }
        let (source, destination) = (world.source, world.destination)
        if source.isAlive, !source.machine.hasEnded {
            violated("the source waits for ever, in \(source.machine.status)")
        }
        if source.isAlive, source.snapshot?.isOver == false {
            violated("the snapshot is over and the guest still waits for it")
        }
        if !destination.isOver, !destination.waitsForSource {
            violated("the destination waits for ever, in \(destination.machine.status)")
        }
        if world.settings.isBackgroundSnapshot, source.isAlive, !source.hasGuest {
            violated("a snapshot took the guest away")
        }
        // A process that ends takes what it had with it.
        guard source.isAlive, destination.isAlive, !source.machine.hasQuit else { return }
        if source.hasGuest, world.settings.hasPrimary, !source.hasPrimary || source.isPrimaryHeld {
            violated("the guest stayed and did not get its primary card back")
        }
        let isError = source.keepsGuestStopped || destination.machine.failure != nil
        if !source.hasGuest, !destination.hasGuest, !isError { violated("nobody has the guest, and no error says why") }
        let isBack = source.machine.status == .cancelled
        if isBack, !source.hasGuest { violated("the migration was cancelled and the guest did not come back") }
    }
}
