import Environment
import MigrationCore

/// Looks at both ends from outside.
final class MigrationChecker {
    private unowned let world: MigrationWorld
    private(set) var violations: [String] = []
    private var statuses: [SourceMachine.Status] = [.none]
    private var destinationStatuses: [DestinationMachine.Status] = [.none]
    private var passes: UInt64 = 0
    /// How often the source has paused in postcopy.
    private(set) var pauses = 0
    /// What each page has to hold in postcopy: the source's last, or what the guest has written since.
    private var newest: [UInt64] = []
    private var writes: UInt64 = 0

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
        (.active, [.completed, .failed, .cancelling, .preSwitchover, .postcopyActive, .colo]),
        (.preSwitchover, [.device, .postcopyActive, .failed, .cancelling]),
        (.device, [.completed, .failed, .cancelling, .colo]), (.cancelling, [.cancelled]), (.colo, [.completed]),
        (.postcopyActive, [.completed, .failed, .cancelling, .postcopyPaused]),
    ]
    /// The same once the destination may run the guest.
    private static let successorsInPostcopy: [(SourceMachine.Status, [SourceMachine.Status])] = [
        (.postcopyActive, [.completed, .failed, .cancelling, .postcopyPaused]),
        (.cancelling, [.postcopyPaused, .completed, .cancelled]),
        (.postcopyPaused, [.postcopyRecover, .cancelling, .failed]),
        (.postcopyRecover, [.postcopyActive, .postcopyPaused, .cancelling]),
    ]

    func told(_ status: SourceMachine.Status) {
        let last = statuses[statuses.count - 1]
        let successors = world.source.following == nil ? Self.successors : Self.successorsInPostcopy
        let allowed = successors.first { $0.0 == last }?.1 ?? []
        if !allowed.contains(status) { violated("the source was \(last) and says \(status)") }
        let first: UInt64 = world.settings.isBackgroundSnapshot ? 0 : 1
        if status == .active, passes != first { violated("\(passes) passes before the migration was active") }
        if status == .completed, world.settings.hasReturnPath, !world.destination.hadGuest {
            violated("the source completed and the destination has no guest")
        }
        if status == .completed, world.source.following != nil, world.destination.machine.status != .completed {
            violated("the source completed and the destination has not said so")
        }
        if status == .postcopyPaused { pauses += 1 }
        switch status {
        // Most of the faults strike once the guest has moved.
        case .postcopyActive where world.source.following == nil: if world.oneIn(3) { world.postcopyHasChanged() }
        case .postcopyActive, .postcopyPaused, .postcopyRecover: world.postcopyHasChanged()
        default: break
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
            case .active: [.completed, .failed, .colo, .postcopyActive]
            case .colo: [.completed]
            case .postcopyActive:
                world.destination.hadGuest ? [.completed, .postcopyPaused] : [.failed]
            case .postcopyPaused: [.postcopyRecover]
            case .postcopyRecover: [.postcopyActive, .postcopyPaused]
            case .completed, .failed: []
            }
        if !allowed.contains(status) { violated("the destination was \(last) and says \(status)") }
        if status == .completed, !world.destination.hadGuest { violated("the destination completed without the guest") }
        if status == .completed, world.destination.isPostcopy { followed() }
        destinationStatuses.append(status)
    }

    func passed(_ number: UInt64) {
        if number != passes + 1 { violated("pass \(number) follows pass \(passes)") }
        passes = number
    }

    // MARK: The guest

    /// The destination starts the guest.
    func starts() {
        let (memory, isHere) = (world.destination.memory, world.destination.isHere)
        let source = world.source
        let hadPrimary = source.snapshot?.hasPrimary ?? source.hasPrimary
        if hadPrimary { violated("the guest moved with its primary card") }
        let wanted = source.snapshot?.image ?? source.memory
        newest = wanted
        let isPostcopy = world.destination.isPostcopy
        let differing = memory.indices.filter { memory[$0] != wanted[$0] && (isHere[$0] || !isPostcopy) }
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
        if world.source.following != nil, world.source.hasGuest, world.destination.hadGuest, !world.source.wasTakenBack
        {
            violated("the source has the guest again")
        }
        if let page = world.destination.guest.waitedFor.first(where: { world.destination.isHere[$0] }) {
            violated("the guest waits for page \(page), which is there")
        }
    }

    // MARK: Postcopy

    /// The guest reads a page that is there.
    func reads(_ page: Int, _ value: UInt64) {
        if value != newest[page] { violated("the guest reads \(value) in page \(page) instead of \(newest[page])") }
    }

    /// What the guest writes next.
    func nextWrite(to page: Int) -> UInt64 {
        writes += 1
        newest[page] = 1 << 40 + writes
        return newest[page]
    }

    /// No page is missing, says the destination.
    private func followed() {
        let (memory, isHere) = (world.destination.memory, world.destination.isHere)
        let lost = memory.indices.filter { !isHere[$0] || memory[$0] != newest[$0] }
        if let first = lost.first { violated("\(lost.count) pages are lost, the first is \(first)") }
    }

    /// Why a postcopy may be paused at the end, if anything excuses that.
    private var mayRemainPaused: Bool {
        let (source, destination) = (world.source, world.destination)
        return source.isOver || destination.isOver || !world.settings.recovers || world.settings.releasesRAM
    }

    /// Nothing happens any more.
    func lookAtTheEnd() {
        guard violations.isEmpty else { return }
        let (source, destination) = (world.source, world.destination)
        let sourceIsPaused = source.machine.status == .postcopyPaused && mayRemainPaused
        let destinationIsPaused = destination.machine.status == .postcopyPaused && mayRemainPaused
        if source.isAlive, !source.machine.hasEnded, !sourceIsPaused {
            violated("the source waits for ever, in \(source.machine.status)")
        }
        if source.isAlive, source.snapshot?.isOver == false {
            violated("the snapshot is over and the guest still waits for it")
        }
        if !destination.isOver, !destination.waitsForSource, !destinationIsPaused {
            violated("the destination waits for ever, in \(destination.machine.status)")
        }
        if world.settings.isBackgroundSnapshot, source.isAlive, !source.hasGuest {
            violated("a snapshot took the guest away")
        }
        let canComeBack = source.isAlive && !source.machine.hasQuit && !world.settings.releasesRAM
        if source.heardRefusal, canComeBack, !source.hasGuest {
            violated("the destination failed before it had the guest, which did not come back")
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
