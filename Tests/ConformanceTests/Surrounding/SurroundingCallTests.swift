import PairLab
import QMP
import Testing

extension ConformanceTests {
    /// The commands around migration, in sessions where one call builds on the other: a colod and a real QEMU are asked
    /// the same.
    @Suite("Surrounding commands beside a real QEMU", needsQEMU())
    struct SurroundingCallTests {
        /// Calls that are answered by one session each, in order.
        private static let sessions: [(name: String, calls: [String])] = [
            ("objects", objects), ("the monitor for people", lines.map(line)), ("jobs", jobs), ("machine", machine),
        ]

        @Test("a session is answered the same", arguments: 0..<sessions.count)
        func session(index: Int) throws {
            let (name, calls) = Self.sessions[index]
            let pair = LockStep(StartOptions(name: "guest"))
            var table = DifferenceTable("surrounding commands, \(name)", deliberate: [])
            for call in calls {
                let answers = try pair.exchange(Array(call.utf8), isWellFormed: true)
                if answers.agree {
                    table.agree()
                } else {
                    table.differ(
                        name, call: call, expected: JSONValue.array(answers.qemu).text(),
                        got: JSONValue.array(answers.colod).text())
                }
            }
            table.report(atLeast: 100)
        }

        private static func call(_ name: String, _ arguments: String) -> String {
            #"{"execute":"\#(name)","arguments":\#(arguments)}"#
        }

        private static func line(_ text: String) -> String {
            Call.text("human-monitor-command", ["command-line": .string(text)])
        }

