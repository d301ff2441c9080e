import Environment
import Glibc
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// State directories in which nothing can be written.
    @Suite("Full state directory", needsPair())
    struct FullStateDirectoryTests {
        /// How long an unwritable record may stay untold: it is tried every few seconds.
        private static let noticeLimit: Duration = .seconds(12)
        private static let reason = "state directory cannot be written"

        /// What can happen to a state directory: it is away, or full and the room that was kept is gone.
        enum Trouble: String, CaseIterable, Sendable { case full, missing }

        @Test("a file system that fills up keeps nobody from taking over: room was kept")
        func roomIsKept() throws {
            let rooms = try StateRooms()
            let pair = try rooms.pair()
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            for side in Side.allCases { try rooms.fill(side, of: pair) }
            // Longer than from one write of the record to the next.
            pause(.seconds(6))
            for side in Side.allCases { #expect(try pair.qmp(side).status().protected) }
            _ = try pair.kill(.a)
            try pair.waitForStatus(of: .b, "serving", within: .seconds(5)) { $0.serving }
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }

        @Test(
            "the secondary's: not protected, a drill is refused, and a takeover waits until it can be written",
            arguments: Trouble.allCases)
        func secondary(trouble: Trouble) throws {
            let rooms = try StateRooms()
            let pair = try rooms.pair()
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)

            try rooms.make(trouble, on: .b, of: pair)
            for side in Side.allCases {
                let status = try pair.waitForStatus(of: side, "not protected", within: Self.noticeLimit) {
                    !$0.protected
                }
                #expect(
                    status.impairments?.contains { $0.contains(Self.reason) } == true, "\(status.impairments ?? [])")
                #expect(try pair.coloctl(["status"], on: side).1.contains(Self.reason))
            }
            #expect(try pair.coloctl(["check"], on: .a).0 == .exited(1))
            let (drill, text) = try pair.coloctl(["drill"], on: .a)
            #expect(drill != .exited(0) && text.contains(Self.reason), "\(text)")
            #expect(try pair.serving(.a))
            try load.waitForWrites(50, after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)

            _ = try pair.kill(.a)
            try pair.waitForStatus(of: .b, "aware of the loss", within: .seconds(5)) { !$0.peer.connected }
            let lines = try pair.process(.b).output.split(separator: "\n").count
            // Long enough for several attempts.
            pause(.seconds(3))
            #expect(try !pair.qmp(.b).status().serving)
            #expect(try pair.coloctl(["check"], on: .b).0 == .exited(2))
            #expect(try pair.process(.b).output.split(separator: "\n").count < lines + 10, "\(pair.log(.b))")

            try rooms.mend(trouble, on: .b, of: pair)
            try pair.waitForStatus(of: .b, "serving", within: .seconds(10)) { $0.serving }
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }

        @Test(
            "the primary's: it serves on unprotected, and at the loss of its secondary keeps the guest until it can be written",
            arguments: Trouble.allCases)
        func primary(trouble: Trouble) throws {
            let rooms = try StateRooms()
            let pair = try rooms.pair()
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)

            try rooms.make(trouble, on: .a, of: pair)
            for side in Side.allCases {
                let status = try pair.waitForStatus(of: side, "not protected", within: Self.noticeLimit) {
                    !$0.protected
                }
                #expect(
                    status.impairments?.contains { $0.contains(Self.reason) } == true, "\(status.impairments ?? [])")
            }
            let (drill, text) = try pair.coloctl(["drill"], on: .a)
            #expect(drill != .exited(0) && text.contains("cannot be written"), "\(text)")
            #expect(try pair.serving(.a))
            try load.waitForWrites(50, after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)

            _ = try pair.kill(.b)
            try pair.waitForStatus(of: .a, "aware of the loss", within: .seconds(5)) { !$0.peer.connected }
            let lines = try pair.process(.a).output.split(separator: "\n").count
            pause(.seconds(3))
            #expect(try pair.qmp(.a).guestRuns())
            #expect(try pair.process(.a).output.split(separator: "\n").count < lines + 10, "\(pair.log(.a))")

            try rooms.mend(trouble, on: .a, of: pair)
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            try pair.waitForStatus(of: .a, "serving", within: .seconds(5)) { $0.serving }
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }
    }
}

/// State directories on small file systems of their own, which only the colod sees that uses them: they go with it.
private final class StateRooms {
    /// 16 pages.
    private static let size = 65_536
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(prefix: "colod-rooms")
        // Called with --config FOLDER/SIDE.yaml.
        let script = """
            #!/bin/sh
            folder=$(dirname "$2")
            state=$folder/state-$(basename "$2" .yaml)
            exec unshare -m sh -ec '
                mount -t tmpfs -o size=\(Self.size),mode=700 tmpfs "$1"
                mkdir -m 700 "$1/room"
                shift
                exec "$@"' mount "$state" \(ProtectedPair.builtProgram("colod")) "$@"

            """
        try folder.write(script, to: "colod", executable: true)
    }

    /// A pair whose state directories lie there.
    func pair() throws -> ProtectedPair {
        let pair = try ProtectedPair(Guest.pairConfiguration(), program: folder.path("colod"))
        for side in Side.allCases {
            let state = "state-\(side.rawValue)"
            try pair.changeConfiguration(of: side, from: "\(state)\n", to: "\(state)/room\n")
        }
        return pair
    }

    private func mount(_ side: Side, of pair: ProtectedPair) throws -> String {
        "/proc/\(try pair.process(side).identifier)/root\(pair.folder.path("state-\(side.rawValue)"))"
    }

    func make(_ trouble: SystemTests.FullStateDirectoryTests.Trouble, on side: Side, of pair: ProtectedPair) throws {
        let mount = try mount(side, of: pair)
        switch trouble {
        case .full:
            #expect(unlink("\(mount)/room/pair.new") == 0)
            try fill(side, of: pair)
        case .missing: #expect(rename("\(mount)/room", "\(mount)/away") == 0)
        }
    }

    /// Leaves not one free page.
    func fill(_ side: Side, of pair: ProtectedPair) throws {
        let file = try Descriptor.open("\(try mount(side, of: pair))/filler", flags: O_WRONLY | O_CREAT, mode: 0o600)
        let page = [UInt8](repeating: 1, count: 4096)
        while write(file.number, page, page.count) > 0 {}
        #expect(errno == ENOSPC)
    }

    func mend(_ trouble: SystemTests.FullStateDirectoryTests.Trouble, on side: Side, of pair: ProtectedPair) throws {
        let mount = try mount(side, of: pair)
        switch trouble {
        case .full: #expect(unlink("\(mount)/filler") == 0)
        case .missing: #expect(rename("\(mount)/away", "\(mount)/room") == 0)
        }
    }
}
