//! An episode in words: why it began, what happened then, and what people did.
//!
//! The words are made from its rows in history and nothing else, so that an alert of last year reads like one of today.
//! Fields that are missing, as in rows of older versions, leave their sentence out; fields nobody knows are no error.
//!
//! ```text
//!  history (SQL door) --> rows of `alerts` and `actions` --> Explanation: JSON and lines of text
//! ```

mod words;

mod evidence;

pub mod episode;

pub mod history;

#[cfg(test)]
mod tests;
