//! Where events come in over the network. Part of one HTTP listener; later also MQTT and Kafka topics.

pub mod pressure;

pub mod dead_letters;

mod answer;

mod encoding;

mod body;

mod aside;

mod described;

pub mod http;
