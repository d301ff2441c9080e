/// How fast a guest dirties memory: measuring it, limiting it, and the log that Xen's tools switch on.
///
/// - `DirtyRateMonitor` is what management sees: `calc-dirty-rate`, `query-dirty-rate`, the three commands of the vCPU
///   dirty limit, and `xen-set-global-dirty-log`, with QEMU 7.2's checks in its order and its words.
/// - Three ways of measuring, each over `calc-time` seconds, whether the guest runs or stands:
///   page-sampling hashes pages chosen by chance at the beginning and at the end (`PageSample`) and costs the guest
///   nothing; dirty-bitmap counts the different pages written in between (`DirtyTracker`); dirty-ring counts for each
///   vCPU the pages it dirtied anew, each second afresh (`DirtyCounting`), and needs an engine that has vCPUs.
/// - A limit holds a vCPU to a number of pages a second (`VCPUDirtyMeter.setLimit`), counted as dirty-ring counts them.
/// - Each has a tracker of its own, so none takes anything from what migrations and checkpoints harvest, or from another.
///
/// While pages of the guest's RAM are still to come, only what is here is sampled, and the figure is that of this part; no
/// measurement waits for a page. Where no figure can be had, because nothing is here or because pages were taken away in
/// between, there is none: the result before stands.
///
/// A megabyte is 2^20 bytes here, as it is to QEMU. Rates are rounded to whole megabytes.
public enum DirtyRateLimits {
    /// How long a measurement may take, in seconds.
    public static let calculationSeconds: ClosedRange<Int64> = 1...60
    /// How many pages may be sampled for each GiB of RAM.
    public static let samplePages: ClosedRange<Int64> = 128...16384
    /// How many are, if the client does not say.
    public static let defaultSamplePages: Int64 = 512
}
