import Glibc
import PairLab
import ProgramSupport
import Testing

extension SystemTests {
    /// What all programs do alike.
    @Suite("Programs", needsColod())
    struct ProgramTests {
        @Test("every program tells its version", arguments: ["colod", "coloctl", "colosim", "colobench"])
        func version(program: String) throws {
            let (end, text) = try run([ProtectedPair.builtProgram(program), "--version"])
            #expect(end == .exited(0))
            #expect(text == "\(program) \(ProgramSupport.versionText)\n")
        }

        @Test(
            "output that cannot be written is an error with a message",
            arguments: [
                "colod --machine none --memory 1M --check-config", "colod --version", "coloctl --help",
                "coloctl events --help", "colosim --runs 1", "colobench --help",
            ])
        func fullDevice(command: String) throws {
            let words = command.split(separator: " ")
            let program = ProtectedPair.builtProgram(String(words[0]))
            let arguments = words.dropFirst().joined(separator: " ")
            let (end, text) = try run(["sh", "-c", "exec \(program) \(arguments) > /dev/full"])
            #expect(end == .exited(1))
            #expect(text.hasSuffix("Error: standard output cannot be written: No space left on device\n"))
        }

        @Test("a check whose line cannot be written knows nothing")
        func unwritableCheck() throws {
            let program = ProtectedPair.builtProgram("coloctl")
            let (end, text) = try run(["sh", "-c", "exec \(program) check --socket /nonexistent/s > /dev/full"])
            #expect(end == .exited(3))
            #expect(text.contains("No space left on device"))
        }

        @Test(
            "a check that may not use the socket says so and how to be allowed",
            .disabled(if: getuid() != 0, "taking a capability away needs root"))
        func deniedCheck() throws {
            let folder = try TemporaryFolder()
            let inner = folder.path("run")
            guard mkdir(inner, 0o700) == 0, chown(inner, 65534, 65534) == 0 else { throw LabError("no folder") }
            let (end, text) = try run([
                "setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--",
                ProtectedPair.builtProgram("coloctl"), "check", "--socket", "\(inner)/web.qmp",
            ])
            #expect(end == .exited(3))
            #expect(
                text.hasPrefix("COLOD UNKNOWN - permission denied: \(inner)/web.qmp is for root and the group colod"))
            #expect(text.contains("adduser"))
        }

        @Test("a socket path that is too long is called that", arguments: ["--qmp", "--console", "--incoming"])
        func longPath(flag: String) throws {
            let path = "/tmp/" + String(repeating: "x", count: 103)
            let machine = flag == "--console" ? "riscv64" : "none"
            let (end, text) = try run([
                ProtectedPair.builtProgram("colod"), "--machine", machine, "--memory", "1M", flag, "unix:\(path)",
                "--check-config",
            ])
            #expect(end == .exited(78))
            #expect(text.contains("the path has 108 bytes, and that of a unix socket has at most 107"))
        }
    }
}
