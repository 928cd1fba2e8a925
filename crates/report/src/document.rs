//! A report before it is a page: sections of texts, tables and figures, and its manifest.

use crate::manifest::Manifest;
use crate::table::Table;
use crate::wording::Wording;

/// A whole report.
#[derive(Clone, Debug)]
pub struct Document {
    /// Language and time zone.
    pub wording: Wording,
    /// Title.
    pub title: String,
    /// What it covers: centre and span.
    pub subtitle: String,
    /// Whether nothing of it tells a small count. Otherwise the page says that it is not for publication.
    pub is_public: bool,
    /// The findings, one sentence each, for whoever reads nothing else.
    pub findings: Vec<String>,
    /// Sections, in order.
    pub sections: Vec<Section>,
    /// What it was made from.
    pub manifest: Manifest,
}

/// A section.
#[derive(Clone, Debug)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// Contents, in order.
    pub blocks: Vec<Block>,
}

impl Section {
    /// A section without contents.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    /// Adds what has to be borne in mind.
    pub fn caveat(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Caveat(text.into()));
    }

    /// Adds what the data do not hold.
    pub fn missing(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Missing(text.into()));
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) {
        self.blocks.push(Block::Table(table));
    }

    /// Adds a figure.
    pub fn figure(&mut self, figure: Figure) {
        self.blocks.push(Block::Figure(figure));
    }
}

/// A part of a section.
#[derive(Clone, Debug)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// What has to be borne in mind when reading it.
    Caveat(String),
    /// What the data do not hold.
    Missing(String),
    /// Words and their meaning.
    Terms(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// A plot or map.
    Figure(Figure),
}

/// A plot or map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it shows and how to read it.
    pub caption: String,
    /// What it says, in words, for whoever cannot see it.
    pub description: String,
    /// The drawing: an `svg` element made by this crate, all texts in it escaped.
    pub(crate) svg: String,
}

impl Figure {
    /// A figure of a drawing made by this crate.
    pub(crate) fn new(caption: impl Into<String>, description: impl Into<String>, svg: String) -> Self {
        Self { caption: caption.into(), description: description.into(), svg }
    }
}
