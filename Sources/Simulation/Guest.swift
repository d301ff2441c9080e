/// A guest that counts: each step appends a value that depends on chance and on everything before it, and is sent
/// to the client. So a state contains an output exactly if it has the same value at the same count.
struct Guest: Equatable {
    private(set) var history: [UInt64]

    init(lineage: UInt64) { history = [lineage] }

    var last: Output { Output(count: history.count - 1, value: history[history.count - 1]) }

    mutating func step(chance: UInt64) -> Output {
        let previous = history[history.count - 1]
        history.append((previous ^ chance) &* 0x9e37_79b9_7f4a_7c15 ^ (previous >> 29))
        return last
    }

    func contains(_ output: Output) -> Bool {
        output.count < history.count && history[output.count] == output.value
    }
}

/// One packet of the guest to its client.
struct Output: Equatable {
    var count: Int
    var value: UInt64
}

/// The two parts of a checkpoint as the secondary stores them; `capture` tells from which instant each part is.
struct Checkpoint: Equatable {
    var ramCapture: UInt64
    var deviceCapture: UInt64
    var guest: Guest

    var isWhole: Bool { ramCapture == deviceCapture }
}
