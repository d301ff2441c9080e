// MachineModel: what a machine is made of, seen from outside any engine or device.
//
// `GuestEngine` runs vCPUs and says with `PauseTimeout` which of them does not stop, and its `VCPUDirtyMeter` counts and
// limits the pages they dirty; `Bus` leads their loads and stores to a `MemoryMappedDevice` under the one `MachineLock`;
// devices raise an `InterruptLine` and vCPUs poll their `InterruptInputs`; `GuestClock` is the guest's time, which stands
// while the guest does. Engines and devices build on these and never know of each other.
//
// A `SavedDevice` declares the fields of its state once, by `declare(to:)`, in the order of their bytes and together with
// the rules for what a loaded state may be. A `StateEncoder` writes the section from that, a `StateDecoder` reads and
// checks one before anything changes, and a `StateDescriber` makes the `DescribedState` that VMDESC and people get.
