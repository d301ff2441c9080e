/// The order of pages on one channel in postcopy: all pages of a host page come one behind the other, from its first to its
/// last, so that it can be placed as a whole.
struct HostPageOrder: Sendable {
    private let pagesPerHostPage: [Int]
    /// The page that must come next; nil at the end of a host page.
    private var due: PageLocation?

    init(_ layout: [BlockLayout]) { pagesPerHostPage = layout.map(\.pagesPerHostPage) }

    /// This page comes.
    @inline(__always)
    mutating func note(_ location: PageLocation, _ window: ByteWindow) throws(StreamError) {
        let unit = pagesPerHostPage[location.block]
        // Most blocks have host pages of one page.
        if unit == 1, due == nil { return }
        if let due {
            guard location == due else { throw interrupted(due, window) }
        } else if location.page % unit != 0 {
            throw window.error(
                "Page \(location.page) of block \(location.block) comes without the \(location.page % unit) before it of its "
                    + "host page", at: 0, section: "ram")
        }
        due =
            (location.page + 1) % unit == 0 ? nil : PageLocation(block: location.block, page: location.page + 1)
    }

    /// Nothing more comes.
    func checkEnd(_ window: ByteWindow) throws(StreamError) { if let due { throw interrupted(due, window) } }

    private func interrupted(_ due: PageLocation, _ window: ByteWindow) -> StreamError {
        window.error(
            "A host page of block \(due.block) ends before its page \(due.page)", at: 0, section: "ram")
    }
}
