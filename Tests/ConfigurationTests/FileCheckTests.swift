import Configuration
import Foundation
import Testing

/// What is said of the files that a configuration names.
@Suite struct FileCheckTests {
    /// A folder with everything that a pair needs, and the configuration that names it.
    private final class Bench {
        let folder: String
        var text: String

        init() throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "colod-check-\(UUID().uuidString)").path()
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            text = """
                role: primary
                state-directory: FOLDER/state
                guest:
                  machine: riscv64
                  memory: 256M
                  kernel: FOLDER/kernel
                  initrd: FOLDER/initrd
                  firmware: FOLDER/firmware
                  disks:
                    - {file: FOLDER/disk, read-only: true}
                pair:
                  primary: {replication: "tcp:10.77.0.1:7800", heartbeat: ["tcp:10.77.0.1:7801"]}
                  secondary: {replication: "tcp:10.77.0.2:7800", heartbeat: ["tcp:10.77.0.2:7801"]}
                  key-file: FOLDER/key
                arbiter: {kind: command, path: FOLDER/fence}
                """.replacing("FOLDER", with: folder)
            for name in ["kernel", "initrd", "firmware"] { try write(name, "image") }
            try write("disk", String(repeating: "d", count: 512))
            try write("key", String(repeating: "k", count: 16))
            try write("fence", "#!/bin/sh", mode: 0o700)
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func write(_ name: String, _ content: String, mode: Int = 0o600) throws {
            try Data(content.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(folder)/\(name)")
        }

        func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }

        /// What is wrong, with the folder left out.
        func problems(checksFiles: Bool = true) -> [String] {
            do {
                _ = try ColodConfiguration.parse(yaml: text, file: "t.yaml", checksFiles: checksFiles)
                return []
            } catch {
                return error.problems.map { $0.description.replacing(folder, with: "F") }
            }
        }
    }

    @Test func whatKeepsMemoryIsAFileOrWillBeOne() throws {
        let plain = try Bench()
        for (place, problem) in [
            ("file:F/ram", nil), ("file:F/disk,share=on", nil), ("memfd", nil), ("hugetlb", nil),
            ("file:F", "F is no regular file; name one"),
            ("file:F/no/ram", "F/no/ram cannot be made: F/no: "),
            ("hugetlb:F/no/ram", "F/no/ram cannot be made: F/no: "),
        ] as [(String, String?)] {
            let bench = try Bench()
            let backing = place.replacing("F", with: bench.folder)
            bench.text = bench.text.replacing("memory: 256M", with: "memory: 256M\n  memory-backing: \"\(backing)\"")
            let found = bench.problems()
            #expect(found.count == (problem == nil ? 0 : 1), "\(place): \(found)")
            if let problem { #expect(found.first?.contains("guest.memory-backing: " + problem) == true, "\(found)") }
        }
        #expect(plain.problems() == [])
    }

    @Test func whatIsAllThereIsRight() throws {
        let bench = try Bench()
        #expect(bench.problems() == [])
    }

    @Test func filesAreLookedAtOnlyWhenAsked() throws {
        let bench = try Bench()
        try bench.remove("kernel")
        #expect(bench.problems(checksFiles: false) == [])
        #expect(bench.problems().count == 1)
    }

    @Test(arguments: [
        ("kernel", "t.yaml:6: guest.kernel: F/kernel"), ("initrd", "t.yaml:7: guest.initrd: F/initrd"),
        ("firmware", "t.yaml:8: guest.firmware: F/firmware"), ("disk", "t.yaml:10: guest.disks[0].file: F/disk"),
        ("fence", "t.yaml:15: arbiter.path: F/fence"),
    ])
    func aMissingFileIsNamedWithItsLineAndWhatToDo(name: String, place: String) throws {
        let bench = try Bench()
        try bench.remove(name)
        let words = "\(place) cannot be used: No such file or directory; put it there, or correct the path"
        #expect(bench.problems() == [words])
    }

    @Test func aMissingKeyTellsHowToMakeOne() throws {
        let bench = try Bench()
        try bench.remove("key")
        let problem = try #require(bench.problems().first)
        let words = "t.yaml:14: pair.key-file: F/key cannot be opened: No such file or directory; make one key"
        #expect(problem.hasPrefix(words), "\(problem)")
    }

    @Test(arguments: [(15, 0o600, "holds a key of 15 bytes"), (16, 0o604, "run: chmod 640 F/key")])
    func aKeyThatIsShortOrEverybodysIsAnError(length: Int, mode: Int, words: String) throws {
        let bench = try Bench()
        try bench.write("key", String(repeating: "k", count: length), mode: mode)
        let problems = bench.problems()
        #expect(problems.count == 1 && problems.first?.contains(words) == true, "\(problems)")
    }

    @Test(arguments: [("kernel", "is empty"), ("disk", "has a length of 0 bytes"), ("fence", "run: chmod +x F/fence")])
    func aFileThatIsThereAndCannotServeIsAnError(name: String, words: String) throws {
        let bench = try Bench()
        try bench.write(name, "")
        let problems = bench.problems()
        #expect(problems.count == 1 && problems.first?.contains(words) == true, "\(problems)")
    }

    @Test func aFolderInTheGivenPlaceIsAnError() throws {
        let bench = try Bench()
        for name in ["kernel", "disk", "fence"] {
            try bench.remove(name)
            let path = "\(bench.folder)/\(name)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        #expect(bench.problems().count == 3)
    }

    @Test func aStateDirectoryThatCanBeMadeIsRightAndOneThatCannotIsNot() throws {
        let bench = try Bench()
        try bench.write("state", "a file")
        #expect(bench.problems().first?.hasPrefix("t.yaml:2: state-directory: F/state is no directory") == true)
        bench.text = bench.text.replacing("\(bench.folder)/state", with: "\(bench.folder)/no/state")
        let problem = try #require(bench.problems().first)
        #expect(problem.contains("F/no/state does not exist and cannot be made"))
        #expect(problem.contains("install -d -o colod -g colod -m 750 F/no/state"))
    }

    @Test func everyProblemIsToldAtOnceInTheOrderOfTheFile() throws {
        let bench = try Bench()
        for name in ["kernel", "key", "fence", "initrd"] { try bench.remove(name) }
        let keys = bench.problems().map { $0.split(separator: ": ")[1] }
        #expect(keys == ["guest.kernel", "guest.initrd", "pair.key-file", "arbiter.path"])
    }

    @Test func aFlagIsNamedInsteadOfALine() throws {
        var flags = CommandLineOverrides()
        (flags.machine, flags.memory, flags.kernel) = ("riscv64", "64M", "/nonexistent/kernel")
        let error = #expect(throws: ConfigurationError.self) {
            try ColodConfiguration.load(file: nil, overrides: flags, checksFiles: true)
        }
        #expect(error?.problems.first?.place == "--kernel")
    }
}
