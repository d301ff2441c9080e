import ReplicationCore

/// Watches a run from outside and knows nothing of how the hosts decide.
///
/// I1  Everything that was released is contained in whatever is released or resumed later.
/// I2  What a side resumes from is whole: RAM and device state of the same capture.
/// I3  Only one host serves in a term, a term that somebody serves in is higher than all before, and no host releases
///     anything after another one has begun to serve in a higher term.
/// I6  A side that calls itself protected has a peer that holds a whole checkpoint.
final class Checker {
    private(set) var violations: [String] = []
    /// How often the last copy of what was released died, which only overlapping faults may bring about.
    private(set) var unavoidableLosses = 0
    private(set) var releases = 0
    var hosts: [Host] = []
    private let isSpaced: Bool
    private var last: Output?
    private var servers: [UInt64: PairMember] = [:]
    private var active: (term: Term, member: PairMember)?

    init(isSpaced: Bool) { self.isSpaced = isSpaced }

    func violated(_ what: String) { violations.append(what) }

    func released(_ output: Output, by host: Host, guest: Guest) {
        releases += 1
        if let active, active.member != host.member, active.term > host.controller.term {
            violated("I3: \(host.name) in term \(host.controller.term) released after term \(active.term) began")
        }
        if let last, !guest.contains(last) {
            violated("I1: \(host.name) released output \(output.count) of a guest that lacks output \(last.count)")
        }
        if output.count > last?.count ?? -1 { last = output }
    }

    func begins(_ host: Host) {
        let term = host.controller.term
        if let other = servers[term.number], other != host.member {
            violated("I3: both members serve in term \(term)")
        }
        if let active, active.term >= term, active.member != host.member {
            violated("I3: \(host.name) begins to serve in term \(term) after term \(active.term)")
        }
        if term.owner != host.member { violated("I3: \(host.name) serves in term \(term) of the other member") }
        if host.disk.term != term {
            violated("I3: \(host.name) serves in term \(term), but persisted \(host.disk.term)")
        }
        servers[term.number] = host.member
        active = (term, host.member)
    }

    func runs(_ host: Host) {
        switch host.controller.state {
        case .starting, .waiting, .receiving, .secondary, .failed:
            violated("I3: the guest runs on \(host.name), which is \(host.controller.state.name)")
        case .takingOver, .unprotected, .synchronising, .protected, .holding: break
        }
    }

    func resumes(_ host: Host, from checkpoint: Checkpoint) {
        if !checkpoint.isWhole { violated("I2: \(host.name) resumes from a torn checkpoint") }
        if let last, !checkpoint.guest.contains(last) {
            violated("I1: \(host.name) resumes from a checkpoint that lacks output \(last.count)")
        }
    }

    func startsAfresh(_ host: Host) {
        guard let last else { return }
        for other in hosts where other !== host && other.isRunning && !other.isFrozen && other.contains(last) {
            if isSpaced || other.controller.state == .unprotected {
                violated("I1: \(host.name) boots afresh although \(other.name) has the guest")
            }
        }
        unavoidableLosses += 1
        self.last = nil
    }

    func calledProtected(_ host: Host, peer: Host) {
        guard peer.isRunning else { return }
        if peer.incoming?.current?.isWhole != true {
            violated("I6: \(host.name) says protected, and \(peer.name) has no whole checkpoint")
        }
    }

    /// A host lost a guest or a checkpoint.
    func copyLost() {
        guard let last, !hosts.contains(where: { $0.contains(last) }) else { return }
        if isSpaced { violated("I1: the last copy of output \(last.count) is gone") }
        unavoidableLosses += 1
        self.last = nil
    }
}
