//! The house in order: what lints cannot enforce.
//!
//! - [`arrows`]: which crate may depend on which, and on which heavy libraries.
//! - [`imports`]: a file imports only from files whose `mod` line stands above its own, so files form no cycle.
//! - [`lengths`]: files stay small enough to be read at once.
//! - [`links`]: the documents point at files that exist.
//!
//! Each check is a function from a [`tree::Tree`] to the list of what is wrong, with file, line and what to do; so
//! each is also shown to fail, on a small tree that breaks its rule.

mod tree;

mod arrows;
mod imports;
mod lengths;
mod links;

use tree::Tree;

fn assert_clean(failures: &[String]) {
    assert!(failures.is_empty(), "{} to mend:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn crates_depend_only_on_those_below_them() {
    assert_clean(&arrows::failures(&Tree::of_the_project()));
}

#[test]
fn files_import_only_from_files_declared_above_them() {
    assert_clean(&imports::failures(&Tree::of_the_project()));
}

#[test]
fn files_are_short() {
    assert_clean(&lengths::failures(&Tree::of_the_project()));
}

#[test]
fn documents_point_at_files_that_exist() {
    assert_clean(&links::failures(&Tree::of_the_project()));
}
