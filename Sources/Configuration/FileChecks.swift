import Glibc
import SystemCalls

/// Looks at what the configuration names: whether the files are there and can be used by this process. What this finds
/// now would be found at the start, by a process that then ends.
struct FileChecks {
    /// The configuration's tree, which knows where each key was written.
    let tree: ConfigurationNode
    let problems: ProblemList

    /// Notes a problem for each file that cannot be used.
    func check(_ configuration: ColodConfiguration) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let guest = configuration.guest
        check(["guest", "kernel"], guest.kernel, isImage)
        check(["guest", "initrd"], guest.initrd, isImage)
        check(["guest", "firmware"], guest.firmware, isImage)
        checkMemory(guest.memoryBacking)
        for (index, disk) in guest.disks.enumerated() {
            check(["guest", "disks", "\(index)", "file"], disk.file) { isDisk($0, readOnly: disk.readOnly) }
        }
        switch guest.console {
        case .file(let path) where unsafe access(path, W_OK) == 0: break
        case .file(let path), .unix(let path): check(["guest", "console"], path, hasFolder)
        case .log, .none, .stdio: break
        }
        if let pair = configuration.pair { check(["pair", "key-file"], pair.keyFile, isKey) }
        if case .command(let path, _, _) = configuration.arbiter { check(["arbiter", "path"], path, isCommand) }
        check(["state-directory"], configuration.stateDirectory, isStateDirectory)
    }

    private func check(_ steps: [String], _ path: String?, _ complaint: (String) -> String?) {
        guard let path, let message = complaint(path) else { return }
        let key = steps.reduce("") { Int($1) != nil ? "\($0)[\($1)]" : $0.isEmpty ? $1 : "\($0).\($1)" }
        problems.add(tree.origin(of: steps), key, "\(path) \(message)")
    }

    private func checkMemory(_ backing: MemoryBackingConfiguration) {
        switch backing {
        case .anonymous, .memfd, .hugePages(nil): break
        case .file(let path, let isShared):
            check(["guest", "memory-backing"], path) { isMemory($0, written: isShared) }
        case .hugePages(let path?): check(["guest", "memory-backing"], path) { isMemory($0, written: true) }
        }
    }

    // MARK: What each may be; nil if it is

    /// A file that does not exist yet is made at the start.
    private func isMemory(_ path: String, written: Bool) -> String? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        guard unsafe access(path, F_OK) == 0 else { return hasFolder(path) }
        return opening(path, written ? O_RDWR : O_RDONLY) { status in
            status.st_mode & S_IFMT == S_IFREG ? nil : "is no regular file; name one"
        }
    }

    private func isKey(_ path: String) -> String? {
        do {
            _ = try loadKey(path)
            return nil
        } catch {
            // One that is there and right, but open to everyone, needs no new one.
            if error.isOnlyTooOpen { return error.message }
            return "\(error.message); make one key for both hosts: head -c 32 /dev/urandom | base64 > \(path)"
        }
    }

    private func isImage(_ path: String) -> String? {
        opening(path, O_RDONLY) { status in
            guard status.st_mode & S_IFMT == S_IFREG else { return "is no regular file; name the file itself" }
            return status.st_size > 0 ? nil : "is empty; copy it again"
        }
    }

    private func isDisk(_ path: String, readOnly: Bool) -> String? {
        opening(path, readOnly ? O_RDONLY : O_RDWR) { status in
            switch status.st_mode & S_IFMT {
            case S_IFBLK: return nil
            case S_IFREG where status.st_size > 0 && status.st_size % 512 == 0: return nil
            case S_IFREG: return "has a length of \(status.st_size) bytes; a disk has a multiple of 512, and not 0"
            default: return "is neither a regular file nor a block device; name an image or a device"
            }
        }
    }

    private func opening(_ path: String, _ flags: Int32, _ complaint: (stat) -> String?) -> String? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        do {
            let file = try Descriptor.open(path, flags: flags | O_NONBLOCK | O_NOCTTY)
            var status = stat()
            guard unsafe fstat(file.number, &status) == 0 else { return reason() }
            return complaint(status)
        } catch {
            return reason(error.code)
        }
    }

    private func isCommand(_ path: String) -> String? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return reason() }
        guard status.st_mode & S_IFMT == S_IFREG else { return "is no program; name an executable file" }
        return unsafe access(path, X_OK) == 0 ? nil : "cannot be executed; run: chmod +x \(path)"
    }

    private func isStateDirectory(_ path: String) -> String? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var status = stat()
        if unsafe stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else { return "is no directory; name one that holds nothing else" }
            return unsafe access(path, W_OK | X_OK) == 0 ? nil : "cannot be written: \(reason())"
        }
        guard errno == ENOENT else { return reason() }
        let parent = folder(of: path)
        if unsafe access(parent, W_OK | X_OK) == 0 { return nil }
        return
            unsafe "does not exist and cannot be made: \(parent): \(String(cString: strerror(errno))); make it, for colod: "
            + "install -d -o colod -g colod -m 750 \(path)"
    }

    private func hasFolder(_ path: String) -> String? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let parent = folder(of: path)
        return unsafe access(parent, W_OK | X_OK) == 0 ? nil : "cannot be made: \(parent): \(reason())"
    }

    private func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// A system error and what to do about it.
    private func reason(_ code: Int32 = errno) -> String {
        // SAFETY: strerror(3) gives a terminated string, which is copied at once.
        let advice =
            switch code {
            case ENOENT, ENOTDIR: "put it there, or correct the path"
            case EACCES, EPERM: "let the user of colod have access to it and to the folders above it"
            case EROFS: "the file system is read-only; choose another place"
            default: "see what is wrong with it"
            }
        return unsafe "cannot be used: \(String(cString: strerror(code))); \(advice)"
    }
}
