@testable import Configuration
import Testing

/// A complete pair, to be varied line by line.
let pairText = """
    role: primary
    guest:
      name: web
      machine: riscv64
      memory: 256M
      kernel: /boot/Image
      network:
        - {backend: tap, tap: tap0, bridge: br0, mac: "52:54:00:12:34:56"}
    pair:
      primary: {replication: "tcp:10.77.0.1:7800", heartbeat: ["tcp:10.77.0.1:7801"]}
      secondary: {replication: "tcp:10.77.0.2:7800", heartbeat: ["tcp:10.77.0.2:7801"]}
      key-file: /etc/colod/web.key
    heartbeat: {interval-ms: 100, timeout-ms: 900}
    failover: automatic
    arbiter: {kind: command, path: /sbin/fence, arguments: [web, "1"], timeout-ms: 3000}
    checkpoint: {delay-ms: 20, hold-limit: 1M}
    """

/// The problems of `yaml`, one text each; empty if it is valid.
func problems(_ yaml: String, overrides: CommandLineOverrides = CommandLineOverrides()) -> [String] {
    do {
        _ = try ColodConfiguration.parse(yaml: yaml, file: "t.yaml", overrides: overrides)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

@Suite struct ReadingConfiguration {
    @Test func everySettingOfAPairArrives() throws {
        let read = try ColodConfiguration.parse(yaml: pairText, file: "t.yaml")
        #expect(read.role == .primary)
        #expect(read.guest.name == "web")
        #expect(read.guest.machine == .riscv64)
        #expect(read.guest.memory == 256 << 20)
        #expect(read.guest.vcpus == 1)
        #expect(read.guest.kernel == "/boot/Image")
        #expect(read.guest.network.map(\.backend) == [.tap(name: "tap0", bridge: "br0")])
        #expect(read.guest.network.map(\.mac.description) == ["52:54:00:12:34:56"])
        let pair = try #require(read.pair)
        #expect(pair.host(.primary).replication.description == "tcp:10.77.0.1:7800")
        #expect(pair.host(.secondary).heartbeat == [.tcp(host: "10.77.0.2", port: 7801)])
        #expect(pair.keyFile == "/etc/colod/web.key")
        #expect(read.heartbeat == HeartbeatConfiguration(intervalMilliseconds: 100, timeoutMilliseconds: 900))
        let longer = pairText.replacing("timeout-ms: 900}", with: "timeout-ms: 900, replication-timeout-ms: 4000}")
        let other = try ColodConfiguration.parse(yaml: longer, file: "t.yaml")
        #expect(other.heartbeat.replicationTimeoutMilliseconds == 4000)
        #expect(read.failover == .automatic)
        #expect(read.arbiter == .command(path: "/sbin/fence", arguments: ["web", "1"], timeoutMilliseconds: 3000))
        #expect(read.checkpoint == CheckpointConfiguration(delayMilliseconds: 20, holdLimit: 1 << 20))
        #expect(read.warnings == [])
    }

    @Test func thereMayBeSeveralManagementSockets() throws {
        let read = try ColodConfiguration.parse(
            yaml: """
                guest: {machine: none, memory: 1G}
                management:
                  qmp: ["unix:/a", {address: "tcp:10.0.0.1:4444", pretty: true}]
                """, file: "t.yaml")
        #expect(
            read.management.monitors == [
                MonitorConfiguration(address: .unix("/a")),
                MonitorConfiguration(address: .tcp(host: "10.0.0.1", port: 4444), isPretty: true),
            ])
        #expect(
            read.warnings == [
                "management: whoever reaches tcp:10.0.0.1:4444 controls the guest: there is no login"
            ])
    }

    @Test(arguments: [
        (#"["unix:/a", "unix:/a"]"#, "management.qmp: has the same address twice"),
        (#""/a""#, "management.qmp.address: '/a' is not valid; expected tcp:HOST:PORT or unix:PATH"),
        (#"{address: "unix:/a", prety: true}"#, "management.qmp.prety: unknown key; did you mean 'pretty'?"),
        ("{pretty: true}", "management.qmp.address: is missing"),
        (#"["unix:/a", {address: "unix:/b", pretty: 3}]"#, "management.qmp[1].pretty: '3' is not valid"),
    ])
    func aWrongManagementSocketIsNamed(qmp: String, problem: String) {
        let found = problems("guest: {machine: none, memory: 1G}\nmanagement: {qmp: \(qmp)}")
        #expect(found.count == 1)
        #expect(found.first?.contains(problem) == true, "\(found)")
    }

    @Test func whatIsLeftOutGetsTheDocumentedDefault() throws {
        let read = try ColodConfiguration.parse(yaml: "guest: {machine: none, memory: 1G}", file: "t.yaml")
        #expect(read.role == .primary)
        #expect(read.guest.name == "guest")
        #expect(read.guest.vcpus == 0)
        #expect(read.guest.console == .log)
        #expect(read.guest.memoryBacking == .anonymous)
        #expect(read.management.monitors == [MonitorConfiguration(address: .unix("/run/colod/guest.qmp"))])
        #expect(read.stateDirectory == nil)
        #expect(read.pair == nil)
        #expect(read.heartbeat == .standard)
        #expect(read.heartbeat.replicationTimeoutMilliseconds == nil)
        #expect(read.failover == .manual)
        #expect(read.arbiter == .none)
        #expect(read.checkpoint == .standard)
        #expect(read.start == StartOptions(incoming: nil, paused: false))
    }

    @Test(
        arguments: [
            ("anonymous", .anonymous), ("memfd", .memfd), ("file:/r", .file("/r", isShared: false)),
            ("file:/r,share=off", .file("/r", isShared: false)), ("file:/r,share=on", .file("/r", isShared: true)),
            ("file:/a,b,share=on", .file("/a,b", isShared: true)), ("hugetlb", .hugePages(nil)),
            ("hugetlb:/dev/hugepages/web", .hugePages("/dev/hugepages/web")),
        ] as [(String, MemoryBackingConfiguration)])
    func whatKeepsMemoryIsRead(text: String, backing: MemoryBackingConfiguration) throws {
        let read = try ColodConfiguration.parse(
            yaml: "guest: {machine: none, memory: 1G, memory-backing: \"\(text)\"}", file: "t.yaml")
        #expect(read.guest.memoryBacking == backing)
    }

    @Test(arguments: ["", "ram", "memfd:", "file:", "file:r", "file:,share=on", "hugetlb:", "hugetlb:r", "FILE:/r"])
    func whatCannotKeepMemoryIsNamed(text: String) {
        #expect(
            problems("guest: {machine: none, memory: 1G, memory-backing: \"\(text)\"}") == [
                "t.yaml:1: guest.memory-backing: '\(text)' is not valid; expected anonymous, memfd, "
                    + "file:PATH[,share=on|off] or hugetlb[:PATH] with an absolute path"
            ])
    }

    @Test func aPairWithoutStateDirectoryGetsOneOfItsName() throws {
        let read = try ColodConfiguration.parse(yaml: pairText, file: "t.yaml")
        #expect(read.stateDirectory == "/var/lib/colod/web")
    }

    @Test func bothHostsComeToTheSameCardAddressWhenTheFileNamesNone() throws {
        let yaml = pairText.replacing(", mac: \"52:54:00:12:34:56\"", with: "")
        let primary = try ColodConfiguration.parse(yaml: yaml, file: "t.yaml")
        let secondary = try ColodConfiguration.parse(
            yaml: yaml.replacing("role: primary", with: "role: secondary"), file: "t.yaml")
        #expect(primary.guest.network == secondary.guest.network)
        #expect(primary.guest.network.first?.mac != MACAddress(guest: "mail", index: 0))
        #expect(MACAddress(guest: "web", index: 0) != MACAddress(guest: "web", index: 1))
    }

    @Test func automaticFailoverWithoutAnArbiterIsWarnedAbout() throws {
        let yaml = pairText.replacing("arbiter: {kind: command", with: "arbiter: {kind: none}\n#")
        let read = try ColodConfiguration.parse(yaml: yaml, file: "t.yaml")
        #expect(read.warnings.count == 1)
        #expect(read.warnings.first?.contains("no arbiter") == true)
    }

    @Test func scalarsThatYAMLWouldReadAsNumbersStayText() throws {
        let yaml = "guest: {machine: none, memory: 4096K, name: 0x10, uuid: 11111111-2222-3333-4444-555555555555}"
        let read = try ColodConfiguration.parse(yaml: yaml, file: "t.yaml")
        #expect(read.guest.name == "0x10")
        #expect(read.guest.uuid == "11111111-2222-3333-4444-555555555555")
        #expect(read.guest.memory == 4 << 20)
    }
}

@Suite struct RefusingConfiguration {
    @Test func anUnknownKeyNamesFileLineKeyAndTheLikelyOne() {
        let found = problems(pairText.replacing("  memory: 256M", with: "  memry: 256M\n  memory: 1M"))
        #expect(found.count == 1)
        #expect(
            found.first?.hasPrefix("t.yaml:5: guest.memry: unknown key; did you mean 'memory'? expected one of ")
                == true)
    }

    @Test func anUnknownKeyThatResemblesNothingGetsNoSuggestion() {
        let found = problems("guest: {machine: none, memory: 1M}\nfoobar: 1")
        #expect(found.first?.hasPrefix("t.yaml:2: foobar: unknown key; expected one of role, guest") == true)
    }

    @Test func allProblemsAreReportedAtOnceInOrder() {
        let found = problems(
            """
            role: boss
            guest:
              machine: riscv64
              memory: lots
              vcpus: 99
              console: screen
            """)
        #expect(
            found.map { $0.split(separator: ":").prefix(3).joined(separator: ":") } == [
                "t.yaml:1: role", "t.yaml:2: guest.kernel", "t.yaml:4: guest.memory", "t.yaml:5: guest.vcpus",
                "t.yaml:6: guest.console",
            ])
    }

    @Test(arguments: [
        ("memory: 256M", "memory: 1023K", "guest.memory"),
        ("memory: 256M", "memory: 1048577", "guest.memory"),
        ("memory: 256M", "memory: 99999999999G", "guest.memory"),
        ("memory: 256M", "memory: -5M", "guest.memory"),
        ("memory: 256M", "memory: [1M]", "guest.memory: is a list"),
        ("memory: 256M", "memory: {a: 1}", "guest.memory: is a mapping"),
        ("memory: 256M", "memory:", "guest.memory: has no value"),
        ("  memory: 256M\n", "", "guest.memory: is missing"),
        ("  kernel: /boot/Image\n", "", "guest.kernel: is missing"),
        ("kernel: /boot/Image", "kernel: boot/Image", "guest.kernel"),
        ("name: web", "name: ../web", "guest.name"),
        ("name: web", "uuid: 1-2-3", "guest.uuid"),
        ("52:54:00:12:34:56", "53:54:00:12:34:56", "guest.network[0].mac"),
        ("52:54:00:12:34:56", "52:54:00:12:34", "guest.network[0].mac"),
        ("tap: tap0", "tap: a-name-that-is-too-long", "guest.network[0].tap"),
        ("tap: tap0, ", "", "guest.network[0].tap: is missing"),
        ("backend: tap", "backend: user", "does not belong to the back-end 'user'"),
        ("role: primary\n", "", "role: is missing"),
        ("  key-file: /etc/colod/web.key\n", "", "pair.key-file: is missing"),
        ("tcp:10.77.0.1:7800", "tcp:10.77.0.1:0", "pair.primary.replication"),
        ("tcp:10.77.0.1:7800", "tcp:10.77.0.1:70000", "pair.primary.replication"),
        ("tcp:10.77.0.1:7800", "udp:10.77.0.1:7", "pair.primary.replication"),
        ("tcp:10.77.0.1:7800", "tcp:10.77.0.1:+80", "pair.primary.replication"),
        ("tcp:10.77.0.1:7800", "tcp:10.77.0.2:7800", "is used twice"),
        ("[\"tcp:10.77.0.1:7801\"]", "[]", "primary has 0 heartbeat addresses"),
        ("timeout-ms: 900", "timeout-ms: 399", "the timeout of 399 ms must be at least 4 intervals of 100 ms"),
        ("timeout-ms: 900", "timeout-ms: 299", "heartbeat.timeout-ms: '299' is not valid"),
        ("interval-ms: 100", "interval-ms: 0", "heartbeat.interval-ms"),
        ("timeout-ms: 900", "timeout-ms: 900, replication-timeout-ms: 800", "shorter than the heartbeat's timeout"),
        ("timeout-ms: 900", "timeout-ms: 900, replication-timeout-ms: 1", "heartbeat.replication-timeout-ms"),
        ("failover: automatic", "failover: always", "expected automatic or manual"),
        ("kind: command", "kind: none", "belongs to the arbiter of kind 'command'"),
        ("path: /sbin/fence", "path: fence", "arbiter.path"),
        ("hold-limit: 1M", "hold-limit: 1", "checkpoint.hold-limit"),
        ("hold-limit: 1M", "hold-limit: 1M, drop-limit: 1M", "checkpoint.drop-limit: is no more than hold-limit (1M)"),
        ("hold-limit: 1M", "cpu-share: 101", "checkpoint.cpu-share"),
        ("hold-limit: 1M", "least-gap-us: -1", "checkpoint.least-gap-us"),
        ("hold-limit: 1M", "cpu-share: 5, least-gap-us: 100", "says the same as cpu-share in another way"),
        ("hold-limit: 1M", "on-output: false, cpu-share: 5", "cpu-share: has no effect with on-output: false"),
        ("hold-limit: 1M", "on-output: perhaps", "checkpoint.on-output"),
        ("failover: automatic", "failover: automatic\nfailover: manual", "has more than once: 'failover'"),
    ])
    func aWrongValueIsNamed(old: String, new: String, expected: String) {
        #expect(pairText.contains(old))
        let found = problems(pairText.replacing(old, with: new, maxReplacements: 1))
        #expect(found.contains { $0.hasPrefix("t.yaml") && $0.contains(expected) }, "\(found)")
    }

    @Test(arguments: [
        ("", CheckpointConfiguration(onOutput: .share(5), delayMilliseconds: 100, holdLimit: 4 << 20)),
        ("{on-output: false}", CheckpointConfiguration(onOutput: nil, delayMilliseconds: 50, holdLimit: 4 << 20)),
        (
            "{least-gap-us: 700, delay-ms: 7}",
            CheckpointConfiguration(onOutput: .microseconds(700), delayMilliseconds: 7, holdLimit: 4 << 20)
        ),
        (
            "{cpu-share: 20, hold-limit: 32M}",
            CheckpointConfiguration(
                onOutput: .share(20), delayMilliseconds: 100, holdLimit: 32 << 20, dropLimit: 128 << 20)
        ),
        (
            "{drop-limit: 8M}",
            CheckpointConfiguration(
                onOutput: .share(5), delayMilliseconds: 100, holdLimit: 4 << 20, dropLimit: 8 << 20)
        ),
    ])
    func whenCheckpointsAreTaken(text: String, expected: CheckpointConfiguration) throws {
        let old = "checkpoint: {delay-ms: 20, hold-limit: 1M}"
        #expect(pairText.contains(old))
        let new = text.isEmpty ? "" : "checkpoint: \(text)"
        let read = try ColodConfiguration.parse(yaml: pairText.replacing(old, with: new), file: "t.yaml")
        #expect(read.checkpoint == expected)
    }

    @Test func aMachineWithoutVCPUTakesNoKernelOrDisk() {
        let found = problems("guest: {machine: none, memory: 1M, kernel: /k, disks: [{file: /d}]}")
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.contains("the machine 'none' has memory only") })
    }

    @Test func aWritableDiskOfAProtectedGuestIsRefused() {
        let disks = "  disks: [{file: /a.img, read-only: true}, {file: /b.img}]\n"
        let yaml = pairText.replacing("  network:", with: disks + "  network:")
        #expect(problems(yaml).count == 1)
        #expect(problems(yaml).first?.contains("guest.disks[1].read-only: a protected guest") == true)
    }

    @Test func twoCardsMayNotShareAnAddress() {
        let card = "    - {backend: user, mac: \"52:54:00:12:34:56\"}\npair:"
        let found = problems(pairText.replacing("pair:", with: card, maxReplacements: 1))
        #expect(found.count == 1)
        #expect(found.first?.contains("guest.network[1].mac") == true)
    }

    @Test func settingsOfAPairWithoutAPairAreRefused() {
        let found = problems("guest: {machine: none, memory: 1M}\nfailover: automatic")
        #expect(found == ["t.yaml:2: failover: has no meaning without 'pair'"])
    }

    @Test(arguments: [
        ("", "is empty"), ("- a\n- b", "expected a mapping"), ("guest: [", "is no YAML"), ("a: b: c", "is no YAML"),
        ("guest: *nobody", "has the alias '*nobody'; write out what it stands for"),
        ("guest: 5", "expected a mapping with name"),
        ("guest: {machine: none, memory: 1M}\n---\nrole: primary", "is no YAML"), ("guest: \u{1}", "is no YAML"),
        (String(repeating: "{a: ", count: 40) + String(repeating: "}", count: 40), "nested deeper than"),
    ])
    func textThatIsNoConfigurationIsRefusedWithItsPlace(text: String, expected: String) {
        let found = problems(text)
        #expect(found.contains { $0.hasPrefix("t.yaml") && $0.contains(expected) }, "\(found)")
    }

    @Test func addressesThatAreWrongOnBothSidesAreNoDuplicates() {
        let yaml = pairText.replacing("tcp:10.77.0.1:7800", with: "tcp:10.77.0.1:0")
            .replacing("tcp:10.77.0.2:7800", with: "tcp:10.77.0.2:0")
        #expect(
            problems(yaml) == [
                "t.yaml:10: pair.primary.replication: 'tcp:10.77.0.1:0' is not valid; port 0 is not one from 1 to 65535",
                "t.yaml:11: pair.secondary.replication: 'tcp:10.77.0.2:0' is not valid; port 0 is not one from 1 to 65535",
            ])
    }

    @Test(arguments: [
        ("[\"tcp:10.77.0.1:7801\"]", "[\"tcp:10.77.0.1:0\"]"), ("timeout-ms: 900", "timeout-ms: 1"),
        ("interval-ms: 100", "interval-ms: x"), ("kind: command", "kind: commnd"),
        ("machine: riscv64", "machine: risc"),
        ("backend: tap", "backend: tab"), ("heartbeat: {interval-ms: 100", "heartbeat: {interval-ms: 14000"),
        ("primary: {replication: \"tcp:10.77.0.1:7800\", heartbeat: [\"tcp:10.77.0.1:7801\"]}", "primary: host"),
        ("arbiter: {kind: command, path: /sbin/fence, arguments: [web, \"1\"], timeout-ms: 3000}", "arbiter: none"),
    ])
    func oneMistakeIsOneProblem(old: String, new: String) {
        #expect(pairText.contains(old))
        let found = problems(pairText.replacing(old, with: new, maxReplacements: 1))
        #expect(found.count == 1, "\(found)")
    }

    @Test func aWrongReadOnlyIsOneProblemAndTwoWrongMonitorsAreNoDuplicates() {
        let disks = "  disks: [{file: /a.img, read-only: yes}]\n"
        #expect(problems("guest: 5").count == 1)
        #expect(problems(pairText.replacing("  network:", with: disks + "  network:")).count == 1)
        let found = problems("guest: {machine: none, memory: 1M}\nmanagement: {qmp: [a, b]}")
        #expect(found.count == 2)
        #expect(found.allSatisfy { !$0.contains("twice") }, "\(found)")
    }

    @Test func aSocketPathThatIsTooLongIsNamedSo() throws {
        let long = "/" + String(repeating: "s", count: 107)
        let start = "guest: {machine: none, memory: 1M"
        let why = "the path has 108 bytes, and that of a unix socket has at most 107"
        for yaml in ["\(start)}\nmanagement: {qmp: 'unix:\(long)'}", "\(start), console: 'unix:\(long)'}"] {
            #expect(problems(yaml).count == 1)
            #expect(problems(yaml).first?.hasSuffix("...' is not valid; \(why)") == true)
            #expect(problems(yaml.replacing(long, with: long.dropLast())).isEmpty)
        }
        var overrides = CommandLineOverrides()
        overrides.incoming = "unix:\(long)"
        #expect(problems("\(start)}", overrides: overrides).first?.hasSuffix(why) == true)
        let path = "/" + String(repeating: "p", count: 4095)
        #expect(
            problems("\(start)}\nstate-directory: \(path)").first?
                .hasSuffix("the path has 4096 bytes, and at most 4095 are possible") == true)
    }

    @Test func whatATerminalWouldObeyIsWrittenOut() {
        let found = problems(#"guest: {machine: none, memory: "\e[2J\x9b", "a\nb": 1}"#)
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x9b } }, "\(found)")
    }

    @Test func aFileThatIsMissingOrADirectoryIsNamed() {
        #expect(throws: ConfigurationError.self) { try ColodConfiguration.load(file: "/nonexistent/a.yaml") }
        #expect {
            try ColodConfiguration.load(file: "/")
        } throws: { error in
            (error as? ConfigurationError)?.description == "/: is no regular file"
        }
    }
}
