import ArgumentParser
import EngineRISCV
import Foundation
import QMP

/// Runs RISC-V instruction tests: bare-metal ELF files that report through `tohost`.
struct RISCVTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "riscv-test", abstract: "Run RISC-V instruction test programs (ELF) on the riscv64 engine.")

    @OptionGroup var output: OutputOptions

    @Argument(help: "ELF files to run, one after the other.")
    var files: [String]

    @Option(help: "Give a program up after this many instructions.")
    var limit: UInt64 = 200_000_000

    @Flag(help: "Print the failures and the sum only.")
    var quiet = false

    /// More than any instruction test; a longer file is refused before it is read.
    private static let largestFile = 64 << 20

    func run() throws {
        var passed = 0
        for file in files {
            let (isGood, text) = verdict(on: file)
            if isGood { passed += 1 }
            if !output.json, !isGood || !quiet { print("\(file): \(text)") }
        }
        output.print(
            ["passed": JSONValue(passed), "failed": JSONValue(files.count - passed)],
            text: "\(passed) of \(files.count) passed")
        if passed != files.count { throw ExitCode.failure }
    }

    private func verdict(on file: String) -> (Bool, String) {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            defer { try? handle.close() }
            let bytes = try handle.read(upToCount: Self.largestFile + 1) ?? Data()
            guard bytes.count <= Self.largestFile else { return (false, "larger than \(Self.largestFile) bytes") }
            let image = try ProgramImage(elf: [UInt8](bytes))
            guard image.symbol("tohost") != nil else { return (false, "has no symbol tohost") }
            switch try TestProgram(image).run(limit: limit) {
            case .passed: return (true, "pass")
            case .failed(let test): return (false, "fail test \(test)")
            case .unfinished(let count): return (false, "fail: no result after \(count) instructions")
            case .stuck(let pc): return (false, "fail: no progress at 0x\(String(pc, radix: 16))")
            }
        } catch let error as ProgramImageError {
            return (false, error.description)
        } catch {
            return (false, error.localizedDescription)
        }
    }
}
