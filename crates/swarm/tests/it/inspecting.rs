//! Labels in the wrong place are told, once.

use swarm::Remark;

use crate::docker::FakeDocker;
use crate::log::Log;
use crate::receiver::Receiver;
use crate::{settings, soon, start};

#[tokio::test]
async fn labels_in_the_wrong_place_are_told_in_the_log_once_and_in_the_list_of_tasks() {
    let log = Log::capture();
    let (mut docker, proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.has_node("a", "ready");
    docker.sets_on_containers("web", &[("com.df.notify", "true")]);
    let listener = start(settings(&docker, &proxy), &mut docker).await;
    let mut known = listener.task_list();
    let with_remarks = |count: usize| {
        move |list: &Option<std::sync::Arc<swarm::TaskList>>| {
            list.as_ref().is_some_and(|list| list.remarks.len() == count)
        }
    };
    let list = soon("a remark", known.wait_for(with_remarks(1))).await.expect("the listener lives").clone();
    let text = "com.df.notify is on its containers, not on the service: so the service is not announced; in a stack file labels belong under deploy";
    let remark = Remark { service_name: "web".to_owned(), text: text.to_owned() };
    assert_eq!(list.expect("it was compared").remarks, [remark]);
    docker.sets("api", &[("com.df.servicePath", "/api")]);
    soon("another", known.wait_for(with_remarks(2))).await.expect("the listener lives");
    assert_eq!(log.count(&format!("WARN Service web: {text}")), 1, "{}", log.all());
    assert_eq!(log.count("WARN Service api: com.df.servicePath is set, but com.df.notify is not"), 1);
    docker.sets("web", &[("com.df.notify", "true")]);
    soon("one less", known.wait_for(with_remarks(1))).await.expect("the listener lives");
}
