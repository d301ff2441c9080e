import Testing
@testable import DirtyRate
