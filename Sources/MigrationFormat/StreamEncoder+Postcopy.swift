public import ByteCoding

extension StreamEncoder {
    /// Commands that tell which pages of a block will come again: `runs` of pages in rising order, each made whole host
    /// pages (`BlockLayout.wholeHostPages`), so that all of these have to be sent. As many commands as it takes, none for no
    /// pages.
    public static func writeDiscards(
        _ runs: some Sequence<Range<Int>>, of block: BlockLayout, to writer: inout ByteWriter
    ) {
        var ranges: [StreamCommand.ByteRange] = []
        func flush(_ writer: inout ByteWriter) {
            guard !ranges.isEmpty else { return }
            StreamCommand.postcopyDiscard(block: block.name, ranges: ranges).write(to: &writer)
            ranges.removeAll(keepingCapacity: true)
        }
        var last: Range<Int>?
        func close(_ writer: inout ByteWriter) {
            guard let pages = last else { return }
            if ranges.count == StreamCommand.discardLimit { flush(&writer) }
            ranges.append(
                StreamCommand.ByteRange(
                    start: UInt64(pages.lowerBound * MigrationFormat.pageSize),
                    length: UInt64(pages.count * MigrationFormat.pageSize)))
        }
        for run in runs where !run.isEmpty {
            let pages = block.wholeHostPages(run)
            // Two runs may lie in one host page.
            if let before = last, pages.lowerBound <= before.upperBound {
                last = before.lowerBound..<max(before.upperBound, pages.upperBound)
            } else {
                close(&writer)
                last = pages
            }
        }
        close(&writer)
        flush(&writer)
    }

    /// The package that makes the destination run: LISTEN, the FULL sections of all devices, PING 3, RUN, in a PACKAGED.
    /// Throws if the devices take more than a package holds.
    public static func writePackage(devices: [UInt8], to writer: inout ByteWriter) throws(StreamError) {
        var package = ByteWriter(capacity: devices.count + 64)
        StreamCommand.postcopyListen.write(to: &package)
        package.write(devices)
        StreamCommand.ping(3).write(to: &package)
        StreamCommand.postcopyRun.write(to: &package)
        guard package.count <= Int(MigrationFormat.packageLimit) else {
            throw StreamError(
                "The devices make a package of \(package.count) bytes, and \(MigrationFormat.packageLimit) are allowed",
                offset: 0)
        }
        StreamCommand.packaged(UInt32(package.count)).write(to: &writer)
        writer.write(package.bytes)
    }
}
