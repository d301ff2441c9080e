public import Environment

/// What runs the guest's instructions. The replication core and the machine know nothing more of it.
///
/// Threads: `resume` and `pause` come from one controlling thread at a time, `retire` from any at any time. All other
/// members are called only while the engine is paused, unless they say otherwise.
public protocol GuestEngine: AnyObject, Sendable {
    /// Short name for status and logs: its architecture, or "none".
    var name: String { get }
    /// Number of vCPUs; 0 for a machine that is RAM only.
    var vCPUCount: Int { get }
    /// Lets the vCPUs run, unless the engine is retired. Returns at once.
    func resume()
    /// Stops every vCPU at an instruction boundary and returns when all stand, within a millisecond as a rule. A vCPU
    /// in a device access stands when that is over; if that takes until `deadline` (of SystemClock) the stop is
    /// withdrawn, all vCPUs run on, and `PauseTimeout` is thrown. Must not be called with the machine lock held. When it
    /// returns, every page that a vCPU has written since its permissions were forgotten is marked.
    func pause(until deadline: Nanoseconds) throws(PauseTimeout)
    /// The same for who will change nothing of a vCPU before it runs on, but for `forgetWritePermissions`: one that waits for
    /// an interrupt need not be woken for that.
    func pauseToLook(until deadline: Nanoseconds) throws(PauseTimeout)
    /// Stops every vCPU for good, without waiting for any: each stands as soon as it looks, after a few thousand
    /// instructions at most or when it comes back from a device, and no `resume` has an effect any more. From any thread,
    /// at any time.
    func retire()
    /// Forgets every cached write permission, so that the next store to each page marks it in the dirty log again.
    func forgetWritePermissions()
    /// Whether that mark comes before the store, and nobody else writes to the guest's RAM without one.
    var marksBeforeWriting: Bool { get }
    /// Whether it asks for a page that has not come yet (`GuestMemory.isPartial`) before it looks at it. A vCPU that needs
    /// one stands at the boundary before the instruction then, pauses as fast as a running one, and goes on when the page is
    /// here. Of another engine the host has to stop the threads at such pages.
    var asksForPages: Bool { get }
    /// Calls `body` once, as soon as no vCPU has anything to do but to wait for an interrupt; at once if that is so now.
    /// From any thread, at any time; a later call takes the place of an earlier one. `body` runs on a vCPU's thread or
    /// the caller's, and must return soon.
    func watchRest(_ body: @escaping @Sendable () -> Void)
    /// Begins to measure how long vCPUs wait for pages, from nothing on. From any thread, at any time.
    func measureBlocktime()
    /// Ends that measurement: the result stands from here on. From any thread, at any time.
    func endBlocktime()
    /// What was measured since; nil if nothing was, or the engine cannot. From any thread, at any time.
    var blocktime: Blocktime? { get }
    /// Forgets everything cached about memory, after its content was replaced from outside.
    func forgetTranslations()
    /// Instructions retired by all vCPUs since the start of this process; may be read while running.
    var retiredInstructions: UInt64 { get }
    /// One saved device for each vCPU, and one for what they share.
    var savedDevices: [any SavedDevice] { get }
    /// Has every vCPU rest so that it runs for only 100 - `percentage` of a hundred parts of the time it could; 0 lets
    /// them run freely, 99 is the most. From any thread, at any time; it takes effect at once. A resting vCPU pauses as
    /// fast as a running one.
    func setThrottle(percentage: Int)
    /// How much of its time a vCPU rests now, in hundredths.
    var throttlePercentage: Int { get }
    /// Counts and limits the pages that each vCPU dirties; nil if the engine cannot.
    var dirtyMeter: (any VCPUDirtyMeter)? { get }
    /// The host's number of each vCPU's thread, as gettid(2) tells it; from any thread, at any time.
    var threadIDs: [Int32] { get }
    /// Ends the vCPU threads; the engine cannot be used afterwards. Threads that stand in a device access at `deadline`
    /// are left to themselves, with all that they may still touch: false then.
    @discardableResult
    func shutDown(until deadline: Nanoseconds) -> Bool
}

extension GuestEngine {
    /// Pauses, however long it takes.
    public func pause() { while (try? pause(until: Nanoseconds.never)) == nil {} }
    /// As any pause.
    public func pauseToLook(until deadline: Nanoseconds) throws(PauseTimeout) { try pause(until: deadline) }
    /// Shuts down, however long it takes.
    public func shutDown() { shutDown(until: Nanoseconds.never) }
    /// Nothing to slow down.
    public func setThrottle(percentage: Int) {}
    /// It does not.
    public var asksForPages: Bool { false }
    /// There is nothing that runs.
    public func watchRest(_ body: @escaping @Sendable () -> Void) { body() }
    /// Nothing to measure.
    public func measureBlocktime() {}
    /// Nothing was measured.
    public func endBlocktime() {}
    /// Nothing was.
    public var blocktime: Blocktime? { nil }
    /// Nobody knows who writes.
    public var marksBeforeWriting: Bool { false }
    /// Nothing rests.
    public var throttlePercentage: Int { 0 }
    /// No vCPU, no thread.
    public var threadIDs: [Int32] { [] }
    /// No vCPU whose writes could be counted.
    public var dirtyMeter: (any VCPUDirtyMeter)? { nil }
}

/// What the guest asked of its machine.
public enum GuestRequest: Sendable, Equatable {
    /// Power off.
    case powerOff
    /// Reboot.
    case reset
    /// The guest cannot go on (a vCPU in an impossible state); the text says why.
    case crashed(String)
}
