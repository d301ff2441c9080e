import PairLab
import QMP
import Testing

extension ConformanceTests {
    /// Clients that send their requests and go, as `printf … | socat - UNIX:…` does.
    @Suite("Clients that send and go, beside a real QEMU", needsQEMU())
    struct DisconnectTests {
        private static let count = 40

        /// Negotiation, and requests that each leave an object behind.
        private static let requests =
            Call.negotiate(outOfBand: false)
            + (0..<count).map { number in
                Call.text("object-add", ["qom-type": "tls-creds-anon", "id": .string("o\(number)")])
            }.joined()

        /// The objects that there are.
        private func objects(_ server: Server) throws -> Int {
            let names = try server.connect().ask(Call.text("qom-list", ["path": "/objects"]))["return"]?.array ?? []
            return names.count { $0["name"]?.string?.first == "o" }
        }

        @Test("after a half close everything is carried out and answered", arguments: [Program.colod, .qemu])
        func halfClose(program: Program) throws {
            let server = try Server(program)
            let client = Monitor(try MonitorConnection(path: server.monitorPath))
            try client.connection.send(Self.requests)
            client.connection.endSending()
            #expect(try client.next()?["QMP"] != nil)
            for _ in 0...Self.count { #expect(try client.reply()["return"] != nil) }
            #expect(try client.next() == nil)
            #expect(try objects(server) == Self.count)
        }

        @Test("after a full close colod carries out everything, and QEMU what it had read")
        func fullClose() throws {
            for (program, least) in [(Program.colod, Self.count), (.qemu, 0)] {
                let server = try Server(program)
                do {
                    let connection = try MonitorConnection(path: server.monitorPath)
                    try connection.send(Self.requests)
                }
                // Nobody is told when the last one was carried out.
                let deadline = ContinuousClock.now + Monitor.patience
                var found = try objects(server)
                while found < least, ContinuousClock.now < deadline { found = try objects(server) }
                #expect((least...Self.count).contains(found), "\(program) made \(found) objects")
            }
        }
    }
}
