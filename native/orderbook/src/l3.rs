//! Every order in its queue.
//!
//! Orders live in a slab; each price level is a doubly linked list through the slab (oldest first) with its total, and
//! a hash map finds an order's slot by id. Add, reduce, delete and replace cost a hash lookup and a binary search for
//! the level; asking for a queue position walks the orders ahead, O(queue). Linked by index, not by pointer: no unsafe
//! code, and a freed slot is used again.
#![allow(
    clippy::indexing_slicing,
    reason = "slots come from the book's own map and lists and are live by construction; the hot path of the crate"
)]

use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::ladder::{Ladder, Level};
use crate::rungs::Rungs;
use crate::side::Side;

/// "No neighbour" in the linked lists.
const NONE: u32 = u32::MAX;

/// One resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Unique among resting orders.
    pub id: u64,
    /// Side it rests on.
    pub side: Side,
    /// Price units.
    pub price: i64,
    /// Quantity left, > 0.
    pub quantity: i64,
    /// Whose it is; 0 is nobody in particular. Only matching looks at it.
    pub owner: u32,
}

/// What a row of a bulk call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new order at the end of its queue.
    Add,
    /// Less quantity, same place; gone at 0.
    Reduce,
    /// Gone.
    Delete,
    /// New price or quantity.
    Replace,
}

