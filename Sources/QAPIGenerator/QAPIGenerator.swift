// Reads a schema in QAPI notation and writes the Swift code, the introspection data and the reference page from it.
