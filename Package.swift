// swift-tools-version: 6.2
import PackageDescription

// The modules stand in layers; a target may depend only on targets of a lower layer.
// docs/ARCHITECTURE.md tells what each one is for, and the tidy test checks the arrows.

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Programs and their libraries name each use of what the compiler cannot check.
let strictly = settings + [.strictMemorySafety()]

/// A library of ours and the test target beside it.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strictly)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies + [.product(name: "ArgumentParser", package: "swift-argument-parser")],
        swiftSettings: strictly)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "colod",
    products: [
        .executable(name: "colod", targets: ["colod"]),
        .executable(name: "coloctl", targets: ["coloctl"]),
        .executable(name: "colosim", targets: ["colosim"]),
        .executable(name: "colobench", targets: ["colobench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Layer 0: shims of C libraries (no logic) and the two leaves that everything pure stands on.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CGnuTLS", pkgConfig: "gnutls", providers: [.apt(["libgnutls28-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSlirp", providers: [.apt(["libslirp-dev"])]),
        module("ByteCoding"),
        module("Environment"),

        // Layer 1
        module("SystemCalls", ["CLinux", "Environment"]),
        module("ProgramSupport"),
        module("Compression", ["CZlib", "CZstd"]),
        module("Diagnostics", ["Environment", log, .product(name: "Histogram", package: "hdrhistogram-swift")]),

        // Layer 2
        module("GuestMemory", ["SystemCalls", "Environment"]),
        module("BlockLayer", ["SystemCalls", "ByteCoding", "Environment"]),
        module("PacketPath", ["SystemCalls", "CLinux", "CSlirp", "Environment"]),
        module("Transport", ["SystemCalls", "CLinux", "CGnuTLS", "Environment"]),
        module("MigrationFormat", ["ByteCoding"]),
        module("StreamAnalysis", ["MigrationFormat"]),
        module("ReplicationCore", ["MigrationFormat", "ByteCoding", "Environment"]),
        module("MigrationCore", ["Environment"]),
        module("QMP"),
        module("QAPI", ["QMP"], exclude: ["Schema"]),
        module("QAPIGenerator"),
        module("Jobs", ["QAPI", "QMP"]),
        module("HumanMonitor", ["QAPI", "QMP"]),

        // Layer 3
        module("ManagedObjects", ["QMP", "SystemCalls", "Transport", "CGnuTLS"]),
        module("Certificates", ["ManagedObjects", "SystemCalls", "CGnuTLS"]),
        module("MachineModel", ["GuestMemory", "MigrationFormat", "SystemCalls", "ByteCoding", "Environment"]),

        // Layer 4
        module("EngineRISCV", ["MachineModel", "GuestMemory", "SystemCalls", "ByteCoding", "Environment", "CLinux"]),
        module("Virtio", ["MachineModel", "GuestMemory", "BlockLayer", "PacketPath", "ByteCoding", "SystemCalls"]),
        module("PlatformDevices", ["MachineModel", "GuestMemory", "ByteCoding", "Environment", "SystemCalls"]),
        module("PCI", ["MachineModel", "GuestMemory", "PacketPath"]),
        module("Configuration", ["SystemCalls", .product(name: "Yams", package: "Yams")]),
        module("Simulation", ["ReplicationCore", "MigrationCore", "MigrationFormat", "Environment", "ByteCoding"]),

        // Layer 5
        module(
            "VirtualMachine",
            [
                "QAPI", "MachineModel", "EngineRISCV", "Virtio", "PlatformDevices", "PCI", "GuestMemory", "BlockLayer",
                "PacketPath",
                "MigrationFormat", "SystemCalls", "ByteCoding", "Environment",
            ]),

        // Layer 6
        module(
            "Migration",
            [
                "MigrationCore", "VirtualMachine", "MachineModel", "MigrationFormat", "Transport", "Compression",
                "GuestMemory", "PacketPath", "SystemCalls", "ByteCoding", "Environment", "QAPI",
            ]),

        module(
            "DirtyRate",
            ["VirtualMachine", "MachineModel", "GuestMemory", "SystemCalls", "ByteCoding", "Environment", "QAPI"]),

        // Layer 7
        module(
            "Replication",
            [
                "Migration", "ReplicationCore", "VirtualMachine", "MachineModel", "MigrationFormat", "Transport",
                "GuestMemory", "PacketPath", "SystemCalls", "ByteCoding", "Environment", "Diagnostics", "CGnuTLS",
                "QAPI",
            ] + nio),

        // Layer 8
        module("ManagementServer", ["QMP", "QAPI", "Diagnostics", "SystemCalls", "Environment"]),
        module("ServiceHost", ["CSystemd", "Diagnostics", "SystemCalls", "Environment", log]),

        // Layer 9
        module(
            "ColodKit",
            [
                "Configuration", "VirtualMachine", "Migration", "DirtyRate", "ManagedObjects", "Jobs", "HumanMonitor",
                "Replication",
                "ManagementServer", "ServiceHost", "Diagnostics", "QAPI", "QMP", "PacketPath", "BlockLayer",
                "Transport", "ReplicationCore",
                "MachineModel", "GuestMemory", "SystemCalls", "Environment", "CLinux", "ProgramSupport", log,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ] + nio),
        // What tests, the demo and the benchmarks share: hosts made of network namespaces, a Redis client, processes.
        module("PairLab", ["GuestMemory", "SystemCalls", "CLinux", "QMP", "QAPI", "Environment"]),

        // Layer 10: thin programs
        program("colod", ["ColodKit", "Configuration", "ProgramSupport"]),
        program(
            "coloctl",
            [
                "Certificates", "ManagedObjects", "QMP", "QAPI", "MigrationFormat", "StreamAnalysis", "SystemCalls",
                "Environment", "ProgramSupport",
            ]),
        program("colosim", ["MigrationCore", "Simulation", "ProgramSupport"]),
        program("qapigen", ["QAPIGenerator"]),
        program(
            "colobench",
            [
                "PairLab", "VirtualMachine", "EngineRISCV", "PlatformDevices", "MachineModel", "GuestMemory",
                "Migration", "DirtyRate", "Replication", "ReplicationCore", "Transport", "SystemCalls", "QMP", "QAPI",
                "Diagnostics",
                "Environment", "ProgramSupport",
            ]),

        // Tests: one target a module, and one for each kind of promise that spans modules.
        tests("ByteCodingTests", ["ByteCoding"]),
        tests("SystemCallsTests", ["SystemCalls", "Environment"]),
        tests("GuestMemoryTests", ["GuestMemory", "PairLab", "SystemCalls", "Environment"]),
        tests("BlockLayerTests", ["BlockLayer", "SystemCalls"]),
        tests("PacketPathTests", ["PacketPath", "SystemCalls", "CLinux", "Environment"]),
        tests("CompressionTests", ["Compression"]),
        tests(
            "TransportTests", ["Transport", "ManagedObjects", "PairLab", "CGnuTLS", "SystemCalls", "Environment"]),
        tests("MigrationFormatTests", ["MigrationFormat", "ByteCoding", "Environment"]),
        tests("StreamAnalysisTests", ["StreamAnalysis", "MigrationFormat", "ByteCoding", "Environment"]),
        tests("ReplicationCoreTests", ["ReplicationCore", "MigrationFormat", "ByteCoding", "Environment"]),
        tests("MigrationCoreTests", ["MigrationCore", "Environment"]),
        tests("SimulationTests", ["Simulation", "ReplicationCore", "MigrationCore", "Environment"]),
        tests("QMPTests", ["QMP", "Environment"]),
        tests("QAPITests", ["QAPI", "QMP"]),
        tests("QAPIGeneratorTests", ["QAPIGenerator", "QAPI", "QMP"]),
        tests("ManagedObjectsTests", ["ManagedObjects", "PairLab", "QMP", "SystemCalls"]),
        tests("CertificatesTests", ["Certificates", "ManagedObjects", "PairLab", "SystemCalls"]),
        tests("MachineModelTests", ["MachineModel", "MigrationFormat", "SystemCalls", "ByteCoding", "Environment"]),
        tests("JobsTests", ["Jobs", "QAPI"]),
        tests("HumanMonitorTests", ["HumanMonitor", "QAPI"]),
        tests(
            "EngineRISCVTests",
            ["EngineRISCV", "MachineModel", "GuestMemory", "SystemCalls", "ByteCoding", "Environment"]),
        tests(
            "VirtioTests",
            [
                "Virtio", "MachineModel", "GuestMemory", "BlockLayer", "PacketPath", "SystemCalls", "ByteCoding",
                "Environment",
            ]),
        tests("PlatformDevicesTests", ["PlatformDevices", "MachineModel", "GuestMemory", "ByteCoding", "Environment"]),
        tests("PCITests", ["PCI", "MachineModel", "GuestMemory", "PacketPath", "ByteCoding"]),
        tests("ConfigurationTests", ["Configuration"]),
        tests(
            "VirtualMachineTests",
            [
                "VirtualMachine", "MachineModel", "GuestMemory", "EngineRISCV", "MigrationFormat", "ByteCoding",
                "PacketPath", "BlockLayer", "Virtio", "PairLab", "SystemCalls", "Environment", "QAPI",
            ]),
        tests(
            "MigrationTests",
            [
                "Migration", "VirtualMachine", "MachineModel", "MigrationFormat", "Transport", "GuestMemory",
                "ManagedObjects", "Certificates", "SystemCalls", "ByteCoding", "Environment", "QAPI", "QMP", "PairLab",
                "Virtio", "PCI", "PacketPath",
            ]),
        tests(
            "DirtyRateTests",
            [
                "DirtyRate", "VirtualMachine", "MachineModel", "GuestMemory", "EngineRISCV", "PlatformDevices",
                "PairLab", "SystemCalls", "ByteCoding", "Environment", "QAPI",
            ]),
        tests(
            "ReplicationTests",
            [
                "Replication", "ReplicationCore", "Migration", "MigrationFormat", "Transport", "VirtualMachine",
                "MachineModel", "GuestMemory", "PacketPath", "QAPI", "QMP", "SystemCalls", "Environment", "PairLab",
            ] + nio),
        tests(
            "ManagementServerTests",
            [
                "CAllocationCount",
                "ManagementServer", "coloctl", "QMP", "QAPI", "SystemCalls", "Environment", "ProgramSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        tests(
            "ServiceHostTests",
            ["ServiceHost", "Diagnostics", "SystemCalls", "Environment", log]),
        // What the daemon says about itself: log, status, figures.
        tests(
            "ColodKitTests",
            [
                "ColodKit", "Configuration", "Replication", "ReplicationCore", "Diagnostics", "QAPI", "QMP",
                "ProgramSupport", "Environment", "SystemCalls", "BlockLayer", "PairLab", "VirtualMachine", "Migration",
                "ManagedObjects", "GuestMemory", log,
            ]),
        // What happens for each page, frame and query takes no memory: the allocator's calls, counted by a shim of it.
        .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
        tests(
            "AllocationTests",
            [
                "CAllocationCount", "Migration", "VirtualMachine", "MigrationFormat", "Transport", "GuestMemory",
                "ByteCoding",
                "Virtio", "MachineModel", "PacketPath", "ManagementServer", "QAPI", "QMP", "SystemCalls",
                "Environment",
            ]),
        // The tree itself: arrows between modules, sizes, forbidden words.
        tests("TidyTests", []),
        // What a QMP client sees, held against what QEMU 7.2 answers: recorded, and live beside it.
        tests(
            "ConformanceTests",
            [
                "PairLab", "StreamAnalysis", "MigrationFormat", "QMP", "QAPI", "SystemCalls", "Environment",
                "Transport",
            ],
            resources: [.copy("Data")]),
        // What the benchmarks make of what they count.
        tests("BenchmarkTests", ["colobench", "PairLab", "QMP", "Environment"]),
        // Real processes: colod, coloctl, real QEMU as the peer, network namespaces, faults.
        tests("SystemTests", ["PairLab", "QMP", "QAPI", "SystemCalls", "Environment", "ProgramSupport"]),
    ]
)
