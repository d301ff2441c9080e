/// Counts the pages that each vCPU dirties, and holds vCPUs to a limit.
///
/// A page counts for the vCPU that writes it first after `startCounting` or `rearm`; a client that rearms once a second gets
/// the dirtied pages of each second, however often a page was written in it. While counting is off a guest's writes
/// cost what they always cost. All members may be called from any thread, while the guest runs or stands; starting,
/// stopping and rearming have one owner.
public protocol VCPUDirtyMeter: AnyObject, Sendable {
    /// Begins to count; all pages are clean.
    func startCounting()
    /// Ends counting; limits have no effect then.
    func stopCounting()
    /// Makes all pages clean again, so that the next write to each counts. It reaches each vCPU within a slice of
    /// instructions, and the guest is not paused for it.
    func rearm()
    /// How many pages each vCPU has dirtied, over all times of counting.
    var dirtiedPages: [UInt64] { get }
    /// Holds a vCPU to `pagesPerSecond` dirtied pages, 1 or more; nil takes the limit away. It takes effect at once.
    func setLimit(pagesPerSecond: UInt64?, vCPU: Int)
}
