import Environment
import Foundation
import Glibc
import Testing

@testable import SystemCalls

@Suite struct DurableFiles {
    private func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "colod-file-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path())
    }

    @Test func aFileThatIsNotThereReadsAsNothing() throws {
        let content = try withFolder { try DurableFile(path: "\($0)/term").read() }
        #expect(content == nil)
    }

    @Test func theContentIsReplacedAsAWhole() throws {
        try withFolder { folder in
            let file = DurableFile(path: "\(folder)/term")
            try file.replace(with: Array("a longer content".utf8))
            try file.replace(with: Array("short".utf8))
            #expect(try file.read() == Array("short".utf8))
        }
    }

    /// Once both files are there, a replacement makes no new one: it needs no room that a full file system may lack.
    @Test func aReplacementNeedsNoRoom() throws {
        try withFolder { folder in
            let file = DurableFile(path: "\(folder)/term")
            let numbers = { () -> Set<UInt64> in
                Set(
                    try ["term", "term.new"].map { name in
                        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                        return (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
                    })
            }
            try file.replace(with: [0])
            let first = try numbers()
            for value: UInt8 in 1...9 {
                try file.replace(with: [value])
                #expect(try file.read() == [value])
                #expect(try numbers() == first)
            }
        }
    }

    @Test func aHalfWrittenNeighbourDoesNotMatter() throws {
        try withFolder { folder in
            let file = DurableFile(path: "\(folder)/term")
            try file.replace(with: [1, 2, 3])
            #expect(FileManager.default.createFile(atPath: "\(folder)/term.new", contents: Data([9])))
            #expect(try file.read() == [1, 2, 3])
            try file.replace(with: [4])
            #expect(try file.read() == [4])
        }
    }

    @Test func aFileThatIsTooLargeIsRefused() throws {
        try withFolder { folder in
            let size = DurableFile.largestContent + 1
            #expect(FileManager.default.createFile(atPath: "\(folder)/term", contents: Data(count: size)))
            #expect(throws: SystemError.self) { try DurableFile(path: "\(folder)/term").read() }
        }
    }

    @Test func aFolderThatIsMissingIsAnError() {
        #expect(throws: SystemError.self) { try DurableFile(path: "/nonexistent/term").replace(with: [1]) }
    }
}

@Suite struct UnixSockets {
    private func withPath<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(path: "colod-\(UUID().uuidString).sock").path()
        defer { unlink(path) }
        return try body(path)
    }

    @Test func aListenerIsFoundAndItsPlaceIsNotTaken() throws {
        try withPath { path in
            let listener = try UnixSocket.bind(path)
            #expect(listen(listener.number, 4) == 0)
            _ = try UnixSocket.connect(path)
            #expect {
                _ = try UnixSocket.bind(path)
            } throws: { ($0 as? SystemError)?.code == EADDRINUSE }
        }
    }

    @Test func aListenerThatAcceptsNobodyIsWaitedForUntilTheDeadline() throws {
        try withPath { path in
            let listener = try UnixSocket.bind(path)
            #expect(listen(listener.number, 0) == 0)
            let first = try UnixSocket.connect(path)
            #expect {
                _ = try UnixSocket.connect(path, within: .milliseconds(20))
            } throws: { ($0 as? SystemError)?.code == EAGAIN }
            _ = first.number
        }
    }

    @Test func aSocketFileThatNobodyListensOnIsReplaced() throws {
        try withPath { path in
            do { _ = try UnixSocket.bind(path) }
            let listener = try UnixSocket.bind(path)
            #expect(listen(listener.number, 4) == 0)
            _ = try UnixSocket.connect(path)
        }
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() throws {
        try withPath { path in
            #expect(FileManager.default.createFile(atPath: path, contents: Data("precious".utf8)))
            #expect(throws: SystemError.self) { _ = try UnixSocket.bind(path) }
            let content = try String(contentsOfFile: path, encoding: .utf8)
            #expect(content == "precious")
        }
    }

    @Test func othersMayNotConnect() throws {
        try withPath { path in
            let listener = try UnixSocket.bind(path, mode: 0o660)
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o007 == 0)
            _ = listener.release()
        }
    }

    @Test(arguments: [0o000, 0o027, 0o077, 0o777])
    func modeAndGroupAreThoseAskedForWhateverTheUmask(mask: mode_t) async {
        // The umask belongs to the whole process.
        await #expect(processExitsWith: .success) { [mask] in
            let folder = FileManager.default.temporaryDirectory.appending(path: "colod-\(UUID().uuidString)").path()
            umask(mask)
            #expect(try Folder.make(folder, mode: 0o750))
            #expect(try !Folder.make(folder, mode: 0o700), "is there already")
            let path = "\(folder)/socket"
            defer {
                unlink(path)
                rmdir(folder)
            }
            let listener = try UnixSocket.bind(path)
            var status = stat()
            #expect(stat(folder, &status) == 0 && status.st_mode & 0o7777 == 0o750)
            #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o660)
            #expect(status.st_gid == getegid())
            _ = listener.release()
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make a folder of another group"))
    func theGroupIsThatOfTheProcessInAFolderThatGivesItsOwn() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "colod-\(UUID().uuidString)").path()
        try Folder.make(folder, mode: 0o770)
        let path = "\(folder)/socket"
        defer {
            unlink(path)
            rmdir(folder)
        }
        try #require(chown(folder, uid_t.max, getegid() + 1) == 0 && chmod(folder, 0o2770) == 0)
        let listener = try UnixSocket.bind(path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_gid == getegid() && status.st_mode & 0o7777 == 0o660)
        _ = listener.release()
    }

    @Test(arguments: ["", "/tmp/" + String(repeating: "x", count: 120), "/tmp/a\0b"])
    func aPathThatFitsNoAddressIsRefused(path: String) {
        #expect(throws: SystemError.self) { _ = try UnixSocket.bind(path) }
        #expect(throws: SystemError.self) { _ = try UnixSocket.connect(path) }
    }
}
