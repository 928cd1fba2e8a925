//! What each route reads and answers, for the OpenAPI document: beside the routes, as the handlers take bodies apart by hand
//! so that every mistake is named.

pub(crate) mod schemas;

mod texts;

pub(crate) mod reading;

pub(crate) mod commands;

pub(crate) mod desk;

pub(crate) mod asking;
