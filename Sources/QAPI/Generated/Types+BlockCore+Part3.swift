// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Formats and protocols of block nodes.
public enum BlockdevDriver: String, SchemaValue, CaseIterable {
    /// Requests made to fail, for tests.
    case blkdebug
    /// Writes recorded in another image (since 3.0).
    case blklogwrites
    /// Requests recorded and replayed (since 4.2).
    case blkreplay
    /// Two images compared, for tests.
    case blkverify
    /// Image of Bochs.
    case bochs
    /// Compressed image of KNOPPIX.
    case cloop
    /// Writes compressed (since 5.0).
    case compress
    /// Old data kept elsewhere before it is overwritten (since 6.2).
    case copyBeforeWrite = "copy-before-write"
    /// What is read from a backing image kept (since 3.0).
    case copyOnRead = "copy-on-read"
    /// Image of macOS.
    case dmg
    /// File of the host.
    case file
    /// The other side of copy-before-write (since 7.0).
    case snapshotAccess = "snapshot-access"
    /// Image on an FTP server.
    case ftp
    /// Image on an FTP server, by TLS.
    case ftps
    /// Image on Gluster (since 2.7).
    case gluster
    /// Optical drive of the host.
    case hostCdrom = "host_cdrom"
    /// Block device of the host.
    case hostDevice = "host_device"
    /// Image on a web server.
    case http
    /// Image on a web server, by TLS.
    case https
    /// ISCSI target.
    case iscsi
    /// Encrypted image (since 2.7).
    case luks
    /// Network block device.
    case nbd
    /// Image on an NFS server.
    case nfs
    /// Nothing, for tests.
    case nullAio = "null-aio"
    /// Nothing, for tests.
    case nullCo = "null-co"
    /// NVMe device given to this process (since 2.12).
    case nvme
    /// Image of Parallels.
    case parallels
    /// Space allocated ahead of writes (since 6.0).
    case preallocate
    /// First format of QEMU.
    case qcow
    /// Second format of QEMU.
    case qcow2
    /// Third format of QEMU.
    case qed
    /// Several images that vote.
    case quorum
    /// The bytes as they are.
    case raw
    /// Image on Ceph (since 2.7).
    case rbd
    /// Disk of a COLO pair (since 2.8).
    case replication
    /// Image on an SSH server (since 2.7).
    case ssh
    /// Limits (since 2.11).
    case throttle
    /// Image of VirtualBox.
    case vdi
    /// Image of Hyper-V.
    case vhdx
    /// Image of VMware.
    case vmdk
    /// Image of Virtual PC.
    case vpc
    /// Directory shown as a disk.
    case vvfat
}

/// What a block node has done besides.
public struct BlockStatsSpecific: SchemaObject, Hashable {
    /// What depends on `driver`.
    public enum Variant: Sendable, Hashable {
        /// Requests made to fail, for tests.
        case blkdebug
        /// Writes recorded in another image (since 3.0).
        case blklogwrites
        /// Requests recorded and replayed (since 4.2).
        case blkreplay
        /// Two images compared, for tests.
        case blkverify
        /// Image of Bochs.
        case bochs
        /// Compressed image of KNOPPIX.
        case cloop
        /// Writes compressed (since 5.0).
        case compress
        /// Old data kept elsewhere before it is overwritten (since 6.2).
        case copyBeforeWrite
        /// What is read from a backing image kept (since 3.0).
        case copyOnRead
        /// Image of macOS.
        case dmg
        /// File of the host.
        case file(BlockStatsSpecificFile)
        /// The other side of copy-before-write (since 7.0).
        case snapshotAccess
        /// Image on an FTP server.
        case ftp
        /// Image on an FTP server, by TLS.
        case ftps
        /// Image on Gluster (since 2.7).
        case gluster
        /// Optical drive of the host.
        case hostCdrom
        /// Block device of the host.
        case hostDevice(BlockStatsSpecificFile)
        /// Image on a web server.
        case http
        /// Image on a web server, by TLS.
        case https
        /// ISCSI target.
        case iscsi
        /// Encrypted image (since 2.7).
        case luks
        /// Network block device.
        case nbd
        /// Image on an NFS server.
        case nfs
        /// Nothing, for tests.
        case nullAio
        /// Nothing, for tests.
        case nullCo
        /// NVMe device given to this process (since 2.12).
        case nvme(BlockStatsSpecificNvme)
        /// Image of Parallels.
        case parallels
        /// Space allocated ahead of writes (since 6.0).
        case preallocate
        /// First format of QEMU.
        case qcow
        /// Second format of QEMU.
        case qcow2
        /// Third format of QEMU.
        case qed
        /// Several images that vote.
        case quorum
        /// The bytes as they are.
        case raw
        /// Image on Ceph (since 2.7).
        case rbd
        /// Disk of a COLO pair (since 2.8).
        case replication
        /// Image on an SSH server (since 2.7).
        case ssh
        /// Limits (since 2.11).
        case throttle
        /// Image of VirtualBox.
        case vdi
        /// Image of Hyper-V.
        case vhdx
        /// Image of VMware.
        case vmdk
        /// Image of Virtual PC.
        case vpc
        /// Directory shown as a disk.
        case vvfat
    }

