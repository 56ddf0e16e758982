//! Journeys through the real window, with the real server behind it.

use comptoir_tests::display::{Display, Size};
use comptoir_tests::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn the_window_opens() {
    let display = Display::start(Size::TILL).unwrap();
    let data = tempfile::tempdir().unwrap();
    let window = Window::open(&display, data.path()).await.unwrap();
    std::fs::write("/tmp/shell-first.png", window.picture().await.unwrap()).unwrap();
    println!("{:?}", window.evaluate("[innerWidth, innerHeight, navigator.language, document.body.innerHTML.length]").await);
    println!("{:?}", window.call("app.state", serde_json::json!({})).await);
    println!("{:?}", window.evaluate("(() => { try { return eval('1+1') } catch (e) { return String(e) } })()").await);
    window.close().await.unwrap();
}
