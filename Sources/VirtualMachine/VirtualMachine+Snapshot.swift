public import Environment
import Glibc
public import GuestMemory
import MachineModel
public import QAPI
import Synchronization
public import SystemCalls

/// Why a snapshot was not begun; the guest is as it was.
public enum SnapshotFailure: Error, Sendable, CustomStringConvertible {
    /// The machine is in no state for it, or its guest does not come to a stand.
    case machine(RunStateError)
    /// The host does not protect the pages.
    case memory(SystemError)

    /// One line.
    public var description: String {
        switch self {
        case .machine(let error): error.description
        case .memory(let error): error.description
        }
    }
}

extension VirtualMachine {
    /// What is in the way of keeping the guest's RAM as it is at one instant while it runs on.
    public var obstacleToSnapshots: UserFaultObstacle? {
        parts.engine.marksBeforeWriting ? nil : FaultBarrier.obstacle(to: memory)
    }

    /// What the next snapshot is made of. `leavingOutShared`: not of RAM that others share. `room`: bytes of copies that
    /// may wait until the guest does.
    public func prepareSnapshot(
        leavingOutShared: Bool, room: Int = MemorySnapshot.poolLimit
    ) throws(SystemError) -> MemorySnapshot {
        guard !memory.isPartial else {
            throw SystemError(code: EBUSY, call: "snapshot", subject: "(pages of RAM are still to come)")
        }
        let barrier: any WriteBarrier =
            parts.engine.marksBeforeWriting ? MarkBarrier(memory) : try FaultBarrier(memory)
        return try MemorySnapshot(of: memory, leavingOutShared: leavingOutShared, barrier: barrier, poolLimit: room)
    }

    /// The run states in which a guest has an instant to keep.
    public static let statesForSnapshots: [RunState] = [.running, .paused]

    /// Stops the guest, with STOP if it ran, begins `snapshot`, and lets the guest run, with RESUME, also one that was
    /// paused. `body` runs in between, with the machine at rest: what it reads belongs to that instant. The stream that
    /// is made of it lets the guest run, so `globalstate` says "running".
    ///
    /// Throws `SnapshotFailure`, with nothing begun, also if the guest does not stand within `limit`. Whoever has begun a
    /// snapshot ends it by `endSnapshot`.
    public func begin<Result>(
        _ snapshot: MemorySnapshot, within limit: Nanoseconds, _ body: () -> Result
    ) throws(SnapshotFailure) -> Result {
        let deadline = Self.deadline(limit)
        let outcome: Swift.Result<Result, SnapshotFailure>
        do throws(PauseTimeout) {
            outcome = try withControl(until: deadline) { (control: inout Control) throws(PauseTimeout) in
                try begin(snapshot, &control, until: deadline, body)
            }
        } catch {
            throw .machine(RunStateError(current: runState, wanted: .paused, obstacle: .timeout(error)))
        }
        return try outcome.get()
    }

    private func begin<Result>(
        _ snapshot: MemorySnapshot, _ control: inout Control, until deadline: Nanoseconds, _ body: () -> Result
    ) throws(PauseTimeout) -> Swift.Result<Result, SnapshotFailure> {
        let previous = runState
        guard Self.statesForSnapshots.contains(previous), !control.isStandby, !control.ended, !isRetired else {
            return .failure(.machine(RunStateError(current: previous, wanted: .paused)))
        }
        let engineRan = control.engineRuns
        try stopEngine(&control, until: deadline)
        if previous == .running { emit(.stop) }
        let outcome: Swift.Result<Result, SnapshotFailure> = parts.lock.withLockWhileFrozen {
            do throws(SystemError) { try snapshot.begin() } catch { return .failure(.memory(error)) }
            parts.engine.forgetWritePermissions()
            return .success(globalState.recording(.running, body))
        }
        switch outcome {
        case .success:
            self.snapshot.withLock { $0 = snapshot }
            if publish(.running) { emit(.resume) }
            startEngine(&control)
        case .failure where engineRan:
            emit(.resume)
            startEngine(&control)
        case .failure: break
        }
        return outcome
    }

    /// The guest writes what it likes from now on; whoever waited goes on.
    public func endSnapshot(_ snapshot: MemorySnapshot) {
        self.snapshot.withLock { if $0 === snapshot { $0 = nil } }
        snapshot.end()
    }

    /// Runs `body`, which waits for those who write for the guest: none of them waits for room in a snapshot meanwhile.
    func withHurriedWriters<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let snapshot = snapshot.withLock { $0 }
        snapshot?.hurryWriters()
        defer { snapshot?.endHurry() }
        return try body()
    }

    /// The same for good.
    func hurryWriters() { snapshot.withLock { $0 }?.hurryWriters() }
}
