//! How serde reads a configuration: the fields of a struct from wherever they are found.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::secret::SECRET;
use crate::{Problem, Secret};

/// What is tried in place of a value that is missing or wrong, so that reading can go on.
pub(super) const STAND_INS: [&str; 5] = ["0", "true", "http://localhost/", "1s", ""];

/// Where a value was found.
pub(super) enum Source {
    Variable(String),
    Secret(Secret),
    /// A secret that is there and can't be read, and why.
    Unreadable(String),
}

/// Why a type could not be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// A field of the configuration is at fault.
    Field {
        name: &'static str,
        problem: Problem,
    },
    /// A field that has no value; the name is not yet known to be one of the struct's.
    Missing(&'static str),
    /// Something else.
    Other(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { problem, .. } => problem.fmt(f),
            Self::Missing(name) => write!(f, "{name} is not set"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

/// Reads a struct, field by field.
pub(super) struct Reader<'a> {
    pub(super) find: &'a dyn Fn(&str) -> Option<Source>,
    /// Which of the [`STAND_INS`] each field at fault is given.
    pub(super) stand_ins: &'a BTreeMap<&'static str, usize>,
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::Other(
            "only a struct with named fields can be read; #[serde(flatten)] is none".to_owned(),
        ))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let found = fields
            .iter()
            .rev()
            .filter_map(|name| {
                let value = match self.stand_ins.get(name) {
                    Some(index) => Value::StandIn(STAND_INS[*index]),
                    None => Value::Found((self.find)(name)?),
                };
                Some((*name, value))
            })
            .collect();
        let fields = Fields {
            found,
            current: None,
        };
        visitor.visit_map(fields).map_err(|fault| match fault {
            Fault::Missing(name) => Fault::Field {
                name,
                problem: missing(name),
            },
            other => other,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn missing(name: &str) -> Problem {
    let secret = name.replace('_', "-");
    Problem::without_value(
        name,
        format!("it is not set; set the variable {name}, or give the function the secret {secret}"),
    )
}

enum Value {
    Found(Source),
    StandIn(&'static str),
}

struct Fields {
    /// The last first.
    found: Vec<(&'static str, Value)>,
    current: Option<(&'static str, Value)>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.current = self.found.pop();
        match &self.current {
            None => Ok(None),
            Some((name, _)) => seed.deserialize((*name).into_deserializer()).map(Some),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (name, value) = self
            .current
            .take()
            .expect("a value is asked for after its key");
        let (text, shown) = match &value {
            Value::StandIn(text) => (*text, None),
            Value::Found(Source::Variable(text)) => (text.trim(), Some(text.as_str())),
            Value::Found(Source::Secret(secret)) => (secret.expose(), None),
            Value::Found(Source::Unreadable(reason)) => {
                let problem = Problem::without_value(name, reason.clone());
                return Err(Fault::Field { name, problem });
            }
        };
        let mut hidden = false;
        let read = seed.deserialize(Text {
            text,
            stand_in: matches!(value, Value::StandIn(_)),
            hidden: &mut hidden,
        });
        read.map_err(|fault| {
            let reason = match (shown, hidden) {
                // What a parser says may quote what it was given.
                (None, _) | (_, true) if !text.is_empty() => fault.to_string().replace(text, "…"),
                _ => fault.to_string(),
            };
            let problem = match shown {
                Some(value) if !hidden => Problem::new(name, value, reason),
                _ => Problem::without_value(name, reason),
            };
            Fault::Field { name, problem }
        })
    }
}

/// One value, as text; read as whatever it is asked for.
struct Text<'a> {
    text: &'a str,
    /// Whether it stands in for a value that is missing or wrong.
    stand_in: bool,
    /// Set where it is read as a secret.
    hidden: &'a mut bool,
}

impl Text<'_> {
    fn parse<T: std::str::FromStr>(&self, what: &str) -> Result<T, Fault> {
        self.text
            .parse()
            .map_err(|_| Fault::Other(format!("it takes {what}")))
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let what = format!("a number from {} to {}", <$type>::MIN, <$type>::MAX);
            visitor.$visit(self.parse::<$type>(&what)?)
        })+
    };
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.text {
            "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            _ => Err(Fault::Other("it takes true or false".to_owned())),
        }
    }

    numbers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f32(self.parse("a number")?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f64(self.parse("a number")?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == SECRET {
            *self.hidden = true;
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let (stand_in, hidden) = (self.stand_in, self.hidden);
        let items = self
            .text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        visitor.visit_seq(Items {
            items,
            stand_in,
            hidden,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let name = variants
            .iter()
            .find(|variant| self.stand_in || **variant == self.text);
        match name {
            Some(name) => {
                let read: StringDeserializer<Fault> = (*name).to_owned().into_deserializer();
                visitor.visit_enum(read)
            }
            None => Err(Fault::Other(format!("it takes {}", variants.join(" or ")))),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct
        identifier ignored_any
    }
}

struct Items<'a, I> {
    items: I,
    stand_in: bool,
    hidden: &'a mut bool,
}

impl<'de, 'a, I: Iterator<Item = &'a str>> de::SeqAccess<'de> for Items<'a, I> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(text) = self.items.next() else {
            return Ok(None);
        };
        let text = Text {
            text,
            stand_in: self.stand_in,
            hidden: self.hidden,
        };
        seed.deserialize(text).map(Some)
    }
}
