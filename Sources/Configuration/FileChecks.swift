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
        let guest = configuration.guest
        check(["guest", "kernel"], guest.kernel, isImage)
        check(["guest", "initrd"], guest.initrd, isImage)
        check(["guest", "firmware"], guest.firmware, isImage)
        checkMemory(guest.memoryBacking)
        for (index, disk) in guest.disks.enumerated() {
            check(["guest", "disks", "\(index)", "file"], disk.file) { isDisk($0, readOnly: disk.readOnly) }
        }
        switch guest.console {
        case .file(let path) where Paths.isUsable(path, W_OK): break
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
        guard Paths.isUsable(path) else { return hasFolder(path) }
        return opening(path, written ? O_RDWR : O_RDONLY) { status in
            status.isRegular ? nil : "is no regular file; name one"
        }
    }

    private func isKey(_ path: String) -> String? {
        do {
            _ = try loadKeys(path)
            return nil
        } catch {
            // One that is there and right, but open to everyone, needs no new one.
            if error.isOnlyTooOpen { return error.message }
            return "\(error.message); make one key for both hosts: head -c 32 /dev/urandom | base64 > \(path)"
        }
    }

    private func isImage(_ path: String) -> String? {
        opening(path, O_RDONLY) { status in
            guard status.isRegular else { return "is no regular file; name the file itself" }
            return status.size > 0 ? nil : "is empty; copy it again"
        }
    }

    private func isDisk(_ path: String, readOnly: Bool) -> String? {
        opening(path, readOnly ? O_RDONLY : O_RDWR) { status in
            switch status.kind {
            case .blockDevice: return nil
            case .regular where status.size > 0 && status.size % 512 == 0: return nil
            case .regular: return "has a length of \(status.size) bytes; a disk has a multiple of 512, and not 0"
            default: return "is neither a regular file nor a block device; name an image or a device"
            }
        }
    }

    private func opening(_ path: String, _ flags: Int32, _ complaint: (FileStatus) -> String?) -> String? {
        do {
            let file = try Descriptor.open(path, flags: flags | O_NONBLOCK | O_NOCTTY)
            return complaint(try file.status())
        } catch {
            return reason(error.code)
        }
    }

    private func isCommand(_ path: String) -> String? {
        do {
            guard try FileStatus(of: path).isRegular else { return "is no program; name an executable file" }
        } catch {
            return reason(error.code)
        }
        return Paths.isUsable(path, X_OK) ? nil : "cannot be executed; run: chmod +x \(path)"
    }

    private func isStateDirectory(_ path: String) -> String? {
        do {
            let isFolder = try FileStatus(of: path).kind == .folder
            guard isFolder else { return "is no directory; name one that holds nothing else" }
            return Paths.obstacle(path, W_OK | X_OK).map { "cannot be written: \(reason($0.code))" }
        } catch {
            guard error.code == ENOENT else { return reason(error.code) }
        }
        let parent = folder(of: path)
        guard let obstacle = Paths.obstacle(parent, W_OK | X_OK) else { return nil }
        return "does not exist and cannot be made: \(parent): \(obstacle.reason); make it, for colod: "
            + "install -d -o colod -g colod -m 750 \(path)"
    }

    private func hasFolder(_ path: String) -> String? {
        let parent = folder(of: path)
        return Paths.obstacle(parent, W_OK | X_OK).map { "cannot be made: \(parent): \(reason($0.code))" }
    }

    private func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// A system error and what to do about it.
    private func reason(_ code: Int32) -> String {
        let advice =
            switch code {
            case ENOENT, ENOTDIR: "put it there, or correct the path"
            case EACCES, EPERM: "let the user of colod have access to it and to the folders above it"
            case EROFS: "the file system is read-only; choose another place"
            default: "see what is wrong with it"
            }
        return "cannot be used: \(SystemError.text(of: code)); \(advice)"
    }
}
