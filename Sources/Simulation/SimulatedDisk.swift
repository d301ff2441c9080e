import Environment
import ReplicationCore

/// The stable storage of one host's record: a write takes its time, may hang, may fail, and is or is not done when the
/// process dies in the middle of it.
final class SimulatedDisk {
    unowned let world: World
    /// What a starting process reads.
    private(set) var record = PairRecord(term: .none)
    /// Every write takes this long at most; longer while the disk is slow.
    var slowUntil = Nanoseconds.zero
    /// Nothing is written until then.
    var hungUntil = Nanoseconds.zero
    /// Every write fails until then.
    var fullUntil = Nanoseconds.zero
    /// The terms that were ever written, as claimed or entered.
    private(set) var everWritten: Set<Term> = []
    private var underWay: PairRecord?
    private var writes: UInt64 = 0

    init(world: World) { self.world = world }

    var isWell: Bool { slowUntil <= world.now && hungUntil <= world.now && fullUntil <= world.now }

    func heal() { (slowUntil, hungUntil, fullUntil) = (.zero, .zero, .zero) }

    /// Writes; `completion` gets the reason if it failed.
    func write(_ next: PairRecord, completion: @escaping (String?) -> Void) {
        underWay = next
        writes += 1
        let number = writes
        let isSlow = world.now < slowUntil
        finish(number, next, after: world.microseconds(isSlow ? 20_000...2_500_000 : 50...6000), completion)
    }

    private func finish(
        _ number: UInt64, _ next: PairRecord, after delay: Nanoseconds, _ completion: @escaping (String?) -> Void
    ) {
        world.after(delay) { [self] in
            guard number == writes, underWay != nil else { return }
            if world.now < hungUntil { return finish(number, next, after: .milliseconds(50), completion) }
            underWay = nil
            if world.now < fullUntil { return completion("no space left") }
            store(next)
            completion(nil)
        }
    }

    private func store(_ next: PairRecord) {
        record = next
        everWritten.insert(next.term)
        if let claimed = next.claimed { everWritten.insert(claimed) }
    }

    /// The process is gone: a write under way is done or not.
    func processEnded() {
        if let underWay, world.now >= fullUntil, world.chance.chance(1, in: 2) { store(underWay) }
        underWay = nil
    }

    /// A sabotage: what was written is lost.
    func forget() { record = PairRecord(term: .none) }
}
