//! Rules that hold for everything that can be generated.

mod cursors;
mod redirects;
mod token_states;
