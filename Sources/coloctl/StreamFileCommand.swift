import ArgumentParser
import Glibc
import MigrationFormat
import QMP
import StreamAnalysis
import SystemCalls

/// `coloctl stream`.
struct StreamFileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream", abstract: "Print what is in a recorded migration stream, of colod or QEMU.",
        discussion: """
            Reads what 'migrate exec:cat>FILE' wrote: header, sections, pages of RAM by block and kind, commands, and \
            the fields of each device, also of devices that colod does not have: the description at the end of a \
            stream tells them. Needs no colod, and little memory however large the file is.

            A stream that is damaged is printed as far as it can be read; then a line tells what broke, in which \
            section and at which byte, and the exit status is 1.

            Examples:
              coloctl qmp migrate '{"uri": "exec:cat>/tmp/web.stream"}'
              coloctl stream /tmp/web.stream
              coloctl stream --summary /tmp/web.stream
              coloctl stream --section cpu --full /tmp/web.stream
              coloctl stream --json /tmp/web.stream | jq '.totals'
            """)

    @Argument(help: ArgumentHelp("The recorded stream.", valueName: "file")) var path: String
    @Flag(help: "Print one JSON object, with a line for each thing found.") var json = false
    @Flag(help: "Leave out the fields of devices.") var summary = false
    @Flag(help: "Shorten no value; JSON never does.") var full = false
    @Flag(help: "Print only the description at the end of the stream, as it stands there.") var description = false
    @Option(help: ArgumentHelp("Print only sections of this name; may be repeated.", valueName: "name"))
    var section: [String] = []

    func run() throws {
        let source = try FileSource(path)
        if description { return try printDescription(source) }
        var analyzer = StreamAnalyzer(source)
        let options = StreamShape(fields: !summary, full: full, sections: Set(section))
        var printer: any StreamPrinter =
            json
            ? StreamJSON(path: path, size: source.size, shape: options)
            : StreamText(path: path, size: source.size, shape: options)
        try sayAll(printer.opening)
        var failure: StreamAnalysisFailure?
        do throws(StreamAnalysisFailure) {
            while let item = try analyzer.next() {
                do { try sayAll(printer.lines(item)) } catch { throw .unreadable(StreamSourceFailure("\(error)")) }
            }
        } catch {
            failure = error
        }
        let damage: StreamDamage?
        switch failure {
        case nil: damage = nil
        case .damaged(let found)?: damage = found
        case .unreadable(let why)?: throw Failure(.unclear, why.description)
        }
        try sayAll(printer.closing(analyzer.totals, unfinished: analyzer.unfinished, damage))
        if damage != nil { throw ExitCode(1) }
    }

    private func sayAll(_ lines: [String]) throws {
        if !lines.isEmpty { try say(lines.joined(separator: "\n")) }
    }

    private func printDescription(_ source: FileSource) throws {
        let text: [UInt8]?
        do throws(StreamAnalysisFailure) { text = try DescriptionSearch.find(in: source) } catch {
            throw Failure(.unclear, error.description)
        }
        guard let text else { throw Failure(.unclear, "\(path) does not end in a description of its devices") }
        try say(String(decoding: text, as: UTF8.self))
    }
}

/// What is shown of a stream.
struct StreamShape {
    /// Whether the fields of devices are shown.
    var fields = true
    /// Whether long values are shown whole.
    var full = false
    /// The names of the sections that are shown; empty for all.
    var sections: Set<String> = []

    func shows(_ item: StreamItem) -> Bool {
        guard !sections.isEmpty else { return true }
        guard case .section(let section) = item.content else { return false }
        return sections.contains(section.header.name)
    }
}

/// Turns what was found into lines.
protocol StreamPrinter {
    /// What comes first.
    var opening: [String] { get }
    /// The next item; of several parts of a section that follow one another, the last one may tell for all.
    mutating func lines(_ item: StreamItem) -> [String]
    /// What comes last: totals, and what broke the stream.
    mutating func closing(_ totals: StreamTotals, unfinished: StreamItem?, _ damage: StreamDamage?) -> [String]
}

/// A file that stays as long as it is.
final class FileSource: StreamSource {
    let size: UInt64
    private let file: Descriptor

    init(_ path: String) throws(Failure) {
        do throws(SystemError) {
            file = try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
        } catch {
            throw Failure(.usage, "cannot read \(path): \(error.reason)")
        }
        guard let status = try? file.status(), status.isRegular else {
            throw Failure(.usage, "\(path) is no file", next: "record the stream first: migrate exec:cat>FILE")
        }
        size = UInt64(status.size)
    }

    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(StreamSourceFailure) -> Int {
        while true {
            // SAFETY: pread writes at most `target.count` bytes to `target`, which the caller lends for this call.
            let count = unsafe pread(file.number, target.baseAddress, target.count, off_t(clamping: offset))
            if count >= 0 { return count }
            guard errno == EINTR else {
                throw StreamSourceFailure(
                    "the file cannot be read at byte \(offset): \(SystemError.text(of: errno))")
            }
        }
    }
}