impl Action {
    /// The action of a code: 0 add, 1 reduce, 2 delete, 3 replace.
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Add),
            1 => Some(Self::Reduce),
            2 => Some(Self::Delete),
            3 => Some(Self::Replace),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Node {
    order: Order,
    previous: u32,
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Queue {
    head: u32,
    tail: u32,
    total: i64,
}

/// Book of single orders of one instrument. Crossed books are kept as published.
#[derive(Clone, Debug)]
pub struct L3Book {
    nodes: Vec<Node>,
    free: Vec<u32>,
    slots: FxHashMap<u64, u32>,
    bids: Rungs<Queue>,
    asks: Rungs<Queue>,
}

impl Default for L3Book {
    fn default() -> Self {
        Self::new()
    }
}

impl L3Book {
    /// An empty book.
    pub fn new() -> Self {
        Self {
            nodes: Vec::new(),
            free: Vec::new(),
            slots: FxHashMap::default(),
            bids: Rungs::new(Side::Bid),
            asks: Rungs::new(Side::Ask),
        }
    }

    /// Adds an order at the end of the queue of its price.
    ///
    /// # Errors
    /// [`Error::Quantity`] unless the quantity is positive, [`Error::DuplicateOrder`], [`Error::LevelTotal`],
    /// [`Error::TooManyOrders`].
    pub fn add(&mut self, order: Order) -> Result<(), Error> {
        check_positive(order.quantity)?;
        if self.slots.contains_key(&order.id) {
            return Err(Error::DuplicateOrder(order.id));
        }
        self.check_room(order.side, order.price, order.quantity)?;
        let slot = self.store(order)?;
        self.slots.insert(order.id, slot);
        self.link(slot);
        Ok(())
    }

    /// Takes `quantity` off an order, which keeps its place; an order at 0 is removed.
    ///
    /// # Errors
    /// [`Error::UnknownOrder`]; [`Error::Quantity`] unless the quantity is in [1, what the order has].
    pub fn reduce(&mut self, id: u64, quantity: i64) -> Result<(), Error> {
        let slot = self.slot(id)?;
        let has = self.nodes[slot as usize].order.quantity;
        if quantity < 1 || quantity > has {
            return Err(Error::Quantity { value: quantity, min: 1, max: has });
        }
        if quantity == has {
            self.unlink(slot);
            return Ok(());
        }
        let order = &mut self.nodes[slot as usize].order;
        order.quantity -= quantity;
        let (side, price) = (order.side, order.price);
        if let Some(queue) = self.side_mut(side).get_mut(price) {
            queue.total -= quantity;
        }
        Ok(())
    }

    /// Removes an order and returns it as it was.
    ///
    /// # Errors
    /// [`Error::UnknownOrder`].
    pub fn delete(&mut self, id: u64) -> Result<Order, Error> {
        let slot = self.slot(id)?;
        let order = self.nodes[slot as usize].order;
        self.unlink(slot);
        Ok(order)
    }

    /// Gives an order a new price and quantity. It keeps its place only at the same price with no more quantity, else
    /// it goes to the end of the queue.
    ///
    /// # Errors
    /// [`Error::UnknownOrder`], [`Error::Quantity`], [`Error::LevelTotal`].
    pub fn replace(&mut self, id: u64, price: i64, quantity: i64) -> Result<(), Error> {
        check_positive(quantity)?;
        let slot = self.slot(id)?;
        let old = self.nodes[slot as usize].order;
        if price == old.price && quantity <= old.quantity {
            return if quantity < old.quantity { self.reduce(id, old.quantity - quantity) } else { Ok(()) };
        }
        let more = if price == old.price { quantity - old.quantity } else { quantity };
        self.check_room(old.side, price, more)?;
        self.unlink(slot);
        self.add(Order { price, quantity, ..old })
    }

    /// Applies one row; what a row does not need is ignored (a delete needs only the id).
    ///
    /// # Errors
    /// As the single calls.
    pub fn act(
        &mut self,
        action: Action,
        id: u64,
        side: i64,
        price: i64,
        quantity: i64,
    ) -> Result<(), Error> {
        match action {
            Action::Add => {
                let side = Side::from_sign(side).ok_or(Error::Side(side))?;
                self.add(Order { id, side, price, quantity, owner: 0 })
            }
            Action::Reduce => self.reduce(id, quantity),
            Action::Delete => self.delete(id).map(drop),
            Action::Replace => self.replace(id, price, quantity),
        }
    }

    /// Applies columns in row order.
    ///
    /// # Errors
    /// [`Error::Lengths`] (then nothing changed), or [`Error::Row`] for the first refused row: the rows before it are
    /// applied, it and those after it are not.
    pub fn apply(
        &mut self,
        kinds: &[i8],
        ids: &[u64],
        sides: &[i8],
        prices: &[i64],
        quantities: &[i64],
    ) -> Result<(), Error> {
        for got in [ids.len(), sides.len(), prices.len(), quantities.len()] {
            if got != kinds.len() {
                return Err(Error::Lengths { expected: kinds.len(), got });
            }
        }
        let rows = kinds.iter().zip(ids).zip(sides).zip(prices).zip(quantities);
        for (row, ((((&kind, &id), &side), &price), &quantity)) in rows.enumerate() {
            let code = i64::from(kind);
            Action::from_code(code)
                .ok_or(Error::Action(code))
                .and_then(|action| self.act(action, id, i64::from(side), price, quantity))
                .map_err(|error| error.at_row(row))?;
        }
        Ok(())
    }

    /// The order with this id.
    pub fn order(&self, id: u64) -> Option<&Order> {
        self.slots.get(&id).map(|&slot| &self.nodes[slot as usize].order)
    }

    /// The orders at a price, oldest first.
    pub fn orders_at(&self, side: Side, price: i64) -> impl Iterator<Item = &Order> {
        let mut slot = self.side(side).get(price).map_or(NONE, |queue| queue.head);
        std::iter::from_fn(move || {
            if slot == NONE {
                return None;
            }
            let node = &self.nodes[slot as usize];
            slot = node.next;
            Some(&node.order)
        })
    }

    /// The order of `side` that trades next: the oldest at the best price.
    pub fn front(&self, side: Side) -> Option<&Order> {
        let (_, queue) = self.side(side).best()?;
        Some(&self.nodes[queue.head as usize].order)
    }

    /// Number and quantity of the orders ahead of this one at its price. The quantity fits because it is part of the
    /// level's total.
    pub fn queue_position(&self, id: u64) -> Option<(usize, i64)> {
        let mut slot = self.nodes[*self.slots.get(&id)? as usize].previous;
        let (mut orders, mut quantity) = (0, 0);
        while slot != NONE {
            let node = &self.nodes[slot as usize];
            orders += 1;
            quantity += node.order.quantity;
            slot = node.previous;
        }
        Some((orders, quantity))
    }

    /// Number of resting orders.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no order rests.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether this order rests.
    pub fn contains(&self, id: u64) -> bool {
        self.slots.contains_key(&id)
    }

    /// Whether `quantity` more at `price` keeps the level's total within an `i64`.
    ///
    /// # Errors
    /// [`Error::LevelTotal`] if not.
    pub fn check_room(&self, side: Side, price: i64, quantity: i64) -> Result<(), Error> {
        match self.quantity_at(side, price).checked_add(quantity) {
            Some(_) => Ok(()),
            None => Err(Error::LevelTotal { price, quantity }),
        }
    }

    fn slot(&self, id: u64) -> Result<u32, Error> {
        self.slots.get(&id).copied().ok_or(Error::UnknownOrder(id))
    }

    fn store(&mut self, order: Order) -> Result<u32, Error> {
        let node = Node { order, previous: NONE, next: NONE };
        if let Some(slot) = self.free.pop() {
            self.nodes[slot as usize] = node;
            return Ok(slot);
        }
        let slot = u32::try_from(self.nodes.len()).map_err(|_| Error::TooManyOrders)?;
        if slot == NONE {
            return Err(Error::TooManyOrders);
        }
        self.nodes.push(node);
        Ok(slot)
    }

    fn link(&mut self, slot: u32) {
        let order = self.nodes[slot as usize].order;
        let rungs = self.side_mut(order.side);
        let Some(queue) = rungs.get_mut(order.price) else {
            rungs.set(order.price, Queue { head: slot, tail: slot, total: order.quantity });
            return;
        };
        let tail = queue.tail;
        queue.tail = slot;
        queue.total += order.quantity;
        self.nodes[slot as usize].previous = tail;
        self.nodes[tail as usize].next = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Node { order, previous, next } = self.nodes[slot as usize];
        if previous != NONE {
            self.nodes[previous as usize].next = next;
        }
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        let rungs = self.side_mut(order.side);
        if previous == NONE && next == NONE {
            rungs.remove(order.price);
        } else if let Some(queue) = rungs.get_mut(order.price) {
            queue.total -= order.quantity;
            if previous == NONE {
                queue.head = next;
            }
            if next == NONE {
                queue.tail = previous;
            }
        }
        self.slots.remove(&order.id);
        self.free.push(slot);
    }

    const fn side(&self, side: Side) -> &Rungs<Queue> {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }

    const fn side_mut(&mut self, side: Side) -> &mut Rungs<Queue> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }
}

impl Ladder for L3Book {
    fn levels(&self, side: Side) -> impl Iterator<Item = Level> {
        self.side(side).iter().map(|(price, queue)| Level { price, quantity: queue.total })
    }

    fn quantity_at(&self, side: Side, price: i64) -> i64 {
        self.side(side).get(price).map_or(0, |queue| queue.total)
    }

    fn level_count(&self, side: Side) -> usize {
        self.side(side).len()
    }

    fn best(&self, side: Side) -> Option<Level> {
        self.side(side).best().map(|(price, queue)| Level { price, quantity: queue.total })
    }
}

const fn check_positive(value: i64) -> Result<(), Error> {
    if value < 1 {
        return Err(Error::Quantity { value, min: 1, max: i64::MAX });
    }
    Ok(())
}
