//! Keys as they come out of files and from identity providers: the good ones verify what their owner signs, and each bad one is
//! refused for what is wrong with it.

mod allowed;
mod certificates;
mod ec;
mod members;
mod oct;
mod okp;
mod pem;
mod pem_points;
mod properties;
mod rsa;
mod selection;
mod sets;
mod strict;

#[path = "../support/jose/mod.rs"]
mod jose;