    /// What depends on `driver`.
    public var variant: Variant

    /// Put together from its members.
    public init(variant: Variant) {
        self.variant = variant
    }

    /// Its format or protocol.
    public var driver: BlockdevDriver {
        switch variant {
        case .blkdebug: .blkdebug
        case .blklogwrites: .blklogwrites
        case .blkreplay: .blkreplay
        case .blkverify: .blkverify
        case .bochs: .bochs
        case .cloop: .cloop
        case .compress: .compress
        case .copyBeforeWrite: .copyBeforeWrite
        case .copyOnRead: .copyOnRead
        case .dmg: .dmg
        case .file: .file
        case .snapshotAccess: .snapshotAccess
        case .ftp: .ftp
        case .ftps: .ftps
        case .gluster: .gluster
        case .hostCdrom: .hostCdrom
        case .hostDevice: .hostDevice
        case .http: .http
        case .https: .https
        case .iscsi: .iscsi
        case .luks: .luks
        case .nbd: .nbd
        case .nfs: .nfs
        case .nullAio: .nullAio
        case .nullCo: .nullCo
        case .nvme: .nvme
        case .parallels: .parallels
        case .preallocate: .preallocate
        case .qcow: .qcow
        case .qcow2: .qcow2
        case .qed: .qed
        case .quorum: .quorum
        case .raw: .raw
        case .rbd: .rbd
        case .replication: .replication
        case .ssh: .ssh
        case .throttle: .throttle
        case .vdi: .vdi
        case .vhdx: .vhdx
        case .vmdk: .vmdk
        case .vpc: .vpc
        case .vvfat: .vvfat
        }
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        let tag: BlockdevDriver = try reader.required("driver")
        switch tag {
        case .blkdebug: variant = .blkdebug
        case .blklogwrites: variant = .blklogwrites
        case .blkreplay: variant = .blkreplay
        case .blkverify: variant = .blkverify
        case .bochs: variant = .bochs
        case .cloop: variant = .cloop
        case .compress: variant = .compress
        case .copyBeforeWrite: variant = .copyBeforeWrite
        case .copyOnRead: variant = .copyOnRead
        case .dmg: variant = .dmg
        case .file: variant = .file(try .init(reading: &reader))
        case .snapshotAccess: variant = .snapshotAccess
        case .ftp: variant = .ftp
        case .ftps: variant = .ftps
        case .gluster: variant = .gluster
        case .hostCdrom: variant = .hostCdrom
        case .hostDevice: variant = .hostDevice(try .init(reading: &reader))
        case .http: variant = .http
        case .https: variant = .https
        case .iscsi: variant = .iscsi
        case .luks: variant = .luks
        case .nbd: variant = .nbd
        case .nfs: variant = .nfs
        case .nullAio: variant = .nullAio
        case .nullCo: variant = .nullCo
        case .nvme: variant = .nvme(try .init(reading: &reader))
        case .parallels: variant = .parallels
        case .preallocate: variant = .preallocate
        case .qcow: variant = .qcow
        case .qcow2: variant = .qcow2
        case .qed: variant = .qed
        case .quorum: variant = .quorum
        case .raw: variant = .raw
        case .rbd: variant = .rbd
        case .replication: variant = .replication
        case .ssh: variant = .ssh
        case .throttle: variant = .throttle
        case .vdi: variant = .vdi
        case .vhdx: variant = .vhdx
        case .vmdk: variant = .vmdk
        case .vpc: variant = .vpc
        case .vvfat: variant = .vvfat
        }
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("driver", driver)
        switch variant {
        case .file(let branch): branch.write(into: &writer)
        case .hostDevice(let branch): branch.write(into: &writer)
        case .nvme(let branch): branch.write(into: &writer)
        default: break
        }
    }
}

