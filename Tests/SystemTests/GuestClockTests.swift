import Foundation
import PairLab
import Testing

extension SystemTests {
    /// What the guest takes for the time.
    @Suite("the guest's clock", needsPair())
    struct GuestClockTests {
        @Test("a guest that has booted knows the date")
        func date() throws {
            let folder = try TemporaryFolder()
            let console = folder.path("console")
            let words = try String(contentsOfFile: "\(Guest.folder)/cmdline", encoding: .utf8)
            let colod = try LabHost(sharingMachineNetworkAs: "clock").start(
                [
                    ProtectedPair.builtProgram("colod"), "--machine", "riscv64", "--memory", "256M", "--kernel",
                    "\(Guest.folder)/Image", "--initrd", "\(Guest.folder)/initramfs.cpio", "--append",
                    "\(words) quiet", "--console", "unix:\(console)", "--qmp",
                    "unix:\(folder.path("qmp"))",
                ], log: folder.path("log"))
            defer { colod.killAndWait() }
            let terminal = try MonitorConnection(path: console)
            try skip(to: "GUEST-READY", of: terminal)
            try terminal.send("shell\n")
            try terminal.send("echo TIME=$(date -u +%s)=\n")
            let told = try skip(to: "TIME=1", of: terminal)
            let seconds = Int(told.split(separator: "=")[1]) ?? 0
            #expect(abs(seconds - time(nil)) <= 20, "\(told)")
        }

        /// Reads until a line begins with `start`, and returns that.
        @discardableResult
        private func skip(to start: String, of terminal: MonitorConnection) throws -> String {
            while let line = try terminal.nextLine(within: .seconds(60)) {
                let text = String(decoding: line, as: UTF8.self)
                if text.hasPrefix(start) { return text }
            }
            throw LabError("the console ended")
        }
    }
}
