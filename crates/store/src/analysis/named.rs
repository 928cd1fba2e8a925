//! Functions told apart by their names.
//!
//! DataFusion compares and hashes functions while it plans. Ours hold pointers to formulas, which have no order and no equality worth
//! the name; the registry gives each function a name of its own.

/// Equality and hash of types with a field `name`.
macro_rules! told_apart_by_name {
    ($function:ty) => {
        impl PartialEq for $function {
            fn eq(&self, other: &Self) -> bool {
                self.name == other.name
            }
        }

        impl Eq for $function {}

        impl std::hash::Hash for $function {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.name.hash(state);
            }
        }
    };
}

pub(super) use told_apart_by_name;
