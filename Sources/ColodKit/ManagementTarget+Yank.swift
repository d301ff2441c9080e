import Migration
import QAPI
import QMP

// Ending connections that hang.
extension ManagementTarget {
    func queryYank() async throws(CommandError) -> [YankInstance] {
        var instances = state.characterDevices.filter { $0.disconnect != nil }.map { device in
            YankInstance(variant: .chardev(YankInstanceChardev(id: device.label)))
        }
        if migration.isYankable { instances.append(YankInstance(variant: .migration)) }
        return instances
    }

    func yank(instances: [YankInstance]) async throws(CommandError) {
        // All of them are known before anything is cut.
        var cuts: [@Sendable () -> Void] = []
        for instance in instances {
            switch instance.variant {
            case .migration where migration.isYankable: cuts.append { [migration] in migration.yank() }
            case .chardev(let chardev):
                guard let device = state.characterDevices.first(where: { $0.label == chardev.id }),
                    let disconnect = device.disconnect
                else { throw .noInstance }
                cuts.append(disconnect)
            default: throw .noInstance
            }
        }
        for cut in cuts { cut() }
    }
}

extension CommandError {
    fileprivate static let noInstance = CommandError(.deviceNotFound, "Instance not found")
}
