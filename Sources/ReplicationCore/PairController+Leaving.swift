import Environment

// A side that ends on purpose: it says so, and what its peer needs to go on is granted before it goes. So nobody has to
// be asked, and nobody is fenced.
extension PairController {
    mutating func leaveCommanded(_ now: Nanoseconds, _ actions: inout Actions) {
        guard leaving == .stays else { return }
        leaving = .stop
        leaveDeadline = now + configuration.leaveTimeout
        switch phase {
        case .serving(var serving):
            guard case .exposed = serving.replication else { return }
            serving.handOverDeadline = leaveDeadline
            phase = .serving(serving)
        case .standby(var standby):
            // The guest would end with this process; where it runs now it is better off.
            standby.intent = nil
            phase = .standby(standby)
        case .failed: break
        }
    }

    /// The guest is over. The peer has to forget its checkpoint, or the guest would come to life there.
    mutating func guestPoweredOff(_ now: Nanoseconds, _ actions: inout Actions) {
        guard leaving != .powerOff, case .serving(let serving) = phase else { return }
        leaving = .powerOff
        leaveDeadline = now + configuration.leaveTimeout
        if let run = serving.run { actions.append(.stopReplication(run: run)) }
        question = nil
        // What is being released goes out; it is the guest's last word.
        if entry?.stage != .acting { entry = nil }
        phase = .serving(Serving())
        actions.append(.raise(.guestPoweredOff))
    }

    /// What follows from where things stand, after every event.
    mutating func proceedLeaving(_ now: Nanoseconds, _ actions: inout Actions) {
        followPowerOff(now, &actions)
        guard leaving != .stays, !hasLeft else { return }
        // Also a takeover that hangs ends with the process.
        if now >= leaveDeadline { return leave(fencing: true, now, &actions) }
        guard entry?.stage != .acting else { return }
        switch leaving {
        case .stays, .anew: break
        case .stop: leaveForStop(now, &actions)
        case .powerOff: leaveAfterPowerOff(now, &actions)
        }
    }

    private mutating func leaveForStop(_ now: Nanoseconds, _ actions: inout Actions) {
        switch phase {
        case .serving(let serving):
            if serving.handOverDeadline != nil, peerCanTakeOver { return }
            // The peer gave the guest away before it heard that this side leaves: it gets the chance to take it back.
            if servesWhileLeaving { return }
            // A guest that the peer cannot take over ends with this process.
            leave(fencing: true, now, &actions)
        case .standby(let standby):
            guard adopting == nil, granting == nil, entry == nil else { return }
            let isNeeded = standby.checkpoint != nil && peerIsAlive && peer?.report.isServing == true
            if !isNeeded { leave(fencing: false, now, &actions) }
        case .failed: leave(fencing: false, now, &actions)
        }
    }

    /// The peer says that the guest is over: its checkpoint is worth nothing.
    private mutating func followPowerOff(_ now: Nanoseconds, _ actions: inout Actions) {
        guard leaving == .stays, let report = peer?.report, report.leaving == .powerOff, report.term == term,
            report.state == .ended, case .standby(let standby) = phase
        else { return }
        question = nil
        entry = nil
        if let run = standby.run { actions.append(.abandonCheckpoint(run: run)) }
        phase = .standby(Standby())
        leaving = .powerOff
        leaveDeadline = now + configuration.leaveTimeout
        actions.append(.raise(.guestPoweredOff))
    }

    private mutating func leaveAfterPowerOff(_ now: Nanoseconds, _ actions: inout Actions) {
        guard case .serving = phase else {
            // The peer has to hear that the checkpoint is gone; then it goes itself.
            if !peerIsAlive { leave(fencing: false, now, &actions) }
            return
        }
        let isForgotten = peerIsAlive && peer?.report.leaving == .powerOff && peer?.report.hasCheckpoint == false
        if isForgotten { peerMayHaveTakenOver = false }
        if peerMayHaveTakenOver {
            if !peerIsAlive { leave(fencing: true, now, &actions) }
            return
        }
        guard durable == wantedRecord else { return }
        actions.append(.releaseAllOutput(before: .never))
        leave(fencing: false, now, &actions)
    }

    private mutating func leave(fencing: Bool, _ now: Nanoseconds, _ actions: inout Actions) {
        hasLeft = true
        let isResuming = entry.map { $0.stage == .acting && $0.kind != .continueAlone } ?? false
        entry = nil
        granting = nil
        switch phase {
        case .serving(let serving) where fencing:
            fence(&actions)
            if let run = serving.run { actions.append(.stopReplication(run: run)) }
            if leaving == .stop { phase = .standby(Standby()) }
        case .standby(let standby):
            // The last word is that nothing is here any more: the peer need not ask anybody.
            if isResuming { fence(&actions) }
            if let run = standby.run, standby.checkpoint != nil { actions.append(.abandonCheckpoint(run: run)) }
            phase = .standby(Standby())
        case .serving, .failed: break
        }
        // The last word is out before the process goes.
        announceLastWord(now, &actions)
        actions.append(.leave(leaving))
    }

    mutating func announceLastWord(_ now: Nanoseconds, _ actions: inout Actions) {
        let last = report(now)
        announced = last
        actions.append(.announce(last))
    }
}
