//! The scenes, in the order in which they are played.

mod cutting;
mod finding;
mod leading;
mod updating;

use crate::stage::Stage;
use anyhow::Result;

/// One scene.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// Whether it is played in the long form only.
    pub(crate) long: bool,
    pub(crate) play: fn(&mut Stage) -> Result<()>,
}

/// All scenes.
pub(crate) fn all() -> Vec<Scene> {
    let short = |name, play| Scene { name, long: false, play };
    vec![
        short("a_new_service_answers_through_every_replica", finding::one as fn(&mut Stage) -> Result<()>),
        short("a_rolling_update_loses_nothing", updating::rolling),
        short("the_leader_dies", leading::dies),
        short("a_node_is_cut_off_and_healed", cutting::one),
    ]
}
