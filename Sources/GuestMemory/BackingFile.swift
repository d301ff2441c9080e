import Glibc
import SystemCalls

/// The open file that keeps a RAM block.
struct BackingFile: ~Copyable {
    let descriptor: Descriptor
    let system: FileSystemShape
    private let shape: FileStatus
    private let backing: MemoryBacking
    private let isWritable: Bool
    /// Whether what the guest writes takes room on a file system that can be full.
    private let takesRoom: Bool

    /// Memory without a name.
    init(memory backing: MemoryBacking, hugePages: Bool) throws(MemoryBackingError) {
        let descriptor: Descriptor
        do throws(SystemError) { descriptor = try Descriptor.memory(name: "guest-ram", hugePages: hugePages) } catch {
            throw backing.shortage(error.description)
        }
        try self.init(backing, descriptor, isWritable: true, isNamed: false)
    }

    /// The file at `path`, which is made if there is none. One that the guest does not write need not be writable.
    init(_ backing: MemoryBacking, _ path: String, writing: Bool) throws(MemoryBackingError) {
        var isWritable = true
        let descriptor: Descriptor
        do throws(SystemError) {
            descriptor = try Self.open(path, writing: writing, isWritable: &isWritable)
        } catch { throw backing.fault(Self.advice(error)) }
        try self.init(backing, descriptor, isWritable: isWritable, isNamed: true)
    }

    private init(
        _ backing: MemoryBacking, _ descriptor: consuming Descriptor, isWritable: Bool, isNamed: Bool
    ) throws(MemoryBackingError) {
        let (shape, system): (FileStatus, FileSystemShape)
        do throws(SystemError) { (shape, system) = (try descriptor.status(), try descriptor.fileSystem()) } catch {
            throw backing.shortage(error.description)
        }
        guard shape.isRegular else { throw backing.fault("it is no regular file; name one") }
        self.descriptor = descriptor
        self.shape = shape
        self.system = system
        self.backing = backing
        self.isWritable = isWritable
        takesRoom = isNamed && backing.isShared && !system.isHugePages
    }

    /// Makes the file at least `size` bytes long.
    func extend(to size: Int) throws(MemoryBackingError) {
        // A file system that is full would be found out by a write of the guest, and be the end of this process.
        let missing = size - shape.allocated
        if takesRoom, missing > system.free {
            throw backing.shortage(
                "RAM needs \(missing) bytes more on its file system, which has \(system.free) free; make room, or choose "
                    + "another place")
        }
        guard shape.size < size else { return }
        guard isWritable else {
            throw backing.fault(
                "the file has \(shape.size) bytes, RAM needs \(size), and colod may not write it; extend it "
                    + "(truncate -s \(size)), or let the user of colod write it")
        }
        do throws(SystemError) { try descriptor.setSize(size) } catch { throw backing.shortage(error.description) }
    }

    /// False if the directory of `path` is on a file system without huge pages.
    static func mayHoldHugePages(besides path: String) -> Bool {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "./"
        do throws(SystemError) {
            return try Descriptor.open(String(folder), flags: O_RDONLY | O_DIRECTORY).fileSystem().isHugePages
        } catch {
            // The file itself will tell what is wrong.
            return true
        }
    }

    private static func open(
        _ path: String, writing: Bool, isWritable: inout Bool
    ) throws(SystemError) -> Descriptor {
        // Never waits for a peer, as a pipe would, and makes no terminal its own.
        let flags = O_NONBLOCK | O_NOCTTY
        do throws(SystemError) {
            return try Descriptor.open(path, flags: O_RDWR | flags)
        } catch {
            // O_CREAT only now: in a directory of everyone's (/dev/shm) the kernel refuses it for another user's file.
            if error.code == ENOENT {
                return try Descriptor.open(path, flags: O_RDWR | O_CREAT | flags)
            }
            guard !writing, [EACCES, EPERM, EROFS].contains(error.code) else { throw error }
        }
        isWritable = false
        return try Descriptor.open(path, flags: O_RDONLY | flags)
    }

    private static func advice(_ error: SystemError) -> String {
        let advice =
            switch error.code {
            case ENOENT, ENOTDIR: "make its directory, or correct the path"
            case EISDIR: "name a file in it"
            case EACCES, EPERM: "let the user of colod read and write it, and pass the directories above it"
            case EROFS: "choose a place that can be written, or share=off"
            default: "see what is wrong with it"
            }
        return "\(error.description); \(advice)"
    }
}
