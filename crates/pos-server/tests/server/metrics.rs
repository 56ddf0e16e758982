//! What Prometheus reads: of the business, and of each of its registers.

use pos_domain::{ConflictChoice, OperationBody};

use crate::harness::*;

#[tokio::test]
async fn the_page_of_metrics_tells_the_business_and_each_register() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let idle = shop.join("Caisse 2").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 2)).await;
    let sale = till.sale(&[(&milk, 5)]);
    till.tell(&sale).await;
    till.pull(till.start().await, 100).await;
    let decided = resolve(till.conflict().await.conflict_id, ConflictChoice::AcceptCount);
    till.send(OperationBody::ConflictResolve(decided)).await;

    let page = shop.server.metrics().await.unwrap();
    let tenant = till.joined.business.tenant_id;
    let device = till.device_id;
    for line in [
        format!("comptoir_business_info{{tenant=\"{tenant}\",server_epoch=\"1\"}} 1"),
        "comptoir_conflicts_open 0".to_owned(),
        "comptoir_conflicts_resolved_24h 1".to_owned(),
        "comptoir_devices 2".to_owned(),
        "comptoir_last_backup_seconds 0".to_owned(),
        format!("comptoir_device_pushes_total{{device=\"{device}\"}} 4"),
        format!("comptoir_device_verdicts_total{{device=\"{device}\",verdict=\"applied\"}} 4"),
        format!("comptoir_device_pushes_total{{device=\"{}\"}} 1", idle.device_id),
        format!("comptoir_device_last_push_seconds{{device=\"{device}\"}} 1767603600.000"),
    ] {
        assert!(page.lines().any(|l| l == line), "{line} is missing:\n{page}");
    }
    let named = |line: &&str| line.contains("Caisse") || line.contains("LAIT");
    assert_eq!(page.lines().find(named), None, "no label holds a name");
    shop.pass_ms(24 * 60 * 60 * 1_000 + 1);
    let page = shop.server.metrics().await.unwrap();
    assert!(page.contains("comptoir_conflicts_resolved_24h 0"), "yesterday's are yesterday's:\n{page}");
}
