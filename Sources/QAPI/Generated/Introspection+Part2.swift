// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

extension Introspection {
    /// Entries of the schema as JSON text, each followed by a comma.
    static let part2 = #"""
        {"name": "168", "meta-type": "enum", "members": [{"name": "inet"}, {"name": "unix"}, {"name": "vsock"}, {"name":
        "fd"}], "values": ["inet", "unix", "vsock", "fd"]},
        {"name": "169", "meta-type": "object", "members": [{"name": "host", "type": "str"}, {"name": "port", "type":
        "str"}, {"name": "numeric", "type": "bool", "default": null}, {"name": "to", "type": "int", "default": null},
        {"name": "ipv4", "type": "bool", "default": null}, {"name": "ipv6", "type": "bool", "default": null}, {"name":
        "keep-alive", "type": "bool", "default": null}, {"name": "mptcp", "type": "bool", "default": null}]},
        {"name": "170", "meta-type": "object", "members": [{"name": "path", "type": "str"}, {"name": "abstract", "type":
        "bool", "default": null}, {"name": "tight", "type": "bool", "default": null}]},
        {"name": "171", "meta-type": "object", "members": [{"name": "cid", "type": "str"}, {"name": "port", "type":
        "str"}]},
        {"name": "172", "meta-type": "object", "members": [{"name": "str", "type": "str"}]},
        {"name": "null", "meta-type": "builtin", "json-type": "null"},
        {"name": "[173]", "meta-type": "array", "element-type": "173"},
        {"name": "173", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "alias", "type":
        "str"}, {"name": "transform", "type": "195", "default": null}]},
        {"name": "174", "meta-type": "enum", "members": [{"name": "uninitialized"}, {"name": "stopped"}, {"name":
        "check-stop"}, {"name": "operating"}, {"name": "load"}], "values": ["uninitialized", "stopped", "check-stop",
        "operating", "load"]},
        {"name": "[175]", "meta-type": "array", "element-type": "175"},
        {"name": "175", "meta-type": "object", "members": [{"name": "id", "type": "str"}, {"name": "name", "type":
        "str"}, {"name": "vm-state-size", "type": "int"}, {"name": "date-sec", "type": "int"}, {"name": "date-nsec",
        "type": "int"}, {"name": "vm-clock-sec", "type": "int"}, {"name": "vm-clock-nsec", "type": "int"}, {"name":
        "icount", "type": "int", "default": null}]},
        {"name": "176", "meta-type": "object", "members": [{"name": "type", "type": "196"}], "tag": "type", "variants":
        [{"case": "qcow2", "type": "197"}, {"case": "vmdk", "type": "198"}, {"case": "luks", "type": "199"}, {"case":
        "rbd", "type": "200"}]},
        {"name": "[177]", "meta-type": "array", "element-type": "177"},
        {"name": "177", "meta-type": "object", "members": [{"name": "interval_length", "type": "int"}, {"name":
        "min_rd_latency_ns", "type": "int"}, {"name": "max_rd_latency_ns", "type": "int"}, {"name": "avg_rd_latency_ns",
        "type": "int"}, {"name": "min_wr_latency_ns", "type": "int"}, {"name": "max_wr_latency_ns", "type": "int"},
        {"name": "avg_wr_latency_ns", "type": "int"}, {"name": "min_flush_latency_ns", "type": "int"}, {"name":
        "max_flush_latency_ns", "type": "int"}, {"name": "avg_flush_latency_ns", "type": "int"}, {"name":
        "avg_rd_queue_depth", "type": "number"}, {"name": "avg_wr_queue_depth", "type": "number"}]},
        {"name": "178", "meta-type": "object", "members": [{"name": "boundaries", "type": "[int]"}, {"name": "bins",
        "type": "[int]"}]},
        {"name": "179", "meta-type": "enum", "members": [{"name": "blkdebug"}, {"name": "blklogwrites"}, {"name":
        "blkreplay"}, {"name": "blkverify"}, {"name": "bochs"}, {"name": "cloop"}, {"name": "compress"}, {"name":
        "copy-before-write"}, {"name": "copy-on-read"}, {"name": "dmg"}, {"name": "file"}, {"name": "snapshot-access"},
        {"name": "ftp"}, {"name": "ftps"}, {"name": "gluster"}, {"name": "host_cdrom"}, {"name": "host_device"},
        {"name": "http"}, {"name": "https"}, {"name": "iscsi"}, {"name": "luks"}, {"name": "nbd"}, {"name": "nfs"},
        {"name": "null-aio"}, {"name": "null-co"}, {"name": "nvme"}, {"name": "parallels"}, {"name": "preallocate"},
        {"name": "qcow"}, {"name": "qcow2"}, {"name": "qed"}, {"name": "quorum"}, {"name": "raw"}, {"name": "rbd"},
        {"name": "replication"}, {"name": "ssh"}, {"name": "throttle"}, {"name": "vdi"}, {"name": "vhdx"}, {"name":
        "vmdk"}, {"name": "vpc"}, {"name": "vvfat"}], "values": ["blkdebug", "blklogwrites", "blkreplay", "blkverify",
        "bochs", "cloop", "compress", "copy-before-write", "copy-on-read", "dmg", "file", "snapshot-access", "ftp",
        "ftps", "gluster", "host_cdrom", "host_device", "http", "https", "iscsi", "luks", "nbd", "nfs", "null-aio",
        "null-co", "nvme", "parallels", "preallocate", "qcow", "qcow2", "qed", "quorum", "raw", "rbd", "replication",
        "ssh", "throttle", "vdi", "vhdx", "vmdk", "vpc", "vvfat"]},
        {"name": "180", "meta-type": "object", "members": [{"name": "discard-nb-ok", "type": "int"}, {"name":
        "discard-nb-failed", "type": "int"}, {"name": "discard-bytes-ok", "type": "int"}]},
        {"name": "181", "meta-type": "object", "members": [{"name": "completion-errors", "type": "int"}, {"name":
        "aligned-accesses", "type": "int"}, {"name": "unaligned-accesses", "type": "int"}]},
        {"name": "182", "meta-type": "enum", "members": [{"name": "deny"}, {"name": "allow"}], "values": ["deny",
        "allow"]},
        {"name": "[183]", "meta-type": "array", "element-type": "183"},
        {"name": "183", "meta-type": "object", "members": [{"name": "match", "type": "str"}, {"name": "policy", "type":
        "182"}, {"name": "format", "type": "201", "default": null}]},
        {"name": "184", "meta-type": "enum", "members": [{"name": "all"}, {"name": "rx"}, {"name": "tx"}], "values":
        ["all", "rx", "tx"]},
        {"name": "185", "meta-type": "enum", "members": [{"name": "before"}, {"name": "behind"}], "values": ["before",
        "behind"]},
        {"name": "186", "meta-type": "enum", "members": [{"name": "ctrl-ctrl"}, {"name": "alt-alt"}, {"name":
        "shift-shift"}, {"name": "meta-meta"}, {"name": "scrolllock"}, {"name": "ctrl-scrolllock"}], "values":
        ["ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock"]},
        {"name": "187", "meta-type": "enum", "members": [{"name": "raw"}, {"name": "base64"}], "values": ["raw",
        "base64"]},
        {"name": "188", "meta-type": "object", "members": [{"name": "iops-total", "type": "int", "default": null},
        {"name": "iops-total-max", "type": "int", "default": null}, {"name": "iops-total-max-length", "type": "int",
        "default": null}, {"name": "iops-read", "type": "int", "default": null}, {"name": "iops-read-max", "type":
        "int", "default": null}, {"name": "iops-read-max-length", "type": "int", "default": null}, {"name":
        "iops-write", "type": "int", "default": null}, {"name": "iops-write-max", "type": "int", "default": null},
        {"name": "iops-write-max-length", "type": "int", "default": null}, {"name": "bps-total", "type": "int",
        "default": null}, {"name": "bps-total-max", "type": "int", "default": null}, {"name": "bps-total-max-length",
        "type": "int", "default": null}, {"name": "bps-read", "type": "int", "default": null}, {"name": "bps-read-max",
        "type": "int", "default": null}, {"name": "bps-read-max-length", "type": "int", "default": null}, {"name":
        "bps-write", "type": "int", "default": null}, {"name": "bps-write-max", "type": "int", "default": null},
        {"name": "bps-write-max-length", "type": "int", "default": null}, {"name": "iops-size", "type": "int",
        "default": null}]},
        {"name": "189", "meta-type": "enum", "members": [{"name": "client"}, {"name": "server"}], "values": ["client",
        "server"]},
        {"name": "190", "meta-type": "enum", "members": [{"name": "string"}, {"name": "number"}, {"name": "int"},
        {"name": "boolean"}, {"name": "null"}, {"name": "object"}, {"name": "array"}, {"name": "value"}], "values":
        ["string", "number", "int", "boolean", "null", "object", "array", "value"]},
        {"name": "[191]", "meta-type": "array", "element-type": "191"},
        {"name": "191", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "features", "type":
        "[str]", "default": null}]},
        {"name": "[192]", "meta-type": "array", "element-type": "192"},
        {"name": "192", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "type", "type":
        "str"}, {"name": "default", "type": "any", "default": null}, {"name": "features", "type": "[str]", "default":
        null}]},
        {"name": "[193]", "meta-type": "array", "element-type": "193"},
        {"name": "193", "meta-type": "object", "members": [{"name": "case", "type": "str"}, {"name": "type", "type":
        "str"}]},
        {"name": "[194]", "meta-type": "array", "element-type": "194"},
        {"name": "194", "meta-type": "object", "members": [{"name": "type", "type": "str"}]},
        {"name": "195", "meta-type": "object", "members": [{"name": "persistent", "type": "bool", "default": null}]},
        {"name": "196", "meta-type": "enum", "members": [{"name": "qcow2"}, {"name": "vmdk"}, {"name": "luks"}, {"name":
        "rbd"}], "values": ["qcow2", "vmdk", "luks", "rbd"]},
        {"name": "197", "meta-type": "object", "members": [{"name": "data", "type": "202"}]},
        {"name": "198", "meta-type": "object", "members": [{"name": "data", "type": "203"}]},
        {"name": "199", "meta-type": "object", "members": [{"name": "data", "type": "204"}]},
        {"name": "200", "meta-type": "object", "members": [{"name": "data", "type": "205"}]},
        {"name": "201", "meta-type": "enum", "members": [{"name": "exact"}, {"name": "glob"}], "values": ["exact",
        "glob"]},
        {"name": "202", "meta-type": "object", "members": [{"name": "compat", "type": "str"}, {"name": "data-file",
        "type": "str", "default": null}, {"name": "data-file-raw", "type": "bool", "default": null}, {"name":
        "extended-l2", "type": "bool", "default": null}, {"name": "lazy-refcounts", "type": "bool", "default": null},
        {"name": "corrupt", "type": "bool", "default": null}, {"name": "refcount-bits", "type": "int"}, {"name":
        "encrypt", "type": "206", "default": null}, {"name": "bitmaps", "type": "[207]", "default": null}, {"name":
        "compression-type", "type": "208"}]},
        {"name": "203", "meta-type": "object", "members": [{"name": "create-type", "type": "str"}, {"name": "cid",
        "type": "int"}, {"name": "parent-cid", "type": "int"}, {"name": "extents", "type": "[111]"}]},
        {"name": "204", "meta-type": "object", "members": [{"name": "cipher-alg", "type": "209"}, {"name":
        "cipher-mode", "type": "210"}, {"name": "ivgen-alg", "type": "211"}, {"name": "ivgen-hash-alg", "type": "212",
        "default": null}, {"name": "hash-alg", "type": "212"}, {"name": "payload-offset", "type": "int"}, {"name":
        "master-key-iters", "type": "int"}, {"name": "uuid", "type": "str"}, {"name": "slots", "type": "[213]"}]},
        {"name": "205", "meta-type": "object", "members": [{"name": "encryption-format", "type": "214", "default":
        null}]},
        {"name": "206", "meta-type": "object", "members": [{"name": "format", "type": "215"}], "tag": "format",
        "variants": [{"case": "aes", "type": "1"}, {"case": "luks", "type": "204"}]},
        {"name": "[207]", "meta-type": "array", "element-type": "207"},
        {"name": "207", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "granularity",
        "type": "int"}, {"name": "flags", "type": "[216]"}]},
        {"name": "208", "meta-type": "enum", "members": [{"name": "zlib"}, {"name": "zstd"}], "values": ["zlib",
        "zstd"]},
        {"name": "[111]", "meta-type": "array", "element-type": "111"},
        {"name": "209", "meta-type": "enum", "members": [{"name": "aes-128"}, {"name": "aes-192"}, {"name": "aes-256"},
        {"name": "des"}, {"name": "3des"}, {"name": "cast5-128"}, {"name": "serpent-128"}, {"name": "serpent-192"},
        {"name": "serpent-256"}, {"name": "twofish-128"}, {"name": "twofish-192"}, {"name": "twofish-256"}], "values":
        ["aes-128", "aes-192", "aes-256", "des", "3des", "cast5-128", "serpent-128", "serpent-192", "serpent-256",
        "twofish-128", "twofish-192", "twofish-256"]},
        {"name": "210", "meta-type": "enum", "members": [{"name": "ecb"}, {"name": "cbc"}, {"name": "xts"}, {"name":
        "ctr"}], "values": ["ecb", "cbc", "xts", "ctr"]},
        {"name": "211", "meta-type": "enum", "members": [{"name": "plain"}, {"name": "plain64"}, {"name": "essiv"}],
        "values": ["plain", "plain64", "essiv"]},
        {"name": "212", "meta-type": "enum", "members": [{"name": "md5"}, {"name": "sha1"}, {"name": "sha224"}, {"name":
        "sha256"}, {"name": "sha384"}, {"name": "sha512"}, {"name": "ripemd160"}], "values": ["md5", "sha1", "sha224",
        "sha256", "sha384", "sha512", "ripemd160"]},
        {"name": "[213]", "meta-type": "array", "element-type": "213"},
        {"name": "213", "meta-type": "object", "members": [{"name": "active", "type": "bool"}, {"name": "iters", "type":
        "int", "default": null}, {"name": "stripes", "type": "int", "default": null}, {"name": "key-offset", "type":
        "int"}]},
        {"name": "214", "meta-type": "enum", "members": [{"name": "luks"}, {"name": "luks2"}], "values": ["luks",
        "luks2"]},
        {"name": "215", "meta-type": "enum", "members": [{"name": "aes"}, {"name": "luks"}], "values": ["aes", "luks"]},
        {"name": "[216]", "meta-type": "array", "element-type": "216"},
        {"name": "216", "meta-type": "enum", "members": [{"name": "in-use"}, {"name": "auto"}], "values": ["in-use",
        "auto"]},
        """#
}
