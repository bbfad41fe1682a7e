//! The echo of a service, key by key.

use super::super::reply::Reply;
use super::as_sent;
use model::{Context, Params};

fn echo(query: &str) -> String {
    let params: Params = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let mut reply = Reply::ok("");
    reply.service_name = params.get("serviceName").unwrap_or_default().to_owned();
    reply.fields = as_sent(&params, &Context::default());
    serde_json::to_string(&reply).unwrap()
}

/// What Docker Flow Proxy itself replied to this call, and our one additive key.
const RECORDED: &str = r#"{"Status":"OK","Message":"","ServiceName":"go-demo","AclName":"","AddReqHeader":null,"AddResHeader":null,"BackendExtra":"","CheckResolvers":false,"CompressionAlgo":"","CompressionType":"","ConnectionMode":"","Debug":false,"DebugFormat":"","DelReqHeader":null,"DelResHeader":null,"DiscoveryType":"","Distribute":false,"IsDefaultBackend":false,"ProxyInstanceName":"","RedirectWhenHttpProto":false,"RedirectUnlessHttpsProto":false,"Replicas":0,"ReqPathReplace":"","ReqPathSearch":"","ServiceCert":"","ServiceDomainAlgo":"","SessionType":"","SetReqHeader":null,"SetResHeader":null,"TemplateBePath":"","TemplateFePath":"","UseGlobalUsers":false,"Users":null,"ServicePort":"","AclCondition":"","IsGlobal":true,"LookupRetry":0,"LookupRetryInterval":0,"ServiceDest":[{"AllowedMethods":[],"BalanceGroup":"","CheckTCP":false,"Clitcpka":false,"DeniedMethods":[],"DenyHttp":false,"HttpsOnly":false,"HttpsPort":0,"HttpsRedirectCode":"","IgnoreAuthorization":false,"OutboundHostname":"","PathType":"","Port":"8080","RedirectFromDomain":[],"ReqMode":"http","ReqModeFormatted":"","ReqPathSearchReplace":"","ServiceDomain":[],"ServiceGroup":"","ServiceHeader":{},"ServicePath":["/demo"],"ServicePathExclude":[],"SrcPort":0,"SrcHttpsPort":0,"SrcPortAcl":"","SrcPortAclName":"","SrcHttpsPortAcl":"","SrcHttpsPortAclName":"","SslVerifyNone":false,"TimeoutServer":"","TimeoutClient":"","TimeoutTunnel":"","VerifyClientSsl":false,"UserAgent":{"Value":null,"AclName":""},"UserDef":"","Index":0,"ReqPathSearchReplaceFormatted":[],"IncludeSrcPortACL":false,"IncludeSrcHttpsPortACL":false}],"Tasks":null,"Warnings":[]}"#;

#[test]
fn behaviour_78_the_reply_is_the_recorded_one_and_one_key_more() {
    assert_eq!(echo("serviceName=go-demo&servicePath=/demo&port=8080"), RECORDED);
}

#[test]
fn behaviours_74_to_77_replicas_domains_and_modes_are_echoed() {
    let reply = echo("serviceName=a&serviceDomain=x.com&port=1&replicas=2&serviceDomainMatchAll=true");
    for part in [
        r#""Replicas":2"#,
        r#""IsGlobal":false"#,
        r#""ServicePath":["/"]"#,
        r#""ServiceDomainAlgo":"hdr_dom(host)""#,
        r#""ReqMode":"http""#,
    ] {
        assert!(reply.contains(part), "{part} in {reply}");
    }
}

#[test]
fn passwords_and_keys_are_never_shown() {
    let reply = echo("serviceName=a&servicePath=/a&port=1&users=admin:secret,b&serviceCert=PRIVATE");
    assert!(
        reply.contains(r#""Users":[{"Username":"admin","Password":"*****","PassEncrypted":false},{"Username":"b","#),
        "{reply}"
    );
    assert!(!reply.contains("secret") && !reply.contains("PRIVATE"), "{reply}");
}
