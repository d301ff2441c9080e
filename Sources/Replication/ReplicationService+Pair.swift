public import Environment
public import Migration
import GuestMemory
import QAPI
public import ReplicationCore
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

// What the pair's controller wants, on the pair's event loop: nothing here waits.
extension ReplicationService: PairOperations {
    /// Boots the guest, once the listener that waited for a primary is gone.
    public func startGuest(before deadline: Nanoseconds) {
        onWorker { [self] in
            do {
                try prepareToBoot()
                guard clock.now() < deadline else { return post(.entryExpired) }
                try machine.run()
            } catch {
                return post(.guestFailed("\(error)"))
            }
            post(.guestRuns)
            openForwards()
        }
    }

    private func prepareToBoot() throws {
        migration.cancelChannel()
        let deadline = clock.now() + .milliseconds(ReplicationLimits.endOfRunMilliseconds)
        guard migration.waitUntilIdle(deadline: deadline) else {
            throw OperationFailure(description: "an incoming migration does not end")
        }
        // A run that was abandoned the moment it became COLO left its status behind.
        migration.finishCOLO()
        // What a broken synchronisation left in RAM must not be booted.
        if runDriver.runs.memoryIsForeign {
            machine.reset(guest: false, reason: "host-error")
            runDriver.memoryWasReset()
        }
    }

    /// Hands on what the controller wants of replication runs.
    public func runs(_ event: ReplicationRuns.Event) {
        if case .takeOver = event {
            gate.watchFirstFrame()
            let now = clock.now()
            state.withLock { $0.takeoverBeganAt = now }
        }
        runDriver.tell(event)
    }

    /// The last takeover of this side, from the decision to the first frame that left; nil if there was none, or no
    /// frame yet.
    public var takeoverDuration: Nanoseconds? {
        guard let began = state.withLock(notify: false, { $0.takeoverBeganAt }), let first = gate.firstFrameAt,
            first >= began
        else { return nil }
        return first - began
    }

    /// How the channel of the run is encrypted, or "none"; nil if there is no channel.
    public var encryption: String? {
        state.withLock(notify: false) { $0.channel }.map { $0.encryption ?? "none" }
    }

    /// Lets out what the checkpoint contains, as long as the lease lasts.
    public func releaseOutput(throughCheckpoint checkpoint: UInt64, before deadline: Nanoseconds) -> Bool {
        gate.release(throughCheckpoint: checkpoint, before: deadline)
    }

    /// Opens the gate; the primary's run may end.
    public func releaseAllOutput(before deadline: Nanoseconds) -> Bool {
        guard gate.open(before: deadline) else { return false }
        runDriver.tell(.released)
        return true
    }

    /// Whether a guest that is taken over stays stopped.
    public func keepStopped(_ isStopped: Bool) { state.withLock { $0.staysStopped = isStopped } }

    /// Tells the guest's networks where it is. The devices may be busy, so not on the loop.
    public func announceGuest() {
        onWorker { [self] in
            guard machine.runState == .running else { return }
            machine.announce(migration.settings.parameters.announcement)
        }
    }

    /// Closes the gate for good and retires the machine.
    public func fence() {
        gate.fence()
        machine.retire()
        runDriver.tell(.fence)
    }

    /// How the machine fares.
    public var condition: MachineCondition {
        let health = machine.health
        var condition = MachineCondition(isStopped: health.isStopped)
        if health.networkFailure != nil { condition.impairments.insert(.network) }
        if health.stalledDisk != nil { condition.impairments.insert(.disk) }
        if state.withLock(notify: false, { $0.primary })?.isPauseStuck == true { condition.impairments.insert(.guest) }
        return condition
    }

    /// The pair has nothing more to say.
    public func left(_ reason: Leaving) { environment.left(reason) }

    /// What the migration controller reports, for the pair. From any thread.
    public func migrationEvent(_ event: MigrationEvent) {
        guard pair != nil else { return }
        switch event {
        case .outgoingFailed(let why, _): runDriver.tell(.outgoingEnded(why))
        case .outgoingCancelled: runDriver.tell(.outgoingEnded("cancelled"))
        case .incomingFailed(let why): runDriver.tell(.incomingEnded(why))
        default: break
        }
    }

    // MARK: What was decided about runs

    /// Carries out one decision, on the thread of `RunDriver`.
    func carryOut(_ action: ReplicationRuns.Action) {
        switch action {
        case .prepare(let run): onWorker { [self] in prepare(run) }
        case .connect(let run): connect(run)
        case .cancelOutgoing:
            channels.stopConnecting()
            migration.migrateCancel()
        case .leavePrimary: state.withLock(notify: false) { $0.primary }?.post(.failoverRequested)
        case .listen(let run): onWorker { [self] in listen(run) }
        case .cancelIncoming:
            channels.stopListening()
            migration.cancelChannel()
        case .abandonSecondary: state.withLock(notify: false) { $0.secondary }?.abandon()
        case .loadCheckpoint: state.withLock(notify: false) { $0.secondary }?.requestTakeover()
        case .resume: runDriver.allowResume()
        case .restart(let why): environment.restart(why)
        // Done where they were decided: RunDriver, and `fence` above.
        case .hold, .report, .fence: break
        }
    }

    private func post(_ event: PairController.Event) { pair?.service.post(event) }

