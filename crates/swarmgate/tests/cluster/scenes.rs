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
    pub(crate) play: Play,
}

type Play = fn(&mut Stage) -> Result<()>;

/// All scenes. The first node leads until the scene that kills the leader.
pub(crate) fn all() -> Vec<Scene> {
    let short = |name, play: Play| Scene { name, long: false, play };
    let long = |name, play: Play| Scene { name, long: true, play };
    vec![
        short("a_new_service_answers_through_every_replica", finding::one),
        long("a_hundred_new_services_answer_through_every_replica", finding::hundred),
        long("fifty_services_in_a_row_leave_nothing_behind", finding::many),
        short("a_rolling_update_loses_nothing", updating::stop_first),
        long("a_rolling_update_that_starts_first_loses_nothing", updating::start_first),
        long("a_flapping_service_bothers_nobody", updating::flapping),
        short("the_leader_dies", leading::dies),
        short("a_node_is_cut_off_and_healed", cutting::one),
        long("a_killed_replica_comes_back_complete", cutting::replica),
        long("the_quorum_is_lost_and_comes_back", leading::lose_their_quorum),
        long("the_daemon_below_the_listener_hangs", leading::daemon_hangs),
        long("the_daemon_below_the_listener_is_killed", leading::daemon_is_killed),
        long("the_daemon_below_the_listener_is_stopped", leading::daemon_is_stopped),
        long("the_node_of_the_listener_dies", leading::takes_the_listener_along),
    ]
}
