// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// A snapshot inside an image.
public struct SnapshotInfo: SchemaObject, Hashable {
    /// Its number.
    public var id: String
    /// Its name.
    public var name: String
    /// Bytes of machine state that it holds.
    public var vmStateSize: Int64
    /// When it was taken, in seconds since 1970.
    public var dateSec: Int64
    /// The nanoseconds of that time.
    public var dateNsec: Int64
    /// The guest's clock then, in seconds.
    public var vmClockSec: Int64
    /// The nanoseconds of that clock.
    public var vmClockNsec: Int64
    /// Instructions that the guest had executed; absent if they are not counted (since 5.2).
    public var icount: Int64?

    /// Put together from its members.
    public init(
        id: String,
        name: String,
        vmStateSize: Int64,
        dateSec: Int64,
        dateNsec: Int64,
        vmClockSec: Int64,
        vmClockNsec: Int64,
        icount: Int64? = nil
    ) {
        self.id = id
        self.name = name
        self.vmStateSize = vmStateSize
        self.dateSec = dateSec
        self.dateNsec = dateNsec
        self.vmClockSec = vmClockSec
        self.vmClockNsec = vmClockNsec
        self.icount = icount
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        id = try reader.required("id")
        name = try reader.required("name")
        vmStateSize = try reader.required("vm-state-size")
        dateSec = try reader.required("date-sec")
        dateNsec = try reader.required("date-nsec")
        vmClockSec = try reader.required("vm-clock-sec")
        vmClockNsec = try reader.required("vm-clock-nsec")
        icount = try reader.optional("icount")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("id", id)
        writer.add("name", name)
        writer.add("vm-state-size", vmStateSize)
        writer.add("date-sec", dateSec)
        writer.add("date-nsec", dateNsec)
        writer.add("vm-clock-sec", vmClockSec)
        writer.add("vm-clock-nsec", vmClockNsec)
        writer.add("icount", icount)
    }
}

/// How a qcow2 image is encrypted.
public enum BlockdevQcow2EncryptionFormat: String, SchemaValue, CaseIterable {
    /// In the old way.
    case aes
    /// As LUKS does.
    case luks
}

/// The encryption of a qcow2 image.
public struct ImageInfoSpecificQCow2Encryption: SchemaObject, Hashable {
    /// What depends on `format`.
    public enum Variant: Sendable, Hashable {
        /// In the old way.
        case aes
        /// As LUKS does.
        case luks(QCryptoBlockInfoLUKS)
    }

    /// What depends on `format`.
    public var variant: Variant

    /// Put together from its members.
    public init(variant: Variant) {
        self.variant = variant
    }

    /// How it is encrypted.
    public var format: BlockdevQcow2EncryptionFormat {
        switch variant {
        case .aes: .aes
        case .luks: .luks
        }
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        let tag: BlockdevQcow2EncryptionFormat = try reader.required("format")
        switch tag {
        case .aes: variant = .aes
        case .luks: variant = .luks(try .init(reading: &reader))
        }
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("format", format)
        switch variant {
        case .luks(let branch): branch.write(into: &writer)
        default: break
        }
    }
}

/// A mark on a dirty bitmap of a qcow2 image.
public enum Qcow2BitmapInfoFlags: String, SchemaValue, CaseIterable {
    /// It was not stored properly and cannot be used.
    case inUse = "in-use"
    /// It records writes.
    case auto
}

/// A dirty bitmap of a qcow2 image.
public struct Qcow2BitmapInfo: SchemaObject, Hashable {
    /// Its name.
    public var name: String
    /// Bytes that a bit stands for.
    public var granularity: UInt32
    /// Its marks.
    public var flags: [Qcow2BitmapInfoFlags]

    /// Put together from its members.
    public init(name: String, granularity: UInt32, flags: [Qcow2BitmapInfoFlags]) {
        self.name = name
        self.granularity = granularity
        self.flags = flags
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        granularity = try reader.required("granularity")
        flags = try reader.required("flags")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("granularity", granularity)
        writer.add("flags", flags)
    }
}

/// How clusters of a qcow2 image are compressed.
public enum Qcow2CompressionType: String, SchemaValue, CaseIterable {
    /// With zlib.
    case zlib
    /// With Zstandard.
    case zstd
}

