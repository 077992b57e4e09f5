//! The Python face of the native room: registration only. One file per class, no logic in any of them.

mod arguments;
mod bar_series;
mod event;
mod execution;
mod l2;
mod l3;
mod ladder;
mod matching;
mod parameters;
mod paths;
mod venue;
mod venue_book;

use pyo3::PyClass;
use pyo3::prelude::*;

/// The name under which Python users import what is defined here.
const MODULE: &str = "tradebot.native";

#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    register::<bar_series::BarSeries>(module)?;
    register::<event::VenueEvent>(module)?;
    register::<execution::QueuePlace>(module)?;
    register::<execution::RecordedLatency>(module)?;
    module.add_function(wrap_pyfunction!(execution::walk, module)?)?;
    register::<l2::L2Book>(module)?;
    register::<l3::L3Book>(module)?;
    register::<matching::MatchingEngine>(module)?;
    register::<paths::MonteCarlo>(module)?;
    register::<parameters::SyntheticParameters>(module)?;
    register::<venue::Venue>(module)?;
    register::<venue_book::VenueBook>(module)
}

/// Adds a class; each must say the public name of its module, or its `repr` and pickles would name the private one.
fn register<T: PyClass>(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let class = module.py().get_type::<T>();
    debug_assert!(class.module()?.to_string().starts_with(MODULE));
    module.add_class::<T>()
}
