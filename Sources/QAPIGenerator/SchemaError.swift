/// A mistake in a schema, and where.
public struct SchemaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place.
    public var place: SchemaPlace
    /// What is wrong.
    public var problem: String

    init(_ place: SchemaPlace, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    /// "job.json:12: what is wrong".
    public var description: String { "\(place.file):\(place.line): \(problem)" }
}

/// A line of a schema file.
public struct SchemaPlace: Sendable, Hashable {
    /// The file's name.
    public var file: String
    /// The line, from 1.
    public var line: Int
}
