import CLinux

/// Memory that stays where it is while the kernel works with it.
public enum LockedMemory {
    /// The most bytes of it that the calling thread may have at a time, nil without a limit: RLIMIT_MEMLOCK of getrlimit(2),
    /// which does not hold for CAP_IPC_LOCK of capabilities(7).
    public static var limit: UInt64? {
        if clinux_may_lock_memory() != 0 { return nil }
        let limit = clinux_locked_memory_limit()
        return limit == .max ? nil : limit
    }
}
