/// Reads the channel on which pages come that were asked for, beside the main stream (postcopy-preempt, §9 of the wire
/// format): RAM records without a header or sections, with a last block of its own, up to one EOS.
public struct PostcopyChannelDecoder: Sendable {
    private var pages: RAMSectionDecoder
    private var hasEnded = false

    /// A decoder at the start of such a channel.
    public init(layout: [BlockLayout]) {
        pages = RAMSectionDecoder(layout: layout, hasGuestAddresses: false, acceptsCompressed: false)
        pages.beginPostcopy()
        // EOS ends the channel, as the last part of a section.
        pages.begin(
            .sectionEnd,
            SectionHeader(
                id: 0, name: MigrationFormat.ramSectionName, instance: 0, version: MigrationFormat.ramSectionVersion),
            inCheckpoint: false)
    }

    /// Reads the next element: `needBytes`, `page`, `filledPage`, or `endOfSections` behind which nothing comes.
    public mutating func next(_ window: inout ByteWindow) throws(StreamError) -> StreamElement {
        while !hasEnded {
            switch try pages.next(&window) {
            case .element(let element): return element
            case .goOn: continue
            case .endOfPart: hasEnded = true
            }
        }
        return .endOfSections
    }

    /// Whether the channel is complete, so that the peer may close it.
    public var mayEndHere: Bool { hasEnded }
}
