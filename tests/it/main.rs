//! Tests of the whole, in one program: it links once.

mod dashboard;
