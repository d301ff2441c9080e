/// A software RV64GC machine.
