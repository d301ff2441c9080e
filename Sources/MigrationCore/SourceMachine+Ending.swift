import Environment

// How a migration ends: wherever it was, whatever was under way.
extension SourceMachine {
    mutating func cancel(_ now: Nanoseconds, _ actions: inout [Action]) {
        // From the commitment on, a migration to COLO is cut rather than cancelled: the pair decides what becomes of it.
        if phase == .colo || (configuration.isCOLO && isHandingOver) { return actions.append(.interrupt) }
        if isPostcopy, cancelPostcopy(now, &actions) { return }
        guard isRunning, status != .cancelling, !isCommitted else { return }
        // It has ended, and how is told in a moment.
        if case .settling = phase { return }
        step(to: .cancelling, &actions)
        stop(.cancelled, now, &actions)
    }

    /// The process ends: also what can no longer be taken back is cut off, and a guest that stands stays so.
    mutating func quit(_ now: Nanoseconds, _ actions: inout [Action]) {
        guard isRunning else { return }
        if status != .cancelling {
            isQuitting = true
            step(to: .cancelling, &actions)
        }
        isQuitting = true
        stop(.cancelled, now, &actions)
    }

    /// Ends what is under way, and then all of it.
    private mutating func stop(_ verdict: Verdict, _ now: Nanoseconds, _ actions: inout [Action]) {
        switch phase {
        case .settling, .ended, .idle: break
        default:
            pendingVerdict = verdict
            actions.append(.interrupt)
        }
    }

    /// Nothing is under way any more: the guest goes where it belongs.
    mutating func conclude(_ verdict: Verdict, _ now: Nanoseconds, _ actions: inout [Action]) {
        releaseThrottle(&actions)
        pendingVerdict = nil
        // Before clients are told: they may want the next snapshot at once.
        if snapshotPause != nil {
            if configuration.brokenRule == .keepSnapshot { return settled(verdict, now, &actions) }
            return begin(.settling(verdict), .endSnapshot, &actions)
        }
        let isBroken = [.resumeWhenUnsure, .resumeSourceInPostcopy].contains(configuration.brokenRule)
        let isUnsure = endMayHaveLeft && !peerFailed && !isBroken
        switch verdict {
        case .completed: return begin(.settling(verdict), .leaveGuest, &actions)
        case .failed(let why):
            // Clients are told before the guest goes on, and of a cancel afterwards.
            let doubt = ". The destination may run the guest, so it stays stopped here; 'cont' if it does not"
            fail(isUnsure ? why + doubt : why, guestStands: guestStands && isUnsure, now, &actions)
        case .cancelled: break
        }
        guard guestStands, !isQuitting, configuration.brokenRule != .forgetGuest || verdict != .cancelled else {
            return settled(verdict, now, &actions)
        }
        begin(.settling(verdict), isUnsure ? .keepGuest : .giveGuestBack, &actions)
    }

    private mutating func fail(_ why: String, guestStands: Bool, _ now: Nanoseconds, _ actions: inout [Action]) {
        failure = why
        step(to: .failed, &actions)
        endedAt = now
        actions.append(.report(why, guestStands: guestStands))
    }

    private var guestMayHaveMoved: Bool {
        !configuration.isBackgroundSnapshot && (peerHasGuest || endMayHaveLeft && !peerFailed)
    }

    mutating func settled(_ verdict: Verdict, _ now: Nanoseconds, _ actions: inout [Action]) {
        switch verdict {
        case .completed: step(to: .completed, &actions)
        case .cancelled: step(to: .cancelled, &actions)
        case .failed(let why): if failure == nil { fail(why, guestStands: false, now, &actions) }
        }
        finish(now, &actions)
    }

    mutating func finish(_ now: Nanoseconds, _ actions: inout [Action]) {
        // A guest that may run elsewhere has its card there.
        if primariesAreHeld, configuration.brokenRule != .keepPrimary {
            actions.append(.releasePrimaries(giveBack: !guestMayHaveMoved))
        }
        if endedAt == nil { endedAt = now }
        phase = .ended
        actions.append(.end)
    }
}
