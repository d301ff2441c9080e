import GuestMemory
import SystemCalls
import Transport

/// What this host has, and lets this process have, of what some features need.
struct HostFacts: Sendable, Equatable {
    /// userfaultfd(2): for one kind of faults.
    enum Faults: Sendable, Equatable {
        /// How this process comes to it, and of which memory besides anonymous memory it is told. `system call` faults are
        /// not told of by `userModeOnly`.
        case available(UserFaults.Way, shared: Bool, hugePages: Bool)
        /// Why it does not.
        case refused(SystemError)
    }

    /// Huge pages of one size in bytes.
    struct HugePages: Sendable, Equatable {
        var pageSize: Int
        var counts: HugePagePool.Counts?
        /// How many an example takes.
        var examplePages: Int
        /// How to have so many more.
        var command: String
    }

    /// Pages that are missing: postcopy.
    var missing: Faults
    /// Pages that are protected: background snapshots.
    var protected: Faults
    /// Smallest first.
    var hugePages: [HugePages]
    /// Whether there is MSG_ZEROCOPY.
    var hasZeroCopy: Bool
    /// Bytes that may be locked; nil without a limit.
    var lockedMemoryLimit: UInt64?

    /// RAM of an example in bytes, if a huge page is not larger.
    private static let exampleSize = 256 << 20

    /// Those of now.
    static var current: HostFacts {
        HostFacts(
            missing: missingNow, protected: protectedNow,
            hugePages: HugePagePool.all.map { pool in
                let pages = max(1, exampleSize / pool.pageSize)
                return HugePages(
                    pageSize: pool.pageSize, counts: pool.counts, examplePages: pages,
                    command: pool.command(adding: pages))
            }, hasZeroCopy: Transport.hostHasZeroCopy, lockedMemoryLimit: LockedMemory.limit)
    }

    private static var missingNow: Faults {
        do throws(SystemError) {
            let faults = try MissingFaults()
            return .available(
                faults.faults.way, shared: faults.coversSharedMemory, hugePages: faults.coversHugePages)
        } catch { return .refused(error) }
    }

    private static var protectedNow: Faults {
        if let faults = try? WriteFaults(shared: true) {
            return .available(faults.faults.way, shared: true, hugePages: true)
        }
        do throws(SystemError) {
            return .available(try WriteFaults(shared: false).faults.way, shared: false, hugePages: false)
        } catch { return .refused(error) }
    }
}
