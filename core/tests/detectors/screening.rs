//! What is planted is found.
