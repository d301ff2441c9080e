import Environment
import ReplicationCore

/// The three arbiters; all answer late, and the last two sometimes not at all.
final class SimulatedArbiter {
    unowned let world: World
    private var highest = Term.none
    private var holder: PairMember?

    init(world: World) { self.world = world }

    private struct Question: Hashable {
        var term: Term
        var member: PairMember
    }
    private var withdrawn: Set<Question> = []

    /// Nobody wants to know any more: the command is ended.
    func withdraw(_ term: Term, by host: Host) { withdrawn.insert(Question(term: term, member: host.member)) }

    /// How often it was asked.
    private(set) var questions = 0

    func ask(_ term: Term, by host: Host) {
        questions += 1
        let incarnation = host.incarnation
        let delay = world.microseconds(200...(world.chance.chance(1, in: 4) ? 800_000 : 20_000))
        withdrawn.remove(Question(term: term, member: host.member))
        world.after(delay) { [self] in
            guard host.incarnation == incarnation, host.isRunning,
                withdrawn.remove(Question(term: term, member: host.member)) == nil
            else { return }
            let verdict = decide(term, host)
            world.note("arbiter says \(verdict) to \(host.name) about term \(term)")
            host.post(.pair(.arbiterAnswered(term, verdict)))
        }
    }

    private func decide(_ term: Term, _ host: Host) -> ArbiterVerdict {
        if world.settings.sabotage == .arbiterAlwaysYes { return .yes }
        if world.chance.chance(1, in: 12) { return .timedOut }
        let verdict = world.settings.arbiter == .fence ? fence(host) : witness(term, host)
        return world.chance.chance(1, in: 12) ? .timedOut : verdict
    }

    /// Powers the peer off.
    private func fence(_ host: Host) -> ArbiterVerdict {
        let peer = world.peer(of: host)
        if world.chance.chance(1, in: 10) { return .no("the fence failed") }
        if peer.isPowered { peer.losePower() }
        return .yes
    }

    /// Remembers to whom it said yes until that side is gone or has a peer that holds a checkpoint again.
    private func witness(_ term: Term, _ host: Host) -> ArbiterVerdict {
        guard holder == host.member ? term >= highest : holder == nil && term > highest else {
            return .no("another side was granted")
        }
        highest = term
        holder = host.member
        return .yes
    }

    func crashed(_ host: Host) { if holder == host.member { holder = nil } }

    func pairIsProtected(in term: Term) { if term >= highest { holder = nil } }
}
