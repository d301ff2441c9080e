import Environment
import Glibc
import PairLab
import QMP
import SystemCalls
import Testing

extension ConformanceTests {
    /// Commands while pages are missing and the network is gone: where QEMU 7.2 hangs, colod answers.
    @Suite("Management of a postcopy that stands", needsColod())
    struct PostcopyManagementTests {
        private static let limit = Nanoseconds.seconds(1)
        private static let statuses = ["running", "paused", "finish-migrate", "postmigrate"]

        /// Everything that changes nothing for good is answered in time.
        /// `isSource`: nil is the source of a guest of which it may not have heard. `isAwaited`: it waits for its source, at an
        /// address that a wrong one would replace.
        private func expectAnswers(
            _ side: PostcopyPair.Side, _ point: String, isSource: Bool?, isAwaited: Bool = false
        ) throws {
            func timed(_ command: String, _ arguments: JSONObject = [:], outOfBand: Bool = false) throws -> JSONValue {
                let begin = SystemClock().now()
                let reply = try side.ask(command, arguments, outOfBand: outOfBand)
                let time = SystemClock().now() - begin
                #expect(time < Self.limit, "\(point): \(command) took \(time)")
                return reply
            }
            for command in ["query-migrate", "query-migrate-parameters", "query-migrate-capabilities", "query-yank"] {
                #expect(try timed(command)["return"] != nil, "\(point): \(command)")
            }
            let status = try timed("query-status")["return"]?["status"]?.string ?? ""
            #expect(Self.statuses.contains(status), "\(point): \(status)")
            _ = try timed("stop")
            let went = try timed("cont")
            // The guest is the destination's, whatever the source is told.
            if let isSource {
                #expect((went["error"] != nil) == isSource, "\(point): cont was answered with \(went.text())")
            }
            for outOfBand in [false, true] where !isAwaited {
                let reply = try timed("migrate-recover", ["uri": "bogus"], outOfBand: outOfBand)
                #expect(reply["error"] != nil, "\(point): \(reply.text())")
            }
            _ = try timed("query-status")
        }

        private func expectAnswers(_ pair: PostcopyPair, _ point: String) throws {
            try expectAnswers(pair.source, "source, \(point)", isSource: true)
            try expectAnswers(pair.destination, "destination, \(point)", isSource: false)
        }

        private func expectPauseIsRefused(_ side: PostcopyPair.Side, _ point: String) throws {
            for outOfBand in [false, true] {
                let begin = SystemClock().now()
                let reply = try side.ask("migrate-pause", outOfBand: outOfBand)
                #expect(SystemClock().now() - begin < Self.limit, "\(point)")
                #expect(
                    reply["error"]?["desc"]
                        == "migrate-pause is currently only supported during postcopy-active state", "\(point)")
            }
        }

        @Test(
            "while pages are missing, while it is paused, and after the recovery",
            arguments: [[], ["postcopy-preempt"]])
        func missingAndPaused(capabilities: [String]) throws {
            let pair = try PostcopyPair(capabilities)
            try pair.moveGuest()
            try expectAnswers(pair, "pages are missing")
            try pair.pause()
            try expectAnswers(pair, "paused")
            for side in [pair.source, pair.destination] { try expectPauseIsRefused(side, "paused") }
            try pair.recoverAndComplete()
            #expect(try pair.destination.quit() == .exited(0))
            #expect(try pair.source.quit() == .exited(0))
        }

        @Test("a cancel of a paused postcopy is refused, and it goes on")
        func cancelled() throws {
            let pair = try PostcopyPair()
            try pair.moveGuest()
            try pair.pause()
            let reply = try pair.source.ask("migrate_cancel")
            #expect(reply["error"]?["class"] == "GenericError", "\(reply.text())")
            #expect(try pair.source.migrationStatus() == "postcopy-paused")
            try pair.recoverAndComplete()
        }

        @Test("both ends of a paused postcopy end by command")
        func quit() throws {
            let pair = try PostcopyPair()
            try pair.moveGuest()
            try pair.pause()
            #expect(try pair.destination.quit() == .exited(0))
            #expect(try pair.source.quit() == .exited(0))
        }

