//! Printers and labels from a shell: a program that ends at once leaves no receipt behind.

use std::io::Read;
use std::net::TcpListener;

use pos_app::view::{DeviceSettings, PrinterSetting};
use pos_app::{App, AppOptions, Clock, OpenAccess};
use serde_json::json;

use crate::shell::Shell;

/// Sets the printer of a shop, as its window does.
pub(crate) fn set_printer(shell: &Shell, printer: PrinterSetting) {
    let options = AppOptions {
        dir: shell.path(),
        access: OpenAccess::Write,
        background_sync: false,
        clock: Clock::system(),
    };
    let device = DeviceSettings { printer, print_automatically: true, ..DeviceSettings::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let app = App::open(options).await.unwrap();
        app.set_device(device).await.unwrap();
        app.close().await.unwrap();
    });
}

#[test]
fn a_sale_of_the_shell_is_printed_before_the_program_ends() {
    let shell = Shell::demo();
    let paper = shell.path().join("paper.bin");
    set_printer(&shell, PrinterSetting::File { path: paper.display().to_string() });
    let number = shell.sell("RIZ-5KG", "62000")["number"].as_str().unwrap().to_owned();
    let printed = String::from_utf8_lossy(&std::fs::read(&paper).unwrap()).into_owned();
    assert!(printed.contains(&number), "the receipt is on paper");
    let listed = shell.done(&["print", "list"]);
    assert_eq!((&listed["open"], &listed["jobs"][0]["state"]), (&json!(0), &json!("done")));
    assert_eq!(listed["jobs"][0]["title"], json!(number));
}

#[test]
fn what_a_dead_printer_owes_is_listed_tried_again_and_given_up() {
    let shell = Shell::demo();
    // Taken and let go: nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    set_printer(&shell, PrinterSetting::Network { address: address.to_string() });
    let sold = shell.sell("RIZ-5KG", "62000");
    let listed = shell.done(&["print", "list"]);
    assert_eq!((&listed["open"], &listed["trouble"]), (&json!(1), &json!("unreachable")), "the sale stands");
    let id = listed["jobs"][0]["id"].to_string();

    let printer = TcpListener::bind(address).unwrap();
    let paper = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        printer.accept().unwrap().0.read_to_end(&mut bytes).unwrap();
        bytes
    });
    shell.done(&["print", "retry", &id]);
    let paper = String::from_utf8_lossy(&paper.join().unwrap()).into_owned();
    assert!(paper.contains(sold["number"].as_str().unwrap()), "it is printed once somebody listens");
    let closed = shell.refused(3, &["print", "retry", &id]);
    assert_eq!((&closed["code"], &closed["params"]["state"]), (&json!("print.job_closed"), &json!("done")));

    shell.sell("RIZ-5KG", "62000");
    let waiting = shell.done(&["print", "list"])["jobs"][0]["id"].to_string();
    assert_eq!(shell.done(&["print", "cancel", &waiting])["open"], 0, "what is given up owes nothing");
    assert_eq!(shell.refused(3, &["print", "cancel", "99"])["code"], "print.job_not_found");
}

#[test]
fn labels_are_a_file_of_as_many_as_asked() {
    let shell = Shell::demo();
    let file = shell.file("labels.pdf", "");
    let made = shell.done(&["label", "RIZ-5KGx3", "SEL-500G", "--pdf", &file]);
    assert_eq!(made, json!({ "file": file, "labels": 4 }));
    assert!(std::fs::read(&file).unwrap().starts_with(b"%PDF-"));
    let none = shell.run(&["label", "RIZ-5KGx0", "--pdf", &file]);
    assert_ne!(none.code, 0, "none is refused: {none:?}");
    let unknown = shell.refused(3, &["label", "NOTHING", "--pdf", &file]);
    assert_eq!(unknown["code"], "product.not_found");
    let many = shell.refused(3, &["label", "RIZ-5KGx5000", "--paper", "roll_40x30", "--pdf", &file]);
    assert_eq!(many["params"]["problem"], "too_many");
}
