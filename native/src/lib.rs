//! The Python face of the native room: registration only.

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
fn _native(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
