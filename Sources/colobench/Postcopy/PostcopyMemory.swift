/// The RAM of both ends, in pages of 4 KiB. One run after the other has it. It was touched before, so colod's riscv64 finds it at
/// no cost; a QEMU and the machine `none`, whose missing pages the host watches, give it back first and take other memory.
struct PostcopyMemory {
    let source: RAMFile
    let destination: RAMFile

    /// Two files in memory, full of noise.
    init(megabytes: Int) throws {
        source = try RAMFile(in: "/dev/shm", name: "source", megabytes: megabytes)
        destination = try RAMFile(in: "/dev/shm", name: "destination", megabytes: megabytes)
        for file in [source, destination] { file.fill(.random) }
    }
}