/// What a drive or a block node has done.
public struct BlockStats: SchemaObject, Hashable {
    /// The name of the drive's back-end; absent for a node.
    public var device: String?
    /// The device that the guest sees (since 3.0).
    public var qdev: String?
    /// The block node (since 2.3).
    public var nodeName: String?
    /// What it has done.
    public var stats: BlockDeviceStats
    /// What it tells besides (since 4.2).
    public var driverSpecific: BlockStatsSpecific?
    /// The same of the file below it.
    @Indirect public var parent: BlockStats?
    /// The same of its backing image (since 2.0).
    @Indirect public var backing: BlockStats?

    /// Put together from its members.
    public init(
        device: String? = nil,
        qdev: String? = nil,
        nodeName: String? = nil,
        stats: BlockDeviceStats,
        driverSpecific: BlockStatsSpecific? = nil,
        parent: BlockStats? = nil,
        backing: BlockStats? = nil
    ) {
        self.device = device
        self.qdev = qdev
        self.nodeName = nodeName
        self.stats = stats
        self.driverSpecific = driverSpecific
        self.parent = parent
        self.backing = backing
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        device = try reader.optional("device")
        qdev = try reader.optional("qdev")
        nodeName = try reader.optional("node-name")
        stats = try reader.required("stats")
        driverSpecific = try reader.optional("driver-specific")
        parent = try reader.optional("parent")
        backing = try reader.optional("backing")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("device", device)
        writer.add("qdev", qdev)
        writer.add("node-name", nodeName)
        writer.add("stats", stats)
        writer.add("driver-specific", driverSpecific)
        writer.add("parent", parent)
        writer.add("backing", backing)
    }
}

/// A job that works on a disk.
public struct BlockJobInfo: SchemaObject, Hashable {
    /// What it does.
    public var type: String
    /// Its identifier.
    public var device: String
    /// Bytes there are to do as far as known; it can grow.
    public var len: Int64
    /// Bytes done.
    public var offset: Int64
    /// Whether it works at this moment.
    public var busy: Bool
    /// Whether it is held (since 1.3).
    public var paused: Bool
    /// Bytes a second at most; 0 for no limit.
    public var speed: Int64
    /// How its requests fare (since 1.3).
    public var ioStatus: BlockDeviceIoStatus
    /// Whether it can be completed (since 2.2).
    public var ready: Bool
    /// Where it stands (since 2.12).
    public var status: JobStatus
    /// Whether it goes on without job-finalize (since 2.12).
    public var autoFinalize: Bool
    /// Whether it goes away without job-dismiss (since 2.12).
    public var autoDismiss: Bool
    /// Why it failed (since 2.12).
    public var error: String?

    /// Put together from its members.
    public init(
        type: String,
        device: String,
        len: Int64,
        offset: Int64,
        busy: Bool,
        paused: Bool,
        speed: Int64,
        ioStatus: BlockDeviceIoStatus,
        ready: Bool,
        status: JobStatus,
        autoFinalize: Bool,
        autoDismiss: Bool,
        error: String? = nil
    ) {
        self.type = type
        self.device = device
        self.len = len
        self.offset = offset
        self.busy = busy
        self.paused = paused
        self.speed = speed
        self.ioStatus = ioStatus
        self.ready = ready
        self.status = status
        self.autoFinalize = autoFinalize
        self.autoDismiss = autoDismiss
        self.error = error
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        type = try reader.required("type")
        device = try reader.required("device")
        len = try reader.required("len")
        offset = try reader.required("offset")
        busy = try reader.required("busy")
        paused = try reader.required("paused")
        speed = try reader.required("speed")
        ioStatus = try reader.required("io-status")
        ready = try reader.required("ready")
        status = try reader.required("status")
        autoFinalize = try reader.required("auto-finalize")
        autoDismiss = try reader.required("auto-dismiss")
        error = try reader.optional("error")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("type", type)
        writer.add("device", device)
        writer.add("len", len)
        writer.add("offset", offset)
        writer.add("busy", busy)
        writer.add("paused", paused)
        writer.add("speed", speed)
        writer.add("io-status", ioStatus)
        writer.add("ready", ready)
        writer.add("status", status)
        writer.add("auto-finalize", autoFinalize)
        writer.add("auto-dismiss", autoDismiss)
        writer.add("error", error)
    }
}
