import QMP

// One name here, one name on the wire.
extension BitmapMigrationNodeAlias {
    private static let longestAlias = 255
    private static let longestName = 1023

    /// Throws unless every name and every alias stands for one thing.
    static func check(_ mappings: [BitmapMigrationNodeAlias]) throws(BitmapMappingError) {
        var nodes: Set<String> = []
        var aliases: Set<String> = []
        for mapping in mappings {
            let alias = mapping.alias
            guard alias.isIdentifier else { throw .malformedNodeAlias(alias) }
            guard alias.utf8.count <= longestAlias else { throw .longNodeAlias(alias, limit: longestAlias) }
            guard nodes.insert(mapping.nodeName).inserted else { throw .nodeMappedTwice(mapping.nodeName) }
            guard aliases.insert(alias).inserted else { throw .nodeAliasUsedTwice(alias) }
            try mapping.checkBitmaps()
        }
    }

    private func checkBitmaps() throws(BitmapMappingError) {
        var names: Set<String> = []
        var aliases: Set<String> = []
        for bitmap in bitmaps {
            guard bitmap.alias.utf8.count <= Self.longestAlias else {
                throw .longBitmapAlias(bitmap.alias, limit: Self.longestAlias)
            }
            guard bitmap.name.utf8.count <= Self.longestName else {
                throw .longBitmapName(bitmap.name, limit: Self.longestName)
            }
            guard names.insert(bitmap.name).inserted else {
                throw .bitmapMappedTwice(bitmap.name, node: nodeName)
            }
            guard aliases.insert(bitmap.alias).inserted else {
                throw .bitmapAliasUsedTwice(bitmap.alias, nodeAlias: alias)
            }
        }
    }
}
