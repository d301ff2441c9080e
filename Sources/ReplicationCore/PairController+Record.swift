public import Environment

// The record on stable storage: what it should say follows from where this side stands, and one write at a time makes
// it so. What has to wait for it looks at what is durable.
extension PairController {
    /// What the record should say now.
    var wantedRecord: PairRecord {
        var record = PairRecord(term: entry?.term ?? granting ?? adopting ?? term)
        if let claimed = claim?.term, claimed > record.term { record.claimed = claimed }
        let isChanging = entry != nil || granting != nil || adopting != nil
        record.peerMayHaveTakenOver = peerMayHaveTakenOver && !isChanging
        record.supersededBy = supersededBy
        return record
    }

    /// Whether the record says so, and goes on saying so when the write under way is done.
    func isOnRecord(_ holds: (PairRecord) -> Bool) -> Bool { holds(durable) && writing.map(holds) ?? true }

    /// Whether the peer may be asked for this term: a claim that could not be kept is not made.
    func isDurable(claim claimed: Term) -> Bool {
        if configuration.brokenRule == .claimFirst { return true }
        return isOnRecord { $0.claimed == claimed || $0.term == claimed }
    }

    /// Whether the record can be written, as far as is known.
    public func isRecordGood(_ now: Nanoseconds) -> Bool {
        recordFailure == nil && !(writing != nil && now >= writingSince + configuration.writeLimit)
    }

    mutating func persisted(_ record: PairRecord, _ now: Nanoseconds, _ actions: inout Actions) {
        durable = record
        writing = nil
        lastWrittenAt = now
        guard recordFailure != nil else { return }
        recordFailure = nil
        actions.append(.raise(.recordWritten))
    }

    mutating func persistFailed(_ why: String, _ now: Nanoseconds, _ actions: inout Actions) {
        writing = nil
        nextWriteAt = now + configuration.writeRetry
        note(failure: "the record of terms cannot be written: \(why)", now)
        if recordFailure == nil { actions.append(.raise(.recordUnwritable(why))) }
        recordFailure = why
    }

    /// Writes what is wanted, or the same again once in a while, to know that it can be written.
    mutating func write(_ now: Nanoseconds, _ actions: inout Actions) {
        guard writing == nil, now >= nextWriteAt else { return }
        let wanted = wantedRecord
        guard wanted != durable || now >= lastWrittenAt + configuration.probeInterval else { return }
        writing = wanted
        writingSince = now
        actions.append(.persist(wanted))
    }

    /// Carries on what waited for the record.
    mutating func settle(_ now: Nanoseconds, _ actions: inout Actions) {
        if let higher = adopting, isOnRecord({ $0.term == higher }) {
            term = higher
            adopting = nil
            peerMayHaveTakenOver = false
        }
        proceedEntry(now, &actions)
        if case .serving(var serving) = phase, case .switching(let run, _) = serving.replication,
            isOnRecord({ $0.peerMayHaveTakenOver && $0.term == term })
        {
            serving.replication = .exposed(run: run)
            serving.leaseSeenAt = now
            phase = .serving(serving)
            actions.append(.continueSwitchover(run: run))
        }
    }
}
