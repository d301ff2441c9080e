import EngineRISCV
import Foundation
import GuestMemory
import Testing

/// Builds the programs of this suite with the toolchain's clang and runs them on the engine and on QEMU's user-mode
/// emulator.
struct GuestCompiler {
    /// A failure to build or run, in the words of the tool.
    struct ToolFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// One source file: its text, and the name that tells its language.
    struct Source {
        let name: String
        let text: String
    }

    /// The emulator that tells what is right; nil where it is not installed (Debian package qemu-user-static).
    static let emulator: String? = {
        let places = ["/usr/bin/qemu-riscv64-static", "/usr/bin/qemu-riscv64"]
        return places.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Whether the toolchain's clang and linker are on PATH.
    static let isThere: Bool = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return ["clang", "ld.lld"].allSatisfy { tool in
            folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") }
        }
    }()

    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "engine-riscv-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func removeFiles() { try? FileManager.default.removeItem(at: folder) }

    /// Builds `sources`, with the entry that all programs share unless one brings its own, into an ELF file.
    func build(_ sources: [Source], bare: Bool, ownEntry: Bool = false) throws -> URL {
        let output = folder.appending(path: "program-\(UUID().uuidString)")
        let script = try write(Source(name: "link.ld", text: GuestSources.linkScript))
        var arguments = [
            "clang", "--target=riscv64", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-O1", "-ffreestanding",
            "-fno-builtin", "-nostdlib", "-fuse-ld=lld", "-Wl,--no-relax", "-Wl,-T,\(script)",
        ]
        if bare { arguments.append("-DBARE") }
        let all = (ownEntry ? [] : [Source(name: "start.S", text: GuestSources.start)]) + sources
        for source in all { arguments.append(try write(source)) }
        _ = try run("/usr/bin/env", arguments + ["-o", output.path])
        return output
    }

    private func write(_ source: Source) throws -> String {
        let file = folder.appending(path: source.name)
        try source.text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    /// What `program`, built as a Linux program, writes to standard output under the emulator `emulator`.
    func reference(_ program: URL, emulator: String) throws -> [UInt8] { try run(emulator, [program.path]) }

    private func run(_ tool: String, _ arguments: [String]) throws -> [UInt8] {
        let output = folder.appending(path: "output-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = arguments
        let errors = Pipe()
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = errors
        try process.run()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ToolFailure(description: "\(arguments): \(String(decoding: complaint, as: UTF8.self))")
        }
        return [UInt8](try Data(contentsOf: output))
    }
}

/// A program that ran on the engine to its end.
struct EngineRun {
    let outcome: TestProgram.Outcome
    let program: TestProgram
    let image: ProgramImage

    init(_ file: URL, limit: UInt64 = 100_000_000) throws {
        image = try ProgramImage(elf: [UInt8](try Data(contentsOf: file)))
        program = try TestProgram(image)
        outcome = program.run(limit: limit)
    }

    /// What lies at `results`, as long as `results_size` says.
    func results() -> [UInt8]? {
        guard let address = image.symbol("results"), let sizeAddress = image.symbol("results_size"),
            let size: UInt64 = program.memory.load(sizeAddress)
        else { return nil }
        return program.memory.read(address, count: Int(size))
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests that build a program for the guest.
    static var buildsGuestPrograms: Self {
        .enabled(if: GuestCompiler.isThere, "the toolchain's clang and ld.lld are not on PATH")
    }
}
