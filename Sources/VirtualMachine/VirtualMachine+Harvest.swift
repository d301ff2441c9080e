public import Environment
public import GuestMemory
public import MachineModel

extension VirtualMachine {
    /// Takes the pages that `tracker` has recorded, and begins its next period. This is the only way to take a log.
    ///
    /// With the guest at rest, in one step: the vCPUs stand, so every page that they have written is marked; the marks
    /// move to `pages`, which has a set for each block and keeps what it held; and the engine forgets its write
    /// permissions, so that whatever is written from now on is marked again. A tracker that did not record yet begins
    /// to. Without `pages` the marks are dropped.
    ///
    /// `body`, which changes nothing of the guest, runs in the same rest, after that: what it reads belongs to the period that has ended. It must not call into
    /// the run control. Throws `PauseTimeout`, with nothing taken and without having run `body`, as `pauseBriefly` does.
    public func harvest<Result>(
        _ tracker: DirtyTracker, into pages: [PageSet]? = nil, within limit: Nanoseconds, _ body: () -> Result
    ) throws(PauseTimeout) -> Result {
        try pauseBriefly(within: limit, onlyToLook: true) {
            take(tracker, into: pages)
            return body()
        }
    }

    /// The same, however long the vCPUs take to stand.
    public func harvest(_ tracker: DirtyTracker, into pages: [PageSet]? = nil) {
        pauseBriefly { take(tracker, into: pages) }
    }

    /// Calls `body` once, as soon as no vCPU has anything to do, on whatever thread; it must return soon.
    public func watchRest(_ body: @escaping @Sendable () -> Void) { parts.engine.watchRest(body) }

    private func take(_ tracker: DirtyTracker, into pages: [PageSet]?) {
        switch pages {
        case _ where !tracker.isRecording: tracker.beginRecord()
        case let pages?: tracker.takeRecord(into: pages)
        case nil: tracker.forgetRecord()
        }
        parts.engine.forgetWritePermissions()
    }
}
