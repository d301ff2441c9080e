/// Where a setting was written.
enum Origin: Equatable {
    /// In the file, on this line (the first is 1).
    case line(Int)
    /// On the command line, with this flag.
    case flag(String)
    /// Nowhere: no file was given.
    case commandLine

    /// As a problem names it.
    func place(inFile file: String) -> String {
        switch self {
        case .line(let number): "\(file):\(number)"
        case .flag(let name): name
        case .commandLine: "command line"
        }
    }
}

/// A piece of the configuration before its meaning is known. Scalars stay text: a reader of a number asks for one, so
/// that `52:54:00:12:34:56` or `yes` never turn into something else on the way.
struct ConfigurationNode: Equatable {
    enum Content: Equatable {
        case empty
        case scalar(String)
        case sequence([ConfigurationNode])
        case mapping([Entry])
    }

    struct Entry: Equatable {
        var key: String
        var origin: Origin
        var value: ConfigurationNode
    }

    var origin: Origin
    var content: Content

    /// The entries of a mapping; none for anything else.
    var entries: [Entry] { if case .mapping(let entries) = content { entries } else { [] } }

    /// Where the key at the end of `steps` was written, each of them a key or the number of an item; if it was not, where
    /// the last thing on the way to it was.
    func origin(of steps: [String]) -> Origin {
        var (node, place) = (self, origin)
        for step in steps {
            if case .sequence(let items) = node.content, let index = Int(step), items.indices.contains(index) {
                (node, place) = (items[index], items[index].origin)
            } else if let entry = node.entries.first(where: { $0.key == step }) {
                (node, place) = (entry.value, entry.origin)
            } else {
                break
            }
        }
        return place
    }

    /// This tree with the value at `path` replaced, and with mappings made on the way where there are none.
    func replacing(_ path: ArraySlice<String>, with value: ConfigurationNode) -> ConfigurationNode {
        guard let key = path.first else { return value }
        var entries = self.entries
        let rest = path.dropFirst()
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index].value = entries[index].value.replacing(rest, with: value)
            entries[index].origin = rest.isEmpty ? value.origin : entries[index].origin
        } else {
            let parent = ConfigurationNode(origin: value.origin, content: .mapping([]))
            entries.append(Entry(key: key, origin: value.origin, value: parent.replacing(rest, with: value)))
        }
        return ConfigurationNode(origin: origin, content: .mapping(entries))
    }
}