        @Test("an end whose peer stands still, with pages missing")
        func frozen() throws {
            let pair = try PostcopyPair()
            try pair.moveGuest()
            pair.source.freeze()
            try expectAnswers(pair.destination, "the source is frozen", isSource: false)
            try pair.destination.succeed("migrate-pause", outOfBand: true)
            try pair.destination.awaitStatus("postcopy-paused")
            try expectAnswers(pair.destination, "paused, and the source is frozen", isSource: false)
            pair.source.thaw()
            try pair.source.awaitStatus("postcopy-paused")
            pair.destination.freeze()
            try expectAnswers(pair.source, "paused, and the destination is frozen", isSource: true)
            pair.destination.thaw()
            try pair.recoverAndComplete()
        }

        @Test("a source whose destination stands still, and which has much to send")
        func blocked() throws {
            let pair = try PostcopyPair()
            try pair.moveGuest()
            pair.destination.freeze()
            try pair.source.succeed("migrate-set-parameters", ["max-postcopy-bandwidth": 0])
            try expectAnswers(pair.source, "the channel is full", isSource: true)
            try pair.source.succeed("migrate-pause", outOfBand: true)
            try pair.source.awaitStatus("postcopy-paused")
            pair.destination.thaw()
            try pair.destination.awaitStatus("postcopy-paused")
            try pair.recoverAndComplete()
        }

        @Test("a peer that dies, either", arguments: [true, false])
        func killed(isSource: Bool) throws {
            let pair = try PostcopyPair()
            try pair.moveGuest()
            let (dead, survivor) = isSource ? (pair.source, pair.destination) : (pair.destination, pair.source)
            dead.server.process.killAndWait()
            try survivor.awaitStatus("postcopy-paused")
            // It may have died before it could answer what stands behind the package.
            try expectAnswers(survivor, "its peer is dead", isSource: isSource ? false : nil)
            #expect(survivor.server.process.output.contains("ostcopy"), "\(survivor.server.process.output)")
            #expect(try survivor.quit() == .exited(0))
        }

        /// Where the guest is cannot be known at the source: the destination has what it needs to run it, and says nothing.
        private func expectDoubt(_ source: PostcopyPair.Side) throws {
            try source.succeed("migrate-pause", outOfBand: true)
            try source.awaitStatus("postcopy-paused")
            let advice = try source.succeed("query-migrate")["error-desc"]?.string ?? ""
            #expect(advice.contains("whether the guest runs at its destination is not known"), "\(advice)")
            #expect(advice.contains("'migrate-recover' there") && advice.contains("'cont'"), "\(advice)")
            #expect(source.server.process.output.contains(advice), "the log says it as well")
            #expect(try source.succeed("query-status")["status"] == "finish-migrate")
        }

        @Test("a destination that stands still between the package and the guest's start, and wakes")
        func frozenBeforeTheStart() throws {
            let pair = try PostcopyPair()
            let relay = try pair.beginMove(holding: .inThePackage)
            try pair.destination.freezeWholly()
            relay.goOn()
            try expectAnswers(pair.source, "the destination is frozen", isSource: true)
            try expectDoubt(pair.source)
            pair.destination.thaw()
            try pair.destination.awaitStart()
            try pair.destination.awaitStatus("postcopy-paused")
            try expectAnswers(pair.destination, "it has woken", isSource: false)
            try pair.recoverAndComplete()
            #expect(try pair.source.succeed("query-status")["status"] == "postmigrate")
        }

        @Test("a destination that dies between the package and the guest's start: 'cont' takes the guest back")
        func deadBeforeTheStart() throws {
            let pair = try PostcopyPair()
            let relay = try pair.beginMove(holding: .inThePackage)
            try pair.destination.freezeWholly()
            relay.goOn()
            try expectDoubt(pair.source)
            pair.destination.server.process.killAndWait()
            try pair.source.succeed("cont")
            try pair.source.awaitStart()
            #expect(try pair.source.succeed("query-status")["status"] == "running")
            let info = try pair.source.succeed("query-migrate")
            #expect(info["status"] == "failed")
            #expect(info["error-desc"]?.string?.contains("taken back by command") == true, "\(info.text())")
            #expect(try pair.source.ask("migrate", ["uri": "tcp:127.0.0.1:1", "resume": true])["error"] != nil)
            #expect(try pair.source.quit() == .exited(0))
        }

