// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

extension Introspection {
    /// Entries of the schema as JSON text, each followed by a comma.
    static let part2 = #"""
        {"name": "null", "meta-type": "builtin", "json-type": "null"},
        {"name": "[171]", "meta-type": "array", "element-type": "171"},
        {"name": "171", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "alias", "type":
        "str"}, {"name": "transform", "type": "193", "default": null}]},
        {"name": "172", "meta-type": "enum", "members": [{"name": "uninitialized"}, {"name": "stopped"}, {"name":
        "check-stop"}, {"name": "operating"}, {"name": "load"}], "values": ["uninitialized", "stopped", "check-stop",
        "operating", "load"]},
        {"name": "[173]", "meta-type": "array", "element-type": "173"},
        {"name": "173", "meta-type": "object", "members": [{"name": "id", "type": "str"}, {"name": "name", "type":
        "str"}, {"name": "vm-state-size", "type": "int"}, {"name": "date-sec", "type": "int"}, {"name": "date-nsec",
        "type": "int"}, {"name": "vm-clock-sec", "type": "int"}, {"name": "vm-clock-nsec", "type": "int"}, {"name":
        "icount", "type": "int", "default": null}]},
        {"name": "174", "meta-type": "object", "members": [{"name": "type", "type": "194"}], "tag": "type", "variants":
        [{"case": "qcow2", "type": "195"}, {"case": "vmdk", "type": "196"}, {"case": "luks", "type": "197"}, {"case":
        "rbd", "type": "198"}]},
        {"name": "[175]", "meta-type": "array", "element-type": "175"},
        {"name": "175", "meta-type": "object", "members": [{"name": "interval_length", "type": "int"}, {"name":
        "min_rd_latency_ns", "type": "int"}, {"name": "max_rd_latency_ns", "type": "int"}, {"name": "avg_rd_latency_ns",
        "type": "int"}, {"name": "min_wr_latency_ns", "type": "int"}, {"name": "max_wr_latency_ns", "type": "int"},
        {"name": "avg_wr_latency_ns", "type": "int"}, {"name": "min_flush_latency_ns", "type": "int"}, {"name":
        "max_flush_latency_ns", "type": "int"}, {"name": "avg_flush_latency_ns", "type": "int"}, {"name":
        "avg_rd_queue_depth", "type": "number"}, {"name": "avg_wr_queue_depth", "type": "number"}]},
        {"name": "176", "meta-type": "object", "members": [{"name": "boundaries", "type": "[int]"}, {"name": "bins",
        "type": "[int]"}]},
        {"name": "177", "meta-type": "enum", "members": [{"name": "blkdebug"}, {"name": "blklogwrites"}, {"name":
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
        {"name": "178", "meta-type": "object", "members": [{"name": "discard-nb-ok", "type": "int"}, {"name":
        "discard-nb-failed", "type": "int"}, {"name": "discard-bytes-ok", "type": "int"}]},
        {"name": "179", "meta-type": "object", "members": [{"name": "completion-errors", "type": "int"}, {"name":
        "aligned-accesses", "type": "int"}, {"name": "unaligned-accesses", "type": "int"}]},
        {"name": "180", "meta-type": "enum", "members": [{"name": "deny"}, {"name": "allow"}], "values": ["deny",
        "allow"]},
        {"name": "[181]", "meta-type": "array", "element-type": "181"},
        {"name": "181", "meta-type": "object", "members": [{"name": "match", "type": "str"}, {"name": "policy", "type":
        "180"}, {"name": "format", "type": "199", "default": null}]},
        {"name": "182", "meta-type": "enum", "members": [{"name": "all"}, {"name": "rx"}, {"name": "tx"}], "values":
        ["all", "rx", "tx"]},
        {"name": "183", "meta-type": "enum", "members": [{"name": "before"}, {"name": "behind"}], "values": ["before",
        "behind"]},
        {"name": "184", "meta-type": "enum", "members": [{"name": "ctrl-ctrl"}, {"name": "alt-alt"}, {"name":
        "shift-shift"}, {"name": "meta-meta"}, {"name": "scrolllock"}, {"name": "ctrl-scrolllock"}], "values":
        ["ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock"]},
        {"name": "185", "meta-type": "enum", "members": [{"name": "raw"}, {"name": "base64"}], "values": ["raw",
        "base64"]},
        {"name": "186", "meta-type": "object", "members": [{"name": "iops-total", "type": "int", "default": null},
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
        {"name": "187", "meta-type": "enum", "members": [{"name": "client"}, {"name": "server"}], "values": ["client",
        "server"]},
        {"name": "188", "meta-type": "enum", "members": [{"name": "string"}, {"name": "number"}, {"name": "int"},
        {"name": "boolean"}, {"name": "null"}, {"name": "object"}, {"name": "array"}, {"name": "value"}], "values":
        ["string", "number", "int", "boolean", "null", "object", "array", "value"]},
        {"name": "[189]", "meta-type": "array", "element-type": "189"},
        {"name": "189", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "features", "type":
        "[str]", "default": null}]},
        {"name": "[190]", "meta-type": "array", "element-type": "190"},
        {"name": "190", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "type", "type":
        "str"}, {"name": "default", "type": "any", "default": null}, {"name": "features", "type": "[str]", "default":
        null}]},
        {"name": "[191]", "meta-type": "array", "element-type": "191"},
        {"name": "191", "meta-type": "object", "members": [{"name": "case", "type": "str"}, {"name": "type", "type":
        "str"}]},
        {"name": "[192]", "meta-type": "array", "element-type": "192"},
        {"name": "192", "meta-type": "object", "members": [{"name": "type", "type": "str"}]},
        {"name": "193", "meta-type": "object", "members": [{"name": "persistent", "type": "bool", "default": null}]},
        {"name": "194", "meta-type": "enum", "members": [{"name": "qcow2"}, {"name": "vmdk"}, {"name": "luks"}, {"name":
        "rbd"}], "values": ["qcow2", "vmdk", "luks", "rbd"]},
        {"name": "195", "meta-type": "object", "members": [{"name": "data", "type": "200"}]},
        {"name": "196", "meta-type": "object", "members": [{"name": "data", "type": "201"}]},
        {"name": "197", "meta-type": "object", "members": [{"name": "data", "type": "202"}]},
        {"name": "198", "meta-type": "object", "members": [{"name": "data", "type": "203"}]},
        {"name": "199", "meta-type": "enum", "members": [{"name": "exact"}, {"name": "glob"}], "values": ["exact",
        "glob"]},
        {"name": "200", "meta-type": "object", "members": [{"name": "compat", "type": "str"}, {"name": "data-file",
        "type": "str", "default": null}, {"name": "data-file-raw", "type": "bool", "default": null}, {"name":
        "extended-l2", "type": "bool", "default": null}, {"name": "lazy-refcounts", "type": "bool", "default": null},
        {"name": "corrupt", "type": "bool", "default": null}, {"name": "refcount-bits", "type": "int"}, {"name":
        "encrypt", "type": "204", "default": null}, {"name": "bitmaps", "type": "[205]", "default": null}, {"name":
        "compression-type", "type": "206"}]},
        {"name": "201", "meta-type": "object", "members": [{"name": "create-type", "type": "str"}, {"name": "cid",
        "type": "int"}, {"name": "parent-cid", "type": "int"}, {"name": "extents", "type": "[109]"}]},
        {"name": "202", "meta-type": "object", "members": [{"name": "cipher-alg", "type": "207"}, {"name":
        "cipher-mode", "type": "208"}, {"name": "ivgen-alg", "type": "209"}, {"name": "ivgen-hash-alg", "type": "210",
        "default": null}, {"name": "hash-alg", "type": "210"}, {"name": "payload-offset", "type": "int"}, {"name":
        "master-key-iters", "type": "int"}, {"name": "uuid", "type": "str"}, {"name": "slots", "type": "[211]"}]},
        {"name": "203", "meta-type": "object", "members": [{"name": "encryption-format", "type": "212", "default":
        null}]},
        {"name": "204", "meta-type": "object", "members": [{"name": "format", "type": "213"}], "tag": "format",
        "variants": [{"case": "aes", "type": "1"}, {"case": "luks", "type": "202"}]},
        {"name": "[205]", "meta-type": "array", "element-type": "205"},
        {"name": "205", "meta-type": "object", "members": [{"name": "name", "type": "str"}, {"name": "granularity",
        "type": "int"}, {"name": "flags", "type": "[214]"}]},
        {"name": "206", "meta-type": "enum", "members": [{"name": "zlib"}, {"name": "zstd"}], "values": ["zlib",
        "zstd"]},
        {"name": "[109]", "meta-type": "array", "element-type": "109"},
        {"name": "207", "meta-type": "enum", "members": [{"name": "aes-128"}, {"name": "aes-192"}, {"name": "aes-256"},
        {"name": "des"}, {"name": "3des"}, {"name": "cast5-128"}, {"name": "serpent-128"}, {"name": "serpent-192"},
        {"name": "serpent-256"}, {"name": "twofish-128"}, {"name": "twofish-192"}, {"name": "twofish-256"}], "values":
        ["aes-128", "aes-192", "aes-256", "des", "3des", "cast5-128", "serpent-128", "serpent-192", "serpent-256",
        "twofish-128", "twofish-192", "twofish-256"]},
        {"name": "208", "meta-type": "enum", "members": [{"name": "ecb"}, {"name": "cbc"}, {"name": "xts"}, {"name":
        "ctr"}], "values": ["ecb", "cbc", "xts", "ctr"]},
        {"name": "209", "meta-type": "enum", "members": [{"name": "plain"}, {"name": "plain64"}, {"name": "essiv"}],
        "values": ["plain", "plain64", "essiv"]},
        {"name": "210", "meta-type": "enum", "members": [{"name": "md5"}, {"name": "sha1"}, {"name": "sha224"}, {"name":
        "sha256"}, {"name": "sha384"}, {"name": "sha512"}, {"name": "ripemd160"}], "values": ["md5", "sha1", "sha224",
        "sha256", "sha384", "sha512", "ripemd160"]},
        {"name": "[211]", "meta-type": "array", "element-type": "211"},
        {"name": "211", "meta-type": "object", "members": [{"name": "active", "type": "bool"}, {"name": "iters", "type":
        "int", "default": null}, {"name": "stripes", "type": "int", "default": null}, {"name": "key-offset", "type":
        "int"}]},
        {"name": "212", "meta-type": "enum", "members": [{"name": "luks"}, {"name": "luks2"}], "values": ["luks",
        "luks2"]},
        {"name": "213", "meta-type": "enum", "members": [{"name": "aes"}, {"name": "luks"}], "values": ["aes", "luks"]},
        {"name": "[214]", "meta-type": "array", "element-type": "214"},
        {"name": "214", "meta-type": "enum", "members": [{"name": "in-use"}, {"name": "auto"}], "values": ["in-use",
        "auto"]},
        """#
}
