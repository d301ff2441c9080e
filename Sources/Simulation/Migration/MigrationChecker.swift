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
        if status == .active, passes != 1 { violated("\(passes) passes before the migration was active") }
        if status == .completed, world.settings.hasReturnPath, !world.destination.hadGuest {
            violated("the source completed and the destination has no guest")
        }
        if status == .cancelled, world.destination.hadGuest {
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
        if world.source.hasPrimary { violated("the guest moved with its primary card") }
        let differing = memory.indices.filter { memory[$0] != world.source.memory[$0] }
        if let first = differing.first {
            violated(
                "\(differing.count) pages differ at the start, the first is \(first): \(memory[first]) instead of"
                    + " \(world.source.memory[first])")
        }
    }

    /// After every event.
    func look() {
        if world.source.hasGuest, world.destination.hasGuest { violated("both sides have the guest") }
    }

    /// Nothing happens any more.
    func lookAtTheEnd() {
        guard violations.isEmpty else { return }
        let (source, destination) = (world.source, world.destination)
        if source.isAlive, !source.machine.hasEnded {
            violated("the source waits for ever, in \(source.machine.status)")
        }
        if !destination.isOver, !destination.waitsForSource {
            violated("the destination waits for ever, in \(destination.machine.status)")
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
