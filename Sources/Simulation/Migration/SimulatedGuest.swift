import Environment
import MigrationCore

/// The guest at the destination of a postcopy: vCPUs that read and write pages, and wait for those that are missing.
final class SimulatedGuest {
    private unowned let world: MigrationWorld
    /// The page that each vCPU waits for.
    private var waits: [Int?] = []

    init(world: MigrationWorld) { self.world = world }

    /// The pages that are waited for.
    var waitedFor: [Int] { waits.compactMap { $0 } }

    func start() {
        waits = Array(repeating: nil, count: Int(world.random(1...3)))
        guard world.settings.guestRuns else { return }
        for vcpu in waits.indices { run(vcpu) }
    }

    func arrived(_ page: Int) {
        for vcpu in waits.indices where waits[vcpu] == page {
            waits[vcpu] = nil
            run(vcpu)
        }
    }

    private func run(_ vcpu: Int) {
        let destination = world.destination
        // Nothing is to be seen of it while nothing comes.
        let isPaused = destination.machine.status == .postcopyPaused
        world.after(world.microseconds(isPaused ? 50_000...500_000 : 20...8000)) { [self] in
            guard destination.hasGuest, !destination.isOver else { return }
            for _ in 0..<world.random(0...12) {
                let page = Int(world.random(0...UInt64(destination.memory.count - 1)))
                guard destination.isHere[page] else {
                    waits[vcpu] = page
                    return destination.demand(page)
                }
                world.checker.reads(page, destination.memory[page])
                if world.oneIn(2) { destination.memory[page] = world.checker.nextWrite(to: page) }
            }
            run(vcpu)
        }
    }
}
