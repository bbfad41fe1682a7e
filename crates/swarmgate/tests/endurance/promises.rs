//! The list of promises, in the order in which they are held. The numbers are those of the project's list of promises.

mod certificates;
mod changes;
mod cut_off;
mod descriptors;
mod dying;
mod many;
mod memory;
mod names;
mod neighbours;
mod patience;
mod restarting;
mod soak;
mod stopping;
mod torn;
mod tunnels;

use crate::Promise;

macro_rules! promise {
    ($name:ident, $hold:path) => {
        Promise { name: stringify!($name), hold: |run| Box::pin($hold(run)) }
    };
}

pub(crate) fn all() -> Vec<Promise> {
    vec![
        promise!(r6_changes_lose_no_request, changes::lose_no_request),
        promise!(r5_certificates_are_replaced_without_a_failed_handshake, certificates::lose_no_handshake),
        promise!(r4_websockets_outlive_changes, tunnels::websockets),
        promise!(r4_tcp_tunnels_outlive_changes, tunnels::tcp),
        promise!(r7_a_killed_server_costs_no_get, dying::killed),
        promise!(r7_a_deaf_server_is_waited_for_once, dying::deaf),
        promise!(r7_a_halted_server_is_passed_over, dying::halted),
        promise!(r8_a_stop_cuts_nothing_that_ends_in_time, stopping::gently),
        promise!(r8_a_stop_is_over_in_time, stopping::in_time),
        promise!(r9_a_killed_proxy_has_everything_again, restarting::is_back),
        promise!(r9_kills_during_writes_leave_nothing_half_written, torn::leaves_nothing),
        promise!(r11_descriptors_may_run_out, descriptors::run_out),
        promise!(r12_idle_and_slow_clients_cost_little_memory, memory::stays_small),
        promise!(r12_idle_clients_over_tls_cost_little_memory, memory::stays_small_over_tls),
        promise!(r13_limits_are_exact_to_a_second, patience::is_exact),
        promise!(r14_five_hundred_services_come_and_go, many::come_and_go),
        promise!(r15_a_node_that_is_cut_off_gets_nothing_new, cut_off::gets_nothing_new),
        promise!(r17_a_faulty_dns_takes_no_service_away, names::may_fail),
        promise!(a_bad_neighbour_slows_nobody, neighbours::slow_nobody),
        promise!(r10_a_mixed_load_leaves_nothing_behind, soak::leaves_nothing),
    ]
}