        private static let objects =
            [
                #"{"qom-type":"tls-creds-x509","id":"t","dir":"/nonexist","endpoint":"client"}"#,
                #"{"qom-type":"tls-creds-x509","id":"t"}"#,
                #"{"qom-type":"tls-creds-psk","id":"p0","endpoint":"server","username":"x"}"#,
                #"{"qom-type":"tls-creds-psk","id":"p0","dir":"/nonexist"}"#,
                #"{"qom-type":"tls-creds-anon","id":"an","endpoint":"server"}"#,
                #"{"qom-type":"tls-creds-anon","id":"an"}"#, #"{"qom-type":"tls-creds-anon","id":"type"}"#,
                #"{"qom-type":"tls-creds-anon","id":"ram"}"#, #"{"qom-type":"tls-creds-anon","id":"1x"}"#,
                #"{"qom-type":"tls-creds-anon","id":""}"#, #"{"qom-type":"tls-creds-anon","id":"x","endpoint":"foo"}"#,
                #"{"qom-type":"authz-simple","id":"az"}"#, #"{"qom-type":"authz-simple","id":"az","identity":"fred"}"#,
                #"{"qom-type":"authz-simple","foo":1,"id":"q"}"#,
                #"{"qom-type":"authz-list","id":"al","rules":[{"match":"b*","policy":"deny","format":"glob"}]}"#,
                #"{"qom-type":"authz-list","id":"a2","rules":[{"match":"x"}]}"#,
                #"{"qom-type":"authz-listfile","id":"alf","filename":"/nonexist"}"#, #"{"qom-type":"nope","id":"ap"}"#,
                #"{"id":"sec"}"#,
            ].map { call("object-add", $0) } + [
                call("qom-list", #"{"path":"/objects/an"}"#), call("qom-list", #"{"path":"//objects//al/"}"#),
                call("qom-list", #"{"path":"az"}"#), call("qom-list", #"{"path":""}"#),
                call("qom-list", #"{"path":"/nope"}"#), call("qom-get", #"{"path":"an","property":"dir"}"#),
                call("qom-get", #"{"path":"/objects/an","property":"loaded"}"#),
                call("qom-get", #"{"path":"/objects/al","property":"rules"}"#),
                call("qom-get", #"{"path":"/objects/al","property":"nope"}"#),
                call("qom-get", #"{"path":"/objects","property":"al"}"#),
                call("qom-get", #"{"path":"","property":"type"}"#),
                call("qom-get", #"{"path":"/machine","property":"type"}"#),
                call("qom-get", #"{"path":"/machine","property":"memory-backend"}"#),
                call("object-del", #"{"id":"an"}"#), call("object-del", #"{"id":"an"}"#),
                call("object-del", #"{"id":"ram"}"#), call("object-del", #"{"id":"../x"}"#),
                call("object-add", #"{"qom-type":"tls-creds-anon","id":"an"}"#),
            ]

        private static let lines = [
            "info migrate", "info status", "info name", "info uuid", "info cpus", "info migrate_capabilities",
            "info migrate_parameters", "stop", "info status", "c", "nope", "info nope", "", "   ", "stop extra",
            "c d", "help nope", "help info nope", "info memory_size_summary", "info memdev", "info balloon",
            "info iothreads", "info dirty_rate", "info vcpu_dirty_limit", "migrate_cancel", "migrate",
            "migrate_set_capability foo on", "migrate_set_capability events maybe", "migrate_set_capability events on",
            "migrate_set_parameter max-bandwidth 5", "migrate_set_parameter downtime-limit xx",
            "migrate_set_parameter multifd-channels 300", "migrate_set_parameter tls-creds tls0",
            "info migrate_parameters", "migrate_continue foo", "migrate_pause", "migrate_start_postcopy",
            "migrate_recover x", "migrate -z foo", "info migrate xx", "system_wakeup", "x_colo_lost_heartbeat",
            "migrate_set_parameter block-bitmap-mapping x", "system_reset", "system_powerdown",
        ]

        private static let jobs = [
            call("snapshot-save", #"{"job-id":"","tag":"t","vmstate":"d","devices":["d"]}"#),
            call("snapshot-save", #"{"job-id":"a b","tag":"t","vmstate":"d","devices":["d"]}"#),
            call("snapshot-save", #"{"job-id":"j1","tag":"t","vmstate":"d","devices":["d"]}"#),
            call("snapshot-save", #"{"job-id":"j1","tag":"t","vmstate":"d","devices":["d"]}"#),
            call("snapshot-save", #"{"job-id":"j2","tag":"t","vmstate":"d","devices":[]}"#),
            call("snapshot-delete", #"{"job-id":"j3","tag":"t","devices":["d"]}"#),
            call("snapshot-delete", #"{"job-id":"j4","tag":"t","devices":[]}"#), Call.text("query-jobs"),
            call("job-cancel", #"{"id":"j1"}"#), call("job-pause", #"{"id":"j1"}"#),
            call("job-resume", #"{"id":"j1"}"#),
            call("job-complete", #"{"id":"j1"}"#), call("job-finalize", #"{"id":"j1"}"#),
            call("job-dismiss", #"{"id":"j1"}"#), call("job-dismiss", #"{"id":"j1"}"#), Call.text("query-block-jobs"),
            Call.text("query-jobs"),
        ]

        private static let machine =
            [
                "query-uuid", "query-cpus-fast", "query-memdev", "query-memory-size-summary", "query-iothreads",
                "query-block", "query-named-block-nodes", "query-blockstats", "query-balloon", "query-yank",
                "system_wakeup", "system_powerdown", "stop", "system_reset", "query-status", "cont",
            ].map { Call.text($0) } + [
                call("announce-self", "{}"), call("announce-self", #"{"initial":1,"max":2,"rounds":2,"step":1}"#),
                call("yank", #"{"instances":[]}"#), call("yank", #"{"instances":[{"type":"migration"}]}"#),
                call("yank", #"{"instances":[{"type":"chardev","id":"nope"}]}"#),
                call("yank", #"{"instances":[{"type":"chardev"}]}"#),
                call("yank", #"{"instances":[{"type":"block-node","node-name":"x"}]}"#),
                #"{"exec-oob":"query-yank","id":1}"#,
                call("human-monitor-command", #"{"command-line":"info status","cpu-index":0}"#),
            ]
    }
}
