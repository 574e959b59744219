//! Who is let in, what is refused, and what is escaped.
