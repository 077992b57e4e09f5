//! Exact rolling figures of the newest closed bars.

use crate::{Bar, BarSeries, Error};

impl BarSeries {
    /// Sum of the last `n` closes: over `n` it is their mean.
    ///
    /// # Errors
    /// Where there are fewer bars, or the sum does not fit.
    pub fn sum_of_closes(&self, n: usize) -> Result<i128, Error> {
        Ok(self.newest(n)?.map(|bar| i128::from(bar.close)).sum())
    }

    /// Sum of the true ranges of the last `n` bars, each against the close before it: over `n` the mean true range.
    ///
    /// # Errors
    /// Where there are fewer than `n + 1` bars.
    pub fn sum_of_ranges(&self, n: usize) -> Result<i128, Error> {
        let held = self.closed().len();
        if n == 0 || n >= held {
            return Err(Error::Window { wanted: n, held: held.saturating_sub(1) });
        }
        let before = self.closed().iter().skip(held - n - 1);
        Ok(before.zip(self.newest(n)?).map(|(last, bar)| range(last.close, bar)).sum())
    }

    /// Highest high of the last `n` bars.
    ///
    /// # Errors
    /// Where there are fewer bars.
    pub fn high(&self, n: usize) -> Result<i64, Error> {
        let held = self.closed().len();
        let none = Error::Window { wanted: n, held };
        self.newest(n)?.map(|bar| bar.high).max().ok_or(none)
    }

    /// Lowest low of the last `n` bars.
    ///
    /// # Errors
    /// Where there are fewer bars.
    pub fn low(&self, n: usize) -> Result<i64, Error> {
        let held = self.closed().len();
        let none = Error::Window { wanted: n, held };
        self.newest(n)?.map(|bar| bar.low).min().ok_or(none)
    }

    /// Sample variance of the last `n` closes as a fraction `(a, b)`, `a / b`; `n >= 2`.
    ///
    /// # Errors
    /// Where `n < 2`, there are fewer bars, or the sum of squares does not fit.
    pub fn variance(&self, n: usize) -> Result<(i128, i128), Error> {
        let held = self.closed().len();
        if n < 2 {
            return Err(Error::Window { wanted: n, held });
        }
        let first = self.newest(n)?.next().map_or(0, |bar| bar.close);
        let count = i128::try_from(n).map_err(|_| Error::Overflow)?;
        let (mut sum, mut squares) = (0_i128, 0_i128);
        for bar in self.newest(n)? {
            // Measured from the first close, so that squares stay small and the result the same.
            let distance = i128::from(bar.close) - i128::from(first);
            sum += distance;
            squares = distance
                .checked_mul(distance)
                .and_then(|square| squares.checked_add(square))
                .ok_or(Error::Overflow)?;
        }
        let square_of_sum = sum.checked_mul(sum).ok_or(Error::Overflow)?;
        let spread = squares.checked_mul(count).ok_or(Error::Overflow)? - square_of_sum;
        Ok((spread, count * (count - 1)))
    }

    /// The newest `n` bars, oldest first.
    fn newest(&self, n: usize) -> Result<impl Iterator<Item = &Bar>, Error> {
        let held = self.closed().len();
        if n == 0 || n > held {
            return Err(Error::Window { wanted: n, held });
        }
        Ok(self.closed().iter().skip(held - n))
    }
}

/// How far the price moved within a bar, from the close before it.
fn range(before: i64, bar: &Bar) -> i128 {
    let top = i128::from(bar.high.max(before));
    top - i128::from(bar.low.min(before))
}
