import QMP

/// Which of several members that the schema does not have is reported.
///
/// A real QEMU reports the one that its hash tables come upon first. Clients' test suites know the answer, so it is
/// worked out the same way: names stand in a dictionary of 512 chains, are moved from there into an open hash table,
/// and leave that one when they are asked for; the first that is left in it is reported. Of names that a client chose so
/// that they crowd one place of the table, the first as sent is reported: to follow QEMU there takes quadratic time.
enum UnknownMemberOrder {
    /// The first of `members` left once `known` were taken out in this order; nil if none is left.
    static func first(of members: [JSONObject.Member], without known: [String]) -> String? {
        do throws(Crowding) {
            var table = NameTable(probes: members.count * probesPerMember)
            for name in dictionaryOrder(members) { try table.insert(name) }
            for name in known { try table.remove(name) }
            return table.first
        } catch {
            let known = Set(known)
            return members.first { !known.contains($0.key) }?.key
        }
    }

    private static let chainCount = 512
    /// Names that nobody chose to collide need less than ten.
    private static let probesPerMember = 32

    /// Chain by chain, the youngest of a chain first.
    private static func dictionaryOrder(_ members: [JSONObject.Member]) -> [String] {
        var chains = [[Int]](repeating: [], count: chainCount)
        for (place, member) in members.enumerated() {
            chains[Int(chainHash(member.key) % UInt32(chainCount))].append(place)
        }
        return chains.flatMap { $0.reversed().map { members[$0].key } }
    }

    private static func chainHash(_ name: String) -> UInt32 {
        var value = 0x238f_13af &* UInt32(truncatingIfNeeded: name.utf8.count)
        for (place, byte) in name.utf8.enumerated() { value &+= UInt32(byte) << UInt32(place * 5 % 24) }
        return 1_103_515_243 &* value &+ 12345
    }
}

/// More names want the same places than chance brings about.
private struct Crowding: Error {}

/// An open hash table of names with triangular probing. Its size is a power of two; the first place to look is the
/// remainder of a division by the largest prime below it.
private struct NameTable {
    private enum Slot {
        case empty, removed
        case name(String, UInt32)
    }

    private static let smallestShift = 3
    private static let primes: [UInt32] = [
        1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131_071, 262_139, 524_287,
        1_048_573, 2_097_143, 4_194_301,
    ]

    private var slots = [Slot](repeating: .empty, count: 1 << smallestShift)
    private var shift = smallestShift
    private var count = 0
    /// Names and places of removed names.
    private var occupied = 0
    /// How many more places may be looked at.
    private var probes: Int

    init(probes: Int) { self.probes = probes }

    var first: String? {
        for case .name(let name, _) in slots { return name }
        return nil
    }

    mutating func insert(_ name: String) throws(Crowding) {
        let hash = Self.hash(name)
        let (slot, isThere) = try find(name, hash)
        if isThere { return }
        if case .empty = slots[slot] { occupied += 1 }
        slots[slot] = .name(name, hash)
        count += 1
        try resizeIfNeeded()
    }

    mutating func remove(_ name: String) throws(Crowding) {
        let (slot, isThere) = try find(name, Self.hash(name))
        guard isThere else { return }
        slots[slot] = .removed
        count -= 1
        try resizeIfNeeded()
    }

    private static func hash(_ name: String) -> UInt32 {
        var value: UInt32 = 5381
        for byte in name.utf8 { value = value &* 33 &+ UInt32(bitPattern: Int32(Int8(bitPattern: byte))) }
        // 0 and 1 mark places without a name.
        return max(value, 2)
    }

    private func start(_ hash: UInt32) -> Int { Int((hash &* 11) % Self.primes[shift]) }

    /// Where the name is, or where it would go.
    private mutating func find(_ name: String, _ hash: UInt32) throws(Crowding) -> (slot: Int, isThere: Bool) {
        var place = start(hash)
        var step = 0
        var free: Int?
        while true {
            switch slots[place] {
            case .empty: return (free ?? place, false)
            case .removed: free = free ?? place
            case .name(let other, let otherHash): if otherHash == hash, other == name { return (place, true) }
            }
            try probe()
            step += 1
            place = (place + step) & (slots.count - 1)
        }
    }

    private mutating func probe() throws(Crowding) {
        probes -= 1
        if probes < 0 { throw Crowding() }
    }

    private mutating func resizeIfNeeded() throws(Crowding) {
        let isTooLarge = slots.count > 1 << Self.smallestShift && slots.count > count * 4
        guard isTooLarge || slots.count <= occupied + occupied / 16 else { return }
        let wanted = Int(Double(count) * 1.333)
        shift = min(max(Int.bitWidth - wanted.leadingZeroBitCount, Self.smallestShift), Self.primes.count - 1)
        try rehash(size: 1 << shift)
        occupied = count
    }

    /// In place: each name in turn moves to where it belongs and drives out the name that stood there and has not moved yet.
    private mutating func rehash(size: Int) throws(Crowding) {
        var old = slots
        if old.count < size { old += [Slot](repeating: .empty, count: size - old.count) }
        var hasMoved = [Bool](repeating: false, count: old.count)
        for index in slots.indices where !hasMoved[index] {
            guard case .name(var name, var hash) = old[index] else {
                old[index] = .empty
                continue
            }
            old[index] = .empty
            while true {
                var place = start(hash)
                var step = 0
                while hasMoved[place] {
                    try probe()
                    step += 1
                    place = (place + step) & (size - 1)
                }
                hasMoved[place] = true
                let drivenOut = old[place]
                old[place] = .name(name, hash)
                guard case .name(let nextName, let nextHash) = drivenOut else { break }
                (name, hash) = (nextName, nextHash)
            }
        }
        slots = Array(old[..<size])
    }
}