/// What a qcow2 image tells besides.
public struct ImageInfoSpecificQCow2: SchemaObject, Hashable {
    /// The version of its format.
    public var compat: String
    /// The file with its data; absent if that is in the image (since 4.0).
    public var dataFile: String?
    /// Whether that file is a raw image by itself (since 4.0).
    public var dataFileRaw: Bool?
    /// Whether clusters are divided (since 5.2).
    public var extendedL2: Bool?
    /// Whether reference counts are written late.
    public var lazyRefcounts: Bool?
    /// Whether the image is marked as damaged (since 2.2).
    public var corrupt: Bool?
    /// Bits of a reference count (since 2.3).
    public var refcountBits: Int64
    /// How it is encrypted; absent if it is not (since 2.10).
    public var encrypt: ImageInfoSpecificQCow2Encryption?
    /// Its dirty bitmaps (since 4.0).
    public var bitmaps: [Qcow2BitmapInfo]?
    /// How clusters are compressed (since 5.1).
    public var compressionType: Qcow2CompressionType

    /// Put together from its members.
    public init(
        compat: String,
        dataFile: String? = nil,
        dataFileRaw: Bool? = nil,
        extendedL2: Bool? = nil,
        lazyRefcounts: Bool? = nil,
        corrupt: Bool? = nil,
        refcountBits: Int64,
        encrypt: ImageInfoSpecificQCow2Encryption? = nil,
        bitmaps: [Qcow2BitmapInfo]? = nil,
        compressionType: Qcow2CompressionType
    ) {
        self.compat = compat
        self.dataFile = dataFile
        self.dataFileRaw = dataFileRaw
        self.extendedL2 = extendedL2
        self.lazyRefcounts = lazyRefcounts
        self.corrupt = corrupt
        self.refcountBits = refcountBits
        self.encrypt = encrypt
        self.bitmaps = bitmaps
        self.compressionType = compressionType
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        compat = try reader.required("compat")
        dataFile = try reader.optional("data-file")
        dataFileRaw = try reader.optional("data-file-raw")
        extendedL2 = try reader.optional("extended-l2")
        lazyRefcounts = try reader.optional("lazy-refcounts")
        corrupt = try reader.optional("corrupt")
        refcountBits = try reader.required("refcount-bits")
        encrypt = try reader.optional("encrypt")
        bitmaps = try reader.optional("bitmaps")
        compressionType = try reader.required("compression-type")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("compat", compat)
        writer.add("data-file", dataFile)
        writer.add("data-file-raw", dataFileRaw)
        writer.add("extended-l2", extendedL2)
        writer.add("lazy-refcounts", lazyRefcounts)
        writer.add("corrupt", corrupt)
        writer.add("refcount-bits", refcountBits)
        writer.add("encrypt", encrypt)
        writer.add("bitmaps", bitmaps)
        writer.add("compression-type", compressionType)
    }
}

/// What a vmdk image tells besides.
public struct ImageInfoSpecificVmdk: SchemaObject, Hashable {
    /// Its kind.
    public var createType: String
    /// Its number.
    public var cid: Int64
    /// The number of its backing image.
    public var parentCid: Int64
    /// The files that it is made of.
    public var extents: [ImageInfo]

    /// Put together from its members.
    public init(createType: String, cid: Int64, parentCid: Int64, extents: [ImageInfo]) {
        self.createType = createType
        self.cid = cid
        self.parentCid = parentCid
        self.extents = extents
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        createType = try reader.required("create-type")
        cid = try reader.required("cid")
        parentCid = try reader.required("parent-cid")
        extents = try reader.required("extents")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("create-type", createType)
        writer.add("cid", cid)
        writer.add("parent-cid", parentCid)
        writer.add("extents", extents)
    }
}

/// How an image on Ceph is encrypted.
public enum RbdImageEncryptionFormat: String, SchemaValue, CaseIterable {
    /// As LUKS 1 does.
    case luks
    /// As LUKS 2 does.
    case luks2
}

/// What an image on Ceph tells besides.
public struct ImageInfoSpecificRbd: SchemaObject, Hashable {
    /// How it is encrypted; absent if it is not.
    public var encryptionFormat: RbdImageEncryptionFormat?

    /// Put together from its members.
    public init(encryptionFormat: RbdImageEncryptionFormat? = nil) {
        self.encryptionFormat = encryptionFormat
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        encryptionFormat = try reader.optional("encryption-format")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("encryption-format", encryptionFormat)
    }
}

/// The formats that tell more.
public enum ImageInfoSpecificKind: String, SchemaValue, CaseIterable {
    /// Qcow2.
    case qcow2
    /// Vmdk.
    case vmdk
    /// LUKS (since 2.7).
    case luks
    /// An image on Ceph (since 6.1).
    case rbd
}

