import ByteCoding
import Glibc
import GuestMemory
import SystemCalls

/// Loads kernel, initial RAM file system and firmware into guest RAM and finds a place for the device tree.
///
/// | what | where |
/// |---|---|
/// | firmware | first byte of RAM |
/// | kernel | its own text offset (2 MiB as a rule) above the start of RAM |
/// | initrd | below the device tree, on a page boundary |
/// | device tree | the last 2 MiB of RAM, with room for firmware to add to it |
/// | fw_dynamic_info | the last page of RAM |
struct RISCVBootImages: Sendable {
    let kernel: String
    let initrd: String?
    let firmware: String?
    let kernelAddress: UInt64
    let initrdRange: Range<UInt64>?
    let deviceTreeAddress: UInt64
    let dynamicInfoAddress: UInt64
    private let firmwareLimit: UInt64

    /// Where RAM begins, in guest-physical addresses.
    static let ramBase: UInt64 = 0x8000_0000
    /// Room at the end of RAM for the device tree and what firmware adds to it, in bytes.
    static let deviceTreeRoom: UInt64 = 2 << 20
    private static let headerSize = 64
    private static let pageMask = UInt64(targetPageSize - 1)

    /// Looks at the files and decides where each one goes. Throws if one is missing, is not what it should be, or does
    /// not fit into `ram`.
    init(kernel: String, initrd: String?, firmware: String?, ram: RAMBlock) throws(RISCVMachineError) {
        self.kernel = kernel
        self.initrd = initrd
        self.firmware = firmware
        let end = ram.guestAddress + UInt64(ram.size)
        let header = try KernelHeader(path: kernel)
        guard UInt64(ram.size) > Self.deviceTreeRoom + header.textOffset,
            header.memorySize <= UInt64(ram.size) - Self.deviceTreeRoom - header.textOffset
        else {
            throw .doesNotFit(
                path: kernel,
                why: "the kernel needs \(header.memorySize >> 20) MiB and the guest has only \(ram.size >> 20) MiB")
        }
        kernelAddress = ram.guestAddress + header.textOffset
        deviceTreeAddress = (end - Self.deviceTreeRoom) & ~7
        dynamicInfoAddress = end - UInt64(targetPageSize)
        firmwareLimit = header.textOffset
        let kernelEnd = kernelAddress + header.memorySize
        if let initrd {
            let size = try ImageFile(path: initrd).size
            guard size <= deviceTreeAddress - kernelEnd else {
                throw .doesNotFit(
                    path: initrd,
                    why: "its \(size >> 20) MiB do not fit beside the kernel into the guest's \(ram.size >> 20) MiB")
            }
            let start = (deviceTreeAddress - size) & ~Self.pageMask
            guard start >= kernelEnd else {
                throw .doesNotFit(path: initrd, why: "there is no room between kernel and device tree")
            }
            initrdRange = start..<start + size
        } else {
            initrdRange = nil
        }
        if let firmware {
            let size = try ImageFile(path: firmware).size
            guard size > 0, size <= firmwareLimit else {
                throw .badImage(
                    path: firmware, why: "\(size) bytes; firmware must fit below the kernel, in \(firmwareLimit) bytes")
            }
        }
    }

    /// Copies the files into RAM. The files are measured anew: one that grew since is refused.
    func load(into memory: GuestMemory) throws(RISCVMachineError) {
        try copy(kernel, to: kernelAddress, limit: deviceTreeAddress - kernelAddress, memory)
        if let initrd, let range = initrdRange {
            try copy(initrd, to: range.lowerBound, limit: UInt64(range.count), memory)
        }
        if let firmware { try copy(firmware, to: Self.ramBase, limit: firmwareLimit, memory) }
    }

