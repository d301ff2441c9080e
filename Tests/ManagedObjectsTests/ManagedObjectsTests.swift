import Testing
@testable import ManagedObjects
