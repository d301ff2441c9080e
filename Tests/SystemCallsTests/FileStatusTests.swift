import Foundation
import Glibc
import Testing

@testable import SystemCalls

/// What is asked of files by name and by descriptor.
struct FileStatusTests {
    private let folder = NSTemporaryDirectory() + "colod-status-\(UUID().uuidString)"

    private func inFolder(_ body: () throws -> Void) throws {
        try Folder.make(folder, mode: 0o750)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body()
    }

    @Test func aFileIsTheSameByNameAndByDescriptor() throws {
        try inFolder {
            let path = folder + "/file"
            let file = try Descriptor.open(path, flags: O_CREAT | O_RDWR, mode: 0o640)
            #expect(ftruncate(file.number, 10_000) == 0)
            let status = try file.status()
            #expect(status.isRegular && status.size == 10_000 && status.allocated < 10_000)
            #expect(status.permissions == 0o640)
            let (byName, above) = (try FileStatus(of: path), try FileStatus(of: folder))
            #expect(byName == status)
            #expect(!above.isSameFile(as: status))
            #expect(above.kind == .folder)
        }
    }

    @Test func aLinkIsItselfOrWhatItLeadsTo() throws {
        try inFolder {
            let link = folder + "/link"
            #expect(symlink("/dev/null", link) == 0)
            let (target, itself) = (try FileStatus(of: link), try FileStatus(of: link, followingLinks: false))
            #expect(target.kind == .characterDevice)
            #expect(itself.kind == .other)
            #expect(Paths.target(ofLink: link) == "/dev/null")
            #expect(Paths.target(ofLink: folder) == nil)
            #expect(Paths.remove(link))
            #expect(!Paths.remove(link))
            #expect(!Paths.isUsable(link))
        }
    }

    @Test func whatIsMissingSaysSo() throws {
        let path = folder + "/nothing"
        let error = #expect(throws: SystemError.self) { try FileStatus(of: path) }
        #expect(error?.code == ENOENT)
        #expect(error?.description == "stat \(path): No such file or directory")
        #expect(Paths.obstacle(path, W_OK)?.code == ENOENT)
        #expect(Paths.obstacle("/proc/self/exe", X_OK) == nil)
        #expect(throws: SystemError.self) { try FileStatus(of: -1) }
    }

    @Test func aWaitEndsWithSomethingOrWithTime() throws {
        let pipe = try Descriptor.pipe()
        var entries = [
            pollfd(fd: pipe.reading.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: -1, events: Int16(POLLIN), revents: 0),
        ]
        #expect(Poll.wait(for: &entries, milliseconds: 1) == 0)
        var byte: UInt8 = 1
        #expect(write(pipe.writing.number, &byte, 1) == 1)
        #expect(Poll.wait(for: &entries, milliseconds: -1) == 1)
        #expect(entries[0].revents == Int16(POLLIN) && entries[1].revents == 0)
        #expect(Poll.wait(for: &entries[0], milliseconds: -1) == 1)
    }
}
