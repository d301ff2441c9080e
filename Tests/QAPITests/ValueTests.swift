import QAPI
import QMP
import Testing

@Suite struct ValueTests {
    @Test(
        arguments: [
            (.stop, "STOP", nil), (.resume, "RESUME", nil),
            (.migration(status: .preSwitchover), "MIGRATION", ["status": "pre-switchover"]),
            (.migrationPass(pass: 3), "MIGRATION_PASS", ["pass": 3]),
            (.coloExit(mode: .primary, reason: .error), "COLO_EXIT", ["mode": "primary", "reason": "error"]),
            (.shutdown(.hostQmpQuit), "SHUTDOWN", ["guest": false, "reason": "host-qmp-quit"]),
            (.shutdown(.guestShutdown), "SHUTDOWN", ["guest": true, "reason": "guest-shutdown"]),
        ] as [(Event, String, JSONObject?)])
    func eventsHaveTheirNamesAndMembers(event: Event, name: String, data: JSONObject?) {
        #expect(event.name == name)
        #expect(event.data == data)
    }

    @Test func statusTellsWhetherTheGuestRuns() {
        #expect(StatusInfo(.running).json == ["status": "running", "singlestep": false, "running": true])
        #expect(StatusInfo(.inmigrate).json == ["status": "inmigrate", "singlestep": false, "running": false])
    }

    @Test func aMigrationLeavesOutWhatItDoesNotKnow() {
        #expect(MigrationInfo().json == [:])
        var info = MigrationInfo(status: .colo)
        info.socketAddress = [
            SocketAddress(variant: .inet(InetSocketAddress(host: "127.0.0.1", port: "7", ipv4: true)))
        ]
        #expect(
            info.json == [
                "status": "colo",
                "socket-address": [["port": "7", "ipv4": true, "host": "127.0.0.1", "type": "inet"]],
            ])
        info.ram = MigrationStats.nothing
        #expect(info.json["ram"]?.object?.members.count == 18)
    }

    @Test func aPairStatusSurvivesTheWire() throws {
        var status = ColodStatus(
            role: .primary, state: .takingOver, protected: false, serving: true, term: .max,
            peer: ColodPeer(connected: true, lastHeardMs: 3, networks: 2, networksUp: 1, ignored: 0), checkpoints: 0,
            heldPackets: 0, heldBytes: 0, failover: .manual, arbiter: "command")
        #expect(ColodStatus(reply: status.json) == status)
        status.checkpoints = 9
        status.pauseMs = ColodPause(median: 1.5, p99: 2, max: 3.25)
        status.bytesPerCheckpoint = 1 << 20
        status.lastCheckpointAgeMs = 40
        status.heldPackets = 2
        status.heldBytes = 3000
        status.droppedPackets = 4
        status.lastFailure = "peer lost"
        status.retiredInstructions = 12
        #expect(ColodStatus(reply: try JSONStreamParser.parse(status.json.text())) == status)
    }

    @Test func aNewerPeerMayTellMore() {
        #expect(StatusInfo(reply: ["status": "running", "singlestep": false, "running": true, "mood": "good"]) != nil)
    }

    @Test(arguments: [[], [:], ["role": "king"]] as [JSONValue])
    func whatIsNoPairStatusIsRefused(json: JSONValue) { #expect(ColodStatus(reply: json) == nil) }
}
