import QAPI
import Testing

@testable import HumanMonitor

/// What QEMU 7.2's monitor answers to the same lines.
@Suite struct HumanMonitorTests {
    private func said(_ line: String) -> String? {
        if case .say(let text) = HumanMonitor.plan(line) { text } else { nil }
    }

    private func planned(_ line: String) -> (command: String, arguments: HumanArguments)? {
        guard case .run(let command, let arguments) = HumanMonitor.plan(line) else { return nil }
        return (command.title, arguments)
    }

    @Test(arguments: [
        ("", ""), ("   ", ""), ("nope", "unknown command: 'nope'\n"), ("info nope", "unknown command: 'info nope'\n"),
        ("info status;stop", "unknown command: 'info status;stop'\n"), ("\"stop", "unknown command: '\"stop'\n"),
        (
            "stop extra",
            "stop|s: extraneous characters at the end of line\nTry \"help stop\" for more information\n"
        ),
        ("c d", "cont|c: extraneous characters at the end of line\nTry \"help c\" for more information\n"),
        (
            "info migrate xx",
            "migrate: extraneous characters at the end of line\nTry \"help info migrate\" for more information\n"
        ),
        ("migrate", "migrate: string expected\nTry \"help migrate\" for more information\n"),
        ("migrate -z foo", "migrate: unsupported option -z\nTry \"help migrate\" for more information\n"),
        ("migrate -d -d", "migrate: unsupported option -d\nTry \"help migrate\" for more information\n"),
        (
            "migrate_set_capability xbzrle maybe",
            "Expected 'on' or 'off'\nTry \"help migrate_set_capability\" for more information\n"
        ),
        ("migrate \"unterminated", ""),
    ]) func mistakesArePartOfTheText(line: String, text: String) { #expect(said(line) == text) }

    @Test func wordsFlagsAndQuotesAreUnderstood() {
        #expect(planned(" info   status  ")?.command == "status")
        #expect(planned("s")?.command == "stop|s")
        let migrate = planned("migrate -d -r \"exec:cat >/dev/null\"")
        #expect(migrate?.arguments.flags == ["d", "r"])
        #expect(migrate?.arguments["uri"] == "exec:cat >/dev/null")
        #expect(planned(#"migrate_incoming "a\"b\\""#)?.arguments["uri"] == #"a"b\"#)
        #expect(planned("info")?.command == "info")
    }

    @Test func helpNamesWhatIsThere() {
        #expect(HumanCommands.help(on: "stop").hasPrefix("stop|s  -- "))
        #expect(HumanCommands.help(on: "s") == HumanCommands.help(on: "stop"))
        #expect(HumanCommands.help(on: "info status x").hasPrefix("info status  -- "))
        #expect(HumanCommands.help(on: "nope") == "unknown command: 'nope'\n")
        #expect(HumanCommands.help(on: "info nope") == "unknown command: 'info nope'\n")
        let all = HumanCommands.help(on: "")
        for command in HumanCommands.all { #expect(all.contains(command.help)) }
        for topic in HumanCommands.info { #expect(HumanCommands.help(on: "info").contains("info \(topic.help)")) }
    }

    @Test(arguments: [
        (RunState.running, true, "VM status: running\n"), (.paused, false, "VM status: paused\n"),
        (.postmigrate, false, "VM status: paused (postmigrate)\n"),
    ]) func theStatusNamesUnusualStates(state: RunState, running: Bool, text: String) {
        #expect(HumanText.status(StatusInfo(running: running, singlestep: false, status: state)) == text)
    }

    @Test func numbersHaveTwoDigits() {
        for (number, text) in [(0.0, "0.00"), (11.055289719626167, "11.06"), (-1.5, "-1.50"), (0.999, "1.00")] {
            #expect(HumanText.twoDigits(number) == text)
        }
        #expect(HumanText.twoDigits(.infinity) == "inf")
    }
}

@Suite struct HumanParameterTests {
    private func refusal(_ name: String, _ text: String) -> String? {
        do {
            _ = try HumanParameter.value(name, text)
            return nil
        } catch { return "\(error)" }
    }

    @Test func valuesHaveUnits() throws {
        #expect(try HumanParameter.value("max-bandwidth", "5").maxBandwidth == 5 << 20)
        #expect(try HumanParameter.value("max-bandwidth", "1G").maxBandwidth == 1 << 30)
        #expect(try HumanParameter.value("max-postcopy-bandwidth", "5k").maxPostcopyBandwidth == 5120)
        #expect(try HumanParameter.value("downtime-limit", "10").downtimeLimit == 10)
        #expect(try HumanParameter.value("compress-wait-thread", "off").compressWaitThread == false)
        #expect(try HumanParameter.value("multifd-compression", "zstd").multifdCompression == .zstd)
        #expect(try HumanParameter.value("tls-creds", "tls0").tlsCreds == .s("tls0"))
    }

    @Test func everyParameterCanBeSet() throws {
        for name in MigrationParameters().settable where name != "block-bitmap-mapping" {
            let values = ["1", "on", "none"]
            #expect(values.contains { refusal(name, $0) == nil }, "\(name)")
        }
    }

    @Test func mistakesReadAsQEMUs() {
        let size = """
            expects a non-negative number below 2^64
            Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-
            and exabytes, respectively.
            """
        #expect(refusal("foo", "1") == "invalid parameter value: foo")
        #expect(refusal("downtime-limit", "xx") == "Parameter 'downtime-limit' " + size)
        #expect(refusal("announce-step", "2.5") == "Parameter 'announce-step' " + size)
        #expect(refusal("max-bandwidth", "99999999999E") == "Parameter 'max-bandwidth' " + size)
        #expect(refusal("multifd-channels", "300") == "Parameter 'multifd-channels' expects uint8_t")
        #expect(refusal("multifd-channels", "4x") == "Parameter 'multifd-channels' expects uint64")
        #expect(refusal("multifd-compression", "foo") == "Parameter 'multifd-compression' does not accept value 'foo'")
        #expect(refusal("compress-wait-thread", "xx") == "Parameter 'compress-wait-thread' expects 'on' or 'off'")
        #expect(
            refusal("block-bitmap-mapping", "x") == "The block-bitmap-mapping parameter can only be set through QMP")
    }
}

extension MigrationParameters {
    /// The names of all parameters that have a line of their own.
    fileprivate var settable: [String] { HumanText.parameterLines.map(\.name) }
}

@Suite struct MigrationTextTests {
    private static let globals = """
        globals:
        store-global-state: on
        only-migratable: off
        send-configuration: on
        send-section-footer: on
        decompress-error-check: on
        clear-bitmap-shift: 18

        """

    @Test func nothingHasHappenedYet() { #expect(HumanText.migration(MigrationInfo()) == Self.globals) }

    @Test func aFailureSaysWhy() {
        var info = MigrationInfo()
        info.status = .failed
        info.errorDesc = "Failed to connect to '127.0.0.1:1': Connection refused"
        #expect(
            HumanText.migration(info) == Self.globals + """
                Migration status: failed (Failed to connect to '127.0.0.1:1': Connection refused)
                total time: 0 ms

                """)
    }

    /// The figures of a run of QEMU's, and what its monitor made of them.
    @Test func aCompletedMigrationShowsItsFigures() {
        var info = MigrationInfo()
        info.status = .completed
        info.totalTime = 214
        info.downtime = 0
        info.setupTime = 0
        info.ram = MigrationStats(
            transferred: 294940, remaining: 0, total: 134_217_728, duplicate: 32768, skipped: 0, normal: 0,
            normalBytes: 0, dirtyPagesRate: 0, mbps: 11.055289719626167, dirtySyncCount: 3, postcopyRequests: 0,
            pageSize: 4096, multifdBytes: 0, pagesPerSecond: 116510, precopyBytes: 294940, downtimeBytes: 0,
            postcopyBytes: 0, dirtySyncMissedZeroCopy: 0)
        #expect(
            HumanText.migration(info) == Self.globals + """
                Migration status: completed
                total time: 214 ms
                downtime: 0 ms
                setup: 0 ms
                transferred ram: 288 kbytes
                throughput: 11.06 mbps
                remaining ram: 0 kbytes
                total ram: 131072 kbytes
                duplicate: 32768 pages
                skipped: 0 pages
                normal: 0 pages
                normal bytes: 0 kbytes
                dirty sync count: 3
                page size: 4 kbytes
                multifd bytes: 0 kbytes
                pages-per-second: 116510
                precopy ram: 288 kbytes

                """)
    }

    @Test func listenersAreShown() {
        var info = MigrationInfo()
        info.socketAddress = [SocketAddress(variant: .inet(InetSocketAddress(host: "127.0.0.1", port: "44697")))]
        #expect(HumanText.migration(info) == Self.globals + "socket address: [\n\ttcp:127.0.0.1:44697\n]\n")
    }
}
