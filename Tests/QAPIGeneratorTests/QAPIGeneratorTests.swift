import Testing
@testable import QAPIGenerator