/// Holds what a qcow2 image tells.
public struct ImageInfoSpecificQCow2Wrapper: SchemaObject, Hashable {
    /// What it tells.
    public var data: ImageInfoSpecificQCow2

    /// Put together from its members.
    public init(data: ImageInfoSpecificQCow2) {
        self.data = data
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        data = try reader.required("data")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("data", data)
    }
}

/// Holds what a vmdk image tells.
public struct ImageInfoSpecificVmdkWrapper: SchemaObject, Hashable {
    /// What it tells.
    public var data: ImageInfoSpecificVmdk

    /// Put together from its members.
    public init(data: ImageInfoSpecificVmdk) {
        self.data = data
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        data = try reader.required("data")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("data", data)
    }
}

/// Holds what a LUKS image tells.
public struct ImageInfoSpecificLUKSWrapper: SchemaObject, Hashable {
    /// What it tells.
    public var data: QCryptoBlockInfoLUKS

    /// Put together from its members.
    public init(data: QCryptoBlockInfoLUKS) {
        self.data = data
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        data = try reader.required("data")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("data", data)
    }
}

/// Holds what an image on Ceph tells.
public struct ImageInfoSpecificRbdWrapper: SchemaObject, Hashable {
    /// What it tells.
    public var data: ImageInfoSpecificRbd

    /// Put together from its members.
    public init(data: ImageInfoSpecificRbd) {
        self.data = data
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        data = try reader.required("data")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("data", data)
    }
}

/// What images of some formats tell besides.
public struct ImageInfoSpecific: SchemaObject, Hashable {
    /// What depends on `type`.
    public enum Variant: Sendable, Hashable {
        /// Qcow2.
        case qcow2(ImageInfoSpecificQCow2Wrapper)
        /// Vmdk.
        case vmdk(ImageInfoSpecificVmdkWrapper)
        /// LUKS (since 2.7).
        case luks(ImageInfoSpecificLUKSWrapper)
        /// An image on Ceph (since 6.1).
        case rbd(ImageInfoSpecificRbdWrapper)
    }

    /// What depends on `type`.
    public var variant: Variant

    /// Put together from its members.
    public init(variant: Variant) {
        self.variant = variant
    }

    /// The format.
    public var type: ImageInfoSpecificKind {
        switch variant {
        case .qcow2: .qcow2
        case .vmdk: .vmdk
        case .luks: .luks
        case .rbd: .rbd
        }
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        let tag: ImageInfoSpecificKind = try reader.required("type")
        switch tag {
        case .qcow2: variant = .qcow2(try .init(reading: &reader))
        case .vmdk: variant = .vmdk(try .init(reading: &reader))
        case .luks: variant = .luks(try .init(reading: &reader))
        case .rbd: variant = .rbd(try .init(reading: &reader))
        }
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("type", type)
        switch variant {
        case .qcow2(let branch): branch.write(into: &writer)
        case .vmdk(let branch): branch.write(into: &writer)
        case .luks(let branch): branch.write(into: &writer)
        case .rbd(let branch): branch.write(into: &writer)
        }
    }
}

/// An image.
public struct ImageInfo: SchemaObject, Hashable {
    /// Its file.
    public var filename: String
    /// Its format.
    public var format: String
    /// Whether it was not closed properly.
    public var dirtyFlag: Bool?
    /// Bytes that it takes on the host.
    public var actualSize: Int64?
    /// Bytes that the guest sees.
    public var virtualSize: Int64
    /// Bytes of a cluster.
    public var clusterSize: Int64?
    /// Whether it is encrypted.
    public var encrypted: Bool?
    /// Whether it is compressed (since 1.7).
    public var compressed: Bool?
    /// Its backing image, as named in it.
    public var backingFilename: String?
    /// The file of its backing image.
    public var fullBackingFilename: String?
    /// The format of its backing image.
    public var backingFilenameFormat: String?
    /// The snapshots in it; absent if there are none.
    public var snapshots: [SnapshotInfo]?
    /// Its backing image (since 1.6).
    @Indirect public var backingImage: ImageInfo?
    /// What its format tells besides (since 1.7).
    public var formatSpecific: ImageInfoSpecific?

