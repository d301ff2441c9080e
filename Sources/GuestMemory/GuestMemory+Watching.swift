extension GuestMemory {
    /// Begins to record for `watch` in every block, from an empty set on; the guest may run. Followed by
    /// `GuestEngine.forgetWritePermissions` with the machine at rest: no write after that is missed.
    public func startWatching(_ watch: DirtyWatch) { for block in blocks { block.dirtyLog.startWatching(watch) } }

    /// Ends recording for `watch`.
    public func stopWatching(_ watch: DirtyWatch) { for block in blocks { block.dirtyLog.stopWatching(watch) } }

    /// How many different pages `watch` has recorded.
    public func watchedPageCount(_ watch: DirtyWatch) -> Int {
        blocks.reduce(0) { $0 + $1.dirtyLog.watchedCount(watch) }
    }
}
