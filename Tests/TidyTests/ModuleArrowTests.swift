import Foundation
import Testing

/// The layer of every module; docs/ARCHITECTURE.md has the same table with a line on each.
private let layers: [[String]] = [
    ["CLinux", "CGnuTLS", "CSystemd", "CSlirp", "CZlib", "CZstd", "ByteCoding", "Environment"],
    ["SystemCalls", "Diagnostics", "ProgramSupport", "Compression"],
    [
        "GuestMemory", "BlockLayer", "PacketPath", "Transport", "MigrationFormat", "StreamAnalysis", "ReplicationCore",
        "MigrationCore",
        "QMP", "QAPI",
        "QAPIGenerator", "Jobs", "HumanMonitor",
    ],
    ["MachineModel", "ManagedObjects", "Certificates"],
    ["EngineRISCV", "Virtio", "PlatformDevices", "PCI", "Configuration", "Simulation"],
    ["VirtualMachine"],
    ["Migration", "DirtyRate"],
    ["Replication"],
    ["ManagementServer", "ServiceHost"],
    ["ColodKit", "PairLab"],
    ["colod", "coloctl", "colosim", "colobench", "qapigen"],
]

/// Modules without input or output, clock or randomness of their own: the same events give the same run.
private let pure = [
    "ByteCoding", "Environment", "MigrationFormat", "StreamAnalysis", "ReplicationCore", "MigrationCore", "QMP",
    "QAPI", "QAPIGenerator",
    "Jobs",
    "HumanMonitor", "Simulation",
]

/// Modules of the language and of packages that a module of ours may import, besides Synchronization.
private let foreign: [String: Set<String>] = [
    "Configuration": ["Glibc", "Yams"],
    "Diagnostics": ["Glibc", "Logging", "Histogram"],
    "ServiceHost": ["Glibc", "Logging"],
    "ManagementServer": ["Glibc", "Logging", "NIOCore", "NIOPosix"],
    "Replication": ["Glibc", "Logging", "NIOCore", "NIOPosix"],
    "ColodKit": ["Glibc", "Logging", "NIOCore", "NIOPosix", "ServiceLifecycle", "UnixSignals"],
    "PairLab": ["Glibc", "Foundation"],
    "colod": ["Glibc", "Foundation", "ArgumentParser", "Logging"],
    "coloctl": ["Glibc", "Foundation", "ArgumentParser"],
    "qapigen": ["Glibc", "Foundation", "ArgumentParser"],
    "colosim": ["Glibc", "Foundation", "ArgumentParser"],
    "colobench": ["Glibc", "Foundation", "ArgumentParser", "Logging"],
]

@Suite struct ModuleArrows {
    private let targets: PackageTargets
    private let layerOf: [String: Int]

    init() throws {
        let manifest = try #require(SourceTree.file("Package.swift"))
        targets = PackageTargets(manifest: manifest.lines.joined(separator: "\n"))
        layerOf = Dictionary(
            uniqueKeysWithValues: layers.enumerated().flatMap { layer, names in names.map { ($0, layer) } })
    }

    private var modules: [String] { targets.names.filter { !$0.hasSuffix("Tests") } }

    @Test func everyModuleHasALayerAndEveryLayerOnlyModulesThatExist() {
        #expect(Set(modules) == Set(layerOf.keys))
        #expect(modules.count >= 30, "the manifest was not understood: \(modules)")
    }

    @Test func dependenciesPointDownwards() {
        for module in modules {
            for dependency in targets.dependencies[module] ?? [] {
                let (upper, lower) = (layerOf[module] ?? -1, layerOf[dependency] ?? .max)
                #expect(lower <= upper, "\(module) of layer \(upper) depends on \(dependency) of layer \(lower)")
                #expect(!targets.closure(of: dependency).contains(module), "\(module) and \(dependency) form a circle")
            }
        }
    }