    /// Put together from its members.
    public init(
        filename: String,
        format: String,
        dirtyFlag: Bool? = nil,
        actualSize: Int64? = nil,
        virtualSize: Int64,
        clusterSize: Int64? = nil,
        encrypted: Bool? = nil,
        compressed: Bool? = nil,
        backingFilename: String? = nil,
        fullBackingFilename: String? = nil,
        backingFilenameFormat: String? = nil,
        snapshots: [SnapshotInfo]? = nil,
        backingImage: ImageInfo? = nil,
        formatSpecific: ImageInfoSpecific? = nil
    ) {
        self.filename = filename
        self.format = format
        self.dirtyFlag = dirtyFlag
        self.actualSize = actualSize
        self.virtualSize = virtualSize
        self.clusterSize = clusterSize
        self.encrypted = encrypted
        self.compressed = compressed
        self.backingFilename = backingFilename
        self.fullBackingFilename = fullBackingFilename
        self.backingFilenameFormat = backingFilenameFormat
        self.snapshots = snapshots
        self.backingImage = backingImage
        self.formatSpecific = formatSpecific
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        filename = try reader.required("filename")
        format = try reader.required("format")
        dirtyFlag = try reader.optional("dirty-flag")
        actualSize = try reader.optional("actual-size")
        virtualSize = try reader.required("virtual-size")
        clusterSize = try reader.optional("cluster-size")
        encrypted = try reader.optional("encrypted")
        compressed = try reader.optional("compressed")
        backingFilename = try reader.optional("backing-filename")
        fullBackingFilename = try reader.optional("full-backing-filename")
        backingFilenameFormat = try reader.optional("backing-filename-format")
        snapshots = try reader.optional("snapshots")
        backingImage = try reader.optional("backing-image")
        formatSpecific = try reader.optional("format-specific")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("filename", filename)
        writer.add("format", format)
        writer.add("dirty-flag", dirtyFlag)
        writer.add("actual-size", actualSize)
        writer.add("virtual-size", virtualSize)
        writer.add("cluster-size", clusterSize)
        writer.add("encrypted", encrypted)
        writer.add("compressed", compressed)
        writer.add("backing-filename", backingFilename)
        writer.add("full-backing-filename", fullBackingFilename)
        writer.add("backing-filename-format", backingFilenameFormat)
        writer.add("snapshots", snapshots)
        writer.add("backing-image", backingImage)
        writer.add("format-specific", formatSpecific)
    }
}

/// How a block node uses the host's cache.
public struct BlockdevCacheInfo: SchemaObject, Hashable {
    /// Whether a write is done once the cache has it.
    public var writeback: Bool
    /// Whether the host's cache is bypassed.
    public var direct: Bool
    /// Whether flushes are ignored.
    public var noFlush: Bool

    /// Put together from its members.
    public init(writeback: Bool, direct: Bool, noFlush: Bool) {
        self.writeback = writeback
        self.direct = direct
        self.noFlush = noFlush
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        writeback = try reader.required("writeback")
        direct = try reader.required("direct")
        noFlush = try reader.required("no-flush")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("writeback", writeback)
        writer.add("direct", direct)
        writer.add("no-flush", noFlush)
    }
}

/// What becomes of writes that are all zeroes.
public enum BlockdevDetectZeroesOptions: String, SchemaValue, CaseIterable {
    /// They are written like others.
    case off
    /// They are written as zeroes in the cheapest way.
    case on
    /// Their space is given back, if the node allows it.
    case unmap
}

/// A dirty bitmap.
public struct BlockDirtyInfo: SchemaObject, Hashable {
    /// Its name (since 2.4).
    public var name: String?
    /// Bytes that are dirty.
    public var count: Int64
    /// Bytes that a bit stands for (since 1.4).
    public var granularity: UInt32
    /// Whether it records writes (since 4.0).
    public var recording: Bool
    /// Whether a job uses it (since 4.0).
    public var busy: Bool
    /// Whether it is stored in its image (since 4.0).
    public var persistent: Bool
    /// True if it was not stored properly and cannot be used (since 4.0).
    public var inconsistent: Bool?

    /// Put together from its members.
    public init(
        name: String? = nil,
        count: Int64,
        granularity: UInt32,
        recording: Bool,
        busy: Bool,
        persistent: Bool,
        inconsistent: Bool? = nil
    ) {
        self.name = name
        self.count = count
        self.granularity = granularity
        self.recording = recording
        self.busy = busy
        self.persistent = persistent
        self.inconsistent = inconsistent
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.optional("name")
        count = try reader.required("count")
        granularity = try reader.required("granularity")
        recording = try reader.required("recording")
        busy = try reader.required("busy")
        persistent = try reader.required("persistent")
        inconsistent = try reader.optional("inconsistent")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("count", count)
        writer.add("granularity", granularity)
        writer.add("recording", recording)
        writer.add("busy", busy)
        writer.add("persistent", persistent)
        writer.add("inconsistent", inconsistent)
    }
}