    private func onWorker(_ work: @escaping @Sendable () -> Void) { worker.withLock { $0 }?.perform(work) }

    /// The migration before has to let its channel go first; until then its events belong to its run.
    private func prepare(_ run: UInt64) {
        let deadline = clock.now() + .milliseconds(ReplicationLimits.endOfRunMilliseconds)
        guard migration.waitUntilIdle(deadline: deadline) else {
            return post(.replicationEnded(run: run, "the migration before does not end"))
        }
        runDriver.tell(.mayBegin(run: run))
    }

    private func connect(_ run: UInt64) {
        do {
            _ = try Thread(name: "replication-connect") { [self] in synchronise(run) }
        } catch {
            runDriver.tell(.outgoingEnded("\(error)"))
        }
    }

    /// Connects, proves this run, and starts a migration with COLO over the channel.
    private func synchronise(_ run: UInt64) {
        guard let pair else { return }
        guard !runDriver.runs.isVoid(outgoing: run) else { return runDriver.tell(.outgoingEnded("cancelled")) }
        do {
            let channel = try channels.connect(to: MigrationAddress(pair.peerURI)) { challenge in
                pair.service.proof(run: run, challenge: challenge)
            }
            guard !runDriver.runs.isVoid(outgoing: run) else {
                channel.shutDown()
                return runDriver.tell(.outgoingEnded("cancelled"))
            }
            state.withLock { $0.channel = channel }
            try migration.migrate(on: channel) { (settings: inout MigrationSettings) throws(MigrationSettingsError) in
                settings = try Self.replicationSettings(settings.parameters, memorySize: machine.memory.totalSize)
            }.start()
            // A stop of this run a moment ago found nothing to cut, and all of RAM would be copied for nobody.
            if runDriver.runs.isVoid(outgoing: run) { migration.migrateCancel() }
        } catch {
            runDriver.tell(.outgoingEnded("\(error)"))
        }
    }

    /// The settings of a run: its own capabilities, whatever operators have turned on or off for migrations of theirs,
    /// and of their parameters those that make sense for it.
    private static func replicationSettings(
        _ parameters: MigrationSettings.Values, memorySize: Int
    ) throws(MigrationSettingsError) -> MigrationSettings {
        var settings = MigrationSettings()
        try settings.setParameters { own in
            own = parameters
            own.tlsCredentials = ""
            own.xbzrleCacheSize = deltaCacheSize(memorySize: memorySize)
        }
        try settings.setCapabilities([
            MigrationCapabilityStatus(.xColo, true),
            // A guest that writes faster than the network carries is slowed down until a copy is complete.
            MigrationCapabilityStatus(.autoConverge, true),
            // A page that is written in every epoch changes in a few places: of those, the differences are sent.
            MigrationCapabilityStatus(.xbzrle, true),
        ])
        return settings
    }

    /// Room for the copies of the pages that the secondary has, to send differences from: every page has a place of its
    /// own, up to 1 GiB. Memory is taken for pages that were written since the copy began alone.
    private static func deltaCacheSize(memorySize: Int) -> UInt64 {
        var size: UInt64 = 1 << 20
        while size < memorySize, size < 1 << 30 { size *= 2 }
        return size
    }

    private func listen(_ run: UInt64) {
        guard let pair, runDriver.runs.incomingRun == run else { return }
        do {
            if machine.runState != .inmigrate || runDriver.runs.memoryIsForeign {
                try migration.prepareForIncoming(
                    deadline: clock.now() + .milliseconds(ReplicationLimits.endOfRunMilliseconds))
            }
            try channels.listen(on: MigrationAddress(pair.listenURI), judge(run))
            post(.listening(run: run))
        } catch {
            listenAgain(run, "cannot listen for replication: \(error)")
        }
    }

    /// The listener of this run is no more: after a while the controller is told, and asks for another.
    private func listenAgain(_ run: UInt64, _ why: String) {
        pair?.service.after(.milliseconds(ReplicationLimits.listenRetryMilliseconds)) { [runDriver] in
            if runDriver.runs.incomingRun == run { runDriver.tell(.incomingEnded(why)) }
        }
    }

    private func judge(_ run: UInt64) -> ReplicationChannels.Judge {
        ReplicationChannels.Judge(
            admission: { [weak self] offered, challenge, deadline, isUseless in
                self?.pair?.service.admission(
                    offered, run: run, challenge: challenge, until: deadline, unless: isUseless)
            },
            take: { [weak self] channel in self?.take(channel, run) ?? false },
            refused: { [environment] text in environment.log(.warning(text)) },
            failed: { [weak self] why in self?.listenAgain(run, why) })
    }

    /// The peer is here: its stream is loaded from now on.
    private func take(_ channel: Channel, _ run: UInt64) -> Bool {
        guard runDriver.runs.incomingRun == run else { return false }
        runDriver.tell(.accepted)
        guard runDriver.runs.incomingRun == run else { return false }
        do throws(MigrationRefusal) {
            state.withLock { $0.channel = channel }
            try migration.migrateIncoming(on: channel)
            // An abandonment of this run a moment ago found nothing to cut.
            if runDriver.runs.incomingRun != run { migration.cancelChannel() }
            return true
        } catch {
            runDriver.tell(.incomingEnded(error.description))
            return false
        }
    }
}

/// Why a pair's operation could not be done.
struct OperationFailure: Error, CustomStringConvertible {
    let description: String
}
