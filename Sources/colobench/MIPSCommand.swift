import ArgumentParser
import EngineRISCV
import QMP

/// How fast the riscv64 engine executes ordinary integer code.
struct MIPSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mips", abstract: "Million guest instructions per second on ordinary integer code.")

    @OptionGroup var output: OutputOptions

    @Option(help: "Instructions to run, in millions.")
    var millions: UInt64 = 1000

    func run() throws {
        let program = try TestProgram(MIPSProgram.image)
        // The first turn decodes the code and fills the TLBs.
        _ = program.run(limit: 10_000_000)
        let before = program.engine.retiredInstructions
        let start = ContinuousClock.now
        _ = program.run(limit: millions * 1_000_000)
        let duration = start.duration(to: .now)
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        let mips = Double(program.engine.retiredInstructions - before) / seconds / 1e6
        output.print(["mips": .double(mips.rounded())], text: "\(decimal(mips, 0)) MIPS (\(coreCount) cores)")
    }
}
