//! How an order that takes goes through what is offered.

use orderbook::Level;

/// Takes at most `quantity` of what is offered, best first; returns what was taken and what is left.
pub fn walk(offered: impl IntoIterator<Item = Level>, quantity: i64) -> (Vec<Level>, i64) {
    let mut taken = Vec::new();
    let mut left = quantity.max(0);
    for level in offered {
        if left == 0 {
            break;
        }
        let part = level.quantity.min(left);
        if part > 0 {
            taken.push(Level { price: level.price, quantity: part });
            left -= part;
        }
    }
    (taken, left)
}
