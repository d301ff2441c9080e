import PairLab
import QMP

/// A QEMU as such a source. A machine without vCPUs has nobody who writes to its RAM. But its `loader` device puts the content
/// of a file there whenever the machine is reset, which notes every page as written, and takes milliseconds: the file is
/// the one that RAM is in, as it is at the start. The gdb stub would do the same, packet for packet, in seconds, and only
/// with a vCPU, whose state no colod takes.
struct ChangingQEMU: ChangingSource {
    private let origin: MigrationEnd

    init(in lab: MigrationLab, _ pages: PageTravel) throws {
        origin = try lab.end(
            .qemu, "source", lab.source, ["-S", "-device", "loader,file=\(lab.source.path),addr=0,force-raw=on"])
        try origin.set(pages)
        try origin.turnOn("pause-before-switchover")
        try setParameters([
            "xbzrle-cache-size": JSONValue(lab.cacheBytes), "max-bandwidth": JSONValue(MigrationLab.standstill),
            "downtime-limit": 1,
        ])
    }

    func begin(to uri: String) throws {
        try origin.client.execute("migrate", ["uri": .string(uri)])
        try origin.awaitStatus("active")
    }

    func markPages() throws {
        try origin.client.execute("system_reset")
        _ = try origin.client.waitForEvent("RESET", within: MigrationEnd.patience)
    }

    func sendAll() throws {
        try setParameters(["max-bandwidth": 0])
        try origin.awaitStatus("pre-switchover")
    }

    func goOn() throws { try origin.client.execute("migrate-continue", ["state": "pre-switchover"]) }
    func awaitCompletion() throws { try origin.awaitStatus("completed") }
    func cpuSeconds() throws -> Double { try origin.cpuSeconds() }
    func end() { origin.process.killAndWait() }

    func counts() throws -> DifferenceCounts {
        let cache = try origin.client.execute("query-migrate")["xbzrle-cache"]
        guard let pages = cache?["pages"]?.integer, let overflows = cache?["overflow"]?.integer,
            let bytes = cache?["bytes"]?.integer
        else { throw LabError("QEMU says nothing of xbzrle") }
        return DifferenceCounts(pages: Int(pages), overflows: Int(overflows), bytes: Int(bytes))
    }

    private func setParameters(_ parameters: JSONObject) throws {
        try origin.client.execute("migrate-set-parameters", parameters)
    }
}
