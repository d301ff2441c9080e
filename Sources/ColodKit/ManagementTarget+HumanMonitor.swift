import HumanMonitor
import MachineModel
import QAPI
import QMP
import VirtualMachine

// The monitor for people.
extension ManagementTarget {
    func humanMonitorCommand(commandLine: String, cpuIndex: Int64?) async throws(CommandError) -> String {
        if let cpuIndex, !(0..<Int64(machine.parts.engine.vCPUCount)).contains(cpuIndex) {
            throw .generic("Parameter 'cpu-index' expects a CPU number")
        }
        return await HumanMonitor(self).run(commandLine)
    }
}
