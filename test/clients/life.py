"""A list and its values from their making to their end, through the package netactuate."""

import os
from types import SimpleNamespace

import netactuate

client = netactuate.Client(base_url=os.environ["BASE_URL"])

if hasattr(client, "create_secret_list"):
    print("through its secrets calls")
    api = client
else:
    # Published before it had secrets calls: what it sends and how it reads an answer is its own all the same.
    print("through its request method, for it has no secrets calls")

    def shown(data):
        if isinstance(data, list):
            return [SimpleNamespace(**row) for row in data]
        return data if data is None else SimpleNamespace(**data)

    def call(method, path, body=None):
        return shown(client._request(method, path, body))

    def value(key, text):
        return {"secret_key": key, "secret_value": text}

    api = SimpleNamespace(
        list_secret_lists=lambda: call("GET", "secrets/lists"),
        get_secret_list=lambda at: call("GET", f"secrets/lists/{at}"),
        create_secret_list=lambda name: call("POST", "secrets/lists", {"name": name}),
        update_secret_list=lambda at, name: call("POST", f"secrets/lists/{at}", {"name": name}),
        delete_secret_list=lambda at: call("DELETE", f"secrets/lists/{at}"),
        list_secret_list_values=lambda at: call("GET", f"secrets/lists/{at}/values"),
        list_all_secret_values=lambda: call("GET", "secrets/all-values"),
        get_secret_list_value=lambda at, it: call("GET", f"secrets/lists/{at}/values/{it}"),
        create_secret_list_value=lambda at, key, text: call("POST", f"secrets/lists/{at}/values", value(key, text)),
        update_secret_list_value=lambda at, it, key, text: call(
            "POST", f"secrets/lists/{at}/values/{it}", value(key, text)
        ),
        delete_secret_list_value=lambda at, it: call("DELETE", f"secrets/lists/{at}/values/{it}"),
    )


def fault_of(act, *parameters):
    """The kind of error that the client makes of the answer."""
    try:
        act(*parameters)
    except netactuate.NetActuateError as error:
        return type(error)
    return None


def expect(found, wanted):
    assert found == wanted, f"{found!r} instead of {wanted!r}"


refused, absent = netactuate.NetActuateError, netactuate.NotFoundError
text = "100% + a=b&c;d \u00e4\U0001f511\r\n\t '\"\\ "

made = api.create_secret_list("prod")
expect((made.id > 0, made.name), (True, "prod"))
expect([(row.id, row.name) for row in api.list_secret_lists()], [(made.id, "prod")])
expect(fault_of(api.create_secret_list, "prod"), refused)
expect(api.update_secret_list(made.id, "prod-2").name, "prod-2")
expect(api.get_secret_list(made.id).name, "prod-2")

one = api.create_secret_list_value(made.id, "DB_PASSWORD", text)
expect((one.secret_list_id, one.secret_key, one.secret_value), (made.id, "DB_PASSWORD", text))
expect(api.get_secret_list_value(made.id, one.id).secret_value, text)
expect(fault_of(api.create_secret_list_value, made.id, "DB_PASSWORD", "x"), refused)
changed = api.update_secret_list_value(made.id, one.id, "DB_PASSWORD_2", "")
expect((changed.id, changed.secret_key, changed.secret_value), (one.id, "DB_PASSWORD_2", ""))
two = api.create_secret_list_value(made.id, "B", "b")
expect(fault_of(api.update_secret_list_value, made.id, two.id, "DB_PASSWORD_2", "x"), refused)
expect([row.id for row in api.list_secret_list_values(made.id)], [one.id, two.id])
expect([row.secret_value for row in api.list_all_secret_values()], ["", "b"])

api.delete_secret_list_value(made.id, one.id)
expect(fault_of(api.get_secret_list_value, made.id, one.id), absent)
api.delete_secret_list(made.id)
for act, parameters in [
    (api.get_secret_list, (made.id,)),
    (api.list_secret_list_values, (made.id,)),
    (api.get_secret_list_value, (made.id, two.id)),
    (api.update_secret_list, (made.id, "prod-3")),
]:
    expect(fault_of(act, *parameters), absent)
# Some versions take the second delete for done.
assert fault_of(api.delete_secret_list, made.id) in (absent, None)
expect(api.list_secret_lists(), [])
expect(api.list_all_secret_values(), [])

stranger = netactuate.Client(api_key="wrong", base_url=os.environ["BASE_URL"])
expect(fault_of(stranger._request, "GET", "secrets/lists"), refused)
