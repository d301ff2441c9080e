import ManagementServer
import Testing

@Suite struct ManagementAddressTests {
    @Test(
        arguments: [
            ("unix:/run/x.qmp", .unix(path: "/run/x.qmp")),
            ("unix:/run/x.qmp,server=on,wait=off", .unix(path: "/run/x.qmp")),
            ("tcp:127.0.0.1:4444", .tcp(host: "127.0.0.1", port: 4444)),
            ("tcp:[::1]:4444", .tcp(host: "::1", port: 4444)), ("tcp::0", .tcp(host: "127.0.0.1", port: 0)),
        ] as [(String, ManagementAddress)])
    func readsAddresses(text: String, address: ManagementAddress) {
        #expect(ManagementAddress(text) == address)
        #expect(ManagementAddress(address.description) == address)
    }

    @Test(arguments: ["", "/run/x", "unix:", "tcp:host", "tcp:host:99999", "udp:a:1"])
    func refusesOthers(text: String) { #expect(ManagementAddress(text) == nil) }
}
