//! The columns of an observation, and the types in which each may come.

use arrow_schema::DataType;

/// Declares the columns once: as an enum, by name, and with what they hold.
macro_rules! columns {
    ($($variant:ident $name:literal $holds:ident),* $(,)?) => {
        /// A column that is read; every other is dropped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Column { $($variant),* }

        impl Column {
            /// How many there are.
            pub(crate) const COUNT: usize = [$(Self::$variant),*].len();

            /// The column of that name.
            pub(super) fn of_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// Its name, which is the key of a native event's field.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            const fn holds(self) -> Holds {
                match self { $(Self::$variant => Holds::$holds),* }
            }
        }
    };
}

columns! {
    Type "type" Texts,
    Id "id" Texts,
    Node "node" Texts,
    Seq "seq" WholeNumbers,
    Space "space" Texts,
    Lat "lat" Degrees,
    Lon "lon" Degrees,
    Sensor "sensor" Texts,
    Metric "metric" Texts,
    Value "value" Numbers,
    Time "time" Instants,
    Quality "quality" Texts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Texts,
    WholeNumbers,
    Numbers,
    Degrees,
    Instants,
}

impl Column {
    /// Whether it may come in a type. Texts may also come as dictionaries of such.
    pub(super) fn may_be(self, data_type: &DataType) -> bool {
        match self.holds() {
            Holds::Texts => matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
            Holds::WholeNumbers => data_type.is_integer(),
            Holds::Numbers => {
                data_type.is_integer()
                    || matches!(data_type, DataType::Float32 | DataType::Float64 | DataType::Decimal128(_, _))
            }
            Holds::Degrees => matches!(data_type, DataType::Float32 | DataType::Float64),
            Holds::Instants => matches!(data_type, DataType::Int64 | DataType::Timestamp(_, None)),
        }
    }

    /// Whether it may come as a dictionary.
    pub(super) fn may_be_dictionary(self) -> bool {
        self.holds() == Holds::Texts
    }

    /// The types in which it may come, in words.
    pub(super) const fn expected(self) -> &'static str {
        match self.holds() {
            Holds::Texts => "Utf8, LargeUtf8, Utf8View, or a dictionary of them",
            Holds::WholeNumbers => "a type of whole numbers",
            Holds::Numbers => "Decimal128, Float64, Float32 or a type of whole numbers",
            Holds::Degrees => "Float64 or Float32",
            Holds::Instants => "Timestamp, or Int64 with epoch milliseconds",
        }
    }
}
