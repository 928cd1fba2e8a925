//! Rules that name other rules: each must exist, and nothing may go round in a circle.
//!
//! Names are looked up over all files once all are read, so a rule may name one that stands further down. Rules with
//! other mistakes take part, so that nothing is reported as missing that is only wrong.

use crate::kind_fields::KindWord;
use crate::read_rule::rule::Found;
use crate::read_rule::sources::Reference;
use crate::yaml::{Problems, Spot};
use std::collections::BTreeMap;
use std::sync::Arc;
use vigie_model::diagnostic::did_you_mean;

/// Circles told at once: rules that name each other at random have one for each link.
const CIRCLES_TOLD_MAX: usize = 20;
/// Rules named of one circle.
const NAMES_TOLD_MAX: usize = 10;

/// Everything that is declared as a rule, in the order of the files.
#[derive(Debug, Default)]
pub(crate) struct Declarations {
    declared: Vec<Declared>,
    by_name: BTreeMap<Arc<str>, usize>,
}

#[derive(Debug)]
struct Declared {
    /// Its name; empty when it has none.
    name: Arc<str>,
    spot: Spot,
    /// Index of its file.
    file: usize,
    kind: Option<KindWord>,
    references: Vec<Reference>,
}

/// What a rule names: indices of rules, with the places of their names.
type Links = Vec<(usize, Spot)>;

impl Declarations {
    /// Enters what was found in the last of `files`; a name that is already taken is reported.
    pub(crate) fn enter(&mut self, found: &Found<'_>, files: &mut [Problems]) {
        let Some(file) = files.len().checked_sub(1) else { return };
        let (name, spot) = found.name.unwrap_or_default();
        if let Some(first) = self.by_name.get(name).map(|index| &self.declared[*index]) {
            let Spot { line, column } = first.spot;
            let place = format!("{}:{line}:{column}", files[first.file].file());
            files[file].error(spot, format!("there are two rules named '{name}'")).hint =
                Some(format!("the first stands at {place}"));
        }
        let name: Arc<str> = name.into();
        if found.name.is_some() {
            self.by_name.entry(Arc::clone(&name)).or_insert(self.declared.len());
        }
        let references = found.references.clone();
        self.declared.push(Declared { name, spot, file, kind: found.kind, references });
    }

    /// Every name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(AsRef::as_ref)
    }

    /// Whether some rule has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Checks every name a rule gives; mistakes go to the file of that rule.
    pub(crate) fn check(&self, files: &mut [Problems]) {
        for field in ["of", "inhibited_by"] {
            let links: Vec<Links> =
                self.declared.iter().map(|rule| self.links_of(rule, field, &mut files[rule.file])).collect();
            for circle in circles(&links) {
                let named = |part: &[(usize, Spot)]| -> String {
                    part.iter().map(|(rule, _)| format!("{}, ", self.declared[*rule].name)).collect()
                };
                let (first, rest) = circle.split_at(circle.len().min(NAMES_TOLD_MAX));
                let more = if rest.is_empty() { String::new() } else { format!("{} more, ", rest.len()) };
                let (last, spot) = circle[circle.len() - 1];
                let again = &self.declared[circle[0].0].name;
                let message = format!("'{field}' goes round in a circle: {}{more}{again}", named(first));
                files[self.declared[last].file].error(spot, message).hint = Some("leave one of them out".to_owned());
            }
        }
    }

    fn links_of(&self, rule: &Declared, field: &str, problems: &mut Problems) -> Links {
        let mut links = Links::new();
        for Reference { name, spot, .. } in rule.references.iter().filter(|reference| reference.field == field) {
            let Some(target) = self.by_name.get(name) else {
                problems.error(*spot, format!("'{field}': there is no rule '{name}'")).hint =
                    did_you_mean(name, self.names().filter(|known| *known != &*rule.name));
                continue;
            };
            if *name == rule.name {
                problems.error(*spot, format!("'{field}': rule '{name}' names itself"));
            } else if field == "of" && self.declared[*target].kind == Some(KindWord::Spread) {
                problems
                    .error(*spot, format!("'of': rule '{name}' is a spread, which is no part of another rule"))
                    .hint = Some("name the rule that spreads".to_owned());
            } else {
                links.push((*target, *spot));
            }
        }
        links
    }
}

/// Circles of links, none of which closes with the link that closes another; each is a list of rules with the link to the
/// next. At most [`CIRCLES_TOLD_MAX`].
fn circles(links: &[Links]) -> Vec<Links> {
    let mut circles = Vec::new();
    let mut done = vec![false; links.len()];
    let mut place_on_way = vec![None; links.len()];
    for start in 0..links.len() {
        // The rules on the way from `start`, with how many of their links were followed.
        let mut way = if done[start] { Vec::new() } else { vec![(start, 0)] };
        while let Some((rule, followed)) = way.last().copied() {
            let place = way.len() - 1;
            let Some((next, _)) = links[rule].get(followed) else {
                (done[rule], place_on_way[rule]) = (true, None);
                way.pop();
                continue;
            };
            (way[place].1, place_on_way[rule]) = (followed + 1, Some(place));
            if let Some(first) = place_on_way[*next] {
                circles.push(way[first..].iter().map(|(rule, count)| (*rule, links[*rule][count - 1].1)).collect());
                if circles.len() == CIRCLES_TOLD_MAX {
                    return circles;
                }
            } else if !done[*next] {
                way.push((*next, 0));
            }
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(links: &[&[usize]]) -> Vec<Vec<usize>> {
        let spot = Spot::default();
        let links: Vec<Links> = links.iter().map(|to| to.iter().map(|to| (*to, spot)).collect()).collect();
        circles(&links).iter().map(|circle| circle.iter().map(|(rule, _)| *rule).collect()).collect()
    }

    #[test]
    fn circles_of_any_length_are_found_and_nothing_else() {
        assert_eq!(found(&[&[1], &[2], &[0]]), [[0, 1, 2]]);
        assert_eq!(found(&[&[1, 2], &[3], &[3], &[]]), Vec::<Vec<usize>>::new(), "two ways to one rule");
        assert_eq!(found(&[&[1], &[2], &[1, 0]]), [vec![1, 2], vec![0, 1, 2]]);
        assert_eq!(found(&[&[], &[0, 2], &[3], &[2]]), [[2, 3]], "one that only leads into it");
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let links: Vec<Links> = (1..=100_000).map(|next| vec![(next % 100_000, Spot::default())]).collect();
        assert_eq!(circles(&links).len(), 1);
    }

    #[test]
    fn not_all_of_many_circles_are_told() {
        let back = |rule: usize| (0..rule).map(|to| (to, Spot::default()));
        let links: Vec<Links> =
            (0..300).map(|rule| back(rule).chain([(rule + 1, Spot::default())]).collect()).collect();
        let links: Vec<Links> = links.into_iter().chain([Links::new()]).collect();
        assert_eq!(circles(&links).len(), CIRCLES_TOLD_MAX);
    }
}
