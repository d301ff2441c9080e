import Testing

@testable import Transport

struct MigrationAddressTests {
    @Test(arguments: [
        ("tcp:127.0.0.1:4444", MigrationAddress.tcp(host: "127.0.0.1", port: "4444")),
        ("tcp::0", .tcp(host: "", port: "0")),
        ("tcp:[::1]:4444", .tcp(host: "::1", port: "4444")),
        ("tcp:host:1,bogus=1", .tcp(host: "host", port: "1")),
        ("tcp:::1:4444", .tcp(host: "", port: ":1:4444")),
        ("tcp:a:b:c", .tcp(host: "a", port: "b:c")),
        ("unix:/a,b", .unix(path: "/a,b")),
        ("unix:/run/a b.sock", .unix(path: "/run/a b.sock")),
        ("vsock:3:x", .vsock(cid: "3", port: "x")),
        ("exec:cat a,b > c", .exec(command: "cat a,b > c")),
        ("fd:stream", .fd(name: "stream")),
    ])
    func addressesAreRead(uri: String, expected: MigrationAddress) throws {
        #expect(try MigrationAddress(uri) == expected)
    }

    @Test(arguments: [
        ("", "Parameter 'uri' expects a valid migration protocol"),
        ("tcp", "Parameter 'uri' expects a valid migration protocol"),
        ("TCP:127.0.0.1:1", "Parameter 'uri' expects a valid migration protocol"),
        ("file:/x", "Parameter 'uri' expects a valid migration protocol"),
        ("defer", "Parameter 'uri' expects a valid migration protocol"),
        ("tcp:", "error parsing address ''"),
        ("tcp:127.0.0.1", "error parsing address '127.0.0.1'"),
        ("tcp:[::1:4444", "error parsing IPv6 address '[::1:4444'"),
        ("tcp:[::1]", "error parsing IPv6 address '[::1]'"),
        ("tcp:[]:1", "error parsing IPv6 address '[]:1'"),
        ("tcp:[::1]x:1", "error parsing IPv6 address '[::1]x:1'"),
        ("tcp:127.0.0.1,a=b", "error parsing address '127.0.0.1,a=b'"),
        ("tcp:127.0.0.1:", "error parsing address '127.0.0.1:'"),
        ("tcp::", "error parsing port in address ':'"),
        ("unix:", "invalid Unix socket address"),
        ("vsock:3", "error parsing address '3'"),
        ("rdma:127.0.0.1:1", "RDMA ERROR: could not create CM channel"),
    ])
    func whatIsNoAddressIsRefusedInKnownWords(uri: String, text: String) {
        #expect {
            _ = try MigrationAddress(uri)
        } throws: {
            "\($0)" == text
        }
    }

    @Test func addressesAreWrittenAsTheyAreRead() throws {
        for uri in ["tcp:127.0.0.1:1", "tcp:[fe80::1]:22", "unix:/a", "vsock:2:5", "exec:cat", "fd:a"] {
            #expect(try MigrationAddress(uri).description == uri)
        }
    }
}
