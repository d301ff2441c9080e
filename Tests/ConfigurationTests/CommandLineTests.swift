@testable import Configuration
import Foundation
import Testing

@Suite struct CommandLineFlags {
    @Test func flagsAloneDescribeAMachine() throws {
        var flags = CommandLineOverrides()
        flags.machine = "riscv64"
        flags.memory = "64M"
        flags.kernel = "/boot/Image"
        flags.qmp = ["unix:/tmp/a.qmp,server=on,wait=off", "tcp:127.0.0.1:4444,server,nowait,pretty=on"]
        flags.disks = ["/a.img", "/b.img,readonly"]
        flags.networks = [
            "tap,tap=tap3,bridge=br1,mac=52:54:00:00:00:09",
            "user,forward=tcp:127.0.0.1:80-10.0.2.15:80,forward=udp:127.0.0.1:53-10.0.2.15:53",
        ]
        flags.incoming = "defer"
        flags.paused = true
        let read = try ColodConfiguration.load(file: nil, overrides: flags)
        #expect(read.guest.memory == 64 << 20)
        #expect(read.guest.disks.map(\.readOnly) == [false, true])
        #expect(read.guest.network.first?.backend == .tap(name: "tap3", bridge: "br1"))
        guard case .user(let forwards) = read.guest.network.last?.backend else {
            Issue.record("the second card is not on a user-mode network")
            return
        }
        #expect(forwards.map(\.description) == ["tcp:127.0.0.1:80-10.0.2.15:80", "udp:127.0.0.1:53-10.0.2.15:53"])
        #expect(
            read.management.monitors == [
                MonitorConfiguration(address: .unix("/tmp/a.qmp")),
                MonitorConfiguration(address: .tcp(host: "127.0.0.1", port: 4444), isPretty: true),
            ])
        #expect(read.start == StartOptions(incoming: "defer", paused: true))
    }

    @Test func aFlagOverrulesTheFileAndLeavesTheRest() throws {
        var flags = CommandLineOverrides()
        flags.memory = "1G"
        flags.role = "secondary"
        let read = try ColodConfiguration.parse(yaml: pairText, file: "t.yaml", overrides: flags)
        #expect(read.guest.memory == 1 << 30)
        #expect(read.role == .secondary)
        #expect(read.guest.kernel == "/boot/Image")
    }

    @Test func theFileThatKeepsMemoryIsMeantFromWhereTheCommandIsGiven() throws {
        let here = FileManager.default.currentDirectoryPath
        for (flag, backing) in [
            ("file:ram,share=on", MemoryBackingConfiguration.file("\(here)/ram", isShared: true)),
            ("file:/ram", .file("/ram", isShared: false)), ("hugetlb:ram", .hugePages("\(here)/ram")),
            ("hugetlb", .hugePages(nil)),
        ] {
            var flags = CommandLineOverrides()
            flags.memoryBacking = flag
            let read = try ColodConfiguration.parse(yaml: pairText, file: "t.yaml", overrides: flags)
            #expect(read.guest.memoryBacking == backing)
        }
        var flags = CommandLineOverrides()
        flags.memoryBacking = "tape"
        #expect(
            problems(pairText, overrides: flags).first?.hasPrefix(
                "--memory-backing: guest.memory-backing: 'tape' is not valid; expected anonymous, memfd, file:") == true
        )
    }

    @Test func aFlagMendsAWrongLine() throws {
        var flags = CommandLineOverrides()
        flags.memory = "1G"
        #expect(problems(pairText.replacing("256M", with: "much"), overrides: flags) == [])
    }

    @Test func aWrongFlagIsNamedInsteadOfTheFile() {
        var flags = CommandLineOverrides()
        flags.memory = "12Q"
        flags.networks = ["tap,tapp=x"]
        let found = problems(pairText, overrides: flags)
        #expect(found.count == 3)
        #expect(found.first?.hasPrefix("--memory: guest.memory: '12Q' is not valid; expected a size") == true)
        #expect(found.contains { $0.hasPrefix("--net: guest.network[0].tapp: unknown key; did you mean 'tap'?") })
    }

    @Test func withoutFileAndFlagsTheMissingGuestIsNamed() {
        #expect {
            try ColodConfiguration.load(file: nil)
        } throws: { error in
            (error as? ConfigurationError)?.description.hasPrefix("command line: guest: is missing") == true
        }
    }

    @Test func aRelativePathOfAFlagStartsAtTheCurrentDirectory() throws {
        var flags = CommandLineOverrides()
        flags.machine = "riscv64"
        flags.memory = "64M"
        flags.kernel = "Image"
        let read = try ColodConfiguration.load(file: nil, overrides: flags)
        #expect(read.guest.kernel == FileManager.default.currentDirectoryPath + "/Image")
    }

    @Test func aGuestOfAPairTakesNoIncomingStreamOfItsOwn() {
        var flags = CommandLineOverrides()
        flags.incoming = "defer"
        let found = problems(pairText, overrides: flags)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("--incoming: incoming: cannot be used with 'pair'") == true)
    }
}

@Suite struct ShippedExamples {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: [("colod-primary.yaml", ConfiguredRole.primary), ("colod-secondary.yaml", .secondary)])
    func anExampleIsValidAndSafe(name: String, role: ConfiguredRole) throws {
        let read = try ColodConfiguration.load(file: Self.root.appending(path: "config/\(name)").path())
        #expect(read.role == role)
        #expect(read.pair != nil)
        #expect(read.warnings == [])
    }

    @Test func theExamplesDifferInTheRoleOnly() throws {
        let texts = try ["primary", "secondary"].map { role in
            try String(contentsOf: Self.root.appending(path: "config/colod-\(role).yaml"), encoding: .utf8)
                .replacing("the \(role) side", with: "").replacing("role: \(role)", with: "")
        }
        #expect(texts[0] == texts[1])
    }
}