    @Test func everyImportIsADependencyOrAllowed() {
        for file in SourceTree.sources {
            guard let module = file.target else { continue }
            let ours = targets.dependencies[module] ?? []
            let allowed = ours.union(foreign[module] ?? []).union(["Synchronization"])
                .union(pure.contains(module) ? [] : ["Glibc"])
            for name in imports(of: file) where !allowed.contains(name) {
                Issue.record("\(file) imports \(name), which is no dependency of \(module)")
            }
        }
    }

    @Test func noModuleImportsTestsOrThePartsAboveIt() {
        for module in modules {
            #expect(!targets.closure(of: module).contains { $0.hasSuffix("Tests") })
        }
    }

    @Test(arguments: pure) func aPureModuleStandsOnPureModulesOnly(module: String) {
        let impure = targets.closure(of: module).subtracting(pure)
        #expect(impure.isEmpty, "\(module) depends on \(impure)")
        for file in SourceTree.sources where file.target == module {
            let forbidden = Set(imports(of: file)).intersection(["Glibc", "Foundation", "SystemCalls", "Dispatch"])
            #expect(forbidden.isEmpty, "\(file) imports \(forbidden)")
        }
    }

    /// An error of QMP is a reply. Modules that do the work throw errors of their own, and ColodKit makes replies of them.
    @Test func onlyTheManagementInterfaceNamesItsErrors() throws {
        let management: Set = ["QMP", "QAPI", "QAPIGenerator", "ManagementServer"]
        let top = try #require(layerOf["ColodKit"])
        let below = Set(modules.filter { (layerOf[$0] ?? 0) < top }).subtracting(management)
        #expect(below.isSuperset(of: ["Migration", "ManagedObjects", "Replication", "HumanMonitor", "Jobs"]))
        for file in SourceTree.sources where file.target.map(below.contains) == true {
            for (index, line) in file.code.enumerated() where line.contains(/CommandError|ErrorClass/) {
                Issue.record("\(file):\(index + 1): \(line)")
            }
        }
    }

    @Test func oneFileAloneKnowsTheYAMLLibrary() {
        let users = SourceTree.sources.filter { imports(of: $0).contains("Yams") }.map(\.path)
        #expect(users == ["Sources/Configuration/YAMLReader.swift"])
    }

    /// What devices and engines have in common: what belongs to one architecture belongs to its engine and board.
    @Test func theMachineModelKnowsNoArchitecture() throws {
        let words =
            /\b(riscv\w*|RISC-V|rv(32|64)\w*|hart\w*|mip|[MS][SET]IP|CSRs?|SBI|x86\w*|aarch64|arm64|APIC|PLIC|ACLINT)\b/
            // Without this a name behind a dot would be part of the word before it.
            .wordBoundaryKind(.simple)
            .ignoresCase()
        let files = SourceTree.files.filter { $0.path.hasPrefix("Sources/MachineModel/") }
        #expect(files.count > 10)
        for file in files {
            for (index, line) in file.lines.enumerated() where line.contains(words) {
                Issue.record("\(file):\(index + 1): \(line)")
            }
        }
    }

    @Test func theArchitecturePageNamesEveryModule() throws {
        let page = try #require(SourceTree.file("docs/ARCHITECTURE.md")).lines.joined(separator: "\n")
        for module in modules { #expect(page.contains("`\(module)`"), "\(module) is missing") }
    }

    /// The modules that a file imports, without attributes and without submodules.
    private func imports(of file: SourceTree.File) -> [String] {
        file.code.compactMap { line in
            let words = line.split(separator: " ").drop { $0.hasPrefix("@") || ["public", "internal"].contains($0) }
            guard words.first == "import", words.count >= 2 else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let path = kinds.contains(words[words.startIndex + 1]) ? words.last : words[words.startIndex + 1]
            return path.flatMap { $0.split(separator: ".").first }.map(String.init)
        }
    }
}
