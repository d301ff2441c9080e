import Environment
import PairLab
import QAPI
import SystemCalls
import VirtualMachine

@testable import GuestMemory
@testable import Migration

extension InteropRun {
    /// Bytes a second with which most pages are missing when the guest moves, and the background takes some twenty seconds.
    private static let trickle: UInt64 = 200_000
    /// How many pages are looked at before the background comes to them.
    private static let looks = 6

    /// The guest moves, and its memory follows.
    func moveFirst() throws -> Outcome {
        guard let postcopy = cell.feature.postcopy else { throw LabError("it is no postcopy") }
        var content = Self.content(seed: seed)
        if !cell.direction.startsAtColod { try folder.write(content, to: "ram") }
        let (source, destination) = (try end(isSource: true), try end(isSource: false))
        try destination.listen(at: link.destinationURI)
        if let colod = source as? ColodEnd {
            colod.machine.machine.memory.write(0, bytes: content)
            try colod.machine.machine.run()
        }
        try source.limit(precopy: Self.trickle, postcopy: Self.trickle)
        try source.migrate(to: link.sourceURI(port: destination.port))
        try source.awaitStatus("active")
        // Pages that the destination has already, and must drop.
        if let colod = source as? ColodEnd { write(&content, colod.machine) }
        try source.startPostcopy()
        if postcopy.companion == .pauseBeforeSwitchover {
            try source.awaitStatus("pre-switchover")
            try source.goOn()
        }
        try source.awaitStatus("postcopy-active")
        try destination.awaitStatus("postcopy-active")
        try destination.awaitStart()
        try lookAhead(destination, of: source, content)
        for round in 0..<postcopy.recoveries { try breakAndRecover(source, destination, round, content) }
        try source.limit(precopy: 0, postcopy: 0)
        try source.awaitStatus("completed")
        try destination.awaitStatus("completed")
        try expect("the first page that differs", firstDifference(try destination.ram(), content), nil)
        try checkPostcopy(postcopy, source, destination)
        return .passed
    }

    private func write(_ content: inout [UInt8], _ machine: TestMachine) {
        for page in 0..<8 {
            machine.machine.memory.write(UInt64(page * 4096 + 8), bytes: [1, 2, 3, UInt8(page)])
            content.replaceSubrange(page * 4096 + 8..<page * 4096 + 12, with: [1, 2, 3, UInt8(page)])
        }
    }

    /// Pages that somebody needs are here long before the background comes to them.
    private func lookAhead(
        _ destination: any InteropEnd, of source: any InteropEnd, _ content: [UInt8], from last: Int = 2040
    ) throws {
        let pages = (0..<Self.looks).map { last - $0 * 37 }
        for page in pages {
            let bytes = try destination.look(atPage: page)
            try expect("page \(page) is right", isPage(page, of: content, bytes), true)
        }
        // Only the background takes note of them.
        let deadline = SystemClock().now() + .seconds(5)
        var counters = try source.counters()
        while counters.requests < Self.looks, SystemClock().now() < deadline { counters = try source.counters() }
        try expect("whether \(Self.looks) pages were asked for", counters.requests >= Self.looks, true)
        try expect(
            "whether the background has come to them (\(counters.remaining))", counters.remaining < 1 << 20, false)
    }

    private func isPage(_ page: Int, of content: [UInt8], _ bytes: [UInt8]) -> Bool {
        let start = page * 4096
        return content[start..<start + 4096].elementsEqual(bytes)
    }

    /// The channels break, at one end's or the other's command, and the postcopy goes on at another address. Who needs a page
    /// meanwhile waits.
    private func breakAndRecover(
        _ source: any InteropEnd, _ destination: any InteropEnd, _ round: Int, _ content: [UInt8]
    ) throws {
        try round % 2 == 0 ? source.pause() : destination.pause()
        try source.awaitStatus("postcopy-paused")
        try destination.awaitStatus("postcopy-paused")
        let waiting = try (destination as? ColodEnd).map { colod in
            try GuestLook(atPage: 1500 - round * 50, of: colod.machine)
        }
        if round % 2 == 0 {
            let uri = "unix:\(folder.path("recovery\(round).sock"))"
            try destination.recover(at: uri)
            try source.resume(to: uri)
        } else {
            try destination.recover(at: "tcp:127.0.0.1:0")
            try source.resume(to: "tcp:127.0.0.1:\(try destination.port())")
        }
        try source.awaitStatus("postcopy-active")
        try destination.awaitStatus("postcopy-active")
        if let waiting {
            let page = waiting.page
            let bytes = try waiting.bytes()
            try expect("page \(page), which was waited for, is right", isPage(page, of: content, bytes), true)
        }
        try lookAhead(destination, of: source, content, from: 1300 - round * 300)
    }

    private func checkPostcopy(
        _ postcopy: InteropPostcopy, _ source: any InteropEnd, _ destination: any InteropEnd
    ) throws {
        let switching =
            postcopy.companion == .pauseBeforeSwitchover
            ? ["stop", "pre-switchover", "postcopy-active"] : ["postcopy-active", "stop"]
        var sourceTold = ["setup", "pass", "active"] + switching + ["pass"]
        var destinationTold = ["setup", "active", "postcopy-active", "resume"]
        for _ in 0..<postcopy.recoveries {
            sourceTold += ["postcopy-paused", "postcopy-recover", "postcopy-active"]
            destinationTold += ["postcopy-paused", "setup", "postcopy-recover", "postcopy-active"]
        }
        sourceTold.append("completed")
        destinationTold.append("completed")
        try expect("what the source told", source.outline, sourceTold)
        try expect("what the destination told", destination.outline, destinationTold)
        try expect("the source's run state", try source.runState(), "postmigrate")
        try expect("the destination's run state", try destination.runState(), "running")
        try expect("what remains", try source.counters().remaining, 0)
        guard postcopy.companion == .releaseRAM, let colod = source as? ColodEnd else { return }
        let memory = colod.machine.machine.memory
        try expect(
            "whether the source's RAM was given back",
            memory.blocks[0].mapping.holdsPages(offset: 1 << 20, count: 7 << 20), false)
    }
}