        @Test("a source that stands still right behind the package")
        func frozenBehindThePackage() throws {
            let pair = try PostcopyPair()
            let relay = try pair.beginMove(holding: .behindThePackage)
            try pair.source.freezeWholly()
            relay.goOn()
            try pair.destination.awaitStart()
            try expectAnswers(pair.destination, "the source is frozen", isSource: false)
            try pair.destination.succeed("migrate-pause", outOfBand: true)
            try pair.destination.awaitStatus("postcopy-paused")
            try expectAnswers(pair.destination, "paused, and the source is frozen", isSource: false)
            pair.source.thaw()
            try pair.source.awaitStatus("postcopy-paused")
            // It has been said meanwhile that the guest runs, and that is heard before the pause is told.
            #expect(try pair.source.succeed("query-migrate")["error-desc"] == nil)
            #expect(try pair.source.ask("cont")["error"] != nil)
            try expectAnswers(pair.source, "it has woken", isSource: true)
            try pair.recoverAndComplete()
        }

        @Test("a source that dies right behind the package")
        func deadBehindThePackage() throws {
            let pair = try PostcopyPair()
            let relay = try pair.beginMove(holding: .behindThePackage)
            pair.source.server.process.killAndWait()
            relay.goOn()
            try pair.destination.awaitStart()
            try pair.destination.awaitStatus("postcopy-paused")
            try expectAnswers(pair.destination, "the source is dead", isSource: false)
            #expect(try pair.destination.quit() == .exited(0))
        }

        private static let ordinaryUser = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        private static let userCannotBeChanged: String? = {
            if getuid() != 0 { return "only root can run a program as somebody else" }
            var status = stat()
            return stat("/dev/userfaultfd", &status) == 0 && status.st_mode & 0o007 != 0
                ? "everybody may use /dev/userfaultfd" : nil
        }()

        @Test(
            "an ordinary user, who is told of no system call's faults",
            .disabled(if: userCannotBeChanged != nil, "\(userCannotBeChanged ?? "")"))
        func ordinaryUser() throws {
            let pair = try PostcopyPair(runner: Self.ordinaryUser)
            try pair.moveGuest()
            try expectAnswers(pair, "pages are missing")
            try pair.pause()
            try pair.recoverAndComplete()
            #expect(try pair.destination.quit() == .exited(0))
        }

        @Test(
            "a destination whose host has no userfaultfd says so at once",
            .disabled(if: userCannotBeChanged != nil, "\(userCannotBeChanged ?? "")"))
        func noUserfaultfd() throws {
            var options = StartOptions()
            options.incoming = "defer"
            // With -D it is colod that is ended with its owner, and not what watches it.
            options.runner =
                [
                    "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=userfaultfd", "-e",
                    "inject=userfaultfd:error=EPERM",
                ] + Self.ordinaryUser
            let side = try PostcopyPair.Side(options)
            let call: JSONObject = ["capabilities": [["capability": "postcopy-ram", "state": true]]]
            let text = try side.ask("migrate-set-capabilities", call)["error"]?["desc"]?.string ?? ""
            #expect(text == "Postcopy is not supported")
            let capabilities = try side.succeed("query-migrate-capabilities").array ?? []
            #expect(capabilities.contains { $0["capability"] == "postcopy-ram" && $0["state"] == false })
        }

        @Test("a recovery that gets nowhere: nobody answers, on either side")
        func recovery() throws {
            let pair = try PostcopyPair()
            try pair.moveGuest()
            try pair.pause()
            // Somebody takes the connection and says nothing.
            let silent = try SilentListener()
            try pair.source.succeed("migrate", ["uri": .string("tcp:127.0.0.1:\(silent.port)"), "resume": true])
            try pair.source.awaitStatus("postcopy-recover")
            try expectAnswers(pair.source, "nobody answers", isSource: true)
            try expectPauseIsRefused(pair.source, "nobody answers")
            let again = try pair.source.ask("migrate", ["uri": "tcp:127.0.0.1:1", "resume": true])
            #expect(again["error"] != nil)
            // Somebody connects and says nothing.
            let path = pair.folder.path("silent.sock")
            try pair.destination.succeed("migrate-recover", ["uri": .string("unix:\(path)")], outOfBand: true)
            try expectAnswers(pair.destination, "nobody has come", isSource: false, isAwaited: true)
            let stranger = try MonitorConnection(path: path)
            try pair.destination.awaitStatus("postcopy-recover")
            try expectAnswers(pair.destination, "a stranger is silent", isSource: false)
            try expectPauseIsRefused(pair.destination, "a stranger is silent")
            stranger.endSending()
            try pair.destination.awaitStatus("postcopy-paused")
            try pair.source.succeed("yank", ["instances": [["type": "migration"]]], outOfBand: true)
            try pair.source.awaitStatus("postcopy-paused")
            try pair.recoverAndComplete()
        }
    }
}
