import BlockLayer
import QAPI
import QMP
import VirtualMachine

// Disks.
extension ManagementTarget {
    func queryBlock() async throws(CommandError) -> [BlockInfo] {
        // The file's size is asked of the host, whose storage may be slow.
        await offload { [machine] in
            machine.parts.disks.map { disk in
                BlockInfo(
                    device: "", qdev: MachineTree.diskPath(disk.name), type: "unknown", removable: false,
                    locked: false, inserted: disk.node, ioStatus: .ok)
            }
        }
    }

    // No disk has a backing image that could be left out.
    func queryNamedBlockNodes(flat: Bool?) async throws(CommandError) -> [BlockDeviceInfo] {
        await offload { [machine] in machine.parts.disks.map(\.node) }
    }

    func queryBlockstats(queryNodes: Bool?) async throws(CommandError) -> [BlockStats] {
        machine.parts.disks.map { disk in
            queryNodes == true
                ? BlockStats(nodeName: disk.name, stats: disk.backend.statistics.schema)
                : BlockStats(
                    device: "", qdev: MachineTree.diskPath(disk.name), nodeName: disk.name,
                    stats: disk.backend.statistics.schema)
        }
    }

    func queryBlockJobs() async throws(CommandError) -> [BlockJobInfo] { [] }
}

extension MachineDisk {
    /// The block node that holds the disk's bytes.
    fileprivate var node: BlockDeviceInfo {
        BlockDeviceInfo(
            file: backend.name, nodeName: name, ro: backend.isReadOnly, drv: "raw", backingFileDepth: 0,
            encrypted: false, detectZeroes: .off, bps: 0, bpsRd: 0, bpsWr: 0, iops: 0, iopsRd: 0, iopsWr: 0,
            image: ImageInfo(
                filename: backend.name, format: "raw", dirtyFlag: false, actualSize: Int64(backend.allocatedSize),
                virtualSize: Int64(backend.size)),
            cache: BlockdevCacheInfo(writeback: true, direct: false, noFlush: false), writeThreshold: 0)
    }
}

extension DiskStatistics {
    fileprivate var schema: BlockDeviceStats {
        let (read, written, flushed) = (read, written, flushed)
        return BlockDeviceStats(
            rdBytes: Int64(clamping: read.bytes), wrBytes: Int64(clamping: written.bytes), unmapBytes: 0,
            rdOperations: Int64(clamping: read.operations), wrOperations: Int64(clamping: written.operations),
            flushOperations: Int64(clamping: flushed.operations), unmapOperations: 0,
            rdTotalTimeNs: Int64(clamping: read.nanoseconds), wrTotalTimeNs: Int64(clamping: written.nanoseconds),
            flushTotalTimeNs: Int64(clamping: flushed.nanoseconds), unmapTotalTimeNs: 0,
            wrHighestOffset: Int64(clamping: highestWrittenOffset), rdMerged: 0, wrMerged: 0, unmapMerged: 0,
            idleTimeNs: idleTime.map { Int64(clamping: $0) },
            failedRdOperations: Int64(clamping: read.failures), failedWrOperations: Int64(clamping: written.failures),
            failedFlushOperations: Int64(clamping: flushed.failures), failedUnmapOperations: 0,
            invalidRdOperations: 0, invalidWrOperations: 0, invalidFlushOperations: 0, invalidUnmapOperations: 0,
            accountInvalid: false, accountFailed: false, timedStats: [])
    }
}
