//! `MonteCarlo`.

use ::paths::{Bootstrap, Diffusion, Ends, Error, Jump, Model, Plan, Regime, Stake, Student};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::arguments::{self, value_error};

/// ln wealth, drawdown, chance of the target, chance of ruin: one figure a path.
type Columns<'py> = (
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
);

/// Paths of wealth under a plan.
#[pyclass(module = "tradebot.native.montecarlo", frozen)]
pub(crate) struct MonteCarlo(Plan);

#[pymethods]
impl MonteCarlo {
    #[new]
    #[pyo3(signature = (paths, steps, seed, *, threads=0, antithetic=false, target=None, ruin=None))]
    #[allow(clippy::too_many_arguments, reason = "named in Python")]
    fn new(
        #[pyo3(from_py_with = arguments::paths)] paths: usize,
        #[pyo3(from_py_with = arguments::steps)] steps: u32,
        #[pyo3(from_py_with = arguments::seed)] seed: u64,
        #[pyo3(from_py_with = arguments::threads)] threads: usize,
        antithetic: bool,
        target: Option<f64>,
        ruin: Option<f64>,
    ) -> PyResult<Self> {
        let plan = Plan::new(paths, steps, seed, threads, antithetic).map_err(value_error)?;
        Ok(Self(plan.watching(target, ruin).map_err(value_error)?))
    }

    #[pyo3(signature = (drift, deviation, *, bridge=true, watch=None))]
    fn diffusion<'py>(
        &self,
        py: Python<'py>,
        drift: f64,
        deviation: f64,
        bridge: bool,
        watch: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Columns<'py>> {
        self.walk(py, &Diffusion::new(drift, deviation, bridge).map_err(value_error)?, watch)
    }

    #[pyo3(signature = (mean, deviation, degrees, *, fraction=1.0, cash=0.0, watch=None))]
    #[allow(clippy::too_many_arguments, reason = "named in Python")]
    fn student<'py>(
        &self,
        py: Python<'py>,
        mean: f64,
        deviation: f64,
        degrees: f64,
        fraction: f64,
        cash: f64,
        watch: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Columns<'py>> {
        let stake = Stake::new(fraction, cash).map_err(value_error)?;
        self.walk(py, &Student::new(mean, deviation, degrees, stake).map_err(value_error)?, watch)
    }

    #[pyo3(signature = (diffusion, intensity, jumps, *, fraction=1.0, cash=0.0, watch=None))]
    #[allow(clippy::too_many_arguments, reason = "named in Python")]
    fn jump<'py>(
        &self,
        py: Python<'py>,
        diffusion: (f64, f64),
        intensity: f64,
        jumps: (f64, f64),
        fraction: f64,
        cash: f64,
        watch: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Columns<'py>> {
        let stake = Stake::new(fraction, cash).map_err(value_error)?;
        self.walk(py, &Jump::new(diffusion, intensity, jumps, stake).map_err(value_error)?, watch)
    }

    #[pyo3(signature = (start, transition, laws, *, fraction=1.0, cash=0.0, watch=None))]
    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value, reason = "as Python hands them over")]
    fn regime<'py>(
        &self,
        py: Python<'py>,
        start: Vec<f64>,
        transition: Vec<Vec<f64>>,
        laws: Vec<(f64, f64)>,
        fraction: f64,
        cash: f64,
        watch: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Columns<'py>> {
        let stake = Stake::new(fraction, cash).map_err(value_error)?;
        self.walk(py, &Regime::new(&start, &transition, laws, stake).map_err(value_error)?, watch)
    }

    #[pyo3(signature = (returns, block, *, circular=false, fraction=1.0, cash=0.0, watch=None))]
    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value, reason = "as Python hands them over")]
    fn bootstrap<'py>(
        &self,
        py: Python<'py>,
        returns: PyReadonlyArray1<'py, f64>,
        block: f64,
        circular: bool,
        fraction: f64,
        cash: f64,
        watch: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Columns<'py>> {
        let stake = Stake::new(fraction, cash).map_err(value_error)?;
        let column = arguments::column("returns", &returns)?;
        self.walk(py, &Bootstrap::new(column, block, circular, stake).map_err(value_error)?, watch)
    }
}

impl MonteCarlo {
    /// Run with the interpreter released; every 50 ms signals are looked at and `watch(done, paths)` is called, and
    /// what either raises ends the run and is raised.
    fn walk<'py>(
        &self,
        py: Python<'py>,
        model: &impl Model,
        watch: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Columns<'py>> {
        let watch = watch.map(Bound::unbind);
        let mut raised: Option<PyErr> = None;
        let plan = self.0;
        let ends: Result<Ends, Error> = py.detach(|| {
            ::paths::run(model, &plan, |done, count| {
                if raised.is_some() {
                    return false;
                }
                let asked = Python::attach(|py| {
                    py.check_signals()?;
                    watch.as_ref().map_or(Ok(()), |call| call.call1(py, (done, count)).map(drop))
                });
                raised = asked.err();
                raised.is_none()
            })
        });
        if let Some(error) = raised {
            return Err(error);
        }
        let ends = ends.map_err(value_error)?;
        Ok((
            ends.wealth.into_pyarray(py),
            ends.drawdown.into_pyarray(py),
            ends.target.into_pyarray(py),
            ends.ruin.into_pyarray(py),
        ))
    }
}
