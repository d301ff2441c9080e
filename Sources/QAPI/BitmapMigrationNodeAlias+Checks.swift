import QMP

// One name here, one name on the wire.
extension BitmapMigrationNodeAlias {
    private static let longestAlias = 255
    private static let longestName = 1023

    /// Throws unless every name and every alias stands for one thing.
    static func check(_ mappings: [BitmapMigrationNodeAlias]) throws(CommandError) {
        var nodes: Set<String> = []
        var aliases: Set<String> = []
        for mapping in mappings {
            let alias = mapping.alias
            guard alias.isIdentifier else { throw .invalid("The node alias '\(alias)' is not well-formed") }
            guard alias.utf8.count <= longestAlias else {
                throw .invalid("The node alias '\(alias)' is longer than \(longestAlias) bytes")
            }
            guard nodes.insert(mapping.nodeName).inserted else {
                throw .invalid("The node name '\(mapping.nodeName)' is mapped twice")
            }
            guard aliases.insert(alias).inserted else { throw .invalid("The node alias '\(alias)' is used twice") }
            try mapping.checkBitmaps()
        }
    }

    private func checkBitmaps() throws(CommandError) {
        var names: Set<String> = []
        var aliases: Set<String> = []
        for bitmap in bitmaps {
            guard bitmap.alias.utf8.count <= Self.longestAlias else {
                throw .invalid("The bitmap alias '\(bitmap.alias)' is longer than \(Self.longestAlias) bytes")
            }
            guard bitmap.name.utf8.count <= Self.longestName else {
                throw .invalid("The bitmap name '\(bitmap.name)' is longer than \(Self.longestName) bytes")
            }
            guard names.insert(bitmap.name).inserted else {
                throw .invalid("The bitmap '\(nodeName)'/'\(bitmap.name)' is mapped twice")
            }
            guard aliases.insert(bitmap.alias).inserted else {
                throw .invalid("The bitmap alias '\(alias)'/'\(bitmap.alias)' is used twice")
            }
        }
    }
}

extension CommandError {
    fileprivate static func invalid(_ problem: String) -> CommandError {
        .generic("Invalid mapping given for block-bitmap-mapping: \(problem)")
    }
}
