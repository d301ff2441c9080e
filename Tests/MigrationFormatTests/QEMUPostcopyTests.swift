import ByteCoding
import Testing

@testable import MigrationFormat

/// Recorded postcopies of a real QEMU, taken apart.
struct QEMUPostcopyTests {
    private static let layout = [BlockLayout(name: "ram", size: 512 << 10)]
    private static let pageCount = 128

    /// The two devices of QEMU's machine `none`.
    private struct Devices: DeviceSectionHandlers {
        func handler(name: String, instance: UInt32) -> (any DeviceSectionHandler)? {
            switch name {
            case "timer": OpaqueDevice(version: 2, size: 24)
            case "globalstate": OpaqueDevice(version: 1, size: 104)
            default: nil
            }
        }
    }

    private struct OpaqueDevice: DeviceSectionHandler {
        let version: UInt32
        var oldestVersion: UInt32 { version }
        let size: Int

        func decode(
            version: UInt32, from reader: inout ByteReader
        ) throws(DeviceSectionFailure) -> @Sendable () -> Void {
            let end = reader.offset + size
            do { _ = try reader.readBytes(size) } catch { throw .needsBytes(end) }
            return {}
        }
    }

    /// What a channel brought: which pages, and all else as text.
    private struct Reading {
        var pages: [Int] = []
        var other: [String] = []
    }

    private static var decoder: StreamDecoder {
        StreamDecoder(
            expectations: StreamExpectations(
                machineType: "none", layout: layout, handlers: Devices(), acceptsPostcopy: true))
    }

    private func read(_ bytes: [UInt8], _ decoder: inout StreamDecoder) throws(StreamError) -> Reading {
        var window = ByteWindow(bytes)
        var reading = Reading()
        while true {
            switch try decoder.next(&window) {
            case .filledPage(let location, _): reading.pages.append(location.page)
            case .needBytes: return reading
            case .command(let command): reading.other.append("\(command)")
            case .postcopy(.discard(_, let pages)): for run in pages { reading.other.append("discard \(run)") }
            case .postcopy(.package(let length)):
                var package = ByteWindow(window.copy(length))
                window.skip(length)
                decoder.beginPackage()
                packageLoop: while true {
                    switch try decoder.next(&package) {
                    case .postcopy(.run): break packageLoop
                    case .device(let section): reading.other.append(section.header.name)
                    default: continue
                    }
                }
                try decoder.endPackage(package)
                reading.other.append("run")
            case .postcopy(let command): reading.other.append("\(command)")
            case .endOfSections:
                reading.other.append("end")
                return reading
            default: continue
            }
        }
    }

    private func answers(_ bytes: [UInt8], resuming: Bool = false) throws(StreamError) -> [ReturnPathDecoder.Element] {
        var decoder = ReturnPathDecoder(layout: Self.layout, resuming: resuming)
        var window = ByteWindow(bytes)
        var elements: [ReturnPathDecoder.Element] = []
        while true {
            let element = try decoder.next(&window)
            if case .needBytes = element { return elements }
            elements.append(element)
        }
    }

    @Test func oneThatIsPausedAndRecovered() throws {
        var decoder = Self.decoder
        let before = try read(QEMUPostcopyCapture.interrupted, &decoder)
        let discard = try #require(before.other.first { $0.hasPrefix("discard") })
        #expect(
            before.other == [
                "openReturnPath", "ping(1)", "advise", discard, "ping(2)", "timer", "globalstate", "run", "ping(4)",
            ])
        #expect(Set(try answers(QEMUPostcopyCapture.interruptedAnswers)) == Set((1...4).map { .pong($0) }))

        var resumed = decoder.resumed()
        let after = try read(QEMUPostcopyCapture.recovered, &resumed)
        #expect(after.other == ["receiveBitmap(block: 0)", "resume", "end"])
        // What came before the cut is in the bitmap, and the rest came after it.
        let received = try answers(QEMUPostcopyCapture.recoveredAnswers, resuming: true)
        guard case .receivedBitmap(0, let bitmap) = received.first else { throw Missing() }
        #expect(received.dropFirst() == [.resumeAcknowledged, .shut(0)])
        for page in 0..<Self.pageCount { #expect(bitmap[page] != after.pages.contains(page), "page \(page)") }
    }

    @Test func oneWithAChannelForWhatWasAskedFor() throws {
        var decoder = Self.decoder
        let background = try read(QEMUPostcopyCapture.background, &decoder)
        #expect(background.other.last == "end")
        var channel = PostcopyChannelDecoder(layout: Self.layout)
        var window = ByteWindow(QEMUPostcopyCapture.urgent)
        var urgent: [Int] = []
        while case .filledPage(let location, 0) = try channel.next(&window) { urgent.append(location.page) }
        #expect(channel.mayEndHere && window.available == 0)
        #expect((background.pages + urgent).sorted() == Array(0..<Self.pageCount), "each page comes once")
        let asked = try answers(QEMUPostcopyCapture.requests).compactMap { element -> Int? in
            guard case .requestPages(0, let pages) = element, pages.count == 1 else { return nil }
            return pages.lowerBound
        }
        #expect(!urgent.isEmpty && Set(urgent).isSubset(of: asked), "what is urgent was asked for")
    }

    private struct Missing: Error {}
}
