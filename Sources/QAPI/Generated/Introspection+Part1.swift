// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

extension Introspection {
    /// Entries of the schema as JSON text, each followed by a comma.
    static let part1 = #"""
        {"name": "qmp_capabilities", "meta-type": "command", "arg-type": "0", "ret-type": "1"},
        {"name": "query-version", "meta-type": "command", "arg-type": "1", "ret-type": "2"},
        {"name": "query-commands", "meta-type": "command", "arg-type": "1", "ret-type": "[3]"},
        {"name": "quit", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "query-status", "meta-type": "command", "arg-type": "1", "ret-type": "4"},
        {"name": "SHUTDOWN", "meta-type": "event", "arg-type": "5"},
        {"name": "POWERDOWN", "meta-type": "event", "arg-type": "1"},
        {"name": "RESET", "meta-type": "event", "arg-type": "6"},
        {"name": "STOP", "meta-type": "event", "arg-type": "1"},
        {"name": "RESUME", "meta-type": "event", "arg-type": "1"},
        {"name": "query-name", "meta-type": "command", "arg-type": "1", "ret-type": "7"},
        {"name": "query-iothreads", "meta-type": "command", "arg-type": "1", "ret-type": "[8]"},
        {"name": "stop", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "cont", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "human-monitor-command", "meta-type": "command", "arg-type": "9", "ret-type": "str", "features":
        ["savevm-monitor-nodes"]},
        {"name": "getfd", "meta-type": "command", "arg-type": "10", "ret-type": "1"},
        {"name": "closefd", "meta-type": "command", "arg-type": "11", "ret-type": "1"},
        {"name": "x-colod-status", "meta-type": "command", "arg-type": "1", "ret-type": "12", "features": ["unstable"]},
        {"name": "x-colod-pauses", "meta-type": "command", "arg-type": "1", "ret-type": "[13]", "features":
        ["unstable"]},
        {"name": "x-colod-failover", "meta-type": "command", "arg-type": "1", "ret-type": "1", "features":
        ["unstable"]},
        {"name": "x-colod-start", "meta-type": "command", "arg-type": "1", "ret-type": "1", "features": ["unstable"]},
        {"name": "x-colod-reload-keys", "meta-type": "command", "arg-type": "1", "ret-type": "14", "features":
        ["unstable"]},
        {"name": "x-colod-drill", "meta-type": "command", "arg-type": "1", "ret-type": "15", "features": ["unstable"]},
        {"name": "X_COLOD_STATUS", "meta-type": "event", "arg-type": "12", "features": ["unstable"]},
        {"name": "X_COLOD_PEER_LOST", "meta-type": "event", "arg-type": "16", "features": ["unstable"]},
        {"name": "query-migrate", "meta-type": "command", "arg-type": "1", "ret-type": "17"},
        {"name": "migrate-set-capabilities", "meta-type": "command", "arg-type": "18", "ret-type": "1"},
        {"name": "query-migrate-capabilities", "meta-type": "command", "arg-type": "1", "ret-type": "[19]"},
        {"name": "migrate-set-parameters", "meta-type": "command", "arg-type": "20", "ret-type": "1"},
        {"name": "query-migrate-parameters", "meta-type": "command", "arg-type": "1", "ret-type": "21"},
        {"name": "migrate", "meta-type": "command", "arg-type": "22", "ret-type": "1"},
        {"name": "migrate-incoming", "meta-type": "command", "arg-type": "23", "ret-type": "1"},
        {"name": "migrate_cancel", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "migrate-continue", "meta-type": "command", "arg-type": "24", "ret-type": "1"},
        {"name": "migrate-start-postcopy", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "migrate-pause", "meta-type": "command", "arg-type": "1", "ret-type": "1", "allow-oob": true},
        {"name": "migrate-recover", "meta-type": "command", "arg-type": "25", "ret-type": "1", "allow-oob": true},
        {"name": "MIGRATION", "meta-type": "event", "arg-type": "26"},
        {"name": "MIGRATION_PASS", "meta-type": "event", "arg-type": "27"},
        {"name": "UNPLUG_PRIMARY", "meta-type": "event", "arg-type": "28"},
        {"name": "query-migrationthreads", "meta-type": "command", "arg-type": "1", "ret-type": "[29]"},
        {"name": "COLO_EXIT", "meta-type": "event", "arg-type": "30"},
        {"name": "query-colo-status", "meta-type": "command", "arg-type": "1", "ret-type": "31"},
        {"name": "x-colo-lost-heartbeat", "meta-type": "command", "arg-type": "1", "ret-type": "1", "features":
        ["unstable"]},
        {"name": "calc-dirty-rate", "meta-type": "command", "arg-type": "32", "ret-type": "1"},
        {"name": "query-dirty-rate", "meta-type": "command", "arg-type": "1", "ret-type": "33"},
        {"name": "set-vcpu-dirty-limit", "meta-type": "command", "arg-type": "34", "ret-type": "1"},
        {"name": "cancel-vcpu-dirty-limit", "meta-type": "command", "arg-type": "35", "ret-type": "1"},
        {"name": "query-vcpu-dirty-limit", "meta-type": "command", "arg-type": "1", "ret-type": "[36]"},
        {"name": "xen-save-devices-state", "meta-type": "command", "arg-type": "37", "ret-type": "1"},
        {"name": "xen-load-devices-state", "meta-type": "command", "arg-type": "38", "ret-type": "1"},
        {"name": "xen-set-global-dirty-log", "meta-type": "command", "arg-type": "39", "ret-type": "1"},
        {"name": "xen-set-replication", "meta-type": "command", "arg-type": "40", "ret-type": "1"},
        {"name": "query-xen-replication-status", "meta-type": "command", "arg-type": "1", "ret-type": "41"},
        {"name": "xen-colo-do-checkpoint", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "snapshot-save", "meta-type": "command", "arg-type": "42", "ret-type": "1"},
        {"name": "snapshot-load", "meta-type": "command", "arg-type": "43", "ret-type": "1"},
        {"name": "snapshot-delete", "meta-type": "command", "arg-type": "44", "ret-type": "1"},
        {"name": "JOB_STATUS_CHANGE", "meta-type": "event", "arg-type": "45"},
        {"name": "job-pause", "meta-type": "command", "arg-type": "46", "ret-type": "1"},
        {"name": "job-resume", "meta-type": "command", "arg-type": "47", "ret-type": "1"},
        {"name": "job-cancel", "meta-type": "command", "arg-type": "48", "ret-type": "1"},
        {"name": "job-complete", "meta-type": "command", "arg-type": "49", "ret-type": "1"},
        {"name": "job-dismiss", "meta-type": "command", "arg-type": "50", "ret-type": "1"},
        {"name": "job-finalize", "meta-type": "command", "arg-type": "51", "ret-type": "1"},
        {"name": "query-jobs", "meta-type": "command", "arg-type": "1", "ret-type": "[52]"},
        {"name": "query-cpus-fast", "meta-type": "command", "arg-type": "1", "ret-type": "[53]"},
        {"name": "query-machines", "meta-type": "command", "arg-type": "1", "ret-type": "[54]"},
        {"name": "query-target", "meta-type": "command", "arg-type": "1", "ret-type": "55"},
        {"name": "query-uuid", "meta-type": "command", "arg-type": "1", "ret-type": "56"},
        {"name": "query-kvm", "meta-type": "command", "arg-type": "1", "ret-type": "57"},
        {"name": "system_reset", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "system_powerdown", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "system_wakeup", "meta-type": "command", "arg-type": "1", "ret-type": "1"},
        {"name": "query-memdev", "meta-type": "command", "arg-type": "1", "ret-type": "[58]"},
        {"name": "query-memory-size-summary", "meta-type": "command", "arg-type": "1", "ret-type": "59"},
        {"name": "query-balloon", "meta-type": "command", "arg-type": "1", "ret-type": "60"},
        {"name": "query-block", "meta-type": "command", "arg-type": "1", "ret-type": "[61]"},
        {"name": "query-named-block-nodes", "meta-type": "command", "arg-type": "62", "ret-type": "[63]"},
        {"name": "query-blockstats", "meta-type": "command", "arg-type": "64", "ret-type": "[65]"},
        {"name": "query-block-jobs", "meta-type": "command", "arg-type": "1", "ret-type": "[66]"},
        {"name": "query-chardev", "meta-type": "command", "arg-type": "1", "ret-type": "[67]"},
        {"name": "announce-self", "meta-type": "command", "arg-type": "68", "ret-type": "1"},
        {"name": "qom-list", "meta-type": "command", "arg-type": "69", "ret-type": "[70]"},
        {"name": "qom-get", "meta-type": "command", "arg-type": "71", "ret-type": "any"},
        {"name": "qom-list-types", "meta-type": "command", "arg-type": "72", "ret-type": "[73]"},
        {"name": "object-add", "meta-type": "command", "arg-type": "74", "ret-type": "1"},
        {"name": "object-del", "meta-type": "command", "arg-type": "75", "ret-type": "1"},
        {"name": "yank", "meta-type": "command", "arg-type": "76", "ret-type": "1", "allow-oob": true},
        {"name": "query-yank", "meta-type": "command", "arg-type": "1", "ret-type": "[77]", "allow-oob": true},
        {"name": "query-qmp-schema", "meta-type": "command", "arg-type": "1", "ret-type": "[78]"},
        {"name": "0", "meta-type": "object", "members": [{"name": "enable", "type": "[79]", "default": null}]},
        {"name": "1", "meta-type": "object", "members": []},
        {"name": "2", "meta-type": "object", "members": [{"name": "qemu", "type": "80"}, {"name": "package", "type":
        "str"}]},
        {"name": "[3]", "meta-type": "array", "element-type": "3"},
        {"name": "3", "meta-type": "object", "members": [{"name": "name", "type": "str"}]},
        {"name": "4", "meta-type": "object", "members": [{"name": "running", "type": "bool"}, {"name": "singlestep",
        "type": "bool"}, {"name": "status", "type": "81"}]},
        {"name": "5", "meta-type": "object", "members": [{"name": "guest", "type": "bool"}, {"name": "reason", "type":
        "82"}]},
        {"name": "6", "meta-type": "object", "members": [{"name": "guest", "type": "bool"}, {"name": "reason", "type":
        "82"}]},
        {"name": "7", "meta-type": "object", "members": [{"name": "name", "type": "str", "default": null}]},
        {"name": "[8]", "meta-type": "array", "element-type": "8"},
        {"name": "8", "meta-type": "object", "members": [{"name": "id", "type": "str"}, {"name": "thread-id", "type":
        "int"}, {"name": "poll-max-ns", "type": "int"}, {"name": "poll-grow", "type": "int"}, {"name": "poll-shrink",
        "type": "int"}, {"name": "aio-max-batch", "type": "int"}]},
        {"name": "9", "meta-type": "object", "members": [{"name": "command-line", "type": "str"}, {"name": "cpu-index",
        "type": "int", "default": null}]},
        {"name": "str", "meta-type": "builtin", "json-type": "string"},
        {"name": "10", "meta-type": "object", "members": [{"name": "fdname", "type": "str"}]},
        {"name": "11", "meta-type": "object", "members": [{"name": "fdname", "type": "str"}]},
        {"name": "12", "meta-type": "object", "members": [{"name": "role", "type": "83"}, {"name": "state", "type":
        "84"}, {"name": "protected", "type": "bool"}, {"name": "serving", "type": "bool"}, {"name": "term", "type":
        "int"}, {"name": "peer", "type": "85"}, {"name": "checkpoints", "type": "int"}, {"name": "pause-ms", "type":
        "86", "default": null}, {"name": "bytes-per-checkpoint", "type": "int", "default": null}, {"name":
        "last-checkpoint-age-ms", "type": "int", "default": null}, {"name": "held-packets", "type": "int"}, {"name":
        "held-bytes", "type": "int"}, {"name": "dropped-packets", "type": "int", "default": null}, {"name":
        "last-failure", "type": "str", "default": null}, {"name": "last-failure-age-ms", "type": "int", "default":
        null}, {"name": "impairments", "type": "[str]", "default": null}, {"name": "stopped", "type": "bool", "default":
        null}, {"name": "waits-for", "type": "str", "default": null}, {"name": "takeover-ms", "type": "number",
        "default": null}, {"name": "failover", "type": "87"}, {"name": "arbiter", "type": "str"}, {"name": "encryption",
        "type": "str", "default": null}, {"name": "keys", "type": "[str]", "default": null}, {"name": "warnings",
        "type": "[str]", "default": null}, {"name": "retired-instructions", "type": "int", "default": null}]},
        {"name": "[13]", "meta-type": "array", "element-type": "13"},
        {"name": "13", "meta-type": "object", "members": [{"name": "microseconds", "type": "int"}, {"name": "count",
        "type": "int"}]},
        {"name": "14", "meta-type": "object", "members": [{"name": "keys", "type": "[str]"}, {"name": "peer", "type":
        "[str]", "default": null}]},
        {"name": "15", "meta-type": "object", "members": [{"name": "milliseconds", "type": "number"}, {"name":
        "takeover-ms", "type": "number", "default": null}]},
        {"name": "16", "meta-type": "object", "members": [{"name": "reason", "type": "str"}]},
        {"name": "17", "meta-type": "object", "members": [{"name": "status", "type": "88", "default": null}, {"name":
        "ram", "type": "89", "default": null}, {"name": "disk", "type": "89", "default": null}, {"name": "vfio", "type":
        "90", "default": null}, {"name": "xbzrle-cache", "type": "91", "default": null}, {"name": "total-time", "type":
        "int", "default": null}, {"name": "expected-downtime", "type": "int", "default": null}, {"name": "downtime",
        "type": "int", "default": null}, {"name": "setup-time", "type": "int", "default": null}, {"name":
        "cpu-throttle-percentage", "type": "int", "default": null}, {"name": "error-desc", "type": "str", "default":
        null}, {"name": "blocked-reasons", "type": "[str]", "default": null}, {"name": "postcopy-blocktime", "type":
        "int", "default": null}, {"name": "postcopy-vcpu-blocktime", "type": "[int]", "default": null}, {"name":
        "compression", "type": "92", "default": null}, {"name": "socket-address", "type": "[93]", "default": null}]},
        {"name": "18", "meta-type": "object", "members": [{"name": "capabilities", "type": "[19]"}]},
        {"name": "[19]", "meta-type": "array", "element-type": "19"},
        {"name": "19", "meta-type": "object", "members": [{"name": "capability", "type": "94"}, {"name": "state",
        "type": "bool"}]},
        {"name": "20", "meta-type": "object", "members": [{"name": "announce-initial", "type": "int", "default": null},
        {"name": "announce-max", "type": "int", "default": null}, {"name": "announce-rounds", "type": "int", "default":
        null}, {"name": "announce-step", "type": "int", "default": null}, {"name": "compress-level", "type": "int",
        "default": null}, {"name": "compress-threads", "type": "int", "default": null}, {"name": "compress-wait-thread",
        "type": "bool", "default": null}, {"name": "decompress-threads", "type": "int", "default": null}, {"name":
        "throttle-trigger-threshold", "type": "int", "default": null}, {"name": "cpu-throttle-initial", "type": "int",
        "default": null}, {"name": "cpu-throttle-increment", "type": "int", "default": null}, {"name":
        "cpu-throttle-tailslow", "type": "bool", "default": null}, {"name": "tls-creds", "type": "95", "default": null},
        {"name": "tls-hostname", "type": "95", "default": null}, {"name": "tls-authz", "type": "95", "default": null},
        {"name": "max-bandwidth", "type": "int", "default": null}, {"name": "downtime-limit", "type": "int", "default":
        null}, {"name": "x-checkpoint-delay", "type": "int", "default": null, "features": ["unstable"]}, {"name":
        "block-incremental", "type": "bool", "default": null}, {"name": "multifd-channels", "type": "int", "default":
        null}, {"name": "xbzrle-cache-size", "type": "int", "default": null}, {"name": "max-postcopy-bandwidth", "type":
        "int", "default": null}, {"name": "max-cpu-throttle", "type": "int", "default": null}, {"name":
        "multifd-compression", "type": "96", "default": null}, {"name": "multifd-zlib-level", "type": "int", "default":
        null}, {"name": "multifd-zstd-level", "type": "int", "default": null}, {"name": "block-bitmap-mapping", "type":
        "[97]", "default": null}]},
        {"name": "21", "meta-type": "object", "members": [{"name": "announce-initial", "type": "int", "default": null},
        {"name": "announce-max", "type": "int", "default": null}, {"name": "announce-rounds", "type": "int", "default":
        null}, {"name": "announce-step", "type": "int", "default": null}, {"name": "compress-level", "type": "int",
        "default": null}, {"name": "compress-threads", "type": "int", "default": null}, {"name": "compress-wait-thread",
        "type": "bool", "default": null}, {"name": "decompress-threads", "type": "int", "default": null}, {"name":
        "throttle-trigger-threshold", "type": "int", "default": null}, {"name": "cpu-throttle-initial", "type": "int",
        "default": null}, {"name": "cpu-throttle-increment", "type": "int", "default": null}, {"name":
        "cpu-throttle-tailslow", "type": "bool", "default": null}, {"name": "tls-creds", "type": "str", "default":
        null}, {"name": "tls-hostname", "type": "str", "default": null}, {"name": "tls-authz", "type": "str", "default":
        null}, {"name": "max-bandwidth", "type": "int", "default": null}, {"name": "downtime-limit", "type": "int",
        "default": null}, {"name": "x-checkpoint-delay", "type": "int", "default": null, "features": ["unstable"]},
        {"name": "block-incremental", "type": "bool", "default": null}, {"name": "multifd-channels", "type": "int",
        "default": null}, {"name": "xbzrle-cache-size", "type": "int", "default": null}, {"name":
        "max-postcopy-bandwidth", "type": "int", "default": null}, {"name": "max-cpu-throttle", "type": "int",
        "default": null}, {"name": "multifd-compression", "type": "96", "default": null}, {"name": "multifd-zlib-level",
        "type": "int", "default": null}, {"name": "multifd-zstd-level", "type": "int", "default": null}, {"name":
        "block-bitmap-mapping", "type": "[97]", "default": null}]},
        {"name": "22", "meta-type": "object", "members": [{"name": "uri", "type": "str"}, {"name": "blk", "type":
        "bool", "default": null}, {"name": "inc", "type": "bool", "default": null}, {"name": "detach", "type": "bool",
        "default": null}, {"name": "resume", "type": "bool", "default": null}]},
        {"name": "23", "meta-type": "object", "members": [{"name": "uri", "type": "str"}]},
        {"name": "24", "meta-type": "object", "members": [{"name": "state", "type": "88"}]},
        {"name": "25", "meta-type": "object", "members": [{"name": "uri", "type": "str"}]},
        {"name": "26", "meta-type": "object", "members": [{"name": "status", "type": "88"}]},
        {"name": "27", "meta-type": "object", "members": [{"name": "pass", "type": "int"}]},
        {"name": "28", "meta-type": "object", "members": [{"name": "device-id", "type": "str"}]},
        {"name": "[29]", "meta-type": "array", "element-type": "29"},
        {"name": "29", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "thread-id", "type":
        "int"}]},
        {"name": "30", "meta-type": "object", "members": [{"name": "mode", "type": "98"}, {"name": "reason", "type":
        "99"}]},
        {"name": "31", "meta-type": "object", "members": [{"name": "mode", "type": "98"}, {"name": "last-mode", "type":
        "98"}, {"name": "reason", "type": "99"}]},
        {"name": "32", "meta-type": "object", "members": [{"name": "calc-time", "type": "int"}, {"name": "sample-pages",
        "type": "int", "default": null}, {"name": "mode", "type": "100", "default": null}]},
        {"name": "33", "meta-type": "object", "members": [{"name": "dirty-rate", "type": "int", "default": null},
        {"name": "status", "type": "101"}, {"name": "start-time", "type": "int"}, {"name": "calc-time", "type": "int"},
        {"name": "sample-pages", "type": "int"}, {"name": "mode", "type": "100"}, {"name": "vcpu-dirty-rate", "type":
        "[102]", "default": null}]},
        {"name": "34", "meta-type": "object", "members": [{"name": "cpu-index", "type": "int", "default": null},
        {"name": "dirty-rate", "type": "int"}]},
        {"name": "35", "meta-type": "object", "members": [{"name": "cpu-index", "type": "int", "default": null}]},
        {"name": "[36]", "meta-type": "array", "element-type": "36"},
        {"name": "36", "meta-type": "object", "members": [{"name": "cpu-index", "type": "int"}, {"name": "limit-rate",
        "type": "int"}, {"name": "current-rate", "type": "int"}]},
        {"name": "37", "meta-type": "object", "members": [{"name": "filename", "type": "str"}, {"name": "live", "type":
        "bool", "default": null}]},
        {"name": "38", "meta-type": "object", "members": [{"name": "filename", "type": "str"}]},
        {"name": "39", "meta-type": "object", "members": [{"name": "enable", "type": "bool"}]},
        {"name": "40", "meta-type": "object", "members": [{"name": "enable", "type": "bool"}, {"name": "primary",
        "type": "bool"}, {"name": "failover", "type": "bool", "default": null}]},
        {"name": "41", "meta-type": "object", "members": [{"name": "error", "type": "bool"}, {"name": "desc", "type":
        "str", "default": null}]},
        {"name": "42", "meta-type": "object", "members": [{"name": "job-id", "type": "str"}, {"name": "tag", "type":
        "str"}, {"name": "vmstate", "type": "str"}, {"name": "devices", "type": "[str]"}]},
        {"name": "43", "meta-type": "object", "members": [{"name": "job-id", "type": "str"}, {"name": "tag", "type":
        "str"}, {"name": "vmstate", "type": "str"}, {"name": "devices", "type": "[str]"}]},
        {"name": "44", "meta-type": "object", "members": [{"name": "job-id", "type": "str"}, {"name": "tag", "type":
        "str"}, {"name": "devices", "type": "[str]"}]},
        {"name": "45", "meta-type": "object", "members": [{"name": "id", "type": "str"}, {"name": "status", "type":
        "103"}]},
        {"name": "46", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
        {"name": "47", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
        {"name": "48", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
        {"name": "49", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
        {"name": "50", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
        {"name": "51", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
        {"name": "[52]", "meta-type": "array", "element-type": "52"},
        {"name": "52", "meta-type": "object", "members": [{"name": "id", "type": "str"}, {"name": "type", "type":
        "104"}, {"name": "status", "type": "103"}, {"name": "current-progress", "type": "int"}, {"name":
        "total-progress", "type": "int"}, {"name": "error", "type": "str", "default": null}]},
        {"name": "[53]", "meta-type": "array", "element-type": "53"},
        {"name": "53", "meta-type": "object", "members": [{"name": "cpu-index", "type": "int"}, {"name": "qom-path",
        "type": "str"}, {"name": "thread-id", "type": "int"}, {"name": "props", "type": "105", "default": null},
        {"name": "target", "type": "106"}], "tag": "target", "variants": [{"case": "aarch64", "type": "1"}, {"case":
        "alpha", "type": "1"}, {"case": "arm", "type": "1"}, {"case": "avr", "type": "1"}, {"case": "cris", "type":
        "1"}, {"case": "hppa", "type": "1"}, {"case": "i386", "type": "1"}, {"case": "loongarch64", "type": "1"},
        {"case": "m68k", "type": "1"}, {"case": "microblaze", "type": "1"}, {"case": "microblazeel", "type": "1"},
        {"case": "mips", "type": "1"}, {"case": "mips64", "type": "1"}, {"case": "mips64el", "type": "1"}, {"case":
        "mipsel", "type": "1"}, {"case": "nios2", "type": "1"}, {"case": "or1k", "type": "1"}, {"case": "ppc", "type":
        "1"}, {"case": "ppc64", "type": "1"}, {"case": "riscv32", "type": "1"}, {"case": "riscv64", "type": "1"},
        {"case": "rx", "type": "1"}, {"case": "s390x", "type": "107"}, {"case": "sh4", "type": "1"}, {"case": "sh4eb",
        "type": "1"}, {"case": "sparc", "type": "1"}, {"case": "sparc64", "type": "1"}, {"case": "tricore", "type":
        "1"}, {"case": "x86_64", "type": "1"}, {"case": "xtensa", "type": "1"}, {"case": "xtensaeb", "type": "1"}]},
        {"name": "[54]", "meta-type": "array", "element-type": "54"},
        {"name": "54", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "alias", "type":
        "str", "default": null}, {"name": "is-default", "type": "bool", "default": null}, {"name": "cpu-max", "type":
        "int"}, {"name": "hotpluggable-cpus", "type": "bool"}, {"name": "numa-mem-supported", "type": "bool"}, {"name":
        "deprecated", "type": "bool"}, {"name": "default-cpu-type", "type": "str", "default": null}, {"name":
        "default-ram-id", "type": "str", "default": null}]},
        {"name": "55", "meta-type": "object", "members": [{"name": "arch", "type": "106"}]},
        {"name": "56", "meta-type": "object", "members": [{"name": "UUID", "type": "str"}]},
        {"name": "57", "meta-type": "object", "members": [{"name": "enabled", "type": "bool"}, {"name": "present",
        "type": "bool"}]},
        {"name": "[58]", "meta-type": "array", "element-type": "58"},
        {"name": "58", "meta-type": "object", "members": [{"name": "id", "type": "str", "default": null}, {"name":
        "size", "type": "int"}, {"name": "merge", "type": "bool"}, {"name": "dump", "type": "bool"}, {"name":
        "prealloc", "type": "bool"}, {"name": "share", "type": "bool"}, {"name": "reserve", "type": "bool", "default":
        null}, {"name": "host-nodes", "type": "[int]"}, {"name": "policy", "type": "108"}]},
        {"name": "59", "meta-type": "object", "members": [{"name": "base-memory", "type": "int"}, {"name":
        "plugged-memory", "type": "int", "default": null}]},
        {"name": "60", "meta-type": "object", "members": [{"name": "actual", "type": "int"}]},
        {"name": "[61]", "meta-type": "array", "element-type": "61"},
        {"name": "61", "meta-type": "object", "members": [{"name": "device", "type": "str"}, {"name": "qdev", "type":
        "str", "default": null}, {"name": "type", "type": "str"}, {"name": "removable", "type": "bool"}, {"name":
        "locked", "type": "bool"}, {"name": "inserted", "type": "63", "default": null}, {"name": "tray_open", "type":
        "bool", "default": null}, {"name": "io-status", "type": "109", "default": null}]},
        {"name": "62", "meta-type": "object", "members": [{"name": "flat", "type": "bool", "default": null}]},
        {"name": "[63]", "meta-type": "array", "element-type": "63"},
        {"name": "63", "meta-type": "object", "members": [{"name": "file", "type": "str"}, {"name": "node-name", "type":
        "str", "default": null}, {"name": "ro", "type": "bool"}, {"name": "drv", "type": "str"}, {"name":
        "backing_file", "type": "str", "default": null}, {"name": "backing_file_depth", "type": "int"}, {"name":
        "encrypted", "type": "bool"}, {"name": "detect_zeroes", "type": "110"}, {"name": "bps", "type": "int"}, {"name":
        "bps_rd", "type": "int"}, {"name": "bps_wr", "type": "int"}, {"name": "iops", "type": "int"}, {"name":
        "iops_rd", "type": "int"}, {"name": "iops_wr", "type": "int"}, {"name": "image", "type": "111"}, {"name":
        "bps_max", "type": "int", "default": null}, {"name": "bps_rd_max", "type": "int", "default": null}, {"name":
        "bps_wr_max", "type": "int", "default": null}, {"name": "iops_max", "type": "int", "default": null}, {"name":
        "iops_rd_max", "type": "int", "default": null}, {"name": "iops_wr_max", "type": "int", "default": null},
        {"name": "bps_max_length", "type": "int", "default": null}, {"name": "bps_rd_max_length", "type": "int",
        "default": null}, {"name": "bps_wr_max_length", "type": "int", "default": null}, {"name": "iops_max_length",
        "type": "int", "default": null}, {"name": "iops_rd_max_length", "type": "int", "default": null}, {"name":
        "iops_wr_max_length", "type": "int", "default": null}, {"name": "iops_size", "type": "int", "default": null},
        {"name": "group", "type": "str", "default": null}, {"name": "cache", "type": "112"}, {"name": "write_threshold",
        "type": "int"}, {"name": "dirty-bitmaps", "type": "[113]", "default": null}]},
        {"name": "64", "meta-type": "object", "members": [{"name": "query-nodes", "type": "bool", "default": null}]},
        {"name": "[65]", "meta-type": "array", "element-type": "65"},
        {"name": "65", "meta-type": "object", "members": [{"name": "device", "type": "str", "default": null}, {"name":
        "qdev", "type": "str", "default": null}, {"name": "node-name", "type": "str", "default": null}, {"name":
        "stats", "type": "114"}, {"name": "driver-specific", "type": "115", "default": null}, {"name": "parent", "type":
        "65", "default": null}, {"name": "backing", "type": "65", "default": null}]},
        {"name": "[66]", "meta-type": "array", "element-type": "66"},
        {"name": "66", "meta-type": "object", "members": [{"name": "type", "type": "str"}, {"name": "device", "type":
        "str"}, {"name": "len", "type": "int"}, {"name": "offset", "type": "int"}, {"name": "busy", "type": "bool"},
        {"name": "paused", "type": "bool"}, {"name": "speed", "type": "int"}, {"name": "io-status", "type": "109"},
        {"name": "ready", "type": "bool"}, {"name": "status", "type": "103"}, {"name": "auto-finalize", "type": "bool"},
        {"name": "auto-dismiss", "type": "bool"}, {"name": "error", "type": "str", "default": null}]},
        {"name": "[67]", "meta-type": "array", "element-type": "67"},
        {"name": "67", "meta-type": "object", "members": [{"name": "label", "type": "str"}, {"name": "filename", "type":
        "str"}, {"name": "frontend-open", "type": "bool"}]},
        {"name": "68", "meta-type": "object", "members": [{"name": "initial", "type": "int"}, {"name": "max", "type":
        "int"}, {"name": "rounds", "type": "int"}, {"name": "step", "type": "int"}, {"name": "interfaces", "type":
        "[str]", "default": null}, {"name": "id", "type": "str", "default": null}]},
        {"name": "69", "meta-type": "object", "members": [{"name": "path", "type": "str"}]},
        {"name": "[70]", "meta-type": "array", "element-type": "70"},
        {"name": "70", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "type", "type":
        "str"}, {"name": "description", "type": "str", "default": null}, {"name": "default-value", "type": "any",
        "default": null}]},
        {"name": "71", "meta-type": "object", "members": [{"name": "path", "type": "str"}, {"name": "property", "type":
        "str"}]},
        {"name": "any", "meta-type": "builtin", "json-type": "value"},
        {"name": "72", "meta-type": "object", "members": [{"name": "implements", "type": "str", "default": null},
        {"name": "abstract", "type": "bool", "default": null}]},
        {"name": "[73]", "meta-type": "array", "element-type": "73"},
        {"name": "73", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "abstract", "type":
        "bool", "default": null}, {"name": "parent", "type": "str", "default": null}]},
        {"name": "74", "meta-type": "object", "members": [{"name": "qom-type", "type": "116"}, {"name": "id", "type":
        "str"}], "tag": "qom-type", "variants": [{"case": "authz-list", "type": "117"}, {"case": "authz-listfile",
        "type": "118"}, {"case": "authz-pam", "type": "119"}, {"case": "authz-simple", "type": "120"}, {"case":
        "can-bus", "type": "1"}, {"case": "can-host-socketcan", "type": "121"}, {"case": "colo-compare", "type": "122"},
        {"case": "cryptodev-backend", "type": "123"}, {"case": "cryptodev-backend-builtin", "type": "123"}, {"case":
        "cryptodev-backend-lkcf", "type": "123"}, {"case": "cryptodev-vhost-user", "type": "124"}, {"case":
        "dbus-vmstate", "type": "125"}, {"case": "filter-buffer", "type": "126"}, {"case": "filter-dump", "type":
        "127"}, {"case": "filter-mirror", "type": "128"}, {"case": "filter-redirector", "type": "129"}, {"case":
        "filter-replay", "type": "130"}, {"case": "filter-rewriter", "type": "131"}, {"case": "input-barrier", "type":
        "132"}, {"case": "input-linux", "type": "133"}, {"case": "iothread", "type": "134"}, {"case": "main-loop",
        "type": "135"}, {"case": "memory-backend-epc", "type": "136"}, {"case": "memory-backend-file", "type": "137"},
        {"case": "memory-backend-memfd", "type": "138"}, {"case": "memory-backend-ram", "type": "139"}, {"case":
        "pef-guest", "type": "1"}, {"case": "pr-manager-helper", "type": "140"}, {"case": "qtest", "type": "141"},
        {"case": "rng-builtin", "type": "142"}, {"case": "rng-egd", "type": "143"}, {"case": "rng-random", "type":
        "144"}, {"case": "secret", "type": "145"}, {"case": "secret_keyring", "type": "146"}, {"case": "sev-guest",
        "type": "147"}, {"case": "thread-context", "type": "148"}, {"case": "s390-pv-guest", "type": "1"}, {"case":
        "throttle-group", "type": "149"}, {"case": "tls-creds-anon", "type": "150"}, {"case": "tls-creds-psk", "type":
        "151"}, {"case": "tls-creds-x509", "type": "152"}, {"case": "tls-cipher-suites", "type": "153"}, {"case":
        "x-remote-object", "type": "154"}, {"case": "x-vfio-user-server", "type": "155"}]},
        {"name": "75", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
        {"name": "76", "meta-type": "object", "members": [{"name": "instances", "type": "[77]"}]},
        {"name": "[77]", "meta-type": "array", "element-type": "77"},
        {"name": "77", "meta-type": "object", "members": [{"name": "type", "type": "156"}], "tag": "type", "variants":
        [{"case": "block-node", "type": "157"}, {"case": "chardev", "type": "158"}, {"case": "migration", "type":
        "1"}]},
        {"name": "[78]", "meta-type": "array", "element-type": "78"},
        {"name": "78", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "meta-type", "type":
        "159"}, {"name": "features", "type": "[str]", "default": null}], "tag": "meta-type", "variants": [{"case":
        "builtin", "type": "160"}, {"case": "enum", "type": "161"}, {"case": "array", "type": "162"}, {"case": "object",
        "type": "163"}, {"case": "alternate", "type": "164"}, {"case": "command", "type": "165"}, {"case": "event",
        "type": "166"}]},
        {"name": "[79]", "meta-type": "array", "element-type": "79"},
        {"name": "79", "meta-type": "enum", "members": [{"name": "oob"}], "values": ["oob"]},
        {"name": "80", "meta-type": "object", "members": [{"name": "major", "type": "int"}, {"name": "minor", "type":
        "int"}, {"name": "micro", "type": "int"}]},
        {"name": "bool", "meta-type": "builtin", "json-type": "boolean"},
        {"name": "81", "meta-type": "enum", "members": [{"name": "debug"}, {"name": "inmigrate"}, {"name":
        "internal-error"}, {"name": "io-error"}, {"name": "paused"}, {"name": "postmigrate"}, {"name": "prelaunch"},
        {"name": "finish-migrate"}, {"name": "restore-vm"}, {"name": "running"}, {"name": "save-vm"}, {"name":
        "shutdown"}, {"name": "suspended"}, {"name": "watchdog"}, {"name": "guest-panicked"}, {"name": "colo"}],
        "values": ["debug", "inmigrate", "internal-error", "io-error", "paused", "postmigrate", "prelaunch",
        "finish-migrate", "restore-vm", "running", "save-vm", "shutdown", "suspended", "watchdog", "guest-panicked",
        "colo"]},
        {"name": "82", "meta-type": "enum", "members": [{"name": "none"}, {"name": "host-error"}, {"name":
        "host-qmp-quit"}, {"name": "host-qmp-system-reset"}, {"name": "host-signal"}, {"name": "host-ui"}, {"name":
        "guest-shutdown"}, {"name": "guest-reset"}, {"name": "guest-panic"}, {"name": "subsystem-reset"}, {"name":
        "snapshot-load"}], "values": ["none", "host-error", "host-qmp-quit", "host-qmp-system-reset", "host-signal",
        "host-ui", "guest-shutdown", "guest-reset", "guest-panic", "subsystem-reset", "snapshot-load"]},
        {"name": "int", "meta-type": "builtin", "json-type": "int"},
        {"name": "83", "meta-type": "enum", "members": [{"name": "primary"}, {"name": "secondary"}, {"name": "alone"},
        {"name": "waiting"}], "values": ["primary", "secondary", "alone", "waiting"]},
        {"name": "84", "meta-type": "enum", "members": [{"name": "starting"}, {"name": "connecting"}, {"name":
        "synchronising"}, {"name": "protected"}, {"name": "unprotected"}, {"name": "superseded"}, {"name":
        "taking-over"}, {"name": "failed"}, {"name": "ended"}], "values": ["starting", "connecting", "synchronising",
        "protected", "unprotected", "superseded", "taking-over", "failed", "ended"]},
        {"name": "85", "meta-type": "object", "members": [{"name": "connected", "type": "bool"}, {"name":
        "last-heard-ms", "type": "int", "default": null}, {"name": "networks", "type": "int"}, {"name": "networks-up",
        "type": "int"}, {"name": "ignored", "type": "int"}, {"name": "serving", "type": "bool", "default": null},
        {"name": "heartbeat", "type": "[167]", "default": null}, {"name": "keys", "type": "[str]", "default": null}]},
        {"name": "86", "meta-type": "object", "members": [{"name": "median", "type": "number"}, {"name": "p99", "type":
        "number"}, {"name": "max", "type": "number"}]},
        {"name": "[str]", "meta-type": "array", "element-type": "str"},
        {"name": "number", "meta-type": "builtin", "json-type": "number"},
        {"name": "87", "meta-type": "enum", "members": [{"name": "automatic"}, {"name": "manual"}], "values":
        ["automatic", "manual"]},
        {"name": "88", "meta-type": "enum", "members": [{"name": "none"}, {"name": "setup"}, {"name": "cancelling"},
        {"name": "cancelled"}, {"name": "active"}, {"name": "postcopy-active"}, {"name": "postcopy-paused"}, {"name":
        "postcopy-recover"}, {"name": "completed"}, {"name": "failed"}, {"name": "colo"}, {"name": "pre-switchover"},
        {"name": "device"}, {"name": "wait-unplug"}], "values": ["none", "setup", "cancelling", "cancelled", "active",
        "postcopy-active", "postcopy-paused", "postcopy-recover", "completed", "failed", "colo", "pre-switchover",
        "device", "wait-unplug"]},
        {"name": "89", "meta-type": "object", "members": [{"name": "transferred", "type": "int"}, {"name": "remaining",
        "type": "int"}, {"name": "total", "type": "int"}, {"name": "duplicate", "type": "int"}, {"name": "skipped",
        "type": "int"}, {"name": "normal", "type": "int"}, {"name": "normal-bytes", "type": "int"}, {"name":
        "dirty-pages-rate", "type": "int"}, {"name": "mbps", "type": "number"}, {"name": "dirty-sync-count", "type":
        "int"}, {"name": "postcopy-requests", "type": "int"}, {"name": "page-size", "type": "int"}, {"name":
        "multifd-bytes", "type": "int"}, {"name": "pages-per-second", "type": "int"}, {"name": "precopy-bytes", "type":
        "int"}, {"name": "downtime-bytes", "type": "int"}, {"name": "postcopy-bytes", "type": "int"}, {"name":
        "dirty-sync-missed-zero-copy", "type": "int"}]},
        {"name": "90", "meta-type": "object", "members": [{"name": "transferred", "type": "int"}]},
        {"name": "91", "meta-type": "object", "members": [{"name": "cache-size", "type": "int"}, {"name": "bytes",
        "type": "int"}, {"name": "pages", "type": "int"}, {"name": "cache-miss", "type": "int"}, {"name":
        "cache-miss-rate", "type": "number"}, {"name": "encoding-rate", "type": "number"}, {"name": "overflow", "type":
        "int"}]},
        {"name": "[int]", "meta-type": "array", "element-type": "int"},
        {"name": "92", "meta-type": "object", "members": [{"name": "pages", "type": "int"}, {"name": "busy", "type":
        "int"}, {"name": "busy-rate", "type": "number"}, {"name": "compressed-size", "type": "int"}, {"name":
        "compression-rate", "type": "number"}]},
        {"name": "[93]", "meta-type": "array", "element-type": "93"},
        {"name": "93", "meta-type": "object", "members": [{"name": "type", "type": "168"}], "tag": "type", "variants":
        [{"case": "inet", "type": "169"}, {"case": "unix", "type": "170"}, {"case": "vsock", "type": "171"}, {"case":
        "fd", "type": "172"}]},
        {"name": "94", "meta-type": "enum", "members": [{"name": "xbzrle"}, {"name": "rdma-pin-all"}, {"name":
        "auto-converge"}, {"name": "zero-blocks"}, {"name": "compress"}, {"name": "events"}, {"name": "postcopy-ram"},
        {"name": "x-colo", "features": ["unstable"]}, {"name": "release-ram"}, {"name": "block"}, {"name":
        "return-path"}, {"name": "pause-before-switchover"}, {"name": "multifd"}, {"name": "dirty-bitmaps"}, {"name":
        "postcopy-blocktime"}, {"name": "late-block-activate"}, {"name": "x-ignore-shared", "features": ["unstable"]},
        {"name": "validate-uuid"}, {"name": "background-snapshot"}, {"name": "zero-copy-send"}, {"name":
        "postcopy-preempt"}], "values": ["xbzrle", "rdma-pin-all", "auto-converge", "zero-blocks", "compress", "events",
        "postcopy-ram", "x-colo", "release-ram", "block", "return-path", "pause-before-switchover", "multifd",
        "dirty-bitmaps", "postcopy-blocktime", "late-block-activate", "x-ignore-shared", "validate-uuid",
        "background-snapshot", "zero-copy-send", "postcopy-preempt"]},
        {"name": "95", "meta-type": "alternate", "members": [{"type": "str"}, {"type": "null"}]},
        {"name": "96", "meta-type": "enum", "members": [{"name": "none"}, {"name": "zlib"}, {"name": "zstd"}], "values":
        ["none", "zlib", "zstd"]},
        {"name": "[97]", "meta-type": "array", "element-type": "97"},
        {"name": "97", "meta-type": "object", "members": [{"name": "node-name", "type": "str"}, {"name": "alias",
        "type": "str"}, {"name": "bitmaps", "type": "[173]"}]},
        {"name": "98", "meta-type": "enum", "members": [{"name": "none"}, {"name": "primary"}, {"name": "secondary"}],
        "values": ["none", "primary", "secondary"]},
        {"name": "99", "meta-type": "enum", "members": [{"name": "none"}, {"name": "request"}, {"name": "error"},
        {"name": "processing"}], "values": ["none", "request", "error", "processing"]},
        {"name": "100", "meta-type": "enum", "members": [{"name": "page-sampling"}, {"name": "dirty-ring"}, {"name":
        "dirty-bitmap"}], "values": ["page-sampling", "dirty-ring", "dirty-bitmap"]},
        {"name": "101", "meta-type": "enum", "members": [{"name": "unstarted"}, {"name": "measuring"}, {"name":
        "measured"}], "values": ["unstarted", "measuring", "measured"]},
        {"name": "[102]", "meta-type": "array", "element-type": "102"},
        {"name": "102", "meta-type": "object", "members": [{"name": "id", "type": "int"}, {"name": "dirty-rate", "type":
        "int"}]},
        {"name": "103", "meta-type": "enum", "members": [{"name": "undefined"}, {"name": "created"}, {"name":
        "running"}, {"name": "paused"}, {"name": "ready"}, {"name": "standby"}, {"name": "waiting"}, {"name":
        "pending"}, {"name": "aborting"}, {"name": "concluded"}, {"name": "null"}], "values": ["undefined", "created",
        "running", "paused", "ready", "standby", "waiting", "pending", "aborting", "concluded", "null"]},
        {"name": "104", "meta-type": "enum", "members": [{"name": "commit"}, {"name": "stream"}, {"name": "mirror"},
        {"name": "backup"}, {"name": "create"}, {"name": "amend"}, {"name": "snapshot-load"}, {"name": "snapshot-save"},
        {"name": "snapshot-delete"}], "values": ["commit", "stream", "mirror", "backup", "create", "amend",
        "snapshot-load", "snapshot-save", "snapshot-delete"]},
        {"name": "105", "meta-type": "object", "members": [{"name": "node-id", "type": "int", "default": null}, {"name":
        "socket-id", "type": "int", "default": null}, {"name": "die-id", "type": "int", "default": null}, {"name":
        "cluster-id", "type": "int", "default": null}, {"name": "core-id", "type": "int", "default": null}, {"name":
        "thread-id", "type": "int", "default": null}]},
        {"name": "106", "meta-type": "enum", "members": [{"name": "aarch64"}, {"name": "alpha"}, {"name": "arm"},
        {"name": "avr"}, {"name": "cris"}, {"name": "hppa"}, {"name": "i386"}, {"name": "loongarch64"}, {"name":
        "m68k"}, {"name": "microblaze"}, {"name": "microblazeel"}, {"name": "mips"}, {"name": "mips64"}, {"name":
        "mips64el"}, {"name": "mipsel"}, {"name": "nios2"}, {"name": "or1k"}, {"name": "ppc"}, {"name": "ppc64"},
        {"name": "riscv32"}, {"name": "riscv64"}, {"name": "rx"}, {"name": "s390x"}, {"name": "sh4"}, {"name": "sh4eb"},
        {"name": "sparc"}, {"name": "sparc64"}, {"name": "tricore"}, {"name": "x86_64"}, {"name": "xtensa"}, {"name":
        "xtensaeb"}], "values": ["aarch64", "alpha", "arm", "avr", "cris", "hppa", "i386", "loongarch64", "m68k",
        "microblaze", "microblazeel", "mips", "mips64", "mips64el", "mipsel", "nios2", "or1k", "ppc", "ppc64",
        "riscv32", "riscv64", "rx", "s390x", "sh4", "sh4eb", "sparc", "sparc64", "tricore", "x86_64", "xtensa",
        "xtensaeb"]},
        {"name": "107", "meta-type": "object", "members": [{"name": "cpu-state", "type": "174"}]},
        {"name": "108", "meta-type": "enum", "members": [{"name": "default"}, {"name": "preferred"}, {"name": "bind"},
        {"name": "interleave"}], "values": ["default", "preferred", "bind", "interleave"]},
        {"name": "109", "meta-type": "enum", "members": [{"name": "ok"}, {"name": "failed"}, {"name": "nospace"}],
        "values": ["ok", "failed", "nospace"]},
        {"name": "110", "meta-type": "enum", "members": [{"name": "off"}, {"name": "on"}, {"name": "unmap"}], "values":
        ["off", "on", "unmap"]},
        {"name": "111", "meta-type": "object", "members": [{"name": "filename", "type": "str"}, {"name": "format",
        "type": "str"}, {"name": "dirty-flag", "type": "bool", "default": null}, {"name": "actual-size", "type": "int",
        "default": null}, {"name": "virtual-size", "type": "int"}, {"name": "cluster-size", "type": "int", "default":
        null}, {"name": "encrypted", "type": "bool", "default": null}, {"name": "compressed", "type": "bool", "default":
        null}, {"name": "backing-filename", "type": "str", "default": null}, {"name": "full-backing-filename", "type":
        "str", "default": null}, {"name": "backing-filename-format", "type": "str", "default": null}, {"name":
        "snapshots", "type": "[175]", "default": null}, {"name": "backing-image", "type": "111", "default": null},
        {"name": "format-specific", "type": "176", "default": null}]},
        {"name": "112", "meta-type": "object", "members": [{"name": "writeback", "type": "bool"}, {"name": "direct",
        "type": "bool"}, {"name": "no-flush", "type": "bool"}]},
        {"name": "[113]", "meta-type": "array", "element-type": "113"},
        {"name": "113", "meta-type": "object", "members": [{"name": "name", "type": "str", "default": null}, {"name":
        "count", "type": "int"}, {"name": "granularity", "type": "int"}, {"name": "recording", "type": "bool"}, {"name":
        "busy", "type": "bool"}, {"name": "persistent", "type": "bool"}, {"name": "inconsistent", "type": "bool",
        "default": null}]},
        {"name": "114", "meta-type": "object", "members": [{"name": "rd_bytes", "type": "int"}, {"name": "wr_bytes",
        "type": "int"}, {"name": "unmap_bytes", "type": "int"}, {"name": "rd_operations", "type": "int"}, {"name":
        "wr_operations", "type": "int"}, {"name": "flush_operations", "type": "int"}, {"name": "unmap_operations",
        "type": "int"}, {"name": "rd_total_time_ns", "type": "int"}, {"name": "wr_total_time_ns", "type": "int"},
        {"name": "flush_total_time_ns", "type": "int"}, {"name": "unmap_total_time_ns", "type": "int"}, {"name":
        "wr_highest_offset", "type": "int"}, {"name": "rd_merged", "type": "int"}, {"name": "wr_merged", "type": "int"},
        {"name": "unmap_merged", "type": "int"}, {"name": "idle_time_ns", "type": "int", "default": null}, {"name":
        "failed_rd_operations", "type": "int"}, {"name": "failed_wr_operations", "type": "int"}, {"name":
        "failed_flush_operations", "type": "int"}, {"name": "failed_unmap_operations", "type": "int"}, {"name":
        "invalid_rd_operations", "type": "int"}, {"name": "invalid_wr_operations", "type": "int"}, {"name":
        "invalid_flush_operations", "type": "int"}, {"name": "invalid_unmap_operations", "type": "int"}, {"name":
        "account_invalid", "type": "bool"}, {"name": "account_failed", "type": "bool"}, {"name": "timed_stats", "type":
        "[177]"}, {"name": "rd_latency_histogram", "type": "178", "default": null}, {"name": "wr_latency_histogram",
        "type": "178", "default": null}, {"name": "flush_latency_histogram", "type": "178", "default": null}]},
        {"name": "115", "meta-type": "object", "members": [{"name": "driver", "type": "179"}], "tag": "driver",
        "variants": [{"case": "blkdebug", "type": "1"}, {"case": "blklogwrites", "type": "1"}, {"case": "blkreplay",
        "type": "1"}, {"case": "blkverify", "type": "1"}, {"case": "bochs", "type": "1"}, {"case": "cloop", "type":
        "1"}, {"case": "compress", "type": "1"}, {"case": "copy-before-write", "type": "1"}, {"case": "copy-on-read",
        "type": "1"}, {"case": "dmg", "type": "1"}, {"case": "file", "type": "180"}, {"case": "snapshot-access", "type":
        "1"}, {"case": "ftp", "type": "1"}, {"case": "ftps", "type": "1"}, {"case": "gluster", "type": "1"}, {"case":
        "host_cdrom", "type": "1"}, {"case": "host_device", "type": "180"}, {"case": "http", "type": "1"}, {"case":
        "https", "type": "1"}, {"case": "iscsi", "type": "1"}, {"case": "luks", "type": "1"}, {"case": "nbd", "type":
        "1"}, {"case": "nfs", "type": "1"}, {"case": "null-aio", "type": "1"}, {"case": "null-co", "type": "1"},
        {"case": "nvme", "type": "181"}, {"case": "parallels", "type": "1"}, {"case": "preallocate", "type": "1"},
        {"case": "qcow", "type": "1"}, {"case": "qcow2", "type": "1"}, {"case": "qed", "type": "1"}, {"case": "quorum",
        "type": "1"}, {"case": "raw", "type": "1"}, {"case": "rbd", "type": "1"}, {"case": "replication", "type": "1"},
        {"case": "ssh", "type": "1"}, {"case": "throttle", "type": "1"}, {"case": "vdi", "type": "1"}, {"case": "vhdx",
        "type": "1"}, {"case": "vmdk", "type": "1"}, {"case": "vpc", "type": "1"}, {"case": "vvfat", "type": "1"}]},
        {"name": "116", "meta-type": "enum", "members": [{"name": "authz-list"}, {"name": "authz-listfile"}, {"name":
        "authz-pam"}, {"name": "authz-simple"}, {"name": "can-bus"}, {"name": "can-host-socketcan"}, {"name":
        "colo-compare"}, {"name": "cryptodev-backend"}, {"name": "cryptodev-backend-builtin"}, {"name":
        "cryptodev-backend-lkcf"}, {"name": "cryptodev-vhost-user"}, {"name": "dbus-vmstate"}, {"name":
        "filter-buffer"}, {"name": "filter-dump"}, {"name": "filter-mirror"}, {"name": "filter-redirector"}, {"name":
        "filter-replay"}, {"name": "filter-rewriter"}, {"name": "input-barrier"}, {"name": "input-linux"}, {"name":
        "iothread"}, {"name": "main-loop"}, {"name": "memory-backend-epc"}, {"name": "memory-backend-file"}, {"name":
        "memory-backend-memfd"}, {"name": "memory-backend-ram"}, {"name": "pef-guest"}, {"name": "pr-manager-helper"},
        {"name": "qtest"}, {"name": "rng-builtin"}, {"name": "rng-egd"}, {"name": "rng-random"}, {"name": "secret"},
        {"name": "secret_keyring"}, {"name": "sev-guest"}, {"name": "thread-context"}, {"name": "s390-pv-guest"},
        {"name": "throttle-group"}, {"name": "tls-creds-anon"}, {"name": "tls-creds-psk"}, {"name": "tls-creds-x509"},
        {"name": "tls-cipher-suites"}, {"name": "x-remote-object", "features": ["unstable"]}, {"name":
        "x-vfio-user-server", "features": ["unstable"]}], "values": ["authz-list", "authz-listfile", "authz-pam",
        "authz-simple", "can-bus", "can-host-socketcan", "colo-compare", "cryptodev-backend",
        "cryptodev-backend-builtin", "cryptodev-backend-lkcf", "cryptodev-vhost-user", "dbus-vmstate", "filter-buffer",
        "filter-dump", "filter-mirror", "filter-redirector", "filter-replay", "filter-rewriter", "input-barrier",
        "input-linux", "iothread", "main-loop", "memory-backend-epc", "memory-backend-file", "memory-backend-memfd",
        "memory-backend-ram", "pef-guest", "pr-manager-helper", "qtest", "rng-builtin", "rng-egd", "rng-random",
        "secret", "secret_keyring", "sev-guest", "thread-context", "s390-pv-guest", "throttle-group", "tls-creds-anon",
        "tls-creds-psk", "tls-creds-x509", "tls-cipher-suites", "x-remote-object", "x-vfio-user-server"]},
        {"name": "117", "meta-type": "object", "members": [{"name": "policy", "type": "182", "default": null}, {"name":
        "rules", "type": "[183]", "default": null}]},
        {"name": "118", "meta-type": "object", "members": [{"name": "filename", "type": "str"}, {"name": "refresh",
        "type": "bool", "default": null}]},
        {"name": "119", "meta-type": "object", "members": [{"name": "service", "type": "str"}]},
        {"name": "120", "meta-type": "object", "members": [{"name": "identity", "type": "str"}]},
        {"name": "121", "meta-type": "object", "members": [{"name": "if", "type": "str"}, {"name": "canbus", "type":
        "str"}]},
        {"name": "122", "meta-type": "object", "members": [{"name": "primary_in", "type": "str"}, {"name":
        "secondary_in", "type": "str"}, {"name": "outdev", "type": "str"}, {"name": "iothread", "type": "str"}, {"name":
        "notify_dev", "type": "str", "default": null}, {"name": "compare_timeout", "type": "int", "default": null},
        {"name": "expired_scan_cycle", "type": "int", "default": null}, {"name": "max_queue_size", "type": "int",
        "default": null}, {"name": "vnet_hdr_support", "type": "bool", "default": null}]},
        {"name": "123", "meta-type": "object", "members": [{"name": "queues", "type": "int", "default": null}]},
        {"name": "124", "meta-type": "object", "members": [{"name": "queues", "type": "int", "default": null}, {"name":
        "chardev", "type": "str"}]},
        {"name": "125", "meta-type": "object", "members": [{"name": "addr", "type": "str"}, {"name": "id-list", "type":
        "str", "default": null}]},
        {"name": "126", "meta-type": "object", "members": [{"name": "netdev", "type": "str"}, {"name": "queue", "type":
        "184", "default": null}, {"name": "status", "type": "str", "default": null}, {"name": "position", "type": "str",
        "default": null}, {"name": "insert", "type": "185", "default": null}, {"name": "interval", "type": "int"}]},
        {"name": "127", "meta-type": "object", "members": [{"name": "netdev", "type": "str"}, {"name": "queue", "type":
        "184", "default": null}, {"name": "status", "type": "str", "default": null}, {"name": "position", "type": "str",
        "default": null}, {"name": "insert", "type": "185", "default": null}, {"name": "file", "type": "str"}, {"name":
        "maxlen", "type": "int", "default": null}]},
        {"name": "128", "meta-type": "object", "members": [{"name": "netdev", "type": "str"}, {"name": "queue", "type":
        "184", "default": null}, {"name": "status", "type": "str", "default": null}, {"name": "position", "type": "str",
        "default": null}, {"name": "insert", "type": "185", "default": null}, {"name": "outdev", "type": "str"},
        {"name": "vnet_hdr_support", "type": "bool", "default": null}]},
        {"name": "129", "meta-type": "object", "members": [{"name": "netdev", "type": "str"}, {"name": "queue", "type":
        "184", "default": null}, {"name": "status", "type": "str", "default": null}, {"name": "position", "type": "str",
        "default": null}, {"name": "insert", "type": "185", "default": null}, {"name": "indev", "type": "str",
        "default": null}, {"name": "outdev", "type": "str", "default": null}, {"name": "vnet_hdr_support", "type":
        "bool", "default": null}]},
        {"name": "130", "meta-type": "object", "members": [{"name": "netdev", "type": "str"}, {"name": "queue", "type":
        "184", "default": null}, {"name": "status", "type": "str", "default": null}, {"name": "position", "type": "str",
        "default": null}, {"name": "insert", "type": "185", "default": null}]},
        {"name": "131", "meta-type": "object", "members": [{"name": "netdev", "type": "str"}, {"name": "queue", "type":
        "184", "default": null}, {"name": "status", "type": "str", "default": null}, {"name": "position", "type": "str",
        "default": null}, {"name": "insert", "type": "185", "default": null}, {"name": "vnet_hdr_support", "type":
        "bool", "default": null}]},
        {"name": "132", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "server", "type":
        "str", "default": null}, {"name": "port", "type": "str", "default": null}, {"name": "x-origin", "type": "str",
        "default": null}, {"name": "y-origin", "type": "str", "default": null}, {"name": "width", "type": "str",
        "default": null}, {"name": "height", "type": "str", "default": null}]},
        {"name": "133", "meta-type": "object", "members": [{"name": "evdev", "type": "str"}, {"name": "grab_all",
        "type": "bool", "default": null}, {"name": "repeat", "type": "bool", "default": null}, {"name": "grab-toggle",
        "type": "186", "default": null}]},
        {"name": "134", "meta-type": "object", "members": [{"name": "aio-max-batch", "type": "int", "default": null},
        {"name": "thread-pool-min", "type": "int", "default": null}, {"name": "thread-pool-max", "type": "int",
        "default": null}, {"name": "poll-max-ns", "type": "int", "default": null}, {"name": "poll-grow", "type": "int",
        "default": null}, {"name": "poll-shrink", "type": "int", "default": null}]},
        {"name": "135", "meta-type": "object", "members": [{"name": "aio-max-batch", "type": "int", "default": null},
        {"name": "thread-pool-min", "type": "int", "default": null}, {"name": "thread-pool-max", "type": "int",
        "default": null}]},
        {"name": "136", "meta-type": "object", "members": [{"name": "dump", "type": "bool", "default": null}, {"name":
        "host-nodes", "type": "[int]", "default": null}, {"name": "merge", "type": "bool", "default": null}, {"name":
        "policy", "type": "108", "default": null}, {"name": "prealloc", "type": "bool", "default": null}, {"name":
        "prealloc-threads", "type": "int", "default": null}, {"name": "prealloc-context", "type": "str", "default":
        null}, {"name": "share", "type": "bool", "default": null}, {"name": "reserve", "type": "bool", "default": null},
        {"name": "size", "type": "int"}, {"name": "x-use-canonical-path-for-ramblock-id", "type": "bool", "default":
        null}]},
        {"name": "137", "meta-type": "object", "members": [{"name": "dump", "type": "bool", "default": null}, {"name":
        "host-nodes", "type": "[int]", "default": null}, {"name": "merge", "type": "bool", "default": null}, {"name":
        "policy", "type": "108", "default": null}, {"name": "prealloc", "type": "bool", "default": null}, {"name":
        "prealloc-threads", "type": "int", "default": null}, {"name": "prealloc-context", "type": "str", "default":
        null}, {"name": "share", "type": "bool", "default": null}, {"name": "reserve", "type": "bool", "default": null},
        {"name": "size", "type": "int"}, {"name": "x-use-canonical-path-for-ramblock-id", "type": "bool", "default":
        null}, {"name": "align", "type": "int", "default": null}, {"name": "discard-data", "type": "bool", "default":
        null}, {"name": "mem-path", "type": "str"}, {"name": "pmem", "type": "bool", "default": null}, {"name":
        "readonly", "type": "bool", "default": null}]},
        {"name": "138", "meta-type": "object", "members": [{"name": "dump", "type": "bool", "default": null}, {"name":
        "host-nodes", "type": "[int]", "default": null}, {"name": "merge", "type": "bool", "default": null}, {"name":
        "policy", "type": "108", "default": null}, {"name": "prealloc", "type": "bool", "default": null}, {"name":
        "prealloc-threads", "type": "int", "default": null}, {"name": "prealloc-context", "type": "str", "default":
        null}, {"name": "share", "type": "bool", "default": null}, {"name": "reserve", "type": "bool", "default": null},
        {"name": "size", "type": "int"}, {"name": "x-use-canonical-path-for-ramblock-id", "type": "bool", "default":
        null}, {"name": "hugetlb", "type": "bool", "default": null}, {"name": "hugetlbsize", "type": "int", "default":
        null}, {"name": "seal", "type": "bool", "default": null}]},
        {"name": "139", "meta-type": "object", "members": [{"name": "dump", "type": "bool", "default": null}, {"name":
        "host-nodes", "type": "[int]", "default": null}, {"name": "merge", "type": "bool", "default": null}, {"name":
        "policy", "type": "108", "default": null}, {"name": "prealloc", "type": "bool", "default": null}, {"name":
        "prealloc-threads", "type": "int", "default": null}, {"name": "prealloc-context", "type": "str", "default":
        null}, {"name": "share", "type": "bool", "default": null}, {"name": "reserve", "type": "bool", "default": null},
        {"name": "size", "type": "int"}, {"name": "x-use-canonical-path-for-ramblock-id", "type": "bool", "default":
        null}]},
        {"name": "140", "meta-type": "object", "members": [{"name": "path", "type": "str"}]},
        {"name": "141", "meta-type": "object", "members": [{"name": "chardev", "type": "str"}, {"name": "log", "type":
        "str", "default": null}]},
        {"name": "142", "meta-type": "object", "members": [{"name": "opened", "type": "bool", "default": null,
        "features": ["deprecated"]}]},
        {"name": "143", "meta-type": "object", "members": [{"name": "opened", "type": "bool", "default": null,
        "features": ["deprecated"]}, {"name": "chardev", "type": "str"}]},
        {"name": "144", "meta-type": "object", "members": [{"name": "opened", "type": "bool", "default": null,
        "features": ["deprecated"]}, {"name": "filename", "type": "str", "default": null}]},
        {"name": "145", "meta-type": "object", "members": [{"name": "loaded", "type": "bool", "default": null,
        "features": ["deprecated"]}, {"name": "format", "type": "187", "default": null}, {"name": "keyid", "type":
        "str", "default": null}, {"name": "iv", "type": "str", "default": null}, {"name": "data", "type": "str",
        "default": null}, {"name": "file", "type": "str", "default": null}]},
        {"name": "146", "meta-type": "object", "members": [{"name": "loaded", "type": "bool", "default": null,
        "features": ["deprecated"]}, {"name": "format", "type": "187", "default": null}, {"name": "keyid", "type":
        "str", "default": null}, {"name": "iv", "type": "str", "default": null}, {"name": "serial", "type": "int"}]},
        {"name": "147", "meta-type": "object", "members": [{"name": "sev-device", "type": "str", "default": null},
        {"name": "dh-cert-file", "type": "str", "default": null}, {"name": "session-file", "type": "str", "default":
        null}, {"name": "policy", "type": "int", "default": null}, {"name": "handle", "type": "int", "default": null},
        {"name": "cbitpos", "type": "int", "default": null}, {"name": "reduced-phys-bits", "type": "int"}, {"name":
        "kernel-hashes", "type": "bool", "default": null}]},
        {"name": "148", "meta-type": "object", "members": [{"name": "cpu-affinity", "type": "[int]", "default": null},
        {"name": "node-affinity", "type": "[int]", "default": null}]},
        {"name": "149", "meta-type": "object", "members": [{"name": "limits", "type": "188", "default": null}, {"name":
        "x-iops-total", "type": "int", "default": null, "features": ["unstable"]}, {"name": "x-iops-total-max", "type":
        "int", "default": null, "features": ["unstable"]}, {"name": "x-iops-total-max-length", "type": "int", "default":
        null, "features": ["unstable"]}, {"name": "x-iops-read", "type": "int", "default": null, "features":
        ["unstable"]}, {"name": "x-iops-read-max", "type": "int", "default": null, "features": ["unstable"]}, {"name":
        "x-iops-read-max-length", "type": "int", "default": null, "features": ["unstable"]}, {"name": "x-iops-write",
        "type": "int", "default": null, "features": ["unstable"]}, {"name": "x-iops-write-max", "type": "int",
        "default": null, "features": ["unstable"]}, {"name": "x-iops-write-max-length", "type": "int", "default": null,
        "features": ["unstable"]}, {"name": "x-bps-total", "type": "int", "default": null, "features": ["unstable"]},
        {"name": "x-bps-total-max", "type": "int", "default": null, "features": ["unstable"]}, {"name":
        "x-bps-total-max-length", "type": "int", "default": null, "features": ["unstable"]}, {"name": "x-bps-read",
        "type": "int", "default": null, "features": ["unstable"]}, {"name": "x-bps-read-max", "type": "int", "default":
        null, "features": ["unstable"]}, {"name": "x-bps-read-max-length", "type": "int", "default": null, "features":
        ["unstable"]}, {"name": "x-bps-write", "type": "int", "default": null, "features": ["unstable"]}, {"name":
        "x-bps-write-max", "type": "int", "default": null, "features": ["unstable"]}, {"name": "x-bps-write-max-length",
        "type": "int", "default": null, "features": ["unstable"]}, {"name": "x-iops-size", "type": "int", "default":
        null, "features": ["unstable"]}]},
        {"name": "150", "meta-type": "object", "members": [{"name": "verify-peer", "type": "bool", "default": null},
        {"name": "dir", "type": "str", "default": null}, {"name": "endpoint", "type": "189", "default": null}, {"name":
        "priority", "type": "str", "default": null}, {"name": "loaded", "type": "bool", "default": null, "features":
        ["deprecated"]}]},
        {"name": "151", "meta-type": "object", "members": [{"name": "verify-peer", "type": "bool", "default": null},
        {"name": "dir", "type": "str", "default": null}, {"name": "endpoint", "type": "189", "default": null}, {"name":
        "priority", "type": "str", "default": null}, {"name": "loaded", "type": "bool", "default": null, "features":
        ["deprecated"]}, {"name": "username", "type": "str", "default": null}]},
        {"name": "152", "meta-type": "object", "members": [{"name": "verify-peer", "type": "bool", "default": null},
        {"name": "dir", "type": "str", "default": null}, {"name": "endpoint", "type": "189", "default": null}, {"name":
        "priority", "type": "str", "default": null}, {"name": "loaded", "type": "bool", "default": null, "features":
        ["deprecated"]}, {"name": "sanity-check", "type": "bool", "default": null}, {"name": "passwordid", "type":
        "str", "default": null}]},
        {"name": "153", "meta-type": "object", "members": [{"name": "verify-peer", "type": "bool", "default": null},
        {"name": "dir", "type": "str", "default": null}, {"name": "endpoint", "type": "189", "default": null}, {"name":
        "priority", "type": "str", "default": null}]},
        {"name": "154", "meta-type": "object", "members": [{"name": "fd", "type": "str"}, {"name": "devid", "type":
        "str"}]},
        {"name": "155", "meta-type": "object", "members": [{"name": "socket", "type": "93"}, {"name": "device", "type":
        "str"}]},
        {"name": "156", "meta-type": "enum", "members": [{"name": "block-node"}, {"name": "chardev"}, {"name":
        "migration"}], "values": ["block-node", "chardev", "migration"]},
        {"name": "157", "meta-type": "object", "members": [{"name": "node-name", "type": "str"}]},
        {"name": "158", "meta-type": "object", "members": [{"name": "id", "type": "str"}]},
        {"name": "159", "meta-type": "enum", "members": [{"name": "builtin"}, {"name": "enum"}, {"name": "array"},
        {"name": "object"}, {"name": "alternate"}, {"name": "command"}, {"name": "event"}], "values": ["builtin",
        "enum", "array", "object", "alternate", "command", "event"]},
        {"name": "160", "meta-type": "object", "members": [{"name": "json-type", "type": "190"}]},
        {"name": "161", "meta-type": "object", "members": [{"name": "members", "type": "[191]"}, {"name": "values",
        "type": "[str]", "features": ["deprecated"]}]},
        {"name": "162", "meta-type": "object", "members": [{"name": "element-type", "type": "str"}]},
        {"name": "163", "meta-type": "object", "members": [{"name": "members", "type": "[192]"}, {"name": "tag", "type":
        "str", "default": null}, {"name": "variants", "type": "[193]", "default": null}]},
        {"name": "164", "meta-type": "object", "members": [{"name": "members", "type": "[194]"}]},
        {"name": "165", "meta-type": "object", "members": [{"name": "arg-type", "type": "str"}, {"name": "ret-type",
        "type": "str"}, {"name": "allow-oob", "type": "bool", "default": null}]},
        {"name": "166", "meta-type": "object", "members": [{"name": "arg-type", "type": "str"}]},
        {"name": "[167]", "meta-type": "array", "element-type": "167"},
        {"name": "167", "meta-type": "object", "members": [{"name": "address", "type": "str"}, {"name": "up", "type":
        "bool", "default": null}]},
        """#

    /// All parts, in order.
    static var parts: [String] { [part1, part2] }
}
