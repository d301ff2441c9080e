/// Whether a measurement was made.
public enum DirtyRateStatus: String, Sendable, Hashable {
    /// None was ever asked for.
    case unstarted
    /// It goes on.
    case measuring
    /// It is done.
    case measured
}

/// How a dirty rate is measured.
public enum DirtyRateMeasureMode: String, Sendable, Hashable {
    /// By looking twice at pages chosen by chance.
    case pageSampling = "page-sampling"
    /// For each vCPU, by counting the pages it dirties.
    case dirtyRing = "dirty-ring"
    /// By recording which pages are written.
    case dirtyBitmap = "dirty-bitmap"
}

/// The rate of one vCPU.
public struct DirtyRateVcpu: Sendable, Hashable {
    /// Its index.
    public var id: Int64
    /// In MB/s.
    public var dirtyRate: Int64
}

/// The reply of `query-dirty-rate`.
public struct DirtyRateInfo: Sendable, Hashable {
    /// In MB/s; only once measured.
    public var dirtyRate: Int64?
    /// Whether it was measured.
    public var status: DirtyRateStatus
    /// When the measurement began, in seconds since the host started.
    public var startTime: Int64
    /// How long it takes, in seconds.
    public var calcTime: Int64
    /// Pages sampled for each GiB; 0 in the other modes.
    public var samplePages: UInt64
    /// How it is measured.
    public var mode: DirtyRateMeasureMode
    /// The rate of each vCPU; only in mode dirty-ring, once measured.
    public var vcpuDirtyRate: [DirtyRateVcpu]?
}

/// The limit of one vCPU.
public struct DirtyLimitInfo: Sendable, Hashable {
    /// Its index.
    public var cpuIndex: Int64
    /// In MB/s.
    public var limitRate: UInt64
    /// What it dirtied in the last full second, in MB/s.
    public var currentRate: UInt64
}