    private func copy(
        _ path: String, to address: UInt64, limit: UInt64, _ memory: GuestMemory
    ) throws(RISCVMachineError) {
        // SAFETY: `payload` checked that the file's size fits RAM there.
        let file = try ImageFile(path: path)
        guard file.size <= limit, let target = unsafe memory.payload(address, count: Int(file.size), writing: true)
        else {
            throw .doesNotFit(path: path, why: "it grew to \(file.size) bytes, and there is room for \(limit)")
        }
        try unsafe file.read(at: 0, into: target)
    }
}

/// The head of a flat RISC-V kernel image (Linux, Documentation/arch/riscv/boot-image-header).
private struct KernelHeader {
    let textOffset: UInt64
    /// What the kernel occupies in RAM from its first byte on: its file and the zeroed data behind it.
    let memorySize: UInt64

    private static let size = 64
    private static let magic: UInt32 = 0x0543_5352
    private static let alignment: UInt64 = 2 << 20
    private static let largestImage: UInt64 = 1 << 30

    init(path: String) throws(RISCVMachineError) {
        let file = try ImageFile(path: path)
        guard file.size >= UInt64(Self.size) else { throw .badImage(path: path, why: "too short for a kernel image") }
        let bytes = try file.prefix(Self.size)
        if bytes.starts(with: [0x1f, 0x8b]) {
            throw .badImage(path: path, why: "a compressed kernel; unpack it first")
        }
        guard let fields = Self.fields(bytes), fields.magic == Self.magic else {
            throw .badImage(path: path, why: "no RISC-V kernel image (the magic number at byte 56 is missing)")
        }
        guard fields.textOffset % Self.alignment == 0, fields.textOffset <= Self.largestImage,
            fields.imageSize <= Self.largestImage, file.size <= Self.largestImage
        else {
            throw .badImage(
                path: path, why: "text offset \(fields.textOffset) and image size \(fields.imageSize) cannot be right")
        }
        guard fields.flags & 1 == 0 else { throw .badImage(path: path, why: "a big-endian kernel") }
        textOffset = fields.textOffset
        memorySize = max(fields.imageSize, file.size)
    }

    private static func fields(
        _ bytes: [UInt8]
    ) -> (textOffset: UInt64, imageSize: UInt64, flags: UInt64, magic: UInt32)? {
        var reader = ByteReader(bytes, from: 8)
        var tail = ByteReader(bytes, from: 56)
        do {
            return (
                try reader.readLittleEndian(), try reader.readLittleEndian(), try reader.readLittleEndian(),
                try tail.readLittleEndian()
            )
        } catch { return nil }
    }
}

/// A file that is read whole.
private struct ImageFile: ~Copyable {
    let path: String
    let size: UInt64
    private let descriptor: Descriptor

    init(path: String) throws(RISCVMachineError) {
        let file = try Self.open(path)
        let end = lseek(file.number, 0, SEEK_END)
        guard end >= 0 else { throw .badImage(path: path, why: "not a regular file") }
        self.path = path
        size = UInt64(end)
        descriptor = file
    }

    private static func open(_ path: String) throws(RISCVMachineError) -> Descriptor {
        do { return try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK) } catch { throw .file(path: path, error) }
    }

    /// Fills `target` with the bytes from `offset` on.
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(RISCVMachineError) {
        var done = 0
        while done < target.count, let base = target.baseAddress {
            // SAFETY: `base + done` and the rest lie inside the caller's buffer.
            let count = unsafe pread(descriptor.number, base + done, target.count - done, offset + done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .file(path: path, SystemError(code: errno, call: "pread")) }
            guard count > 0 else { throw .badImage(path: path, why: "ends before byte \(offset + target.count)") }
            done += count
        }
    }

    /// A copy of the first `count` bytes.
    func prefix(_ count: Int) throws(RISCVMachineError) -> [UInt8] {
        // SAFETY: the buffer is freed after it was copied.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { unsafe buffer.deallocate() }
        try unsafe read(at: 0, into: buffer)
        return unsafe Array(buffer)
    }
}
