import Environment
import ReplicationCore

/// Watches a run from outside and knows nothing of how the hosts decide.
///
/// I1  Everything that was released is contained in whatever is released or resumed later.
/// I2  What a side resumes from is whole: RAM and device state of the same capture.
/// I3  Only one host serves in a term, a term that somebody serves in is higher than all before, and no host releases
///     anything after another one has begun to serve in a higher term.
/// I6  A side that calls itself protected has a peer that holds a whole checkpoint, when it begins to and all the time.
/// Leaving  A guest that powered itself off comes to life nowhere; of a side that left in order nobody asks the arbiter.
final class Checker {
    private(set) var violations: [String] = []
    /// How often the last copy of what was released died, which only overlapping faults may bring about.
    private(set) var unavoidableLosses = 0
    private(set) var releases = 0
    var hosts: [Host] = []
    private let isSpaced: Bool
    /// How many sides have left in order.
    private(set) var exits = 0
    private var hasEnded = false
    /// Since when a side says protected without being so.
    private var wrongSince: [PairMember: Nanoseconds] = [:]
    /// How long a side may not know that its peer has lost what it held.
    private static let lateWord = Nanoseconds.milliseconds(1000)
    private var last: Output?
    private var servers: [UInt64: PairMember] = [:]
    private var active: (term: Term, member: PairMember)?

    init(isSpaced: Bool) { self.isSpaced = isSpaced }

    func violated(_ what: String) { violations.append(what) }

    func released(_ output: Output, by host: Host, guest: Guest) {
        releases += 1
        if let active, active.member != host.member, active.term > host.controller.servingTerm {
            violated("I3: \(host.name) in term \(host.controller.servingTerm) released after term \(active.term) began")
        }
        if let last, !guest.contains(last) {
            violated("I1: \(host.name) released output \(output.count) of a guest that lacks output \(last.count)")
        }
        if output.count > last?.count ?? -1 { last = output }
    }

    func begins(_ host: Host) {
        let term = host.controller.servingTerm
        if let other = servers[term.number], other != host.member {
            violated("I3: both members serve in term \(term)")
        }
        if let active, active.term >= term, active.member != host.member {
            violated("I3: \(host.name) begins to serve in term \(term) after term \(active.term)")
        }
        if term.owner != host.member { violated("I3: \(host.name) serves in term \(term) of the other member") }
        if host.disk.record.term != term {
            violated("I3: \(host.name) serves in term \(term), but persisted \(host.disk.record.term)")
        }
        servers[term.number] = host.member
        active = (term, host.member)
    }

    func runs(_ host: Host) {
        // A loop that stands still between its decision and the fence holds the output, which `released` looks at.
        guard !host.loopIsFrozen else { return }
        switch host.controller.state {
        case .starting, .waiting, .receiving, .secondary, .failed, .ended:
            violated("I3: the guest runs on \(host.name), which is \(host.controller.state.name)")
        case .takingOver, .unprotected, .synchronising, .protected, .degraded, .holding: break
        }
    }

    func resumes(_ host: Host, from checkpoint: Checkpoint) {
        let knew = host.controller.peer?.report.leaving == .powerOff
        if hasEnded, isSpaced || knew { violated("\(host.name) resumes a guest that has powered itself off") }
        if !checkpoint.isWhole { violated("I2: \(host.name) resumes from a torn checkpoint") }
        if let last, !checkpoint.guest.contains(last) {
            violated("I1: \(host.name) resumes from a checkpoint that lacks output \(last.count)")
        }
    }

    func startsAfresh(_ host: Host) {
        hasEnded = false
        guard let last else { return }
        for other in hosts where other !== host && other.isRunning && !other.isFrozen && other.contains(last) {
            if isSpaced || other.controller.state == .unprotected {
                violated("I1: \(host.name) boots afresh although \(other.name) has the guest")
            }
        }
        unavoidableLosses += 1
        self.last = nil
    }

    /// The guest powered itself off: nothing it ever said has to be remembered.
    func guestEnded() {
        hasEnded = true
        last = nil
    }

    /// A host gives its guest to the peer that claimed this term.
    func handsOver(_ host: Host, _ term: Term, to peer: Host) {
        if !peer.disk.everWritten.contains(term) {
            violated(
                "\(host.name) gives its guest up in term \(term), and \(peer.name) has never written that it claims it")
        }
    }

    /// A host is about to serve in a new term.
    func acts(_ host: Host) {
        if host.controller.entersByLoss, host.controller.peerIsAlive {
            violated("\(host.name) enters a term because its peer is lost, and hears it")
        }
    }

    /// A side has left in order.
    func left(_ host: Host) { exits += 1 }

    func calledProtected(_ host: Host, peer: Host) {
        guard peer.isRunning else { return }
        if peer.incoming?.current?.isWhole != true {
            violated("I6: \(host.name) says protected, and \(peer.name) has no whole checkpoint")
        }
    }

    /// Looks whether a host that goes on calling itself protected is so; what happened a moment ago it may not know yet.
    func audits(_ host: Host, peer: Host, now: Nanoseconds) {
        let isAwake = host.isRunning && !host.isFrozen && !host.loopIsFrozen
        guard isAwake, host.controller.state == .protected, peer.incoming?.current?.isWhole != true else {
            return wrongSince[host.member] = nil
        }
        let since = wrongSince[host.member] ?? now
        wrongSince[host.member] = since
        guard now >= since + Self.lateWord else { return }
        violated("I6: \(host.name) has said protected for \(now - since), and \(peer.name) has no whole checkpoint")
    }

    /// A host lost a guest or a checkpoint.
    func copyLost() {
        guard let last, !hosts.contains(where: { $0.contains(last) }) else { return }
        if isSpaced { violated("I1: the last copy of output \(last.count) is gone") }
        unavoidableLosses += 1
        self.last = nil
    }
}
