import PairLab
import QAPI
import QMP
import Testing

extension SystemTests {
    /// `coloctl tls`, and what colod says of certificates that end.
    @Suite("TLS credentials", needsColod())
    struct CredentialToolTests {
        private let folder = Result { try TemporaryFolder() }

        private func tls(_ arguments: String...) throws -> (ProcessEnd?, String) {
            try run([ProtectedPair.builtProgram("coloctl"), "tls"] + arguments)
        }

        @Test("makes an authority, a host's certificates and a key, and finds them good")
        func making() throws {
            let folder = try self.folder.get()
            let (ca, key) = (folder.path("ca"), folder.path("key"))
            #expect(try tls("ca", ca).0 == .exited(0))
            let (end, text) = try tls("host", ca, "a", "192.0.2.1")
            #expect(end == .exited(0))
            #expect(text.contains("\(ca)/a/server-key.pem\n") && text.contains("object-add"), "\(text)")
            #expect(try tls("psk", key).0 == .exited(0))
            for made in ["\(ca)/a", key] {
                let (end, text) = try tls("check", made)
                #expect(end == .exited(0), "\(text)")
            }
        }

        @Test("leaves what is there, unless it is told to replace it")
        func replacing() throws {
            let key = try folder.get().path("key")
            #expect(try tls("psk", key).0 == .exited(0))
            let before = try readText("\(key)/keys.psk")
            let (end, text) = try tls("psk", key)
            #expect(end == .exited(1))
            #expect(text.contains("\(key)/keys.psk is there already") && text.contains("--force"), "\(text)")
            #expect(try readText("\(key)/keys.psk") == before)
            #expect(try tls("psk", key, "--force").0 == .exited(0))
            #expect(try readText("\(key)/keys.psk") != before)
        }

        @Test("check exits with 1 for what ends soon, and with 2 for what is of no use")
        func checking() throws {
            let ca = try folder.get().path("ca")
            #expect(try tls("ca", ca).0 == .exited(0))
            #expect(try tls("host", ca, "a", "--days", "20").0 == .exited(0))
            let (end, text) = try tls("check", "\(ca)/a")
            #expect(end == .exited(1))
            #expect(
                text.contains("WARNING  server-cert.pem CN=a;") && text.contains(/it ends in (19|20) days/), "\(text)")
            #expect(try tls("psk", "\(ca)/empty").0 == .exited(0))
            try folder.get().write("", to: "ca/empty/keys.psk")
            #expect(try tls("check", "\(ca)/empty").0 == .exited(2))
            #expect(try tls("check", "\(ca)/nowhere").0 == .exited(2))
        }

        @Test("log and status warn of a certificate that ends within 30 days, once there is an object of it")
        func warning() throws {
            let folder = try self.folder.get()
            let ca = folder.path("ca")
            #expect(try tls("ca", ca).0 == .exited(0))
            #expect(try tls("host", ca, "short", "--days", "20").0 == .exited(0))
            #expect(try tls("host", ca, "long").0 == .exited(0))
            let colod = try LabHost(sharingMachineNetworkAs: "tls").start(
                [
                    ProtectedPair.builtProgram("colod"), "--machine", "none", "--memory", "1M", "--qmp",
                    "unix:\(folder.path("qmp"))",
                ], log: folder.path("colod.log"))
            defer { colod.killAndWait() }
            let client = try QMPClient(path: folder.path("qmp"))
            for name in ["long", "short"] {
                try client.execute(
                    "object-add",
                    [
                        "qom-type": "tls-creds-x509", "id": .string(name), "dir": .string("\(ca)/\(name)"),
                        "endpoint": "server",
                    ])
            }
            let expected = "object short: the certificate \(ca)/short/server-cert.pem (CN=short) ends on "
            #expect(try client.status().warnings?.map { $0.hasPrefix(expected) } == [true])
            try client.execute("object-del", ["id": "short"])
            #expect(try client.status().warnings == nil)
            try client.execute("quit")
            #expect(colod.waitForExit(within: .seconds(10)) == .exited(0))
            let warnings = colod.output.split(separator: "\n").filter { $0.contains("certificate") }
            #expect(warnings.count == 1, "\(colod.output)")
            #expect(warnings.first?.contains(expected) == true)
        }
    }
}
