import PairLab

/// A guest for the riscv64 machine that does one thing.
final class GuestProgram: Sendable {
    /// Writes to each page of 16 MiB, over and over.
    static let dirtying = GuestProgram(code: [
        0x4040_02b7,  // again: lui t0, 0x40400
        0x0012_9293,  // slli t0, t0, 1         the start: 0x80800000
        0x0100_0337,  // lui t1, 0x1000         16 MiB
        0x0053_0333,  // add t1, t1, t0         the end
        0x0000_1e37,  // lui t3, 1              a page
        0x0013_8393,  // next: addi t2, t2, 1
        0x0072_b023,  // sd t2, 0(t0)
        0x01c2_82b3,  // add t0, t0, t3
        0xfe62_eae3,  // bltu t0, t1, next
        0xfddf_f06f,  // j again
    ])

    private let folder: Result<TemporaryFolder, any Error>

    /// A kernel image: the head that the boot protocol of RISC-V Linux describes, then `code`.
    private init(code: [UInt32]) {
        folder = Result {
            let folder = try TemporaryFolder(prefix: "colod-program")
            var words = [UInt32](repeating: 0, count: 16)
            words[0] = 0x0400_006f  // j over the head
            words[2] = 2 << 20  // text offset
            words[4] = 1 << 16  // image size
            words[14] = 0x0543_5352  // "RSC\5"
            let bytes = (words + code).flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
            try folder.write(bytes, to: "Image")
            return folder
        }
    }

    /// The path of the image.
    var path: Result<String, any Error> { folder.map { $0.path("Image") } }
}
