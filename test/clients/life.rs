//! A list and its values from their making to their end, through the crate nars.
use std::env::var;

fn main() {
    let api = nars::Client::with_base_url(var("NETACTUATE_API_KEY").unwrap(), var("BASE_URL").unwrap()).unwrap();
    let text = "100% + a=b&c;d \u{e4}\u{1f511}\r\n\t '\"\\ ";

    let list = api.create_secret_list("prod").unwrap();
    assert!(api.create_secret_list("prod").is_err());
    assert_eq!(api.update_secret_list(list.id, "prod-2").unwrap().name, "prod-2");
    assert_eq!(api.get_secret_lists().unwrap().len(), 1);

    let one = api.create_secret_list_value(list.id, "DB_PASSWORD", text).unwrap();
    assert_eq!(api.get_secret_list_value(list.id, one.id).unwrap().secret_value, text);
    assert!(api.create_secret_list_value(list.id, "DB_PASSWORD", "x").is_err());
    assert_eq!(api.update_secret_list_value(list.id, one.id, "DB_PASSWORD_2", "w").unwrap().id, one.id);
    assert_eq!(api.get_secret_list_values(list.id).unwrap()[0].secret_value, "w");

    api.delete_secret_list_value(list.id, one.id).unwrap();
    assert!(api.get_secret_list_value(list.id, one.id).unwrap_err().is_not_found());
    api.delete_secret_list(list.id).unwrap();
    api.delete_secret_list(list.id).unwrap();
    assert!(api.get_secret_list(list.id).unwrap_err().is_not_found());
}
