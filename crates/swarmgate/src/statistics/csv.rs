//! HAProxy's table of figures: the columns of its version 2.6 in their order, so that whatever reads HAProxy's reads this.
//!
//! A column is empty where nothing is counted, as HAProxy leaves those empty that a row does not have.
//! Not here: the figures (`rows`).

use super::rows::{Kind, Row};
use std::fmt::Write as _;

/// The columns, `stats;csv` of HAProxy 2.6. Those behind `-` are of its modules, which count what is not counted here.
const COLUMNS: &str = "pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,\
    chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,\
    hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,\
    lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,\
    agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,\
    cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight,\
    agg_server_status,agg_server_check_status,agg_check_status,-,ssl_sess,ssl_reused_sess,ssl_failed_handshake,h2_headers_rcvd,h2_data_rcvd,\
    h2_settings_rcvd,h2_rst_stream_rcvd,h2_goaway_rcvd,h2_detected_conn_protocol_errors,h2_detected_strm_protocol_errors,h2_rst_stream_resp,\
    h2_goaway_resp,h2_open_connections,h2_backend_open_streams,h2_total_connections,h2_backend_total_streams,h1_open_connections,h1_open_streams,\
    h1_total_connections,h1_total_streams,h1_bytes_in,h1_bytes_out,h1_spliced_bytes_in,h1_spliced_bytes_out";

/// The head, and a line a row.
pub(super) fn render(rows: &[Row]) -> String {
    let mut text = format!("# {COLUMNS},\n");
    for (row, number) in rows.iter().zip(2..) {
        for column in COLUMNS.split(',') {
            let _ = write!(text, "{},", field(row, column, number));
        }
        text.push('\n');
    }
    text
}

/// The text of a column. Names hold no comma.
fn field(row: &Row, column: &str, number: usize) -> String {
    let count = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
    let class = |place: usize| count(row.responses.map(|responses| responses[place]));
    let is = |kind: Kind, text: &str| if row.kind == kind { text.to_owned() } else { String::new() };
    let behind = |text: &str| if row.kind == Kind::Frontend { String::new() } else { text.to_owned() };
    match column {
        "pxname" => row.section.clone(),
        "svname" => row.name.clone(),
        // No request waits for a place at a server.
        "qcur" | "qmax" => behind("0"),
        "scur" => row.current.to_string(),
        "stot" => row.total.to_string(),
        "bin" => count(row.bytes_in),
        "bout" => count(row.bytes_out),
        "dreq" => count(row.denied),
        "ereq" => count(row.request_errors),
        "econ" => count(row.connect_errors),
        "eresp" => count(row.response_errors),
        "wretr" => count(row.retries),
        "wredis" => count(row.redispatches),
        "status" => match row.kind {
            Kind::Frontend => "OPEN",
            Kind::Server => "no check",
            Kind::Backend => "UP",
        }
        .to_owned(),
        "weight" | "act" => behind("1"),
        "bck" => behind("0"),
        "pid" => "1".to_owned(),
        "iid" => number.to_string(),
        "sid" => if row.kind == Kind::Server { "1" } else { "0" }.to_owned(),
        "type" => match row.kind {
            Kind::Frontend => "0",
            Kind::Backend => "1",
            Kind::Server => "2",
        }
        .to_owned(),
        "hrsp_1xx" => class(0),
        "hrsp_2xx" => class(1),
        "hrsp_3xx" => class(2),
        "hrsp_4xx" => class(3),
        "hrsp_5xx" => class(4),
        "hrsp_other" => count(row.responses.map(|_| 0)),
        "req_tot" if row.kind == Kind::Frontend => count(row.response_count()),
        "req_tot" | "lbtot" => count(row.connects.map(|_| row.total)),
        "ttime" => row.average.map(|average| average.as_millis().to_string()).unwrap_or_default(),
        "addr" => match row.addresses.as_slice() {
            [address] => address.to_string(),
            _ => String::new(),
        },
        "mode" => if row.is_tcp { "tcp" } else { "http" }.to_owned(),
        "algo" => is(Kind::Backend, "roundrobin"),
        "conn_tot" => is(Kind::Frontend, &row.total.to_string()),
        "connect" => count(row.connects),
        "reuse" => count(row.connects.map(|connects| row.total.saturating_sub(connects))),
        "-" => "-".to_owned(),
        _ => String::new(),
    }
}
