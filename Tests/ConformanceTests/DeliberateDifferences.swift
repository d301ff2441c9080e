/// Where colod differs from QEMU 7.2 on purpose, and why. Each entry must still be true: a difference that is gone
/// must go from here too.
enum DeliberateDifferences {
    /// Of recorded calls that a fresh QEMU reproduces.
    static let records: [DeliberateDifference] = [
        .init("record 575", "documented as 0 to 9; QEMU 7.2 forgot to check it")
    ]

    /// Of the other recorded calls.
    static let otherRecords: [DeliberateDifference] = [
        .init("record 100", "what is left of the call before it"),
        .init("record 286", "a measurement of the call before it"),
        .init("record 287", "a measurement of the call before it"),
        .init("record 331", "parameters that were set before it"),
    ]

    /// Of calls made up at random, by command.
    static let generatedCalls: [DeliberateDifference] = [
        .init(
            "migrate-set-parameters", saying: "multifd_z",
            "zlib levels above 9 and zstd levels above 20 do not exist; QEMU 7.2 forgot to check them")
    ]

    /// Commands whose answers cannot be QEMU's.
    static let commands: [DeliberateDifference] = [
        .init("query-version", "the package is another"),
        .init("query-commands", "QEMU has more commands"),
        .init("query-qmp-schema", "QEMU has more commands"),
        .init("query-machines", "the machines are others"),
        .init("query-kvm", "there is no KVM in colod that could be enabled"),
        .init("query-chardev", "the sockets are others"),
        .init("qom-list-types", "QEMU has more types of objects"),
        .init("query-target", "a machine without a processor is of no architecture of QEMU's"),
    ]

    /// Of recorded sessions.
    static let sessions: [DeliberateDifference] =
        [
            .init(
                "fail_refused, query-migrate", saying: "port number 99999 exceeds 65535",
                "QEMU 7.2 takes port numbers modulo 65536"),
            .init(
                "colo_commands_during, migrate-set-capabilities", saying: "in progress",
                "XBZRLE switched on during COLO crashes QEMU 7.2 at the next checkpoint"),
            .init(
                "colo_migrate_in_colo_crash, migrate-set-capabilities", saying: "in progress",
                "XBZRLE switched on during COLO crashes QEMU 7.2 at the next checkpoint"),
            .init(
                "snapshot_delete_raw, query-jobs", saying: "No block device node",
                "the machine that is RAM only has no disk"),
            .init(
                "ignore_shared, query-memdev", saying: "\"ram\"", "no machine here has memory that others share"),
            .init(
                "final_checks, migrate-set-parameters", saying: "multifd_zlib_level",
                "documented as 0 to 9; QEMU 7.2 forgot to check it"),
            .init(
                "multifd_exec, query-migrate", saying: "multifd is not supported by current protocol",
                "QEMU 7.2 tells the reason on its standard error alone"),
            .init(
                "postcopy, query-migrationthreads", saying: "\"return\": [",
                "the schema has it, and Debian's QEMU 7.2 not"),
            .init(
                "postcopy, query-migrate", saying: "completed",
                "the machine that is RAM only has no processor that could wait for pages"),
            .init(
                "multifd_none, query-migrationthreads", saying: "\"return\": [",
                "the schema has it, and Debian's QEMU 7.2 not"),
            .init(
                "multifd_zlib, query-migrationthreads", saying: "\"return\": [",
                "the schema has it, and Debian's QEMU 7.2 not"),
            .init("surrounding, query-kvm", "there is no KVM in colod that could be enabled"),
            .init("surrounding, query-cpus-fast", saying: "[]", "the machine that is RAM only has no processor"),
            .init("surrounding, query-block", saying: "[]", "the machine that is RAM only has no disk"),
            .init("surrounding, query-blockstats", saying: "[]", "the machine that is RAM only has no disk"),
            .init("surrounding, query-named-block-nodes", saying: "[]", "the machine that is RAM only has no disk"),
            .init("surrounding, query-chardev", saying: "compat_monitor0", "the sockets are others"),
            .init(
                "surrounding, query-memdev", saying: "\"ram\"", "the RAM of the machine that is RAM only is called so"),
            .init("surrounding, *", saying: "CommandNotFound", "commands about devices that no machine of colod has"),
            .init("surrounding, object-add", saying: "invalid object type", "QEMU has more types of objects"),
            .init("tls, object-add", saying: "invalid object type: secret", "QEMU has more types of objects"),
            .init("tls, query-migrate", saying: "No TLS credentials with id 's0'", "QEMU has more types of objects"),
            .init("surrounding, object-del", saying: "'rng0' not found", "QEMU has more types of objects"),
            .init("surrounding, qom-list", saying: "\"ram\"", "the RAM of the machine that is RAM only is called so"),
            .init("surrounding, qom-get", saying: "none-machine", "the machine is another"),
        ]
}
