import QAPI
import QMP
import Testing

@Suite struct MigrationSettingsTests {
    @Test func startsWithTheDefaults() {
        let parameters = MigrationSettings().parameters.reply.json
        #expect(parameters.object?.members.count == 26)
        #expect(parameters["xbzrle-cache-size"] == 67_108_864)
        #expect(parameters["x-checkpoint-delay"] == 20000)
        #expect(parameters["tls-creds"] == "")
        #expect(parameters["multifd-compression"] == "none")
        #expect(parameters["block-bitmap-mapping"] == nil)
        let capabilities = MigrationSettings().capabilities.list.json.array ?? []
        #expect(capabilities.count == 21)
        #expect(capabilities.first == ["capability": "xbzrle", "state": false])
        #expect(capabilities.last == ["capability": "postcopy-preempt", "state": false])
        #expect(capabilities.allSatisfy { $0["state"] == false })
    }

    @Test func everyCapabilityIsASwitchOfItsOwn() {
        for capability in MigrationCapability.allCases {
            var capabilities = MigrationCapabilities()
            capabilities[capability] = true
            for other in MigrationCapability.allCases { #expect(capabilities[other] == (other == capability)) }
            capabilities[capability] = false
            #expect(capabilities == MigrationCapabilities())
        }
    }

    @Test func aConflictRefusesTheWholeList() {
        var settings = MigrationSettings()
        #expect(throws: MigrationSettingsError.postcopyWithIgnoreShared) {
            try settings.setCapabilities([
                MigrationCapabilityStatus(.events, true), MigrationCapabilityStatus(.xIgnoreShared, true),
                MigrationCapabilityStatus(.postcopyRam, true),
            ])
        }
        #expect(settings == MigrationSettings())
    }

    @Test func onlyTheResultMustBeFreeOfConflicts() throws {
        var settings = MigrationSettings()
        try settings.setCapabilities([
            MigrationCapabilityStatus(.multifd, true), MigrationCapabilityStatus(.compress, true),
            MigrationCapabilityStatus(.multifd, false),
        ])
        #expect(settings[.compress] && !settings[.multifd])
    }

    @Test func aCapabilityThatOthersNeedStays() throws {
        var settings = MigrationSettings()
        try settings.setCapabilities([
            MigrationCapabilityStatus(.postcopyRam, true), MigrationCapabilityStatus(.postcopyPreempt, true),
            MigrationCapabilityStatus(.multifd, true),
        ])
        #expect(throws: MigrationSettingsError.preemptionWithoutPostcopy) {
            try settings.setCapabilities([MigrationCapabilityStatus(.postcopyRam, false)])
        }
        #expect(settings[.postcopyRam])
    }

    @Test func zeroCopyHoldsItsParametersFast() throws {
        var settings = MigrationSettings()
        try settings.setCapabilities([
            MigrationCapabilityStatus(.multifd, true), MigrationCapabilityStatus(.zeroCopySend, true),
        ])
        for change: JSONObject in [["multifd-compression": "zlib"], ["tls-creds": "x"]] {
            #expect(throws: MigrationSettingsError.self) { try settings.setParameters(change) }
        }
        try settings.setParameters(["tls-creds": nil, "multifd-compression": "none"])
        #expect(throws: MigrationSettingsError.self) {
            try settings.setCapabilities([MigrationCapabilityStatus(.multifd, false)])
        }
        #expect(throws: MigrationSettingsError.self) {
            try settings.setCapabilities([MigrationCapabilityStatus(.xbzrle, true)])
        }
    }

    @Test func oneWrongParameterRefusesAll() {
        var settings = MigrationSettings()
        #expect(throws: MigrationSettingsError.outOfRange(parameter: "compress_level", 0...9)) {
            try settings.setParameters(["max-bandwidth": 1000, "compress-level": 77])
        }
        #expect(settings == MigrationSettings())
    }

    @Test func parametersComeBackAsTheyWereSet() throws {
        var settings = MigrationSettings()
        let change: JSONObject = [
            "max-bandwidth": -1, "x-checkpoint-delay": 100, "tls-hostname": "h", "cpu-throttle-tailslow": true,
            "multifd-compression": "zstd", "xbzrle-cache-size": 4096,
            "block-bitmap-mapping": [
                [
                    "node-name": "n", "alias": "a",
                    "bitmaps": [["name": "b", "alias": "c", "transform": ["persistent": true]]],
                ]
            ],
        ]
        try settings.setParameters(change)
        for member in change.members where member.key != "max-bandwidth" {
            #expect(settings.parameters.reply.json[member.key] == member.value)
        }
        #expect(settings.parameters.maxBandwidth == .max)
        #expect(settings.parameters.reply.json["max-bandwidth"] == .unsigned(.max))
        #expect(settings.parameters.checkpointDelay == 100)
    }

    @Test func theThrottleLimitsAreHeldAgainstEachOther() throws {
        var settings = MigrationSettings()
        try settings.setParameters(["max-cpu-throttle": 50])
        #expect(throws: MigrationSettingsError.self) { try settings.setParameters(["cpu-throttle-initial": 60]) }
        try settings.setParameters(["cpu-throttle-initial": 60, "max-cpu-throttle": 60])
    }
}

/// What clients of QEMU read, for each way in which settings can be wrong.
@Suite struct MigrationSettingsTextTests {
    @Test(arguments: [
        (MigrationSettingsError.postcopyWithIgnoreShared, "Postcopy is not compatible with ignore-shared"),
        (.backgroundSnapshot(with: .xColo), "Background-snapshot is not compatible with x-colo"),
        (.zeroCopyOfChangedPages, "Zero copy only available for non-compressed non-TLS multifd migration"),
        (.preemptionWithoutPostcopy, "Postcopy preempt requires postcopy-ram"),
        (.preemptionWithCompression, "Postcopy preempt not compatible with compress"),
        (.multifdWithCompression, "Multifd is not compatible with compress"),
        (
            .outOfRange(parameter: "compress_level", 0...9),
            "Parameter 'compress_level' expects a value between 0 and 9"
        ),
        (
            .percentageOutOfRange(parameter: "cpu_throttle_initial", 1...99),
            "Parameter 'cpu_throttle_initial' expects an integer in the range of 1 to 99"
        ),
        (
            .downtimeLimitTooLong,
            "Parameter 'downtime_limit' expects an integer in the range of 0 to (2000 * 1000) ms"
        ),
        (
            .invalidCacheSize,
            "Parameter 'xbzrle_cache_size' expects a power of two no less than the target page size"
        ),
        (
            .maxThrottleOutOfRange,
            "Parameter 'max_cpu_throttle' expects an integer in the range of cpu_throttle_initial to 99"
        ),
        (.announceStepOutOfRange, "Parameter 'announce_step' expects a value between 0 and 10000"),
        (
            .bitmapMapping(.bitmapAliasUsedTwice("b", nodeAlias: "n")),
            "Invalid mapping given for block-bitmap-mapping: The bitmap alias 'n'/'b' is used twice"
        ),
    ]) func eachHasTheWordsThatClientsKnow(error: MigrationSettingsError, text: String) {
        #expect(error.description == text)
    }
}

extension MigrationSettings {
    fileprivate mutating func setParameters(_ arguments: JSONObject) throws {
        try setParameters(try MigrateSetParameters(.object(arguments), at: .root))
    }
}
