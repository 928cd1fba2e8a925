//! Where events come in over the network. Part of one HTTP listener; later also MQTT and Kafka topics.

mod answer;

pub mod http;
