//! Where an order stands in its level's queue when only the level's size and the trades are seen.
//!
//! A fall of the level that no trade explains happened behind the order with chance p, in front of it with 1 - p. The
//! chances are those of hftbacktest (MIT). Here the front is taken to zero where it would be below: a trade through
//! would otherwise leave a negative front, for which powers that are no whole numbers are undefined.

use crate::error::Error;

/// How a fall of a level that no trade explains is shared between the front and the back of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum QueueModel {
    /// Always behind: only trades bring the order forward, and a display smaller than its front.
    #[default]
    RiskAverse,
    /// b^n / (b^n + f^n).
    Power(f64),
    /// b^n / (b + f)^n.
    Power2(f64),
    /// 1 - (f / (f + b))^n.
    Power3(f64),
    /// ln(1 + b) / (ln(1 + b) + ln(1 + f)).
    Log,
    /// ln(1 + b) / ln(1 + b + f).
    Log2,
}

impl QueueModel {
    /// The model of a name: `risk_averse`, `power`, `power2`, `power3`, `log`, `log2`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is none of that name, or the power is not > 0 and finite.
    pub fn named(name: &str, power: f64) -> Result<Self, Error> {
        if !(power > 0.0 && power.is_finite()) {
            let value = power.to_string();
            return Err(Error::Parameter { name: "power", bound: "> 0 and finite", value });
        }
        match name {
            "risk_averse" => Ok(Self::RiskAverse),
            "power" => Ok(Self::Power(power)),
            "power2" => Ok(Self::Power2(power)),
            "power3" => Ok(Self::Power3(power)),
            "log" => Ok(Self::Log),
            "log2" => Ok(Self::Log2),
            other => Err(Error::Parameter {
                name: "queue",
                bound: "one of risk_averse, power, power2, power3, log, log2",
                value: other.to_owned(),
            }),
        }
    }

    /// The chance that a fall of the level happened behind the order; quantities below 0 count as 0.
    pub fn chance_behind(self, front: f64, back: f64) -> f64 {
        let (front, back) = (front.max(0.0), back.max(0.0));
        let whole = front + back;
        if whole <= 0.0 {
            return 1.0;
        }
        match self {
            Self::RiskAverse => 1.0,
            Self::Power(n) => back.powf(n) / (back.powf(n) + front.powf(n)),
            Self::Power2(n) => back.powf(n) / whole.powf(n),
            Self::Power3(n) => 1.0 - (front / whole).powf(n),
            Self::Log => back.ln_1p() / (back.ln_1p() + front.ln_1p()),
            Self::Log2 => back.ln_1p() / whole.ln_1p(),
        }
    }
}

/// An order's place in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    front: f64,
    traded: f64,
}

impl Place {
    /// Behind a quantity; below 0 it counts as 0.
    pub const fn behind(front: f64) -> Self {
        Self { front: front.max(0.0), traded: 0.0 }
    }

    /// The quantity in front, >= 0.
    pub const fn front(&self) -> f64 {
        self.front
    }

    /// A trade at the level, of which `ours` filled our own older orders; returns what goes through to this one.
    pub fn trade(&mut self, quantity: f64, ours: f64) -> f64 {
        let rest = self.front - (quantity - ours);
        self.front = rest.max(0.0);
        self.traded += quantity;
        (-rest).max(0.0)
    }

    /// The level's size went from `before` to `now`.
    pub fn depth(&mut self, before: f64, now: f64, model: QueueModel) {
        let change = before - now - self.traded;
        self.traded = 0.0;
        if model == QueueModel::RiskAverse || change < 0.0 {
            self.front = self.front.min(now).max(0.0);
            return;
        }
        let back = before - self.front;
        let behind = model.chance_behind(self.front, back);
        let front = self.front - (1.0 - behind) * change + (back - behind * change).min(0.0);
        self.front = front.min(now).max(0.0);
    }

    /// Everything in front is gone: the price went through.
    pub const fn clear(&mut self) {
        self.front = 0.0;
    }

    /// Not before an older order at the same price.
    pub const fn not_before(&mut self, older: f64) {
        self.front = self.front.max(older);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // sums of small whole numbers are exact
mod tests {
    use super::*;

    const MODELS: [QueueModel; 6] = [
        QueueModel::RiskAverse,
        QueueModel::Power(2.5),
        QueueModel::Power2(0.5),
        QueueModel::Power3(3.0),
        QueueModel::Log,
        QueueModel::Log2,
    ];

    #[test]
    fn a_front_is_never_below_zero_nor_beyond_what_is_shown_whatever_happens() {
        let mut random = crate::Random::new(7, 0);
        for model in MODELS {
            for _ in 0..2_000 {
                let mut shown = f64::from(random.below(50));
                let mut place = Place::behind(shown);
                for _ in 0..30 {
                    if random.below(2) == 0 {
                        let traded = f64::from(random.below(40));
                        let through = place.trade(traded, 0.0);
                        assert!(through >= 0.0 && through <= traded);
                    } else {
                        let now = f64::from(random.below(50));
                        place.depth(shown, now, model);
                        shown = now;
                        assert!(place.front() <= now, "{model:?}");
                    }
                    assert!(place.front() >= 0.0 && place.front().is_finite(), "{model:?}");
                }
            }
        }
    }

    #[test]
    fn the_risk_averse_order_is_never_before_the_one_of_any_other_model() {
        let mut random = crate::Random::new(11, 0);
        for model in MODELS {
            for _ in 0..2_000 {
                let mut shown = f64::from(10 + random.below(50));
                let (mut careful, mut other) = (Place::behind(shown), Place::behind(shown));
                for _ in 0..20 {
                    let now = f64::from(random.below(60));
                    careful.depth(shown, now, QueueModel::RiskAverse);
                    other.depth(shown, now, model);
                    shown = now;
                    assert!(other.front() <= careful.front() + 1e-9, "{model:?}");
                }
            }
        }
    }
}
