//! Numbers, texts and collections in a snapshot, and the words of the model that state consists of.

use crate::expr::fold::Quantity;
use crate::saved::{Loader, Saved, Saver, Wrong, saved, saved_enum};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use vigie_model::alert::{AlertId, AlertState};
use vigie_model::position::Position;
use vigie_model::seeds::RuleStart;

macro_rules! saved_numbers {
    ($($type:ty),*) => { $(
        impl Saved for $type {
            #[inline]
            fn save(&self, to: &mut Saver<'_>) {
                to.put(&self.to_le_bytes());
            }

            #[inline]
            fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
                Ok(Self::from_le_bytes(from.array()?))
            }
        }
    )* };
}

saved_numbers!(u8, u16, u32, u64, i32, i64, i128, f64);
saved!(Position { partition, offset });
saved!(Quantity { micros, count });
saved!(RuleStart { sequence, log_time_ms });
saved_enum!(AlertState {
    0 => Pending {}, 1 => Inactive {}, 2 => Active {}, 3 => Stale {}, 4 => Resumed {}, 5 => Escalated {}, 6 => Cleared {},
});

impl Saved for bool {
    fn save(&self, to: &mut Saver<'_>) {
        to.put(&[u8::from(*self)]);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok(from.array::<1>()? != [0])
    }
}

impl Saved for usize {
    fn save(&self, to: &mut Saver<'_>) {
        (*self as u64).save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Self::try_from(u64::load(from)?).map_err(|_| Wrong("a number is too large"))
    }
}

impl<T: Saved> Saved for Option<T> {
    fn save(&self, to: &mut Saver<'_>) {
        self.is_some().save(to);
        self.iter().for_each(|some| some.save(to));
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        bool::load(from)?.then(|| T::load(from)).transpose()
    }
}

impl<T: Saved> Saved for Box<T> {
    fn save(&self, to: &mut Saver<'_>) {
        T::save(self, to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        T::load(from).map(Self::new)
    }
}

impl<A: Saved, B: Saved> Saved for (A, B) {
    fn save(&self, to: &mut Saver<'_>) {
        self.0.save(to);
        self.1.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok((A::load(from)?, B::load(from)?))
    }
}

impl<A: Saved, B: Saved, C: Saved, D: Saved> Saved for (A, B, C, D) {
    fn save(&self, to: &mut Saver<'_>) {
        self.0.save(to);
        self.1.save(to);
        self.2.save(to);
        self.3.save(to);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok((A::load(from)?, B::load(from)?, C::load(from)?, D::load(from)?))
    }
}

impl<T: Saved> Saved for Vec<T> {
    fn save(&self, to: &mut Saver<'_>) {
        to.all(self.iter());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        let count = from.count()?;
        from.many(count, T::load)
    }
}

impl<T: Saved> Saved for Box<[T]> {
    fn save(&self, to: &mut Saver<'_>) {
        to.all(self.iter());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Vec::load(from).map(Vec::into_boxed_slice)
    }
}

impl<T: Saved> Saved for VecDeque<T> {
    fn save(&self, to: &mut Saver<'_>) {
        to.all(self.iter());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Vec::load(from).map(Self::from)
    }
}

impl<T: Saved + Ord> Saved for BTreeSet<T> {
    fn save(&self, to: &mut Saver<'_>) {
        to.all(self.iter());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok(Vec::load(from)?.into_iter().collect())
    }
}

impl<K: Saved + Ord, V: Saved> Saved for BTreeMap<K, V> {
    fn save(&self, to: &mut Saver<'_>) {
        to.count(self.len());
        for (key, value) in self {
            key.save(to);
            to.each(value);
        }
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok(Vec::load(from)?.into_iter().collect())
    }
}

impl<K: Saved + Eq + Hash, V: Saved> Saved for HashMap<K, V, FixedState> {
    fn save(&self, to: &mut Saver<'_>) {
        to.count(self.len());
        for (key, value) in self {
            key.save(to);
            to.each(value);
        }
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        Ok(Vec::load(from)?.into_iter().collect())
    }
}

impl Saved for String {
    fn save(&self, to: &mut Saver<'_>) {
        to.count(self.len());
        to.put(self.as_bytes());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        from.characters().map(Self::from)
    }
}

impl Saved for AlertId {
    fn save(&self, to: &mut Saver<'_>) {
        to.count(self.as_str().len());
        to.put(self.as_str().as_bytes());
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        from.characters().map(Self::from_text)
    }
}

impl Saved for Arc<str> {
    fn save(&self, to: &mut Saver<'_>) {
        to.text(self);
    }

    fn load(from: &mut Loader<'_>) -> Result<Self, Wrong> {
        from.text()
    }
}
